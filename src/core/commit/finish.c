/* From the rows that change to what is written; see steps.h. */
#include "core/commit/steps.h"

#include "core/commit/commit.h"
#include "core/json/write.h"

/* --- the new head ------------------------------------------------------------------------------------------------ */

void sl_commit_new_head(struct sl_commit_work *work)
{
	struct sl_head *head = &work->head;
	head->version = work->push->now_ms > head->version ? work->push->now_ms : head->version + 1;
	for (size_t i = 0; i < work->change_count; i++) {
		const struct sl_row *before = work->changes[i].before;
		struct sl_row *after = sl_commit_written(&work->changes[i]);
		if (before) {
			sl_digest_subtract(&head->digest, before);
			head->rows[before->key.entity]--;
			head->bytes -= sl_row_bytes(before);
		}
		if (after) {
			after->version = head->version;
			sl_digest_add(&head->digest, after);
			head->rows[after->key.entity]++;
			head->bytes += sl_row_bytes(after);
		}
	}
}

static bool holds_rows(const struct sl_head *head)
{
	for (enum sl_entity entity = SL_META; entity < SL_ENTITIES; entity++)
		if (entity != SL_META && head->rows[entity])
			return true;
	return false;
}

/* All rows as they were, and as they will be. */
static int read_project(struct sl_commit_work *work, struct sl_rowset **before_r, struct sl_rowset **after_r)
{
	bool has_all = work->push->action == SL_ACTION_REPLACE;
	struct sl_rowset *before = has_all ? work->stored : sl_rowset_new(work->arena, 16), *after;
	int rc = before ? SL_OK : sl_commit_no_memory(work);
	if (rc == SL_OK && !has_all)
		rc = work->store->read_all(work->store->context, work->arena, before, work->err);
	if (rc != SL_OK)
		return rc;
	after = sl_rowset_clone(before, work->arena);
	for (size_t i = 0; after && i < work->change_count; i++) {
		const struct sl_change *change = &work->changes[i];
		if (!change->after)
			sl_rowset_remove(after, &change->before->key);
		else if (!sl_rowset_put(after, change->after))
			return sl_commit_no_memory(work);
	}
	*before_r = before;
	*after_r = after;
	return after ? SL_OK : sl_commit_no_memory(work);
}

/* "Never allow empty local state to overwrite non-empty server state" (requirements). Clearing and restoring are
 * done on purpose. Reads more than the push touches only where no collection has rows. */
static int guard_empty(struct sl_commit_work *work)
{
	struct sl_rowset *before = NULL, *after = NULL;
	enum sl_action action = work->push->action;
	if (work->push->allow_empty || action == SL_ACTION_CLEAR || action == SL_ACTION_RESTORE)
		return SL_OK;
	if (holds_rows(&work->head) || work->outcome->previous_version == 0)
		return SL_OK;
	int rc = read_project(work, &before, &after);
	if (rc != SL_OK || !sl_rows_is_emptied(before, after))
		return rc;
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

static void write_answer(const struct sl_commit_work *work, bool whole, struct sl_buf *out)
{
	char digest[SL_DIGEST_HEX];
	sl_digest_format(work->head.digest, digest);
	sl_buf_add_text(out, "{\"ok\":true,\"updatedAt\":");
	sl_buf_add_int(out, work->head.version);
	sl_buf_add_text(out, ",\"digest\":\"");
	sl_buf_add_text(out, digest);
	sl_buf_add_text(out, "\",\"epoch\":");
	sl_json_string(out, sl_str_from(work->head.epoch));
	sl_buf_add_text(out, ",\"opId\":");
	sl_json_string(out, work->push->op_id);
	sl_buf_add_text(out, work->stale ? ",\"rebased\":true" : ",\"rebased\":false");
	if (work->has_others && !whole) {
		sl_buf_add_text(out, ",\"changesOmitted\":true");
	} else if (work->has_others) {
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
		return sl_commit_no_memory(work);
	return SL_OK;
}

/* If the inverse can't be written, the commit fails. */
static int keep_undo(struct sl_commit_work *work, struct sl_buf *text, struct sl_str *undo_r)
{
	if (work->outcome->previous_version == 0 || work->change_count == 0)
		return SL_OK;
	sl_buf_clear(text);
	int rc = sl_undo_encode(work->changes, work->change_count, work->arena, text);
	if (rc == SL_OK)
		return keep_text(work, text, undo_r);
	return rc == SL_NO_MEMORY ? sl_commit_no_memory(work) : sl_err_set(work->err, rc, "the inverse of a push can't be made");
}

/* The answer to give, and the one to keep for replays: without others' changes where those are many, since they would be
 * stored again with every push that is late. */
static int keep_answers(struct sl_commit_work *work, struct sl_buf *text, struct sl_str *given_r, struct sl_str *kept_r)
{
	write_answer(work, true, text);
	int rc = keep_text(work, text, given_r);
	*kept_r = *given_r;
	if (rc != SL_OK || given_r->length <= SL_COMMIT_KEPT_BYTES)
		return rc;
	sl_buf_clear(text);
	write_answer(work, false, text);
	return keep_text(work, text, kept_r);
}

int sl_commit_finish(struct sl_commit_work *work)
{
	struct sl_commit_record record = { .push = work->push, .previous_version = work->outcome->previous_version,
		.head = work->head, .changes = work->changes, .change_count = work->change_count };
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	struct sl_str answer;
	int rc = keep_answers(work, &text, &answer, &record.op.answer);
	sl_buf_clear(&text);
	write_summary(work, &text);
	if (rc == SL_OK)
		rc = keep_text(work, &text, &record.summary);
	if (rc == SL_OK)
		rc = keep_undo(work, &text, &record.undo);
	sl_buf_dispose(&text);
	memcpy(record.op.content_hash, work->content_hash, sizeof(record.op.content_hash));
	if (rc == SL_OK)
		rc = work->store->write(work->store->context, &record, work->err);
	if (rc != SL_OK)
		return rc;
	work->outcome->head = work->head;
	work->outcome->rows_changed = work->change_count;
	work->outcome->answer = answer;
	return SL_OK;
}
