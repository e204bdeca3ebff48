/* What a push says that merges put aside; see validate.h and `setAside` in the protocol. Keeps true: what passes can be stored and
 * shown as it is. Whether its rows exist doesn't matter.
 */
#include "core/schema/validate.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate_row.h"

static void check_text(struct sl_check *check, const json_t *item, const char *name, bool required, const struct sl_step *up)
{
	struct sl_step step = sl_step_member(up, name);
	const json_t *text = json_object_get(item, name);
	if (!text && required)
		sl_check_fault(check, &step, "is required");
	else if (text && !json_is_string(text))
		sl_check_fault(check, &step, "must be text");
}

static void check_item(struct sl_check *check, const json_t *item, const struct sl_step *step)
{
	struct sl_step entity_step = sl_step_member(step, "entity"), key_step = sl_step_member(step, "key");
	struct sl_seen_key ignored;
	if (!sl_check_object(check, item, step))
		return;
	enum sl_entity entity = sl_entity_from_name(sl_json_text(json_object_get(item, "entity")));
	if (entity == SL_ENTITIES)
		sl_check_fault(check, &entity_step, "must be the name of a collection, or meta");
	else
		sl_check_key(check, entity, json_object_get(item, "key"), &key_step, &ignored);
	check_text(check, item, "path", true, step);
	check_text(check, item, "base", false, step);
	check_text(check, item, "mine", true, step);
	check_text(check, item, "theirs", false, step);
}

static void check_length(struct sl_check *check, const json_t *value, const struct sl_step *root)
{
	struct sl_buf text;
	sl_buf_init(&text, SL_SET_ASIDE_BYTES);
	sl_json_write(&text, value);
	if (sl_buf_code(&text) == SL_NO_MEMORY)
		check->code = SL_NO_MEMORY;
	else if (sl_buf_code(&text) != SL_OK)
		sl_check_fault(check, root, "must be at most %zu bytes long", SL_SET_ASIDE_BYTES);
	sl_buf_dispose(&text);
}

int sl_validate_set_aside(const json_t *value, const char *at, struct sl_arena *arena, struct sl_faults *faults_r,
	struct sl_err *err)
{
	struct sl_check check = { .root = at, .arena = arena, .faults = faults_r };
	struct sl_step root = SL_STEP_ROOT;
	const json_t *item;
	size_t index;
	if (!sl_check_array(&check, value, &root))
		return sl_check_close(&check, err);
	check_length(&check, value, &root);
	json_array_foreach((json_t *)value, index, item) {
		struct sl_step step = sl_step_element(&root, index);
		check_item(&check, item, &step);
	}
	return sl_check_close(&check, err);
}
