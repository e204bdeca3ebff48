/* Trace ids: 128 bits that follow one request through logs and answers (W3C Trace Context). */
#ifndef SL_SERVER_TRACE_H
#define SL_SERVER_TRACE_H

#define SL_TRACE_HEX 33 /* 32 hex digits and NUL */

/* The trace id of a `traceparent` header (NULL: absent) or, unless that is valid version 00, a fresh random one. */
void sl_trace_id(const char *traceparent, char trace_id_r[SL_TRACE_HEX]);

#endif
