/* Checks of whole rows: their key, rank, fields and size, and that no key comes twice; shared by the validation of documents
 * and deltas.
 */
#ifndef SL_CORE_SCHEMA_VALIDATE_ROW_H
#define SL_CORE_SCHEMA_VALIDATE_ROW_H

#include "core/schema/validate_value.h"

/* How many arrays and objects may be inside each other in a row, its own object counted, or in the value of a project-level
 * field (SL_META). With what the deepest request puts around them that makes SL_JSON_DEPTH, so that every row fits into all
 * that it is sent and stored in. */
unsigned sl_row_depth(enum sl_entity entity, bool in_context);

struct sl_check_place {
	enum sl_entity entity;
	bool in_delta;
	const int64_t *episode; /* in a document: the id of the episode around, NULL if it has no valid one */
};

/* Every element of the collection `rows`: an object that is a valid row with a key of its own. The caller has
 * reset check->seen[entity]. `each` (may be NULL) is then called for every row that is an object, with its key
 * unless that is at fault (NULL). */
typedef void (*sl_check_row_fn)(struct sl_check *check, const json_t *row, const struct sl_seen_key *key,
	const struct sl_step *step);
void sl_check_rows(struct sl_check *check, const struct sl_check_place *place, const json_t *rows,
	const struct sl_step *step, sl_check_row_fn each);

/* A key as it stands in `deleted`: 7, "id", or {"episodeId":7,"sceneId":"id"}. False: faulty. */
bool sl_check_key(struct sl_check *check, enum sl_entity entity, const json_t *value, const struct sl_step *step,
	struct sl_seen_key *key_r);

/* Notes a key, met as element `index` of the array at `up`; a fault at `step` if it was met before. `written` is
 * the array of the written rows. */
void sl_check_unique(struct sl_check *check, enum sl_entity entity, struct sl_seen_key key, size_t index, bool deleted,
	const struct sl_step *step, const struct sl_step *up, const struct sl_step *written);

/* One project-level field, a member of the object at `up`, which is `context` or the project itself. */
void sl_check_meta(struct sl_check *check, bool in_context, const char *name, const json_t *value,
	const struct sl_step *up, bool null_removes);

#endif
