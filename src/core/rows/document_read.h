/* The project document as rows: taking it apart and ordering siblings. */
#ifndef SL_CORE_ROWS_DOCUMENT_READ_H
#define SL_CORE_ROWS_DOCUMENT_READ_H

#include <jansson.h>

#include "core/base/error.h"
#include "core/rows/rowset.h"

/* One row of a collection from its validated JSON object; `episode` is the parent of a scene or shot in a document,
 * or NULL to read `episodeId`. A member `rank` is taken over if `with_rank`. Texts are copied into the arena;
 * `scratch` is any buffer, its content lost. Returns 0 or SL_NO_MEMORY. */
int sl_rows_from_object(enum sl_entity entity, const json_t *object, const int64_t *episode, bool with_rank,
	struct sl_arena *arena, struct sl_buf *scratch, struct sl_row *row_r) __attribute__((warn_unused_result));

/* The row of a project-level field by the name that it has in the document, or there in `context`. An empty value, and null,
 * which removes the field, have no data: such a row isn't stored. Else the same. */
int sl_rows_from_field(bool in_context, const char *name, const json_t *value, struct sl_arena *arena, struct sl_buf *scratch,
	struct sl_row *row_r) __attribute__((warn_unused_result));

/* The rows of a validated document, without ranks and versions: first meta, characters, locations and episodes, then
 * each episode's scenes and shots, siblings in array order. Empty project-level fields give no row. Returns 0 or
 * SL_NO_MEMORY. */
int sl_rows_from_document(const json_t *document, struct sl_arena *arena, struct sl_rowset **rows_r,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Gives every row of `wanted` (in the order of sl_rows_from_document) a rank: siblings that keep their relative
 * order in `stored` keep their rank, the others get one between their neighbours. Deterministic. `stored` may be empty. */
int sl_rows_assign_ranks(struct sl_rowset *wanted, const struct sl_rowset *stored, struct sl_arena *arena,
	struct sl_err *err) __attribute__((warn_unused_result));

/* The same on a device, whose new ranks stand under its prefix (see sl_rank_assign). */
int sl_rows_assign_ranks_as(struct sl_rowset *wanted, const struct sl_rowset *stored, struct sl_str prefix,
	struct sl_arena *arena, struct sl_err *err) __attribute__((warn_unused_result));

#endif
