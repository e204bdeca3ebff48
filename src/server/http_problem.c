/* Problem answers: application/problem+json, RFC 9457, with the stable words of the protocol. */
#include "core/json/write.h"
#include "core/base/utf8.h"
#include "server/http_private.h"

static void add_member(struct sl_buf *body, const char *name, const char *text)
{
	sl_buf_add_char(body, body->length ? ',' : '{');
	sl_json_string(body, sl_str_from(name));
	sl_buf_add_char(body, ':');
	/* A message that was cut to its buffer may end inside a character. */
	sl_json_string(body, (struct sl_str){ text, sl_utf8_valid(sl_str_from(text)) });
}

void sl_http_problem_begin(struct sl_response *response, const struct sl_request *request, const struct sl_err *err)
{
	struct sl_buf *body = &response->body;
	char type[96];
	sl_buf_clear(body);
	sl_buf_clear(&response->headers);
	response->status = sl_err_status(err->code);
	response->content_type = "application/problem+json";
	response->error_word = sl_err_word(err->code);
	snprintf(type, sizeof(type), "urn:slatesync:error:%s", response->error_word);
	add_member(body, "type", type);
	add_member(body, "title", sl_err_title(err->code));
	sl_buf_add_text(body, ",\"status\":");
	sl_buf_add_int(body, response->status);
	add_member(body, "detail", err->message);
	add_member(body, "error", response->error_word);
	add_member(body, "traceId", request->trace_id);
	if (err->limit) {
		sl_buf_add_text(body, ",\"limit\":");
		sl_buf_add_int(body, err->limit);
	}
}

void sl_http_problem_end(struct sl_response *response) { sl_buf_add_char(&response->body, '}'); }
