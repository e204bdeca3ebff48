/* A row of a project, and its key.
 *
 * A project is a set of rows (entity, key) → data. `data` is the RFC 8785 text of the row's fields without its key
 * (`id`, and `episodeId` of scenes and shots) and `rank`; for episodes also without `scenes` and `shots`, which are
 * rows of their own; for meta, of the field's value. The order of siblings is their rank, compared as bytes, ties by
 * id. Siblings: the episodes; the scenes of an episode; the shots of an episode; the characters; the locations.
 */
#ifndef SL_CORE_ROWS_ROW_H
#define SL_CORE_ROWS_ROW_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/schema/schema.h"

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

/* What a row counts towards the size of its project: its texts, and for keeping it at all. */
#define SL_ROW_OVERHEAD 64
static inline int64_t sl_row_bytes(const struct sl_row *row)
{
	return (int64_t)(row->key.id.length + row->rank.length + row->data.length) + SL_ROW_OVERHEAD;
}

/* Whether rows of this entity belong to an episode (scenes and shots). */
static inline bool sl_entity_has_episode(enum sl_entity entity)
{
	return entity == SL_SCENES || entity == SL_SHOTS;
}

/* The key of an episode. */
static inline struct sl_key sl_key_of_episode(int64_t episode)
{
	return (struct sl_key){ SL_EPISODES, episode, { NULL, 0 } };
}

/* What all siblings of a row share: their entity and, for scenes and shots, the episode. */
static inline struct sl_key sl_key_of_siblings(const struct sl_key *key)
{
	return (struct sl_key){ key->entity, sl_entity_has_episode(key->entity) ? key->episode : 0, { NULL, 0 } };
}

bool sl_key_equal(const struct sl_key *a, const struct sl_key *b);

/* Entity, then episode, then id by bytes: a total order for stable output. */
int sl_key_compare(const struct sl_key *a, const struct sl_key *b);

/* Order of display: entity, episode of scenes and shots, rank, id (episodes: rank, then number). */
int sl_row_compare(const struct sl_row *a, const struct sl_row *b);

/* Whether rank and data are equal. */
bool sl_row_same_content(const struct sl_row *a, const struct sl_row *b);

/* Copies with their texts in the arena. Return 0 or SL_NO_MEMORY. */
int sl_key_copy(struct sl_arena *arena, const struct sl_key *key, struct sl_key *copy_r);
int sl_row_copy(struct sl_arena *arena, const struct sl_row *row, struct sl_row *copy_r);

/* Appends a key as it stands in DELTA's `deleted`: 7, "id", or {"episodeId":7,"sceneId":"id"}; meta: its name. */
void sl_key_write(struct sl_buf *out, const struct sl_key *key);

/* Appends a row as a JSON object: its key's members ("episodeId" only with `with_episode`), `rank` if `with_rank`
 * and it has one, then the data's members. Not for meta. */
void sl_row_write(struct sl_buf *out, const struct sl_row *row, bool with_episode, bool with_rank);

/* The same without the closing brace: further members may follow, each with a comma before it. */
void sl_row_write_open(struct sl_buf *out, const struct sl_row *row, bool with_episode, bool with_rank);

#endif
