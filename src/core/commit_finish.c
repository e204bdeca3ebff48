/* From the rows that change to what is written; see commit_steps.h. */
#include "core/commit_steps.h"

#include "core/canon.h"
#include "core/rank.h"

static int no_memory(const struct sl_commit_work *work)
{
	return sl_err_set(work->err, SL_NO_MEMORY, "out of memory while committing a push");
}

/* --- places of new rows ------------------------------------------------------------------------------------------ */

static bool lacks_rank(const struct sl_row *row)
{
	return row && row->key.entity != SL_META && row->rank.length == 0;
}

/* The last rank of each group that gets rows without rank: rows keyed by the group. */
static int gather_last_ranks(struct sl_commit_work *work, struct sl_rowset *last)
{
	for (size_t i = 0; i < work->change_count; i++) {
		const struct sl_row *row = work->changes[i].after;
		if (!lacks_rank(row))
			continue;
		struct sl_row group = { .key = sl_key_of_siblings(&row->key) };
		if (sl_rowset_find(last, &group.key))
			continue;
		int rc = work->head.version == 0 ? SL_OK
			: work->store->last_rank(work->store->context, &group.key, work->arena, &group.rank, work->err);
		if (rc != SL_OK)
			return rc;
		if (!sl_rowset_put(last, &group))
			return no_memory(work);
	}
	for (size_t i = 0; i < work->change_count; i++) {
		const struct sl_row *row = work->changes[i].after;
		if (!row)
			continue;
		struct sl_key key = sl_key_of_siblings(&row->key);
		struct sl_row *group = sl_rowset_find(last, &key);
		if (group && sl_str_compare(group->rank, row->rank) < 0)
			group->rank = row->rank;
	}
	return SL_OK;
}

/* The rows of a group as they will be: stored ones that stay, changed and new ones, those without rank last. */
static int gather_siblings(struct sl_commit_work *work, const struct sl_key *group, struct sl_rowset *siblings,
	struct sl_keys *unplaced)
{
	int rc = work->store->read_siblings(work->store->context, group, work->arena, siblings, work->err);
	for (size_t i = 0; rc == SL_OK && i < work->change_count; i++) {
		const struct sl_change *change = &work->changes[i];
		const struct sl_key *key = change->after ? &change->after->key : &change->before->key;
		struct sl_key own = sl_key_of_siblings(key);
		if (!sl_key_equal(&own, group))
			continue;
		if (!change->after)
			sl_rowset_remove(siblings, key);
		else if (lacks_rank(change->after) ? sl_keys_add(unplaced, key) != SL_OK : !sl_rowset_put(siblings, change->after))
			return no_memory(work);
	}
	return rc;
}

static struct sl_change *change_of(struct sl_commit_work *work, const struct sl_key *key)
{
	for (size_t i = 0; i < work->change_count; i++)
		if (work->changes[i].after && sl_key_equal(&work->changes[i].after->key, key))
			return &work->changes[i];
	return NULL;
}

static int add_change(struct sl_commit_work *work, const struct sl_row *before, struct sl_str rank)
{
	if (work->change_count == work->change_capacity) {
		size_t capacity = work->change_capacity * 2 + 16;
		struct sl_change *changes = sl_arena_alloc(work->arena, capacity * sizeof(*changes));
		if (!changes)
			return no_memory(work);
		memcpy(changes, work->changes, work->change_count * sizeof(*changes));
		work->changes = changes;
		work->change_capacity = capacity;
	}
	struct sl_row *old = sl_arena_alloc(work->arena, sizeof(*old)), *after = sl_arena_alloc(work->arena, sizeof(*after));
	if (!old || !after)
		return no_memory(work);
	*old = *after = *before;
	after->rank = rank;
	work->changes[work->change_count++] = (struct sl_change){ old, after };
	/* The sender does not know: it learns the new rank from the answer. */
	if (!work->has_others) {
		work->others = (struct sl_delta){ sl_rowset_new(work->arena, 16), NULL, 0 };
		work->has_others = true;
	}
	return work->others.rows && sl_rowset_put(work->others.rows, after) ? SL_OK : no_memory(work);
}

static int set_rank(struct sl_commit_work *work, struct sl_change *change, struct sl_str rank)
{
	struct sl_row *after = sl_arena_alloc(work->arena, sizeof(*after));
	if (!after)
		return no_memory(work);
	*after = *change->after;
	after->rank = rank;
	change->after = after;
	return SL_OK;
}

