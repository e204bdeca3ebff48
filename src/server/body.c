/* Members of a small request body; see body.h. */
#include "server/body.h"

#include <stdio.h>

#include "core/json/write.h"
#include "core/base/utf8.h"

int sl_body_read(struct sl_body *body, struct sl_request *request, struct sl_err *err)
{
	memset(body, 0, sizeof(*body));
	body->arena = request->arena;
	int rc = sl_http_json(request, &body->json, NULL, err);
	if (rc == SL_OK && !json_is_object(body->json))
		sl_body_fault(body, NULL, "must be an object");
	return rc;
}

void sl_body_dispose(struct sl_body *body)
{
	json_decref(body->json);
	body->json = NULL;
}

void sl_body_fault(struct sl_body *body, const char *name, const char *reason)
{
	char path[64];
	snprintf(path, sizeof(path), "%s%s", name ? "/" : "", name ? name : "");
	if (sl_faults_add(&body->faults, body->arena, path, "%s", reason) == SL_NO_MEMORY)
		body->code = SL_NO_MEMORY;
}

static const json_t *member(struct sl_body *body, const char *name, bool required)
{
	const json_t *value = json_object_get(body->json, name);
	if (!value && required && json_is_object(body->json))
		sl_body_fault(body, name, "is required");
	return value;
}

bool sl_body_text(struct sl_body *body, const char *name, bool required, size_t most_characters, struct sl_str *text_r)
{
	const json_t *value = member(body, name, required);
	char reason[64];
	if (!value)
		return false;
	struct sl_str text = { json_string_value(value), json_string_length(value) };
	size_t characters = text.length ? sl_utf8_length(text) : 0;
	if (!json_is_string(value) || characters < 1 || characters > most_characters) {
		snprintf(reason, sizeof(reason), "must be text of 1 to %zu characters", most_characters);
		sl_body_fault(body, name, reason);
		return false;
	}
	if (sl_arena_copy(body->arena, text, text_r) != SL_OK) {
		body->code = SL_NO_MEMORY;
		return false;
	}
	return true;
}

bool sl_body_integer(struct sl_body *body, const char *name, bool required, int64_t *number_r)
{
	const json_t *value = member(body, name, required);
	if (!value)
		return false;
	double number = json_number_value(value);
	if (!json_is_number(value) || number < 0 || number > SL_SAFE_INTEGER || number != (double)(int64_t)number) {
		sl_body_fault(body, name, "must be a whole number from 0 to 9007199254740991");
		return false;
	}
	*number_r = (int64_t)number;
	return true;
}

bool sl_body_boolean(struct sl_body *body, const char *name, bool *value_r)
{
	const json_t *value = member(body, name, false);
	if (!value)
		return false;
	if (!json_is_boolean(value)) {
		sl_body_fault(body, name, "must be true or false");
		return false;
	}
	*value_r = json_is_true(value);
	return true;
}

int sl_body_check(const struct sl_body *body, struct sl_err *err)
{
	if (body->code != SL_OK)
		return sl_err_set(err, body->code, "out of memory while reading the request");
	if (body->faults.total == 0)
		return SL_OK;
	return sl_err_set_at(err, SL_INVALID, body->faults.items[0].path, "%s", body->faults.items[0].reason);
}

int sl_body_answer_faults(const struct sl_faults *faults, const struct sl_request *request,
	struct sl_response *response, const struct sl_err *err)
{
	struct sl_buf *out = &response->body;
	sl_http_problem_begin(response, request, err);
	sl_buf_add_text(out, ",\"faults\":[");
	for (size_t i = 0; i < faults->count; i++) {
		sl_buf_add_text(out, i ? ",{\"path\":" : "{\"path\":");
		sl_json_string(out, sl_str_from(faults->items[i].path));
		sl_buf_add_text(out, ",\"reason\":");
		sl_json_string(out, sl_str_from(faults->items[i].reason));
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_text(out, "],\"faultCount\":");
	sl_buf_add_int(out, (int64_t)faults->total);
	sl_http_problem_end(response);
	return SL_OK;
}
