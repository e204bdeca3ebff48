/* What counts as nothing: empty values, blank texts, and projects that hold nothing else. */
#ifndef SL_CORE_ROWS_EMPTY_H
#define SL_CORE_ROWS_EMPTY_H

#include <jansson.h>

#include "core/rows/rowset.h"

/* Whether a project-level field's value counts as absent and isn't stored: "", [], and objects that hold nothing but
 * known fields that are empty or 0. Unknown fields always count. */
bool sl_rows_meta_is_empty(struct sl_str name, const json_t *value);

/* Whether a stored text (JSON) is blank: blanks and line ends only. An absent one (length 0) is. */
bool sl_rows_text_is_blank(struct sl_str data);

/* Whether the row is some of a project's content: a row of a collection, or a project-level text that is not blank, but for
 * `fileName`. Of these `known` asks for what the schema has. */
bool sl_rows_is_content(const struct sl_row *row, bool known);

/* Whether nothing in the project is content. */
bool sl_rows_is_empty_project(const struct sl_rowset *rows);

/* Whether a step from `before` to `after` empties the project: it leaves no content, or none that the schema knows, where there
 * was some. */
bool sl_rows_is_emptied(const struct sl_rowset *before, const struct sl_rowset *after);

#endif
