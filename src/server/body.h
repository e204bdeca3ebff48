/* Members of a small request body, read with their faults collected. */
#ifndef SL_SERVER_BODY_H
#define SL_SERVER_BODY_H

#include "core/schema/validate.h"
#include "server/http.h"

struct sl_body {
	json_t *json; /* owned; an object, or NULL */
	struct sl_arena *arena;
	struct sl_faults faults;
	int code;     /* SL_NO_MEMORY sticks */
};

/* Reads the request's JSON; anything but an object is a fault at "". Dispose in any case. Returns 0 or what sl_http_json said. */
int sl_body_read(struct sl_body *body, struct sl_request *request, struct sl_err *err);
void sl_body_dispose(struct sl_body *body);

/* Each gives false, and the output untouched, when the member is absent or faulty. Texts are copied into the arena. */
bool sl_body_text(struct sl_body *body, const char *name, bool required, size_t most_characters, struct sl_str *text_r);
bool sl_body_integer(struct sl_body *body, const char *name, bool required, int64_t *number_r);
bool sl_body_boolean(struct sl_body *body, const char *name, bool *value_r);

/* Adds a fault at the member `name`. */
void sl_body_fault(struct sl_body *body, const char *name, const char *reason);

/* 0 when there are no faults; else SL_INVALID (or SL_NO_MEMORY) with the first one in `err`. */
int sl_body_check(const struct sl_body *body, struct sl_err *err);

/* Answers with the problem of `err` and the list of faults. Returns 0. */
int sl_body_answer_faults(const struct sl_faults *faults, const struct sl_request *request,
	struct sl_response *response, const struct sl_err *err);

#endif
