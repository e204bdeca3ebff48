/* Runs of scenes that somebody wrote one behind the other; see check.h. Keeps true: what somebody added elsewhere at the same
 * time, without having seen any of a run, does not stand in the midst of it. */
#include <stdlib.h>

#include "sim.h"

static const struct sim_run_row *find_row(const struct sim *sim, const struct sl_key *key)
{
	for (size_t i = 0; i < sim->check.run_row_count; i++)
		if (sl_key_equal(&sim->check.run_rows[i].key, key))
			return &sim->check.run_rows[i];
	return NULL;
}

static bool has_moved(const struct sim *sim, const struct sl_key *key)
{
	for (size_t i = 0; i < sim->check.moved_count; i++)
		if (sl_key_equal(&sim->check.moved[i], key))
			return true;
	return false;
}

/* Which runs have a row among what the device shows. */
static uint64_t runs_shown(struct sim *sim, unsigned device)
{
	uint64_t shown = 0;
	for (size_t i = 0; i < sim->check.run_row_count; i++)
		if (sl_rowset_find(sim->devices[device].shown, &sim->check.run_rows[i].key))
			shown |= UINT64_C(1) << sim->check.run_rows[i].run;
	return shown;
}

/* The run that the device's last row of the episode belongs to, if nothing stands behind that. −1: none. */
static int run_to_go_on(struct sim *sim, unsigned device, int64_t episode)
{
	const struct sl_row *row, *last = NULL;
	size_t cursor = 0;
	while ((row = sl_rowset_next(sim->devices[device].shown, &cursor)))
		if (row->key.entity == SL_SCENES && row->key.episode == episode && (!last || sl_str_compare(last->rank, row->rank) < 0))
			last = row;
	const struct sim_run_row *known = last ? find_row(sim, &last->key) : NULL;
	return known && known->device == device && !has_moved(sim, &known->key) ? (int)known->run : -1;
}

void sim_runs_add(struct sim *sim, unsigned device, const struct sl_key *key)
{
	struct sim_check *check = &sim->check;
	const struct sim_run_row *previous = check->run_row_count ? &check->run_rows[check->run_row_count - 1] : NULL;
	int run = run_to_go_on(sim, device, key->episode);
	if (check->run_row_count == SIM_RUN_ROWS || check->runs == 64)
		return;
	/* Of one edit, not shown yet. */
	if (previous && previous->device == device && previous->step == sim->steps && previous->key.episode == key->episode)
		run = (int)previous->run;
	check->run_rows[check->run_row_count++] = (struct sim_run_row){ .key = *key, .device = device, .step = sim->steps,
		.run = run >= 0 ? (unsigned)run : check->runs++, .seen = runs_shown(sim, device) };
}

void sim_runs_move(struct sim *sim, const struct sl_key *key)
{
	struct sim_check *check = &sim->check;
	if (key->entity != SL_SCENES || check->moved_count == SIM_RUN_ROWS || has_moved(sim, key))
		return;
	if (sl_key_copy(&sim->arena, key, &check->moved[check->moved_count++]) != SL_OK)
		abort();
}

static bool is_behind(const struct sl_row *row, const struct sl_row *moved)
{
	return row->rank.length > moved->rank.length && memcmp(row->rank.bytes, moved->rank.bytes, moved->rank.length) == 0;
}

/* Whether a scene was added behind one that others moved, and came with it: their ranks tell, or their run. */
static bool came_along(const struct sim *sim, struct sl_row *const *rows, size_t at, const struct sim_run_row *row)
{
	bool same_run = true;
	for (size_t i = at; i > 0; i--) {
		const struct sim_run_row *before = find_row(sim, &rows[i - 1]->key);
		bool moved = has_moved(sim, &rows[i - 1]->key);
		if (moved && (same_run || is_behind(rows[at], rows[i - 1])))
			return true;
		same_run = same_run && before && before->run == row->run;
	}
	return false;
}

/* What is known of a scene where it was put; NULL: nothing. */
static const struct sim_run_row *row_in_place(const struct sim *sim, struct sl_row *const *rows, size_t at)
{
	const struct sim_run_row *row = has_moved(sim, &rows[at]->key) ? NULL : find_row(sim, &rows[at]->key);
	return row && !came_along(sim, rows, at, row) ? row : NULL;
}

/* Whether the run of `first` goes on behind `other`, and neither's writer knew of the other. */
static void check_between(struct sim *sim, const struct sim_run_row *first, const struct sim_run_row *other,
	struct sl_row *const *rows, size_t from, size_t count)
{
	if (other->run == first->run || (other->seen >> first->run & 1))
		return;
	for (size_t i = from; i < count; i++) {
		const struct sim_run_row *last = row_in_place(sim, rows, i);
		if (last && last->run == first->run && !(last->seen >> other->run & 1))
			sim_violate(sim, "runs", "%.*s stands between %.*s and %.*s, of which nobody knew who wrote it",
				(int)other->key.id.length, other->key.id.bytes, (int)first->key.id.length, first->key.id.bytes,
				(int)last->key.id.length, last->key.id.bytes);
	}
}

/* Whether a scene of the episode was moved and has gone since: nobody can tell any more what had come with it. */
static bool lacks_moved(const struct sim *sim, int64_t episode)
{
	for (size_t i = 0; i < sim->check.moved_count; i++)
		if (sim->check.moved[i].episode == episode && !sl_rowset_find(sim->server.store->memory.rows, &sim->check.moved[i]))
			return true;
	return false;
}

/* Rows in order. What stands behind one that was moved here may have come with it. */
static void check_episode(struct sim *sim, struct sl_row *const *rows, size_t count)
{
	if (lacks_moved(sim, rows[0]->key.episode))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct sim_run_row *first = row_in_place(sim, rows, i), *other;
		for (size_t k = i + 1; first && k < count && !has_moved(sim, &rows[k]->key); k++)
			if ((other = row_in_place(sim, rows, k)))
				check_between(sim, first, other, rows, k + 1, count);
	}
}

void sim_check_runs(struct sim *sim)
{
	const struct sl_rowset *rows = sim->server.store->memory.rows;
	struct sl_row **sorted = sl_rowset_sorted(rows, &sim->arena);
	size_t count = sl_rowset_count(rows), from = 0;
	if (!sorted)
		abort();
	if (!sim->plan->with[SIM_WITH_RUNS] || sim->check.run_torn || !sim->plan->with[SIM_WITH_APART]
		|| sim->check.wide > sim->check.wide_births || sim_server_is_doubtful(&sim->server))
		return;
	for (size_t i = 1; i <= count; i++)
		if (i == count || sorted[i]->key.entity != sorted[from]->key.entity || sorted[i]->key.episode != sorted[from]->key.episode) {
			if (sorted[from]->key.entity == SL_SCENES)
				check_episode(sim, sorted + from, i - from);
			from = i;
		}
}
