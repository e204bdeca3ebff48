/* A whole project document against the schema; see validate.h and section projectData of the protocol. Keeps true: what
 * passes can be taken apart into rows. Every fault is collected; only lack of memory ends the check early.
 */
#include "core/schema/validate.h"

#include "core/schema/validate_row.h"

static void check_collection(struct sl_check *check, const struct sl_check_place *place, const json_t *object,
	const struct sl_step *up, sl_check_row_fn each)
{
	const char *name = sl_entity_name(place->entity);
	const json_t *rows = json_object_get(object, name);
	struct sl_step step = sl_step_member(up, name);
	if (!rows || !sl_check_array(check, rows, &step))
		return;
	if (sl_seen_reset(&check->seen[place->entity], check->arena, json_array_size(rows)) != 0) {
		check->code = SL_NO_MEMORY;
		return;
	}
	sl_check_rows(check, place, rows, &step, each);
}

static void check_episode(struct sl_check *check, const json_t *episode, const struct sl_seen_key *key,
	const struct sl_step *step)
{
	const int64_t *id = key ? &key->episode : NULL;
	check_collection(check, &(struct sl_check_place){ SL_SCENES, false, id }, episode, step, NULL);
	check_collection(check, &(struct sl_check_place){ SL_SHOTS, false, id }, episode, step, NULL);
}

static bool is_collection(const char *name, enum sl_entity a, enum sl_entity b)
{
	return strcmp(name, sl_entity_name(a)) == 0 || strcmp(name, sl_entity_name(b)) == 0;
}

static void check_context(struct sl_check *check, const json_t *context, const struct sl_step *up)
{
	struct sl_step step = sl_step_member(up, "context");
	const char *name;
	json_t *value;
	if (!sl_check_object(check, context, &step))
		return;
	json_object_foreach((json_t *)context, name, value)
		if (!is_collection(name, SL_CHARACTERS, SL_LOCATIONS))
			sl_check_meta(check, true, name, value, &step, false);
	check_collection(check, &(struct sl_check_place){ SL_CHARACTERS, false, NULL }, context, &step, NULL);
	check_collection(check, &(struct sl_check_place){ SL_LOCATIONS, false, NULL }, context, &step, NULL);
}

static void check_document(struct sl_check *check, const json_t *document)
{
	struct sl_step root = SL_STEP_ROOT;
	struct sl_step episodes = sl_step_member(&root, "episodes");
	const char *name;
	json_t *value;
	if (!sl_check_object(check, document, &root))
		return;
	json_object_foreach((json_t *)document, name, value) {
		if (strcmp(name, "context") == 0)
			check_context(check, value, &root);
		else if (!is_collection(name, SL_EPISODES, SL_EPISODES))
			sl_check_meta(check, false, name, value, &root, false);
	}
	if (!json_object_get(document, "episodes"))
		sl_check_fault(check, &episodes, "is required");
	check_collection(check, &(struct sl_check_place){ SL_EPISODES, false, NULL }, document, &root, check_episode);
}

int sl_validate_document(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err)
{
	struct sl_check check = { .root = at, .row_bytes = row_bytes, .arena = arena, .faults = faults_r };
	faults_r->count = faults_r->total = 0;
	check_document(&check, value);
	return sl_check_close(&check, err);
}
