/* What two states of a row have in common, for want of their true ancestor; see merge.h. */
#include "core/merge/merge.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/merge/steps.h"

static int share_value(const struct sl_field *field, const json_t *a, const json_t *b, struct sl_arena *arena,
	json_t **shared_r);

int sl_merge_share(const struct sl_shape *shape, const json_t *a, const json_t *b, struct sl_arena *arena, json_t **shared_r)
{
	json_t *value, *shared, *result = json_object();
	int rc = result ? SL_OK : SL_NO_MEMORY;
	const char *name;
	*shared_r = result;
	json_object_foreach((json_t *)a, name, value) {
		if (rc == SL_OK)
			rc = share_value(sl_schema_field(shape, sl_str_from(name)), value, json_object_get(b, name), arena, &shared);
		if (rc == SL_OK && shared && json_object_set_new_nocheck(result, name, shared) != 0)
			rc = SL_NO_MEMORY;
	}
	return rc;
}

/* Of two texts, the words that both have. */
static int share_text(const json_t *a, const json_t *b, struct sl_arena *arena, json_t **shared_r)
{
	struct sl_str common, left = { json_string_value(a), json_string_length(a) };
	struct sl_str right = { json_string_value(b), json_string_length(b) };
	int rc = sl_text_common(left, right, arena, &common);
	if (rc != SL_OK)
		return rc == SL_NO_MEMORY ? rc : SL_OK; /* longer texts than can be compared share nothing */
	*shared_r = json_stringn_nocheck(common.length ? common.bytes : "", common.length);
	return *shared_r ? SL_OK : SL_NO_MEMORY;
}

/* A new reference; NULL: nothing in common. */
static int share_value(const struct sl_field *field, const json_t *a, const json_t *b, struct sl_arena *arena,
	json_t **shared_r)
{
	enum sl_rule rule = field ? field->rule : SL_RULE_LWW;
	*shared_r = NULL;
	if (b && json_equal(a, b))
		*shared_r = json_incref((json_t *)a);
	else if (rule == SL_RULE_TEXT && json_is_string(a) && json_is_string(b))
		return share_text(a, b, arena, shared_r);
	else if (rule == SL_RULE_COUNTER && json_is_number(a) && json_is_number(b))
		*shared_r = json_incref((json_t *)(json_number_value(a) < json_number_value(b) ? a : b));
	else if (rule == SL_RULE_OBJECT && json_is_object(a) && json_is_object(b))
		return sl_merge_share(field->shape, a, b, arena, shared_r);
	return SL_OK;
}

static int share_data(const struct sl_key *key, const json_t *a, const json_t *b, struct sl_arena *arena,
	json_t **shared_r)
{
	const struct sl_shape *shape = sl_schema_row(key->entity);
	return key->entity == SL_META ? share_value(sl_schema_field(shape, key->id), a, b, arena, shared_r)
		: sl_merge_share(shape, a, b, arena, shared_r);
}

int sl_merge_shared(const struct sl_row *a, const struct sl_row *b, struct sl_arena *arena, struct sl_row *shared_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	json_t *left = NULL, *right = NULL, *value = NULL;
	bool same_place = sl_str_equal(a->rank, b->rank);
	*shared_r = (struct sl_row){ a->key, same_place ? a->rank : (struct sl_str){ NULL, 0 }, { NULL, 0 }, 0 };
	int rc = sl_json_parse(a->data, &left, &ignored);
	if (rc == SL_OK)
		rc = sl_json_parse(b->data, &right, &ignored);
	if (rc == SL_OK)
		rc = share_data(&a->key, left, right, arena, &value);
	if (rc == SL_OK && value)
		rc = sl_json_copy(value, arena, &shared_r->data);
	json_decref(left);
	json_decref(right);
	json_decref(value);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}
