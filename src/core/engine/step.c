/* The client engine from the outside: events in, effects out; see engine.h. Keeps true: the batch with all that an
 * event changed comes before every other effect; a refusal changes nothing; after any other failure the engine is of
 * no more use. */
#include "core/engine/engine.h"

#include "core/engine/private.h"

#define MOST_PASSED_MS ((int64_t)24 * 60 * 60 * 1000)

/* --- events ------------------------------------------------------------------------------------------------------- */

/* Ages count while the engine runs. A clock that leaps ahead adds no more than a day, one that goes back nothing. */
static void note_time(struct sl_engine *engine, int64_t now_ms)
{
	int64_t passed = engine->started ? now_ms - engine->now_ms : 0;
	engine->age_ms += passed < 0 ? 0 : passed > MOST_PASSED_MS ? MOST_PASSED_MS : passed;
	engine->now_ms = now_ms;
}

static int begin(struct sl_engine *engine, const struct sl_event *event)
{
	struct sl_arena *scratch = &engine->scratch;
	sl_arena_dispose(scratch);
	sl_arena_dispose(engine->view);
	note_time(engine, event->now_ms);
	memcpy(engine->random, event->random, sizeof(engine->random));
	engine->effects = NULL;
	engine->renames = NULL;
	engine->rename_count = 0;
	engine->effect_count = engine->effect_capacity = 0;
	engine->touched_base = sl_rowset_new(scratch, 8);
	engine->touched_local = sl_rowset_new(scratch, 8);
	engine->changed = sl_rowset_new(scratch, 8);
	engine->writes = sl_rowset_new(scratch, 8);
	if (!engine->touched_base || !engine->touched_local || !engine->changed || !engine->writes)
		return SL_NO_MEMORY;
	return sl_engine_compact(engine);
}

/* What the device's runs of new rows begin with, unless the store has one already; a follower's for this run only. */
static void make_rank_prefix(struct sl_engine *engine)
{
	char id[SL_NEW_ID_BYTES], *last = &id[SL_RANK_PREFIX_BYTES - 1];
	sl_engine_new_id(engine->random, id);
	if (*last == '0') /* which no prefix ends in */
		*last = '1';
	memcpy(engine->meta.rank_prefix, id, SL_RANK_PREFIX_BYTES);
}

static int start(struct sl_engine *engine, const struct sl_event *event, struct sl_err *err)
{
	int64_t seed = 0;
	/* Answers to requests of an earlier run must not look like answers to ours. */
	for (int i = 0; i < 6; i++)
		seed = seed << 8 | event->random[i];
	engine->last_request = seed << 4;
	engine->started = engine->greeting_due = true;
	engine->meta.revision = 1 + seed; /* nor revisions those of another store */
	make_rank_prefix(engine);
	int rc = sl_engine_load(engine, event->start.pairs, event->start.count, err);
	engine->recent.from = engine->meta.revision;
	engine->age_ms = engine->meta.age_ms;
	return rc == SL_OK && !engine->follower.length
		? sl_engine_take_handed(engine, event->start.pairs, event->start.count, true) : rc;
}

static void stop_waiting(struct sl_engine *engine)
{
	if (!engine->asked_to_wait && engine->halt == SL_HALT_NONE)
		engine->retry.on = false;
}

static void go_online(struct sl_engine *engine)
{
	if (engine->online)
		return;
	engine->online = true;
	sl_engine_want(engine, SL_WANT_CHANGES);
	engine->unreachable = false;
	stop_waiting(engine);
}

static void go_offline(struct sl_engine *engine)
{
	engine->online = false;
	sl_engine_drop_request(engine);
}

static int note_failure(struct sl_engine *engine, const struct sl_event *event)
{
	if (engine->outstanding.kind != SL_REQUEST_NONE && event->failed.request == engine->outstanding.id)
		return sl_engine_give_up_request(engine, event->failed.reason);
	engine->counts.ignored_answers++;
	return SL_OK;
}

static int sync_now(struct sl_engine *engine)
{
	engine->impatient = true;
	sl_engine_want(engine, SL_WANT_CHANGES);
	engine->guarded = false;
	engine->halt = SL_HALT_NONE;
	engine->barred = SL_BARRED_NOT;
	stop_waiting(engine);
	return sl_engine_lift_quarantine(engine);
}

