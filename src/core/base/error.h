/* Errors: one code for each word of the protocol, and one table from codes to HTTP.
 *
 * A function that can fail returns 0 or one of these negative codes and, where it has a `struct sl_err *` as its last
 * argument, describes the failure there. The first error wins: a later sl_err_set on the same object changes nothing.
 */
#ifndef SL_CORE_BASE_ERROR_H
#define SL_CORE_BASE_ERROR_H

#include <stddef.h>

/* code, stable word on the wire, HTTP status, title of the problem */
#define SL_ERRORS(X)                                                                                                   \
	X(MALFORMED, "malformed", 400, "The request can't be read")                                                        \
	X(UNAUTHENTICATED, "unauthenticated", 401, "Sign in first")                                                        \
	X(SYNC_DISABLED, "sync_disabled", 403, "Sync is not enabled for this account")                                     \
	X(FORBIDDEN, "forbidden", 403, "Not allowed")                                                                      \
	X(NO_PROJECT, "no_project", 404, "Nothing is stored yet")                                                          \
	X(NO_SNAPSHOT, "no_snapshot", 404, "No such version")                                                              \
	X(NOT_FOUND, "not_found", 404, "No such resource")                                                                 \
	X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, "Method not allowed")                                             \
	X(CONFLICT, "conflict", 409, "The project has changed")                                                            \
	X(TOO_LARGE, "too_large", 413, "Too large")                                                                        \
	X(UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", 415, "Send application/json")                                  \
	X(INVALID, "invalid", 422, "The content is not valid")                                                             \
	X(EMPTY_OVERWRITE, "empty_overwrite", 422, "An empty project would replace content")                               \
	X(OP_REUSED, "op_reused", 422, "The operation id was used for other content")                                      \
	X(PULL_REQUIRED, "pull_required", 428, "Pull the project before the first push")                                   \
	X(THROTTLED, "throttled", 429, "Too many attempts")                                                                \
	X(INTERNAL, "internal", 500, "Internal error")                                                                     \
	X(UNAVAILABLE, "unavailable", 503, "Try again shortly")                                                            \
	X(UNCERTAIN, "unavailable", 503, "The outcome is unknown: retry with the same operation id")                       \
	X(NO_MEMORY, "unavailable", 503, "Out of memory: try again shortly")

enum sl_code {
	SL_CODE_LAST = -32,
#define X(name, word, status, title) SL_##name,
	SL_ERRORS(X)
#undef X
	SL_OK = 0
};

struct sl_err {
	int code;          /* an enum sl_code; 0: no error yet */
	char path[256];    /* JSON Pointer (RFC 6901) to what is at fault, or "" */
	char message[512]; /* for people: one sentence, no secrets, no newline */
	long long limit;   /* with SL_TOO_LARGE: what may be at most, for the answer; 0: not told */
};

/* A fresh error object: `struct sl_err err = SL_ERR_INIT;` */
#define SL_ERR_INIT { 0, "", "", 0 }

/* Notes `code` with a printf-style message unless `err` holds an error already or is NULL. Returns `code`, so that
 * `return sl_err_set(err, SL_INVALID, "…")` works. Control bytes in the result are replaced by '?'. */
int sl_err_set(struct sl_err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like sl_err_set, with the JSON Pointer of the place at fault. */
int sl_err_set_at(struct sl_err *err, int code, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* sl_err_set with SL_TOO_LARGE and the limit that was exceeded. */
int sl_err_set_limit(struct sl_err *err, long long limit, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The word, HTTP status and title of a code; those of SL_INTERNAL for an unknown one. */
const char *sl_err_word(int code);
int sl_err_status(int code);
const char *sl_err_title(int code);

#endif
