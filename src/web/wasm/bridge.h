/* The core over linear memory: every operation takes texts and gives one text.
 *
 * The host writes its texts into buffers of sl_web_allocate, fills in a struct sl_web_call, calls an operation and
 * reads the result. Nothing but engines is kept between calls, and nothing unvalidated gets into the core, so a call
 * can only answer or refuse. The same file is built natively for the tests: same texts in, same bytes out.
 */
#ifndef SL_WEB_BRIDGE_H
#define SL_WEB_BRIDGE_H

#include <stdint.h>

#include "core/base/slice.h"

#define SL_WEB_ARGUMENTS 4

struct sl_engine;

struct sl_web_call {
	struct sl_str result;               /* the host's, to be released; no bytes when there was no memory for it */
	struct sl_str in[SL_WEB_ARGUMENTS]; /* borrowed UTF-8; length 0: not given */
	struct sl_engine *engine;           /* made by engine_new, taken by the others of its name */
};

/* Memory for texts and for struct sl_web_call. NULL: none is left. */
void *sl_web_allocate(size_t size);

void sl_web_release(void *memory);

/* NULL is allowed. */
void sl_web_engine_free(struct sl_engine *engine);

/* Before the first operation: a random number that makes collisions in hash tables unpredictable. It changes no result.
 * Only in the WebAssembly build; natively Jansson finds its own. */
void sl_web_seed(uint32_t seed);

/* Every OPERATION of exports.def: returns 0 with the answer in `result`, or a negative code (core/error.h) with
 * {"error":word,"message":…,"path"?:JSON Pointer,"faults"?:[{"path","reason"}]} there. */
#define FUNCTION(name)
#define OPERATION(name) int sl_web_##name(struct sl_web_call *call);
#include "web/wasm/exports.def"
#undef FUNCTION
#undef OPERATION

#endif