static int sign_in(struct sl_engine *engine, struct sl_str account, struct sl_err *err)
{
	struct sl_engine_meta *meta = &engine->meta;
	if (account.length && meta->account.length && !sl_str_equal(account, meta->account))
		return sl_err_set(err, SL_FORBIDDEN, "this store belongs to another account");
	meta->signed_out = false;
	engine->halt = SL_HALT_NONE;
	engine->barred = SL_BARRED_NOT;
	engine->greeting_due = true;
	sl_engine_drop_request(engine); /* what it would say of the old credentials means nothing any more */
	sl_engine_want(engine, SL_WANT_CHANGES);
	stop_waiting(engine);
	return account.length && !meta->account.length ? sl_engine_keep(engine, account, &meta->account) : SL_OK;
}

static void sign_out(struct sl_engine *engine)
{
	engine->meta.signed_out = true;
	sl_engine_drop_request(engine);
}

/* What happens in the world; nothing of it can be refused. */
static int take_event(struct sl_engine *engine, const struct sl_event *event)
{
	switch (event->type) {
	case SL_EVENT_ONLINE:
		go_online(engine);
		break;
	case SL_EVENT_OFFLINE:
		go_offline(engine);
		break;
	case SL_EVENT_TICK:
		engine->wake_set = false; /* what was wished for may have come true */
		break;
	case SL_EVENT_ANSWER:
		return sl_engine_answer(engine, event);
	case SL_EVENT_LOADED:
		return sl_engine_loaded(engine, event);
	case SL_EVENT_FAILED:
		return note_failure(engine, event);
	case SL_EVENT_HINT:
		if (event->hint.version == 0 || event->hint.version > engine->meta.version)
			sl_engine_want(engine, SL_WANT_CHANGES);
		break;
	case SL_EVENT_SHOWN:
		engine->shown = event->shown.revision;
		break;
	case SL_EVENT_SIGN_OUT:
		sign_out(engine);
		break;
	default:
		return SL_INTERNAL;
	}
	return SL_OK;
}

static bool is_for_followers(enum sl_event_type type)
{
	return type == SL_EVENT_START || type == SL_EVENT_EDIT || type == SL_EVENT_REPLACE || type == SL_EVENT_FOLLOW
		|| type == SL_EVENT_SHOWN || type == SL_EVENT_TICK;
}

static int dispatch(struct sl_engine *engine, const struct sl_event *event, struct sl_err *err)
{
	if (engine->follower.length ? !is_for_followers(event->type) : event->type == SL_EVENT_FOLLOW)
		return sl_err_set(err, SL_FORBIDDEN, "that is not for %s", engine->follower.length ? "followers" : "the holder");
	switch (event->type) {
	case SL_EVENT_START:
		return start(engine, event, err);
	case SL_EVENT_EDIT:
		return sl_engine_edit(engine, &(struct sl_edit){ .delta = event->edit.delta, .before = event->edit.before,
			.revision = event->edit.revision }, err);
	case SL_EVENT_REPLACE:
		return sl_engine_replace(engine, &(struct sl_replacement){ event->replace.document, event->replace.revision,
			event->replace.exact, NULL, NULL }, err);
	case SL_EVENT_CLEAR:
		return sl_engine_clear(engine);
	case SL_EVENT_RESOLVE:
		return sl_engine_resolve(engine, event->resolve.conflict, event->resolve.hunk - 1, event->resolve.choice,
			event->resolve.own, err);
	case SL_EVENT_UNDO:
		return sl_engine_undo(engine, event->undo.entry, event->undo.note, err);
	case SL_EVENT_RESTORE:
		if (engine->barred && !event->restore.preview)
			return sl_engine_tell_result(engine, SL_EVENT_RESTORE, event->restore.version, SL_FORBIDDEN,
				"the project can only be read", NULL);
		*(event->restore.preview ? &engine->preview : &engine->meta.restore_version) = event->restore.version;
		return SL_OK;
	case SL_EVENT_HANDED:
		return sl_engine_take_handed(engine, event->handed.pairs, event->handed.count, false);
	case SL_EVENT_FOLLOW:
		return sl_engine_follow(engine, event->follow.writes, event->follow.count);
	case SL_EVENT_SYNC_NOW:
		return sync_now(engine);
	case SL_EVENT_SIGN_IN:
		return sign_in(engine, event->sign_in.account, err);
	default:
		return take_event(engine, event);
	}
}

