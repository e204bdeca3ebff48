/* Percent-decoding of paths and query strings (RFC 3986). */
#ifndef SL_SERVER_PERCENT_H
#define SL_SERVER_PERCENT_H

#include "core/base/arena.h"
#include "core/base/error.h"

/* The text with %XX decoded (and, in a form, + as a blank), in the arena unless nothing had to change. SL_MALFORMED
 * for a bad escape and for %00. */
int sl_percent_decode(struct sl_arena *arena, struct sl_str text, bool form, struct sl_str *decoded_r,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
