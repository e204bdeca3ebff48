/* Starting from what was stored: the opposite of store.c. Pairs come in any order; a pair that can't be read
 * means that the store was damaged (SL_INTERNAL), and nothing is guessed then. Unknown keys are left alone. */
#include "core/engine/private.h"

#include "core/json/parse.h"

struct loading {
	struct sl_engine *engine;
	struct sl_err *err;
	int64_t format; /* of the store; 0: a new one */
};

static bool starts_with(struct sl_str text, const char *prefix)
{
	size_t length = strlen(prefix);
	return text.length > length && memcmp(text.bytes, prefix, length) == 0;
}

static struct sl_str behind(struct sl_str text, const char *prefix)
{
	size_t length = strlen(prefix);
	return (struct sl_str){ text.bytes + length, text.length - length };
}

static int damaged(struct loading *loading, const struct sl_pair *pair)
{
	return sl_err_set(loading->err, SL_INTERNAL, "the store is damaged at %.*s",
		(int)(pair->key.length < 200 ? pair->key.length : 200), pair->key.bytes);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static int read_row(struct loading *loading, const struct sl_pair *pair, const char *prefix, struct sl_row *row_r)
{
	const char *newline = pair->value.length ? memchr(pair->value.bytes, '\n', pair->value.length) : NULL;
	*row_r = (struct sl_row){ .version = 0 };
	if (sl_engine_parse_key(behind(pair->key, prefix), &row_r->key) != SL_OK)
		return damaged(loading, pair);
	if (!pair->value.length)
		return SL_OK;
	if (!newline || newline + 1 == pair->value.bytes + pair->value.length)
		return damaged(loading, pair);
	row_r->rank = (struct sl_str){ pair->value.bytes, (size_t)(newline - pair->value.bytes) };
	row_r->data = (struct sl_str){ newline + 1, pair->value.length - row_r->rank.length - 1 };
	return SL_OK;
}

static int load_base_row(struct loading *loading, const struct sl_pair *pair)
{
	struct sl_engine *engine = loading->engine;
	struct sl_row row, kept;
	int rc = read_row(loading, pair, "base/", &row);
	if (rc != SL_OK)
		return rc;
	if (!row.data.length)
		return damaged(loading, pair);
	if (sl_row_copy(engine->arena, &row, &kept) != SL_OK)
		return SL_NO_MEMORY;
	sl_digest_add(&engine->digest, &kept);
	return sl_rowset_put(engine->base, &kept) ? SL_OK : SL_NO_MEMORY;
}

static int load_local_row(struct loading *loading, const struct sl_pair *pair)
{
	struct sl_engine *engine = loading->engine;
	struct sl_row row, kept;
	int rc = read_row(loading, pair, "local/", &row);
	if (rc != SL_OK)
		return rc;
	if (!row.data.length)
		sl_rowset_remove(engine->local, &row.key);
	else if (sl_row_copy(engine->arena, &row, &kept) != SL_OK || !sl_rowset_put(engine->local, &kept))
		return SL_NO_MEMORY;
	return sl_engine_refresh(engine, &row.key);
}

static int load_quarantined(struct loading *loading, const struct sl_pair *pair)
{
	struct sl_engine *engine = loading->engine;
	struct sl_row row = { .data = pair->value }, kept;
	if (sl_engine_parse_key(behind(pair->key, "quarantine/"), &row.key) != SL_OK)
		return damaged(loading, pair);
	if (!sl_rowset_find(engine->pending, &row.key))
		return SL_OK;
	if (sl_row_copy(engine->arena, &row, &kept) != SL_OK || !sl_rowset_put(engine->quarantine, &kept))
		return SL_NO_MEMORY;
	return SL_OK;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static int text_of(struct sl_engine *engine, const json_t *object, const char *name, struct sl_str *text_r)
{
	const json_t *text = json_object_get(object, name);
	return sl_engine_keep(engine, (struct sl_str){ json_string_value(text), json_string_length(text) }, text_r);
}

/* That of the store is its holder's: what a follower adds at the same time must not count on in the same run. */
static void read_rank_prefix(struct sl_engine *engine, const json_t *text)
{
	struct sl_str prefix = { json_string_value(text), json_string_length(text) };
	if (!engine->follower.length && sl_rank_is_prefix(prefix))
		memcpy(engine->meta.rank_prefix, prefix.bytes, SL_RANK_PREFIX_BYTES);
}

static int load_meta(struct loading *loading, const json_t *object)
{
	struct sl_engine_meta *meta = &loading->engine->meta;
	int64_t format = sl_engine_stored_number(object, "format");
	if (format < 1 || format > SL_STORE_FORMAT)
		return sl_err_set(loading->err, SL_INTERNAL, "the store was made by another version of this program");
	meta->version = sl_engine_stored_number(object, "version");
	meta->next_id = sl_engine_stored_number(object, "nextId");
	meta->last_episode = sl_engine_stored_number(object, "lastEpisode");
	meta->restore_version = sl_engine_stored_number(object, "restore");
	loading->format = format;
	if (format != 1)
		meta->revision = sl_engine_stored_number(object, "revision");
	meta->operation_bytes = sl_engine_stored_number(object, "operationBytes");
	read_rank_prefix(loading->engine, json_object_get(object, "rankPrefix"));
	meta->journal_first = sl_engine_stored_number(object, "journalFirst");
	meta->journal_last = sl_engine_stored_number(object, "journalLast");
	meta->journal_bytes = sl_engine_stored_number(object, "journalBytes");
	meta->journal_cared = sl_engine_stored_number(object, "journalCared");
	meta->journal_told = sl_engine_stored_number(object, "journalTold");
	meta->age_ms = sl_engine_stored_number(object, "age");
	meta->fallen = json_is_true(json_object_get(object, "fallen"));
	meta->pulled = json_is_true(json_object_get(object, "pulled"));
	meta->signed_out = json_is_true(json_object_get(object, "signedOut"));
	meta->clearing = json_is_true(json_object_get(object, "clearing"));
	int rc = text_of(loading->engine, object, "account", &meta->account);
	return rc == SL_OK ? text_of(loading->engine, object, "epoch", &meta->epoch) : rc;
}

static int load_retry(struct loading *loading, const json_t *object)
{
	struct sl_engine *engine = loading->engine;
	engine->attempt = (unsigned)sl_engine_stored_number(object, "attempt");
	engine->asked_to_wait = sl_engine_stored_number(object, "asked") != 0;
	engine->retry = (struct sl_timer){ true, sl_engine_stored_number(object, "since"), sl_engine_stored_number(object, "delay") };
	return SL_OK;
}

static int load_op(struct loading *loading, const json_t *object)
{
	struct sl_operation *op = &loading->engine->op;
	op->state = SL_OP_UNCERTAIN; /* an earlier run may have sent it */
	op->restores = !json_object_get(object, "delta");
	return text_of(loading->engine, object, "opId", &op->id);
}

static int load_object(struct loading *loading, const struct sl_pair *pair, struct sl_str *stored,
	int (*load)(struct loading *, const json_t *))
{
	json_t *object = NULL;
	struct sl_err ignored = SL_ERR_INIT;
	int rc = sl_engine_keep(loading->engine, pair->value, stored);
	if (rc == SL_OK)
		rc = sl_json_parse(pair->value, &object, &ignored);
	if (rc == SL_OK)
		rc = json_is_object(object) ? load(loading, object) : damaged(loading, pair);
	else if (rc != SL_NO_MEMORY)
		rc = damaged(loading, pair);
	json_decref(object);
	return rc;
}

static int load_decision(struct loading *loading, const struct sl_pair *pair)
{
	struct sl_engine *engine = loading->engine;
	struct sl_stored_decision stored = { .id = sl_engine_decision_number(pair->key) };
	struct sl_decision decision;
	int rc = stored.id > 0 ? sl_engine_read_decision(pair->value, &engine->scratch, &decision) : SL_INTERNAL;
	if (rc == SL_OK)
		rc = sl_key_copy(engine->arena, &decision.note.key, &stored.key);
	if (rc == SL_OK)
		rc = sl_engine_keep(engine, pair->value, &stored.text);
	if (rc == SL_OK)
		rc = sl_engine_add_decision(engine, stored);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : damaged(loading, pair);
}

/* --- in order ----------------------------------------------------------------------------------------------------- */

/* All but rows and what lies over them. */
static int load_other(struct loading *loading, const struct sl_pair *pair)
{
	struct sl_engine *engine = loading->engine;
	if (sl_str_equal(pair->key, SL_STR("meta")))
		return load_object(loading, pair, &engine->meta_text, load_meta);
	if (sl_str_equal(pair->key, SL_STR("retry")))
		return load_object(loading, pair, &engine->retry_text, load_retry);
	if (sl_str_equal(pair->key, SL_STR("op"))) {
		int rc = load_object(loading, pair, &engine->op_text, load_op);
		engine->op.body = engine->op_text;
		return rc;
	}
	if (sl_str_equal(pair->key, SL_STR("aside"))) {
		int rc = sl_engine_keep(engine, pair->value, &engine->aside_text);
		engine->aside = engine->aside_text;
		return rc;
	}
	if (sl_str_equal(pair->key, SL_STR("renamed")))
		return sl_engine_load_renames(engine, pair->value);
	if (starts_with(pair->key, "handed/"))
		return sl_engine_load_handed(engine, pair->key, pair->value) == SL_NO_MEMORY ? SL_NO_MEMORY : SL_OK;
	if (starts_with(pair->key, "conflict/"))
		return load_decision(loading, pair);
	return SL_OK;
}

/* Rows of base first, which are most of the store: the others are noted for later. */
static int load_base(struct loading *loading, const struct sl_pair *pairs, size_t count, const struct sl_pair **rest,
	size_t *rest_r)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (starts_with(pairs[i].key, "base/"))
			rc = load_base_row(loading, &pairs[i]);
		else
			rest[(*rest_r)++] = &pairs[i];
	return rc;
}

int sl_engine_load(struct sl_engine *engine, const struct sl_pair *pairs, size_t count, struct sl_err *err)
{
	struct loading loading = { .engine = engine, .err = err };
	const struct sl_pair **rest = sl_arena_zalloc(&engine->scratch, count + 1, sizeof(*rest));
	size_t others = 0;
	engine->base = sl_rowset_new(engine->arena, count);
	if (!rest || !engine->base)
		return SL_NO_MEMORY;
	int rc = load_base(&loading, pairs, count, rest, &others);
	if (rc == SL_OK && !(engine->local = sl_rowset_clone(engine->base, engine->arena)))
		rc = SL_NO_MEMORY;
	/* Local rows lie over base, quarantine over what is pending. */
	for (size_t i = 0; rc == SL_OK && i < others; i++)
		rc = starts_with(rest[i]->key, "local/") ? load_local_row(&loading, rest[i]) : load_other(&loading, rest[i]);
	for (size_t i = 0; rc == SL_OK && i < others; i++)
		if (starts_with(rest[i]->key, "quarantine/"))
			rc = load_quarantined(&loading, rest[i]);
	/* Copying what is in use pays once as much again has been put aside. */
	if (engine->compact_at < 2 * engine->arena->total_bytes)
		engine->compact_at = 2 * engine->arena->total_bytes;
	if (rc == SL_OK && loading.format && loading.format < SL_STORE_FORMAT && !engine->follower.length) {
		rc = sl_engine_migrate(engine, pairs, count);
		if (rc == SL_INTERNAL)
			return sl_err_set(err, rc, "the store of an earlier version is damaged");
	}
	return rc;
}

/* --- batches of another engine ------------------------------------------------------------------------------------ */

bool sl_engine_row_of_pair(struct sl_str key, struct sl_key *key_r)
{
	const char *prefix = starts_with(key, "base/") ? "base/" : starts_with(key, "local/") ? "local/" : NULL;
	return prefix && sl_engine_parse_key(behind(key, prefix), key_r) == SL_OK;
}

static int follow_base(struct loading *loading, const struct sl_write *write)
{
	struct sl_engine *engine = loading->engine;
	struct sl_pair pair = { write->key, write->value };
	struct sl_row row, kept;
	int rc = read_row(loading, &pair, "base/", &row);
	const struct sl_row *old = rc == SL_OK ? sl_rowset_find(engine->base, &row.key) : NULL;
	if (rc != SL_OK)
		return rc;
	if (old)
		sl_digest_subtract(&engine->digest, old);
	if (write->remove) {
		sl_rowset_remove(engine->base, &row.key);
		return SL_OK;
	}
	if (!row.data.length)
		return damaged(loading, &pair);
	if (sl_row_copy(engine->arena, &row, &kept) != SL_OK || !sl_rowset_put(engine->base, &kept))
		return SL_NO_MEMORY;
	sl_digest_add(&engine->digest, &kept);
	return SL_OK;
}

/* Where local does not differ from base, nothing is stored of it. */
static int follow_local(struct loading *loading, const struct sl_write *write)
{
	struct sl_engine *engine = loading->engine;
	struct sl_pair pair = { write->key, write->value };
	struct sl_key key;
	if (!write->remove)
		return load_local_row(loading, &pair);
	if (sl_engine_parse_key(behind(write->key, "local/"), &key) != SL_OK)
		return damaged(loading, &pair);
	const struct sl_row *base = sl_rowset_find(engine->base, &key);
	if (!base)
		sl_rowset_remove(engine->local, &key);
	else if (!sl_rowset_put(engine->local, base))
		return SL_NO_MEMORY;
	return sl_engine_refresh(engine, &key);
}

static int follow_other(struct loading *loading, const struct sl_write *write)
{
	struct sl_engine *engine = loading->engine;
	struct sl_pair pair = { write->key, write->value };
	struct sl_engine_meta own = engine->meta;
	struct sl_key key;
	int rc = SL_OK;
	if (sl_str_equal(write->key, SL_STR("meta")) && !write->remove) {
		rc = load_object(loading, &pair, &engine->meta_text, load_meta);
		engine->meta.revision = own.revision; /* its own edits have numbers of their own */
		engine->meta.next_id = own.next_id;
	} else if (starts_with(write->key, "quarantine/") && !write->remove)
		rc = load_quarantined(loading, &pair);
	else if (starts_with(write->key, "quarantine/") && sl_engine_parse_key(behind(write->key, "quarantine/"), &key) == SL_OK)
		sl_rowset_remove(engine->quarantine, &key);
	return rc;
}

int sl_engine_load_writes(struct sl_engine *engine, const struct sl_write *writes, size_t count)
{
	struct sl_err ignored = SL_ERR_INIT;
	struct loading loading = { .engine = engine, .err = &ignored };
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (starts_with(writes[i].key, "base/"))
			rc = follow_base(&loading, &writes[i]);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (starts_with(writes[i].key, "local/"))
			rc = follow_local(&loading, &writes[i]);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		rc = follow_other(&loading, &writes[i]);
	return rc;
}