/* Only what somebody asked for can be refused: from an answer such a code would mean a state half changed. */
static bool is_refusal(const struct sl_engine *engine, const struct sl_event *event, int code)
{
	bool asked = event->type == SL_EVENT_EDIT || event->type == SL_EVENT_REPLACE || event->type == SL_EVENT_RESOLVE
		|| event->type == SL_EVENT_UNDO || event->type == SL_EVENT_SIGN_IN;
	if (code == SL_FORBIDDEN && engine->follower.length)
		return true;
	if (!asked)
		return code == SL_FORBIDDEN && event->type == SL_EVENT_FOLLOW;
	return code == SL_INVALID || code == SL_MALFORMED || code == SL_TOO_LARGE || code == SL_NOT_FOUND
		|| code == SL_CONFLICT || code == SL_FORBIDDEN;
}

/* The batch was collected last and comes first. */
static void put_store_first(struct sl_engine *engine)
{
	size_t last = engine->effect_count - 1;
	if (engine->effect_count == 0 || engine->effects[last].type != SL_EFFECT_STORE)
		return;
	struct sl_effect store = engine->effects[last];
	memmove(&engine->effects[1], &engine->effects[0], last * sizeof(store));
	engine->effects[0] = store;
}

static int finish(struct sl_engine *engine)
{
	int rc = sl_journal_care(engine);
	if (rc == SL_OK)
		rc = sl_engine_run_jobs(engine);
	if (rc == SL_OK && !engine->follower.length)
		rc = sl_engine_close_settled(engine);
	if (rc == SL_OK)
		rc = sl_engine_proceed(engine);
	if (rc == SL_OK)
		rc = sl_journal_end_event(engine);
	if (rc == SL_OK)
		rc = sl_engine_report(engine);
	if (rc == SL_OK)
		rc = sl_engine_collect(engine);
	put_store_first(engine);
	return rc;
}

int sl_engine_handle(struct sl_engine *engine, const struct sl_event *event, struct sl_effects *effects_r,
	struct sl_err *err)
{
	*effects_r = (struct sl_effects){ NULL, 0 };
	if (engine->broken || engine->started == (event->type == SL_EVENT_START)) {
		engine->broken = true;
		return sl_err_set(err, SL_INTERNAL, "this engine failed or was not started: start one from the store");
	}
	int rc = begin(engine, event);
	if (rc == SL_OK)
		rc = dispatch(engine, event, err);
	if (is_refusal(engine, event, rc))
		return rc;
	if (rc == SL_OK)
		rc = finish(engine);
	if (rc == SL_OK) {
		*effects_r = (struct sl_effects){ engine->effects, engine->effect_count };
		return SL_OK;
	}
	engine->broken = true;
	return rc == SL_NO_MEMORY ? sl_err_set(err, rc, "out of memory while syncing")
		: sl_err_set(err, SL_INTERNAL, "the engine's state is not sound");
}

/* --- looking at it ------------------------------------------------------------------------------------------------ */

const struct sl_rowset *sl_engine_rows(const struct sl_engine *engine) { return engine->local; }
const struct sl_rowset *sl_engine_base(const struct sl_engine *engine) { return engine->base; }
struct sl_digest sl_engine_digest(const struct sl_engine *engine) { return engine->digest; }
int64_t sl_engine_revision(const struct sl_engine *engine) { return engine->meta.revision; }
const struct sl_status *sl_engine_status(const struct sl_engine *engine) { return &engine->status; }
const struct sl_engine_counts *sl_engine_counts(const struct sl_engine *engine) { return &engine->counts; }

const struct sl_conflict_copy *sl_engine_conflict(const struct sl_engine *engine, size_t i)
{
	struct sl_conflict_copy *copy = i < engine->decisions.count ? sl_arena_zalloc(engine->view, 1, sizeof(*copy)) : NULL;
	struct sl_decision decision;
	if (!copy || sl_engine_read_decision(engine->decisions.items[i].text, engine->view, &decision) != SL_OK)
		return NULL;
	*copy = (struct sl_conflict_copy){ engine->decisions.items[i].id, decision.version, decision.entry, decision.note };
	return copy;
}

int sl_engine_next_quarantined(const struct sl_engine *engine, size_t *cursor, struct sl_quarantined *row_r)
{
	const struct sl_row *entry = sl_rowset_next(engine->quarantine, cursor);
	struct sl_str reason;
	if (!entry)
		return 0;
	if (sl_arena_copy(engine->view, entry->data, &reason) != SL_OK)
		return SL_NO_MEMORY;
	*row_r = (struct sl_quarantined){ entry->key, reason.bytes };
	return 1;
}