/* Where a client left no room behind its last rank: new ranks for the whole group. */
static int respace(struct sl_commit_work *work, const struct sl_key *group)
{
	struct sl_rowset *siblings = sl_rowset_new(work->arena, 64);
	struct sl_keys unplaced = { .arena = work->arena };
	int rc = siblings ? gather_siblings(work, group, siblings, &unplaced) : no_memory(work);
	if (rc != SL_OK)
		return rc;
	size_t placed = sl_rowset_count(siblings), count = placed + unplaced.count;
	struct sl_row **sorted = sl_rowset_sorted(siblings, work->arena);
	struct sl_str *ranks = sl_arena_alloc(work->arena, (count + 1) * sizeof(*ranks)), none = { NULL, 0 };
	if (!sorted || !ranks)
		return no_memory(work);
	if (sl_rank_between(none, none, count, work->arena, ranks) != SL_OK)
		return no_memory(work);
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		struct sl_change *change = change_of(work, i < placed ? &sorted[i]->key : &unplaced.items[i - placed]);
		if (change)
			rc = set_rank(work, change, ranks[i]);
		else if (!sl_str_equal(sorted[i]->rank, ranks[i]))
			rc = add_change(work, sorted[i], ranks[i]);
	}
	return rc;
}

int sl_commit_place_new_rows(struct sl_commit_work *work)
{
	struct sl_rowset *last = sl_rowset_new(work->arena, 8);
	int rc = last ? gather_last_ranks(work, last) : no_memory(work);
	for (size_t i = 0; rc == SL_OK && i < work->change_count; i++) {
		const struct sl_row *row = work->changes[i].after;
		if (!lacks_rank(row))
			continue;
		struct sl_key key = sl_key_of_siblings(&row->key);
		struct sl_row *group = sl_rowset_find(last, &key);
		struct sl_str rank, end = { NULL, 0 };
		rc = sl_rank_between(group->rank, end, 1, work->arena, &rank);
		if (rc == SL_OK) {
			group->rank = rank;
			rc = set_rank(work, &work->changes[i], rank);
		} else if (rc == SL_TOO_LARGE) {
			rc = respace(work, &key);
		} else {
			rc = no_memory(work);
		}
	}
	return rc;
}

/* --- the new head ------------------------------------------------------------------------------------------------ */

int sl_commit_new_head(struct sl_commit_work *work)
{
	struct sl_head *head = &work->head;
	head->version = work->push->now_ms > head->version ? work->push->now_ms : head->version + 1;
	for (size_t i = 0; i < work->change_count; i++) {
		struct sl_change *change = &work->changes[i];
		if (change->before) {
			sl_digest_subtract(&head->digest, change->before);
			head->rows[change->before->key.entity]--;
			head->bytes -= (int64_t)change->before->data.length;
		}
		if (!change->after)
			continue;
		struct sl_row *after = sl_arena_alloc(work->arena, sizeof(*after));
		if (!after)
			return no_memory(work);
		*after = *change->after;
		after->version = head->version;
		change->after = after;
		sl_digest_add(&head->digest, after);
		head->rows[after->key.entity]++;
		head->bytes += (int64_t)after->data.length;
	}
	return SL_OK;
}

static bool holds_rows(const struct sl_head *head)
{
	return head->rows[SL_EPISODES] || head->rows[SL_CHARACTERS] || head->rows[SL_LOCATIONS];
}

/* The script before and after the push; empty texts where there is none. */
static int read_script(struct sl_commit_work *work, struct sl_str *before_r, struct sl_str *after_r)
{
	struct sl_key key = { SL_META, 0, SL_STR("rawScript") };
	*before_r = *after_r = (struct sl_str){ NULL, 0 };
	for (size_t i = 0; i < work->change_count; i++) {
		const struct sl_change *change = &work->changes[i];
		if (!sl_key_equal(&key, change->after ? &change->after->key : &change->before->key))
			continue;
		if (change->before)
			*before_r = change->before->data;
		if (change->after)
			*after_r = change->after->data;
		return SL_OK;
	}
	int rc = work->store->read_rows(work->store->context, &key, 1, work->arena, work->stored, work->err);
	const struct sl_row *row = sl_rowset_find(work->stored, &key);
	if (rc == SL_OK && row)
		*before_r = *after_r = row->data;
	return rc;
}

/* "Never allow empty local state to overwrite non-empty server state" (requirements). */
static int guard_empty(struct sl_commit_work *work)
{
	struct sl_str before, after;
	if (work->push->allow_empty || work->push->action == SL_ACTION_RESTORE || holds_rows(&work->head)
		|| work->outcome->previous_version == 0)
		return SL_OK;
	int rc = read_script(work, &before, &after);
	if (rc != SL_OK || !sl_rows_script_is_blank(after))
		return rc;
	if (!holds_rows(&work->outcome->head) && sl_rows_script_is_blank(before))
		return SL_OK;
	return sl_err_set(work->err, SL_EMPTY_OVERWRITE,
		"this would leave the project empty; set allowEmpty to clear it on purpose");
}

