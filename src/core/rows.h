/* Rows, sets of rows, and the project document made of them.
 *
 * A project is a set of rows (entity, key) → data. `data` is the RFC 8785 text of the row's fields without its key
 * (`id`, `episodeId`), `rank`, `scenes` and `shots`; for meta, of the field's value. The order of siblings is their rank,
 * compared as bytes, ties by id. Siblings: the episodes; the scenes of an episode; the shots of an episode; the
 * characters; the locations.
 *
 * A set owns nothing: rows and their texts live in the arena given to it, or outlive it.
 */
#ifndef SL_CORE_ROWS_H
#define SL_CORE_ROWS_H

#include <jansson.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"
#include "core/schema.h"

struct sl_key {
	enum sl_entity entity;
	int64_t episode;  /* episodes: the id; scenes and shots: the episode's id; else 0 */
	struct sl_str id; /* meta: the field's name; scenes, shots, characters, locations: the id; episodes: empty */
};

struct sl_row {
	struct sl_key key;
	struct sl_str rank; /* empty: none yet (always, for meta) */
	struct sl_str data;
	int64_t version;    /* when the server last wrote it; 0: not stored */
};

bool sl_key_equal(const struct sl_key *a, const struct sl_key *b);

/* Entity, then episode, then id by bytes: a total order for stable output. */
int sl_key_compare(const struct sl_key *a, const struct sl_key *b);

/* Order of display: entity, episode of scenes and shots, rank, id (episodes: rank, then number). */
int sl_row_compare(const struct sl_row *a, const struct sl_row *b);

/* Key copied into the arena. Returns 0 or SL_NO_MEMORY. */
int sl_key_copy(struct sl_arena *arena, const struct sl_key *key, struct sl_key *copy_r);

/* Appends `"episodeId":1,"sceneId":"x"`-style members as in DELTA's `deleted` (an integer or a string for the others). */
void sl_key_write(struct sl_buf *out, const struct sl_key *key);

/* --- sets ------------------------------------------------------------------------------------------------------- */

struct sl_rowset;

/* An empty set, sized for `expected` rows (it grows). NULL: no memory. */
struct sl_rowset *sl_rowset_new(struct sl_arena *arena, size_t expected);

/* Adds a copy of *row (texts shared), or replaces the row of the same key in its place. NULL: no memory. Pointers to rows
 * stay valid for the set's life. */
struct sl_row *sl_rowset_put(struct sl_rowset *set, const struct sl_row *row);

struct sl_row *sl_rowset_find(const struct sl_rowset *set, const struct sl_key *key);
bool sl_rowset_remove(struct sl_rowset *set, const struct sl_key *key);
size_t sl_rowset_count(const struct sl_rowset *set);

/* Rows in the order in which their keys were first put: `size_t at = 0; while ((row = sl_rowset_next(set, &at)))`.
 * Removing the current row on the way is allowed, adding is not. */
struct sl_row *sl_rowset_next(const struct sl_rowset *set, size_t *cursor);

/* All rows, sorted by sl_row_compare: an array of sl_rowset_count pointers in the arena. NULL: no memory. */
struct sl_row **sl_rowset_sorted(const struct sl_rowset *set, struct sl_arena *arena);

/* An empty project has no episodes, characters or locations and a blank `rawScript` (blanks and line ends only). */
bool sl_rowset_is_empty_project(const struct sl_rowset *set);

/* Whether the canonical text of a rawScript row's data is blank. */
bool sl_rows_script_is_blank(struct sl_str data);

/* Whether a project-level field's value counts as absent and isn't stored: "", [], and objects that hold nothing but
 * known fields with zero values. `data` is canonical text. */
bool sl_rows_meta_is_empty(struct sl_str name, struct sl_str data);

/* --- documents -------------------------------------------------------------------------------------------------- */

/* The rows of a validated document, in document order (array order within siblings), without ranks and versions. Empty
 * project-level fields give no row. Keys and data are copied into the arena. Returns 0, SL_NO_MEMORY or SL_INVALID. */
int sl_rows_from_document(const json_t *document, struct sl_arena *arena, struct sl_rowset **rows_r,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Gives every row of `wanted` (in document order, see sl_rows_from_document) a rank: siblings that keep their relative
 * order in `stored` keep their rank, the others get one between their neighbours; where none is left, all siblings are
 * respaced. Deterministic. `stored` may be empty. */
int sl_rows_assign_ranks(struct sl_rowset *wanted, const struct sl_rowset *stored, struct sl_arena *arena,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Appends one row as a JSON object: key members first ("id", and "episodeId" with `with_episode`), then `rank` if
 * `with_rank` and it has one, then the data's members. Not for meta. */
void sl_row_write(struct sl_buf *out, const struct sl_row *row, bool with_episode, bool with_rank);

/* Writes a project document while rows stream in, holding none but the meta rows. Feed rows in this order: meta, then
 * characters, then locations, each by rank; then for each episode by rank: the episode, its scenes by rank, its shots by
 * rank. Absent project-level fields are filled in with their empty values. */
struct sl_document_writer {
	struct sl_buf *out;
	struct sl_arena *arena;
	struct sl_rowset *meta;
	int section; /* private */
	bool first;  /* private */
};

int sl_document_begin(struct sl_document_writer *writer, struct sl_buf *out, struct sl_arena *arena);
int sl_document_row(struct sl_document_writer *writer, const struct sl_row *row);
int sl_document_end(struct sl_document_writer *writer);

/* The whole document of a set of rows. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a scene or shot without episode. */
int sl_rows_write_document(const struct sl_rowset *rows, struct sl_arena *arena, struct sl_buf *out,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
