/* Operations on ranks, for tests and for whoever orders siblings by hand. */
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/base/rank.h"
#include "core/base/rank_assign.h"
#include "core/base/rank_run.h"
#include "web/wasm/work.h"

#define MOST_RANKS 1000000

static int write_ranks(struct sl_work *work, const struct sl_str *ranks, size_t count)
{
	sl_buf_add_char(&work->out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			sl_buf_add_char(&work->out, ',');
		sl_json_string(&work->out, ranks[i]);
	}
	sl_buf_add_char(&work->out, ']');
	return SL_OK;
}

static int check_prefix(struct sl_work *work, struct sl_str prefix)
{
	if (prefix.length == 0 || sl_rank_is_prefix(prefix))
		return SL_OK;
	return sl_work_refuse(work, "a prefix is 5 of [0-9A-Za-z], the last no 0");
}

/* rank_between(low, high, count?, prefix?): as a JSON list; an empty bound is the start or the end. `prefix`: the device's
 * own, for a run that nobody else's rows come into. */
int sl_op_rank_between(struct sl_work *work)
{
	struct sl_str low = work->in[0], high = work->in[1], prefix = work->in[3], *ranks;
	size_t count;
	int code = sl_work_read_count(work, work->in[2], MOST_RANKS, 1, &count);
	if (code == SL_OK)
		code = check_prefix(work, prefix);
	if (code != SL_OK)
		return code;
	if ((low.length && !sl_rank_is_valid(low)) || (high.length && !sl_rank_is_valid(high)))
		return sl_work_refuse(work, "a rank is 1 to 64 of [0-9A-Za-z]");
	ranks = sl_arena_zalloc(&work->arena, count, sizeof(*ranks));
	code = ranks ? sl_rank_run(low, high, prefix, count, &work->arena, ranks) : SL_NO_MEMORY;
	return code == SL_OK ? write_ranks(work, ranks, count) : code;
}

/* Empty where there is no text. */
static struct sl_str text_at(const json_t *list, size_t index)
{
	const json_t *text = json_array_get(list, index);
	return (struct sl_str){ json_string_value(text), json_string_length(text) };
}

/* rank_assign([[rank, id], …], prefix?): the ranks of siblings in that order; rank "" for one that has none. */
int sl_op_rank_assign(struct sl_work *work)
{
	json_t *siblings, *sibling;
	size_t i;
	int code = check_prefix(work, work->in[1]);
	if (code == SL_OK)
		code = sl_json_parse(work->in[0], &siblings, &work->err);
	if (code != SL_OK)
		return code;
	size_t count = json_array_size(siblings);
	struct sl_str *ranks = sl_arena_zalloc(&work->arena, count, sizeof(*ranks));
	struct sl_str *ids = sl_arena_zalloc(&work->arena, count, sizeof(*ids));
	code = !ranks || !ids ? SL_NO_MEMORY : json_is_array(siblings) ? SL_OK : sl_work_refuse(work, "must be a list");
	json_array_foreach(siblings, i, sibling) {
		if (code != SL_OK)
			break;
		ranks[i] = text_at(sibling, 0);
		ids[i] = text_at(sibling, 1);
		if (ids[i].length == 0)
			code = sl_work_refuse(work, "must hold [rank, id] pairs");
	}
	if (code == SL_OK)
		code = sl_rank_assign(ranks, ids, count, work->in[1], &work->arena);
	if (code == SL_OK)
		code = write_ranks(work, ranks, count);
	json_decref(siblings);
	return code;
}
