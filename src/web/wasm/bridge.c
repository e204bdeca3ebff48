/* The calls of bridge.h: run an operation, hand over what it wrote, or the problem.
 * Keeps true: every piece of a call is freed at its end, but for the result.
 * Fails with the code and problem of the first error; without memory for the problem, with the code alone.
 */
#include "web/wasm/bridge.h"

#include <stdlib.h>

#include "core/json/parse.h"
#include "core/engine/engine.h"
#include "web/wasm/work.h"

#define RESULT_BYTES ((size_t)1 << 30)

void *sl_web_allocate(size_t size)
{
	return malloc(size ? size : 1);
}

void sl_web_release(void *memory)
{
	free(memory);
}

void sl_web_engine_free(struct sl_engine *engine)
{
	sl_engine_free(&engine);
}

static void write_problem(struct sl_work *work, int code)
{
	struct sl_buf *out = &work->out;
	bool told = work->err.code == code && work->err.message[0];
	sl_buf_clear(out);
	sl_work_write_member(out, "{\"error\":", sl_str_from(sl_err_word(code)));
	sl_work_write_member(out, ",\"message\":", sl_str_from(told ? work->err.message : sl_err_title(code)));
	if (told && work->err.path[0])
		sl_work_write_member(out, ",\"path\":", sl_str_from(work->err.path));
	if (work->faults.count) {
		sl_buf_add_char(out, ',');
		sl_work_write_faults(out, &work->faults);
	}
	sl_buf_add_char(out, '}');
}

static int run(struct sl_web_call *call, int (*operation)(struct sl_work *work))
{
	struct sl_work work = { .in = call->in, .engine = call->engine, .err = SL_ERR_INIT };
	sl_arena_init(&work.arena, 0);
	sl_buf_init(&work.out, RESULT_BYTES);
	int code = operation(&work);
	if (code == SL_OK)
		code = sl_buf_code(&work.out);
	if (code != SL_OK)
		write_problem(&work, code);
	if (sl_buf_code(&work.out) != SL_OK)
		sl_buf_dispose(&work.out);
	call->result = sl_buf_str(&work.out);
	call->engine = work.engine;
	sl_arena_dispose(&work.arena);
	return code;
}

#define FUNCTION(name)
#define OPERATION(name) int sl_web_##name(struct sl_web_call *call) { return run(call, sl_op_##name); }
#include "web/wasm/exports.def"
