/* The project's data model, looked up in the one table schema.def.
 *
 * A shape is a list of fields: of an entity's row, of the project level, or of an object inside them. Fields that no
 * shape knows are kept as they are and merge as scalars. Any field that is not required may be null or "" as well, which says
 * as little as if it were absent.
 */
#ifndef SL_CORE_SCHEMA_SCHEMA_H
#define SL_CORE_SCHEMA_SCHEMA_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/buf.h"

/* The collections of rows; names as in DELTA (see sl_entity_name). */
enum sl_entity { SL_META, SL_EPISODES, SL_SCENES, SL_SHOTS, SL_CHARACTERS, SL_LOCATIONS, SL_ENTITIES };

enum sl_type {
	SL_TYPE_TEXT,    /* string, at most `limit` bytes of UTF-8 (0: the row limit only) */
	SL_TYPE_WORD,    /* the same, usually one of `words` */
	SL_TYPE_INTEGER, /* a whole number, of the safe ones ±(2^53−1) */
	SL_TYPE_NUMBER,  /* one between these, perhaps with a fraction */
	SL_TYPE_BOOLEAN,
	SL_TYPE_ANY,     /* any JSON value */
	SL_TYPE_OBJECT,  /* of `shape` */
	SL_TYPE_LIST     /* of objects of `shape`, keyed by their field `list_key` */
};

/* How both sides' changes of one field come together; see sl_merge. */
enum sl_rule {
	SL_RULE_LWW, SL_RULE_COUNTER, SL_RULE_MAX, SL_RULE_PROGRESS, SL_RULE_FLAG, SL_RULE_TEXT, SL_RULE_LIST,
	SL_RULE_OBJECT, SL_RULE_GROUP
};

struct sl_field {
	const char *name;
	enum sl_type type;
	enum sl_rule rule;
	bool required;                /* only fields of the row's key are */
	size_t limit;                 /* bytes of text, 0: none of its own */
	const char *const *words;     /* those that are known, NULL-terminated, in order of progress */
	const struct sl_shape *shape; /* of the object or of the list's elements */
	const char *list_key;         /* the field that tells the list's elements apart */
	const char *group;            /* fields of one record, which is merged as a whole: the name of the field of its rule
	                               * `progress`, which decides; NULL: none */
	bool is_made;                 /* text that programs make, of which no person has to be asked */
};

struct sl_shape {
	const char *name; /* name in the JSON Schema's $defs */
	const struct sl_field *fields;
	size_t count;
	const char *empty; /* canonical text with zeros everywhere, for shapes of project-level fields; else NULL */
};

#define SL_SCHEMA_VERSION 1
#define SL_ID_CHARACTERS 128 /* code points of an id or a field's name */
#define SL_ROW_VALUES 100000 /* values in one row, or in one project-level field */
#define SL_SAFE_INTEGER 9007199254740991.0

/* "meta", "episodes", … ; and back (SL_ENTITIES when unknown). */
const char *sl_entity_name(enum sl_entity entity);
enum sl_entity sl_entity_from_name(struct sl_str name);

/* The shapes of the table, one after the other; NULL after the last. A shape stands before those that use it. */
const struct sl_shape *sl_schema_shape(size_t index);

/* The shape of an entity's row, its key fields included. For SL_META: the project-level fields that become meta rows,
 * named by their row key ("rawScript", "context.projectSummary", …). */
const struct sl_shape *sl_schema_row(enum sl_entity entity);

/* Project-level fields inside the document's object `context` have this before their names as row keys. */
#define SL_CONTEXT "context."
#define SL_CONTEXT_BYTES (sizeof(SL_CONTEXT) - 1)

/* Whether a project-level field, by its row key, is one of these. */
bool sl_schema_is_in_context(struct sl_str meta_name);

/* The members of a row's JSON object that are not part of its data: key, `rank`, and an episode's own collections.
 * An array of *count_r names (none for SL_META). */
const char *const *sl_schema_reserved(enum sl_entity entity, size_t *count_r);

/* Whether the shape has nothing but counters, so that its values add up. */
bool sl_schema_is_counters(const struct sl_shape *shape);

/* Whether a field of the shape, or of an object inside it, is a counter. */
bool sl_schema_has_counters(const struct sl_shape *shape);

/* Whether a value is null or "", which any field may be that is not required. */
bool sl_schema_is_blank(const json_t *value);

/* Whether a field (NULL: an unknown one) is a counter, or an object that has some. */
bool sl_schema_is_counted(const struct sl_field *field);

/* The field called `name`, or NULL. */
const struct sl_field *sl_schema_field(const struct sl_shape *shape, struct sl_str name);

/* The canonical JSON text that an absent or empty project-level field reads as: "\"\"", "[]", or zeros in the shape of
 * the field ("{\"promptTokens\":0,…}"). NULL for an unknown name. */
const char *sl_schema_empty(struct sl_str meta_name);

/* Appends JSON Schema 2020-12 of `projectData` (as #/$defs/projectData) and `delta` (#/$defs/delta). */
void sl_schema_write(struct sl_buf *out);

#endif
