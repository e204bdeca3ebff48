/* What the app is told; see private.h. Rules: merge.md "Client engine" 9; requirements, "User Experience". */
#include "core/engine/private.h"

#include "core/base/utf8.h"

struct sl_effect *sl_engine_add_effect(struct sl_engine *engine, enum sl_effect_type type)
{
	struct sl_effect *effects = sl_arena_grow(&engine->scratch, engine->effects, engine->effect_count,
		&engine->effect_capacity, sizeof(*effects));
	if (!effects)
		return NULL;
	engine->effects = effects;
	struct sl_effect *effect = &engine->effects[engine->effect_count++];
	memset(effect, 0, sizeof(*effect));
	effect->type = type;
	return effect;
}

void sl_engine_set_text(char *text, size_t size, struct sl_str from)
{
	size_t length = from.length < size ? from.length : size - 1;
	length = length ? sl_utf8_valid((struct sl_str){ from.bytes, length }) : 0;
	if (length)
		memcpy(text, from.bytes, length);
	text[length] = '\0';
}

/* --- changed rows ------------------------------------------------------------------------------------------------- */

static int tell_changed(struct sl_engine *engine)
{
	struct sl_keys deleted = { .arena = &engine->scratch };
	struct sl_delta *delta = sl_arena_zalloc(&engine->scratch, 1, sizeof(*delta));
	const struct sl_row *row;
	size_t cursor = 0;
	if (!delta || !(delta->rows = sl_rowset_new(&engine->scratch, sl_rowset_count(engine->changed))))
		return SL_NO_MEMORY;
	while ((row = sl_rowset_next(engine->changed, &cursor))) {
		bool there = row->data.length != 0;
		if (there ? !sl_rowset_put(delta->rows, row) : sl_keys_add(&deleted, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	delta->deleted = deleted.items;
	delta->deleted_count = deleted.count;
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_CHANGED);
	if (!effect)
		return SL_NO_MEMORY;
	effect->changed.delta = delta;
	effect->changed.revision = engine->meta.revision;
	effect->changed.renames = engine->renames;
	effect->changed.rename_count = engine->rename_count;
	return SL_OK;
}

#define TOLD_ROUNDS 3 /* so many in a row are no accident */

/* --- status ------------------------------------------------------------------------------------------------------- */

static bool has_error(const struct sl_engine *engine)
{
	return engine->error[0] || engine->guarded || sl_rowset_count(engine->quarantine) > 0
		|| engine->rounds >= TOLD_ROUNDS || (engine->barred && sl_rowset_count(engine->pending) > 0);
}

static bool is_syncing(const struct sl_engine *engine)
{
	return engine->op.state != SL_OP_NONE || !engine->meta.pulled || engine->want != SL_WANT_NOTHING
		|| engine->meta.restore_version || sl_rowset_count(engine->pending) > 0;
}

static enum sl_status_word word_of(const struct sl_engine *engine)
{
	if (engine->follower.length)
		return sl_rowset_count(engine->pending) ? SL_STATUS_SYNCING : SL_STATUS_SYNCED;
	if (engine->meta.signed_out || engine->halt == SL_HALT_DISABLED)
		return SL_STATUS_DISABLED;
	if (!engine->online || engine->unreachable)
		return SL_STATUS_OFFLINE;
	if (has_error(engine))
		return SL_STATUS_ERROR;
	if (engine->decisions.count > 0)
		return SL_STATUS_CONFLICT;
	return is_syncing(engine) ? SL_STATUS_SYNCING : SL_STATUS_SYNCED;
}

static void describe(struct sl_engine *engine, const char *error, struct sl_str detail)
{
	sl_engine_set_text(engine->status_error, sizeof(engine->status_error), sl_str_from(error));
	sl_engine_set_text(engine->status_detail, sizeof(engine->status_detail), detail);
}

static void describe_error(struct sl_engine *engine)
{
	size_t cursor = 0;
	const struct sl_row *first = sl_rowset_next(engine->quarantine, &cursor);
	if (engine->meta.signed_out)
		describe(engine, "signed_out", SL_STR("signed out; everything stays on this device"));
	else if (engine->error[0])
		describe(engine, engine->error, sl_str_from(engine->detail));
	else if (engine->barred == SL_BARRED_ROLE)
		describe(engine, "read_only", SL_STR("this account may only read the project; what is typed stays on this device"));
	else if (engine->barred == SL_BARRED_OLD)
		describe(engine, "upgrade_required",
			SL_STR("this app is too old to write to the server: update it; what is typed stays on this device"));
	else if (engine->rounds >= TOLD_ROUNDS)
		describe(engine, engine->round_error, sl_str_from(engine->round_detail));
	else if (engine->guarded)
		describe(engine, "empty_overwrite",
			SL_STR("this would empty the project everywhere: clear it on purpose, or bring rows back"));
	else if (first)
		describe(engine, "invalid", first->data);
	else
		describe(engine, "", SL_STR(""));
}

static bool same_status(const struct sl_status *a, const struct sl_status *b)
{
	return a->word == b->word && a->pending == b->pending && a->quarantined == b->quarantined
		&& a->conflicts == b->conflicts && a->done == b->done && a->total == b->total && a->read_only == b->read_only
		&& a->next_try_ms == b->next_try_ms && a->last_sync_ms == b->last_sync_ms && a->version == b->version;
}

/* From the first row that waits until none does. */
static void count_progress(struct sl_engine *engine, struct sl_status *status)
{
	if (status->pending == 0)
		engine->total = 0;
	else if (engine->total < status->pending)
		engine->total = status->pending;
	status->total = engine->total;
	status->done = engine->total - status->pending;
}

int sl_engine_report(struct sl_engine *engine)
{
	char error[SL_ENGINE_ERROR_BYTES], detail[SL_ENGINE_DETAIL_BYTES];
	struct sl_status status = { .word = word_of(engine), .pending = sl_rowset_count(engine->pending),
		.quarantined = sl_rowset_count(engine->quarantine),
		.conflicts = engine->decisions.count,
		.last_sync_ms = engine->meta.last_sync_ms, .version = engine->meta.version,
		.read_only = engine->barred != SL_BARRED_NOT, .next_try_ms = sl_engine_next_try(engine),
		.error = engine->status_error, .detail = engine->status_detail, .trace_id = engine->trace_id };
	count_progress(engine, &status);
	int rc = sl_rowset_count(engine->changed) ? tell_changed(engine) : SL_OK;
	memcpy(error, engine->status_error, sizeof(error));
	memcpy(detail, engine->status_detail, sizeof(detail));
	describe_error(engine);
	if (rc != SL_OK || (engine->status.error && same_status(&status, &engine->status)
		&& strcmp(error, engine->status_error) == 0 && strcmp(detail, engine->status_detail) == 0))
		return rc;
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_STATUS);
	if (!effect)
		return SL_NO_MEMORY;
	effect->status = engine->status = status;
	return SL_OK;
}
