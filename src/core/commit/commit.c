/* The server's decision on a push; see commit.h. Order matters: an operation that is known is answered as it first
 * was before any check, identical content is no conflict unless both sides counted, and conflicts come before faults, because the
 * sender merges and sends again anyway. */
#include "core/commit/commit.h"

#include "core/commit/steps.h"

const char *sl_action_name(enum sl_action action)
{
	static const char *const names[] = { "push", "replace", "clear", "restore" };
	return names[action];
}

int sl_commit_no_memory(const struct sl_commit_work *work)
{
	return sl_err_set(work->err, SL_NO_MEMORY, "out of memory while committing a push");
}

static int conflict(struct sl_commit_work *work, const char *reason)
{
	work->outcome->verdict = SL_CONFLICTED;
	work->outcome->reason = reason;
	work->outcome->conflicts = work->conflicts;
	work->outcome->conflict_count = work->conflict_count;
	return SL_OK;
}

/* 1 when the operation is known (the outcome is then its first answer), 0 when not. */
static int replay(struct sl_commit_work *work)
{
	struct sl_op op;
	sl_commit_hash(work->push, work->content_hash);
	if (work->push->preview)
		return 0;
	int rc = work->store->find_op(work->store->context, work->push->op_id, work->arena, &op, work->err);
	if (rc <= 0)
		return rc;
	if (memcmp(op.content_hash, work->content_hash, sizeof(op.content_hash)) != 0)
		return sl_err_set_at(work->err, SL_OP_REUSED, "/opId", "this operation id was used for other content");
	work->outcome->verdict = SL_REPLAYED;
	work->outcome->answer = op.answer;
	return 1;
}

/* Whether the base is a version of another history: there row versions prove nothing. */
static bool is_other_epoch(const struct sl_commit_work *work)
{
	struct sl_str epoch = sl_str_from(work->head.epoch);
	return work->push->epoch.length && epoch.length && !sl_str_equal(work->push->epoch, epoch);
}

/* NULL when the push may go on, or the reason why no row of it can be judged. */
static const char *base_fault(struct sl_commit_work *work)
{
	const struct sl_push *push = work->push;
	if (push->preview)
		return NULL;
	if (is_other_epoch(work))
		return "epoch";
	if (!push->has_base && work->head.version > 0)
		return "missing_version";
	int64_t base = push->has_base ? push->base_version : 0;
	work->stale = base != work->head.version;
	work->outcome->stale = work->stale;
	if (base > work->head.version || (work->stale && base < work->head.tombstones_from))
		return "version_mismatch";
	return NULL;
}

/* 1 when the push may be committed, 0 when the outcome is a conflict. */
static int judge_rows(struct sl_commit_work *work)
{
	int rc = sl_commit_find_moved_rows(work);
	if (rc == SL_OK)
		rc = sl_commit_find_orphans(work);
	if (rc != SL_OK)
		return rc;
	if (work->stale && (!work->push->rebase || work->push->action == SL_ACTION_RESTORE)) {
		conflict(work, "version_mismatch");
		return 0;
	}
	if (work->conflict_count) {
		conflict(work, "row_conflict");
		return 0;
	}
	if (work->outcome->faults.total)
		return sl_err_set_at(work->err, SL_INVALID, work->outcome->faults.items[0].path,
			"a scene or shot belongs to an episode that does not exist");
	return 1;
}

/* What others changed since the base, for the answer. */
static int gather_changes(struct sl_commit_work *work)
{
	if (!work->stale || work->has_others)
		return SL_OK;
	work->has_others = true;
	return work->store->read_changes(work->store->context, work->push->base_version, work->arena, &work->others,
		work->err);
}

/* 1 when a push whose rows are already stored may be answered as if it were committed, 0 when the outcome is a conflict. With
 * `reject` the sender takes the version in the answer for that of its own state, so nothing else may have changed. */
static int judge_identical(struct sl_commit_work *work)
{
	bool rebase = work->push->rebase, others = false;
	if (!work->stale)
		return 1;
	int rc = gather_changes(work);
	if (rc == SL_OK)
		rc = rebase ? sl_commit_find_moved_rows(work) : sl_commit_find_others(work, &others);
	if (rc != SL_OK || (work->conflict_count == 0 && !others))
		return rc == SL_OK ? 1 : rc;
	return conflict(work, rebase ? "row_conflict" : "version_mismatch");
}

static int leave_unchanged(struct sl_commit_work *work)
{
	int rc = gather_changes(work);
	work->change_count = 0;
	if (rc == SL_OK)
		rc = sl_commit_finish(work);
	work->outcome->verdict = SL_UNCHANGED;
	return rc;
}

static int commit_changes(struct sl_commit_work *work)
{
	int rc = gather_changes(work);
	if (rc == SL_OK)
		rc = sl_commit_place_new_rows(work);
	if (rc == SL_OK) {
		sl_commit_new_head(work);
		rc = sl_commit_check_limits(work);
	}
	if (rc == SL_OK)
		rc = sl_commit_finish(work);
	work->outcome->verdict = SL_COMMITTED;
	return rc;
}

static int decide(struct sl_commit_work *work)
{
	const struct sl_err *refusal = work->push->refusal;
	int rc = replay(work);
	if (rc != 0)
		return rc > 0 ? SL_OK : rc;
	if (refusal)
		return sl_err_set_at(work->err, refusal->code, refusal->path, "%s", refusal->message);
	const char *reason = base_fault(work);
	if (reason)
		return conflict(work, reason);
	rc = sl_commit_make_changes(work);
	if (rc != SL_OK)
		return rc;
	if (work->push->preview) {
		work->outcome->verdict = SL_PREVIEWED;
		work->outcome->delta = work->delta;
		return SL_OK;
	}
	if (work->change_count == 0 && work->head.version > 0) {
		rc = judge_identical(work);
		return rc > 0 ? leave_unchanged(work) : rc;
	}
	rc = judge_rows(work);
	if (rc <= 0)
		return rc;
	return commit_changes(work);
}

int sl_commit(const struct sl_store *store, const struct sl_push *push, struct sl_arena *arena,
	struct sl_outcome *outcome_r, struct sl_err *err)
{
	struct sl_commit_work work = { .store = store, .push = push, .arena = arena, .outcome = outcome_r, .err = err };
	memset(outcome_r, 0, sizeof(*outcome_r));
	int rc = store->lock_head(store->context, &work.head, err);
	if (rc != SL_OK)
		return rc;
	outcome_r->head = work.head;
	outcome_r->previous_version = work.head.version;
	return decide(&work);
}