int sl_commit_check_limits(struct sl_commit_work *work)
{
	int64_t limit = work->push->project_bytes;
	if (work->head.bytes > limit && work->head.bytes > work->outcome->head.bytes)
		return sl_err_set_limit(work->err, limit, "the project would hold %lld bytes, the limit is %lld",
			(long long)work->head.bytes, (long long)limit);
	return guard_empty(work);
}

/* --- what is written --------------------------------------------------------------------------------------------- */

static void write_answer(const struct sl_commit_work *work, struct sl_buf *out)
{
	char digest[SL_DIGEST_HEX];
	sl_digest_format(work->head.digest, digest);
	sl_buf_add_text(out, "{\"ok\":true,\"updatedAt\":");
	sl_buf_add_int(out, work->head.version);
	sl_buf_add_text(out, ",\"digest\":\"");
	sl_buf_add_text(out, digest);
	sl_buf_add_text(out, "\",\"opId\":");
	sl_canon_string(out, work->push->op_id);
	sl_buf_add_text(out, work->stale ? ",\"rebased\":true" : ",\"rebased\":false");
	if (work->has_others) {
		sl_buf_add_text(out, ",\"changes\":");
		if (sl_delta_write(&work->others, out) != SL_OK)
			return;
	}
	sl_buf_add_char(out, '}');
}

/* {"shots":{"added":1,"changed":2,"deleted":3}}: kinds and entities without rows are left out. */
static void write_summary(const struct sl_commit_work *work, struct sl_buf *out)
{
	static const char *const kinds[] = { "added", "changed", "deleted" };
	size_t counts[SL_ENTITIES][3] = { { 0 } };
	bool first_entity = true;
	for (size_t i = 0; i < work->change_count; i++) {
		const struct sl_change *change = &work->changes[i];
		const struct sl_row *row = change->after ? change->after : change->before;
		counts[row->key.entity][!change->before ? 0 : change->after ? 1 : 2]++;
	}
	sl_buf_add_char(out, '{');
	for (enum sl_entity entity = SL_META; entity < SL_ENTITIES; entity++) {
		bool first = true;
		for (int kind = 0; kind < 3; kind++) {
			if (!counts[entity][kind])
				continue;
			if (first) {
				sl_buf_add_text(out, first_entity ? "\"" : ",\"");
				sl_buf_add_text(out, sl_entity_name(entity));
				sl_buf_add_text(out, "\":{");
			}
			sl_buf_add_text(out, first ? "\"" : ",\"");
			first = first_entity = false;
			sl_buf_add_text(out, kinds[kind]);
			sl_buf_add_text(out, "\":");
			sl_buf_add_int(out, (int64_t)counts[entity][kind]);
		}
		if (!first)
			sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, '}');
}

static int keep_text(struct sl_commit_work *work, const struct sl_buf *text, struct sl_str *copy_r)
{
	if (sl_buf_code(text) != SL_OK || sl_arena_copy(work->arena, sl_buf_str(text), copy_r) != SL_OK)
		return no_memory(work);
	return SL_OK;
}

int sl_commit_finish(struct sl_commit_work *work)
{
	struct sl_commit_record record = { .push = work->push, .previous_version = work->outcome->previous_version,
		.head = work->head, .changes = work->changes, .change_count = work->change_count };
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	write_answer(work, &text);
	int rc = keep_text(work, &text, &record.op.answer);
	sl_buf_clear(&text);
	write_summary(work, &text);
	if (rc == SL_OK)
		rc = keep_text(work, &text, &record.summary);
	sl_buf_clear(&text);
	if (rc == SL_OK && record.previous_version > 0 && work->change_count) {
		rc = sl_undo_encode(work->changes, work->change_count, work->arena, &text);
		if (rc == SL_OK)
			rc = keep_text(work, &text, &record.undo);
		else
			rc = no_memory(work);
	}
	sl_buf_dispose(&text);
	if (rc != SL_OK)
		return rc;
	memcpy(record.op.content_hash, work->content_hash, sizeof(record.op.content_hash));
	rc = work->store->write(work->store->context, &record, work->err);
	work->outcome->head = work->head;
	work->outcome->rows_changed = work->change_count;
	work->outcome->answer = record.op.answer;
	return rc;
}
