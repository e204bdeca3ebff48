/* Merging inside a row: values by their field's rule, objects member by member, and their receipts; merge_steps.h.
 * Keeps true: the schema's shapes bound the recursion, and no order of members decides anything.
 * Fails with SL_NO_MEMORY only. Source of the rules: merge.md, "Three-way merge".
 */
#include "core/merge/steps.h"

#include "core/json/write.h"

/* --- receipts --------------------------------------------------------------------------------------------------- */

int sl_merge_add_receipt(struct sl_merging *merging, const struct sl_receipt *receipt)
{
	if (merging->receipt_count == merging->receipt_capacity) {
		size_t capacity = merging->receipt_capacity ? merging->receipt_capacity * 2 : 16;
		struct sl_receipt *receipts = sl_arena_zalloc(merging->arena, capacity, sizeof(*receipts));
		if (!receipts)
			return SL_NO_MEMORY;
		if (merging->receipt_count)
			memcpy(receipts, merging->receipts, merging->receipt_count * sizeof(*receipts));
		merging->receipts = receipts;
		merging->receipt_capacity = capacity;
	}
	struct sl_receipt *added = &merging->receipts[merging->receipt_count++];
	*added = *receipt;
	added->key = *merging->key;
	return SL_OK;
}

static int keep_scratch(struct sl_merging *merging, struct sl_str *text_r)
{
	if (sl_buf_code(&merging->scratch) != SL_OK)
		return sl_buf_code(&merging->scratch);
	return sl_arena_copy(merging->arena, sl_buf_str(&merging->scratch), text_r);
}

int sl_merge_write(struct sl_merging *merging, const json_t *value, struct sl_str *text_r)
{
	*text_r = (struct sl_str){ NULL, 0 };
	if (!value)
		return SL_OK;
	sl_buf_clear(&merging->scratch);
	sl_json_write(&merging->scratch, value);
	return keep_scratch(merging, text_r);
}

/* As a JSON Pointer (RFC 6901). */
static void write_place(struct sl_buf *out, const struct sl_merge_place *place)
{
	if (!place)
		return;
	write_place(out, place->up);
	sl_buf_add_char(out, '/');
	for (size_t i = 0; i < place->name.length; i++) {
		char c = place->name.bytes[i];
		if (c == '~' || c == '/')
			sl_buf_add_text(out, c == '~' ? "~0" : "~1");
		else
			sl_buf_add_char(out, c);
	}
}

int sl_merge_note(struct sl_merging *merging, const struct sl_merge_place *place, const struct sl_sides *sides,
	const struct sl_verdict *verdict, bool moved)
{
	struct sl_receipt receipt = {
		.rule = verdict->rule, .moved = moved, .conflict = verdict->conflict, .parked = verdict->parked,
	};
	sl_buf_clear(&merging->scratch);
	write_place(&merging->scratch, place);
	int rc = keep_scratch(merging, &receipt.path);
	if (rc == SL_OK)
		rc = sl_merge_write(merging, sides->base, &receipt.base);
	if (rc == SL_OK)
		rc = sl_merge_write(merging, sides->mine, &receipt.mine);
	if (rc == SL_OK)
		rc = sl_merge_write(merging, sides->theirs, &receipt.theirs);
	if (verdict->value == sides->theirs)
		receipt.result = receipt.theirs; /* as it is most often, and texts may be long */
	else if (rc == SL_OK)
		rc = sl_merge_write(merging, verdict->value, &receipt.result);
	return rc == SL_OK ? sl_merge_add_receipt(merging, &receipt) : rc;
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* Equal values of canonical texts have equal trees. */
static bool same(const json_t *a, const json_t *b)
{
	return a == b || (a && b && json_equal(a, b));
}

bool sl_merge_is_settled(const struct sl_sides *sides, json_t **value_r)
{
	const json_t *taken = sides->theirs;
	if (same(sides->base, sides->theirs))
		taken = sides->mine;
	else if (!same(sides->mine, sides->theirs) && !same(sides->base, sides->mine))
		return false;
	*value_r = json_incref((json_t *)taken);
	return true;
}

static bool are_objects(const struct sl_sides *sides)
{
	return (!sides->base || json_is_object(sides->base)) && (!sides->mine || json_is_object(sides->mine))
		&& (!sides->theirs || json_is_object(sides->theirs));
}

static int decide(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r)
{
	struct sl_verdict verdict = { NULL, SL_RULE_LWW, false, false };
	int rc = sl_merge_decide(field ? field->rule : SL_RULE_LWW, field ? field->words : NULL, sides, merging->arena,
		&verdict);
	if (rc == SL_OK)
		rc = sl_merge_note(merging, place, sides, &verdict, false);
	if (rc != SL_OK) {
		json_decref(verdict.value);
		verdict.value = NULL;
	}
	*value_r = verdict.value;
	return rc;
}

int sl_merge_value(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r)
{
	bool keyed = false;
	if (sl_merge_is_settled(sides, value_r))
		return SL_OK;
	if (field && field->rule == SL_RULE_OBJECT && are_objects(sides))
		return sl_merge_members(merging, field->shape, sides, place, value_r);
	if (field && field->rule == SL_RULE_LIST) {
		int rc = sl_merge_list(merging, field, sides, place, &keyed, value_r);
		if (rc != SL_OK || keyed)
			return rc;
	}
	return decide(merging, field, sides, place, value_r);
}

/* --- objects ---------------------------------------------------------------------------------------------------- */

static int merge_member(struct sl_merging *merging, const struct sl_shape *shape, const struct sl_sides *objects,
	const char *name, const struct sl_merge_place *up, json_t *result)
{
	const struct sl_merge_place place = { up, sl_str_from(name) };
	const struct sl_sides sides = { json_object_get(objects->base, name), json_object_get(objects->mine, name),
		json_object_get(objects->theirs, name) };
	json_t *value = NULL;
	int rc = sl_merge_value(merging, sl_schema_field(shape, place.name), &sides, &place, &value);
	if (rc != SL_OK || !value)
		return rc;
	return json_object_set_new_nocheck(result, name, value) == 0 ? SL_OK : SL_NO_MEMORY;
}

int sl_merge_members(struct sl_merging *merging, const struct sl_shape *shape, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r)
{
	json_t *result = json_object(), *value;
	const char *name;
	int rc = result ? SL_OK : SL_NO_MEMORY;
	json_object_foreach((json_t *)sides->theirs, name, value) {
		if (rc == SL_OK)
			rc = merge_member(merging, shape, sides, name, place, result);
	}
	json_object_foreach((json_t *)sides->mine, name, value) {
		if (rc == SL_OK && !json_object_get(sides->theirs, name))
			rc = merge_member(merging, shape, sides, name, place, result);
	}
	if (rc != SL_OK || (json_object_size(result) == 0 && (!sides->mine || !sides->theirs))) {
		json_decref(result);
		result = NULL;
	}
	*value_r = result;
	return rc;
}
