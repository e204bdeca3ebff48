/* Operations: what is pushed; see private.h. Keeps true: an operation's bytes never change; what it holds is
 * ordered so that no part of it empties a project or lacks its episode; a refused row holds up nothing but its own
 * scenes and shots. Rules: merge.md "Client engine" 1, 2, 5; protocol.md "Project". */
#include "core/engine/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"

#define REQUEST_FRAME 1024 /* the most that a request holds besides rows */

/* --- what may be pushed ------------------------------------------------------------------------------------------- */

/* A scene or shot whose episode the server has not, and will not get yet. */
static bool lacks_parent(const struct sl_engine *engine, const struct sl_key *key)
{
	struct sl_key parent = sl_key_of_episode(key->episode);
	return sl_entity_has_episode(key->entity) && sl_rowset_find(engine->local, key)
		&& !sl_rowset_find(engine->base, &parent) && sl_rowset_find(engine->quarantine, &parent);
}

static bool is_held(const struct sl_engine *engine, const struct sl_key *key)
{
	return sl_rowset_find(engine->quarantine, key) || lacks_parent(engine, key);
}

/* A row that may not go to the server yet. */
static const struct sl_row *next_held(const struct sl_engine *engine, size_t *cursor)
{
	const struct sl_row *mark, *row;
	while ((mark = sl_rowset_next(engine->pending, cursor)))
		if (is_held(engine, &mark->key) && (row = sl_rowset_find(engine->local, &mark->key)))
			return row;
	return NULL;
}

/* Of texts whose lengths are far apart too little can be the same. */
static bool may_be_alike(const struct sl_row *a, const struct sl_row *b)
{
	size_t shorter = a->data.length < b->data.length ? a->data.length : b->data.length;
	return a->key.entity == b->key.entity && 4 * shorter >= a->data.length + b->data.length;
}

static int compare_rows(const struct sl_row *a, const struct sl_row *b, bool *alike_r)
{
	*alike_r = false;
	return may_be_alike(a, b) ? sl_merge_alike(a, b, alike_r) : SL_OK;
}

/* 1 if something held may be what was this row: it is new to the server, or another thing than the server has in its place. */
static int has_held_half(const struct sl_engine *engine, const struct sl_row *gone)
{
	const struct sl_row *held, *was;
	size_t cursor = 0;
	bool moved = false, same;
	int rc = SL_OK;
	while (rc == SL_OK && !moved && (held = next_held(engine, &cursor))) {
		rc = compare_rows(gone, held, &moved);
		if (rc == SL_OK && moved && (was = sl_rowset_find(engine->base, &held->key))) {
			rc = compare_rows(was, held, &same);
			moved = !same;
		}
	}
	return rc == SL_OK ? moved : rc;
}

/* What the base has under the key if it isn't there any more: deleted, or another thing is in its place. */
static int find_gone(const struct sl_engine *engine, const struct sl_key *key, const struct sl_row **gone_r)
{
	const struct sl_row *was = sl_rowset_find(engine->base, key), *now = sl_rowset_find(engine->local, key);
	bool same = false;
	int rc = was && now ? compare_rows(was, now, &same) : SL_OK;
	*gone_r = same ? NULL : was;
	return rc;
}

/* 1 if the change takes away half of a move whose other half is held: for others the row would be gone until that can go, too. In
 * doubt it does: this can wait. A deleted episode waits with what it would take along. 0 if not. */
static int is_half(const struct sl_engine *engine, const struct sl_key *key)
{
	const struct sl_row *gone = NULL, *row;
	size_t cursor = 0;
	int half = sl_rowset_count(engine->quarantine) > 0 ? find_gone(engine, key, &gone) : SL_OK;
	if (half < 0 || !gone)
		return half;
	half = has_held_half(engine, gone);
	while (half == 0 && key->entity == SL_EPISODES && !sl_rowset_find(engine->local, key)
		&& (row = sl_rowset_next(engine->base, &cursor)))
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == key->episode)
			half = has_held_half(engine, row);
	return half;
}

/* For want of memory the answer is yes: who goes on with it finds that out, too. */
bool sl_engine_has_work(const struct sl_engine *engine)
{
	const struct sl_row *mark;
	size_t cursor = 0;
	while ((mark = sl_rowset_next(engine->pending, &cursor)))
		if (!is_held(engine, &mark->key) && is_half(engine, &mark->key) != 1)
			return true;
	return false;
}

/* Rule 1: nothing but the user's own word empties a project that isn't. */
bool sl_engine_would_empty(const struct sl_engine *engine)
{
	return !engine->meta.clearing && sl_rows_is_emptied(engine->base, engine->local);
}

/* --- making one --------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return sl_key_compare(*(const struct sl_key *const *)a, *(const struct sl_key *const *)b);
}

/* The pending keys that aren't held, in order: episodes before their scenes and shots. */
static int sorted_keys(struct sl_engine *engine, const struct sl_key ***keys_r, size_t *count_r)
{
	const struct sl_row *mark;
	size_t cursor = 0, count = 0;
	const struct sl_key **keys = sl_arena_alloc(&engine->scratch,
		(sl_rowset_count(engine->pending) + 1) * sizeof(*keys));
	int half = 0;
	if (!keys)
		return SL_NO_MEMORY;
	while (half >= 0 && (mark = sl_rowset_next(engine->pending, &cursor)))
		if (!is_held(engine, &mark->key) && (half = is_half(engine, &mark->key)) == 0)
			keys[count++] = &mark->key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	*keys_r = keys;
	*count_r = count;
	return half < 0 ? half : SL_OK;
}

/* About the bytes of a written row, or of a deletion (NULL). */
static size_t cost_of(const struct sl_key *key, const struct sl_row *row)
{
	return 2 * key->id.length + 96 + (row ? row->data.length + row->rank.length : 0);
}

size_t sl_engine_cost(const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0, bytes = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor)))
		bytes += cost_of(&row->key, row);
	for (size_t i = 0; i < delta->deleted_count; i++)
		bytes += cost_of(&delta->deleted[i], NULL);
	return bytes;
}

/* What an operation's rows may take, so that the server takes the request. */
static size_t most_bytes(const struct sl_engine *engine)
{
	size_t known = (size_t)engine->meta.operation_bytes;
	return known && known < engine->push_bytes ? known : engine->push_bytes;
}

/* An operation as it is chosen. */
struct choice {
	const struct sl_engine *engine;
	const struct sl_key **keys; /* what may go, in order */
	size_t count;
	struct sl_rowset *rows;
	struct sl_keys deleted;
	size_t bytes, most;
	bool full;
};

/* Takes the key if there is still room, at least one. 1: it is in. */
static int choose(struct choice *choice, const struct sl_key *key, const struct sl_row *row)
{
	choice->bytes += cost_of(key, row);
	choice->full = choice->bytes > choice->most && sl_rowset_count(choice->rows) + choice->deleted.count > 0;
	if (choice->full)
		return 0;
	int rc = !row ? sl_keys_add(&choice->deleted, key) : sl_rowset_put(choice->rows, row) ? SL_OK : SL_NO_MEMORY;
	return rc == SL_OK ? 1 : rc;
}

static int choose_writes(struct choice *choice)
{
	const struct sl_row *row;
	int rc = 1;
	for (size_t i = 0; i < choice->count && rc > 0; i++)
		if ((row = sl_rowset_find(choice->engine->local, choice->keys[i])))
			rc = choose(choice, choice->keys[i], row);
	return rc < 0 ? rc : SL_OK;
}

/* Only when all writes are in, so that a large import never leaves the project empty on its way. */
static int choose_deletions(struct choice *choice)
{
	int rc = 1;
	for (size_t i = 0; i < choice->count && rc > 0 && !choice->full; i++)
		if (!sl_rowset_find(choice->engine->local, choice->keys[i]))
			rc = choose(choice, choice->keys[i], NULL);
	return rc < 0 ? rc : SL_OK;
}

/* Of scenes and shots that moved, both halves go together, even if that takes a little more room: who took the new one away again
 * before the other came would leave nothing. An episode goes last, with what still is in it. */
static int choose_halves(struct sl_engine *engine, struct choice *choice)
{
	struct sl_rowset *before = sl_rowset_new(&engine->scratch, 16), *after = sl_rowset_new(&engine->scratch, 16);
	const struct sl_row *row;
	struct sl_rename *moves = NULL;
	size_t count = 0;
	int rc = before && after ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < choice->count; i++) {
		if ((row = sl_rowset_find(engine->base, choice->keys[i])) && !sl_rowset_put(before, row))
			rc = SL_NO_MEMORY;
		if ((row = sl_rowset_find(engine->local, choice->keys[i])) && !sl_rowset_put(after, row))
			rc = SL_NO_MEMORY;
	}
	if (rc == SL_OK)
		rc = sl_merge_moves(before, after, &engine->scratch, &moves, &count);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (sl_entity_has_episode(moves[i].from.entity) && sl_rowset_find(choice->rows, &moves[i].to)
			&& !sl_rowset_find(engine->local, &moves[i].from))
			rc = sl_keys_add(&choice->deleted, &moves[i].from);
	return rc;
}

/* As much as one operation takes: at least one row. */
static int choose_rows(struct sl_engine *engine, struct sl_delta *delta_r)
{
	struct choice choice = { .engine = engine, .deleted = { .arena = &engine->scratch }, .most = most_bytes(engine),
		.rows = sl_rowset_new(&engine->scratch, 16) };
	int rc = choice.rows ? sorted_keys(engine, &choice.keys, &choice.count) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = choose_writes(&choice);
	if (rc == SL_OK)
		rc = choose_deletions(&choice);
	if (rc == SL_OK && choice.full && sl_rowset_count(choice.rows) > 0) {
		choice.deleted.count = 0;
		rc = choose_halves(engine, &choice);
	}
	*delta_r = (struct sl_delta){ choice.rows, choice.deleted.items, choice.deleted.count };
	return rc;
}

/* Unique even should the random bytes repeat. */
static int make_id(struct sl_engine *engine, struct sl_str *id_r)
{
	char text[64];
	size_t length = 0;
	for (size_t i = 0; i < sizeof(engine->random); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%02x", engine->random[i]);
	length += (size_t)snprintf(text + length, sizeof(text) - length, "-%" PRId64, engine->meta.next_id++);
	return sl_engine_keep(engine, (struct sl_str){ text, length }, id_r);
}

static int keep_op(struct sl_engine *engine, struct sl_buf *body, struct sl_str id, bool restores)
{
	engine->op = (struct sl_operation){ .state = SL_OP_READY, .id = id, .restores = restores };
	int rc = sl_buf_code(body) == SL_OK ? sl_engine_keep(engine, sl_buf_str(body), &engine->op.body) : SL_NO_MEMORY;
	sl_buf_dispose(body);
	return rc;
}

/* What every push says of itself. The epoch is known once anything was ever pulled. */
static void begin_body(struct sl_engine *engine, struct sl_str id, struct sl_buf *body)
{
	sl_buf_add_text(body, "\"baseVersion\":");
	sl_buf_add_int(body, engine->meta.version);
	sl_buf_add_text(body, ",\"opId\":");
	sl_json_string(body, id);
	if (engine->meta.epoch.length) {
		sl_buf_add_text(body, ",\"epoch\":");
		sl_json_string(body, engine->meta.epoch);
	}
}

/* For what else goes with the rows. */
static size_t room_in(const struct sl_engine *engine, const struct sl_buf *body)
{
	size_t most = most_bytes(engine);
	return body->length < most ? most - body->length : 0;
}

static int make_push(struct sl_engine *engine, const struct sl_delta *delta)
{
	struct sl_buf body;
	struct sl_str id;
	if (make_id(engine, &id) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_init(&body, SIZE_MAX);
	sl_buf_add_char(&body, '{');
	begin_body(engine, id, &body);
	/* What a row or the project lacks here is gone: nothing is left out for want of knowing it. */
	sl_buf_add_text(&body, ",\"onStale\":\"rebase\",\"exact\":true");
	if (engine->meta.clearing && sl_rows_is_empty_project(engine->local))
		sl_buf_add_text(&body, ",\"allowEmpty\":true");
	sl_buf_add_text(&body, ",\"delta\":");
	if (sl_delta_write(delta, &body) == SL_OK && sl_engine_write_aside(engine, room_in(engine, &body), &body) != SL_OK)
		sl_buf_fail(&body, SL_NO_MEMORY);
	sl_buf_add_char(&body, '}');
	return keep_op(engine, &body, id, false);
}

static int make_restore(struct sl_engine *engine)
{
	struct sl_buf body;
	struct sl_str id;
	if (make_id(engine, &id) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_init(&body, SIZE_MAX);
	sl_buf_add_text(&body, "{\"version\":");
	sl_buf_add_int(&body, engine->meta.restore_version);
	sl_buf_add_char(&body, ',');
	begin_body(engine, id, &body);
	sl_buf_add_char(&body, '}');
	return keep_op(engine, &body, id, true);
}

int sl_engine_make_op(struct sl_engine *engine)
{
	struct sl_delta delta;
	bool work = sl_engine_has_work(engine);
	if (work && sl_engine_would_empty(engine))
		engine->guarded = true;
	if (!work || engine->guarded)
		return engine->meta.restore_version ? make_restore(engine) : SL_OK;
	int rc = sl_journal_close(engine); /* the states that are pushed stand in it each by itself */
	if (rc == SL_OK)
		rc = choose_rows(engine, &delta);
	return rc == SL_OK ? make_push(engine, &delta) : rc;
}

void sl_engine_learn_limit(struct sl_engine *engine, int64_t request_bytes)
{
	int64_t frame = request_bytes / 4 < REQUEST_FRAME ? request_bytes / 4 : REQUEST_FRAME;
	engine->meta.operation_bytes = request_bytes - frame;
}

void sl_engine_drop_op(struct sl_engine *engine)
{
	engine->op = (struct sl_operation){ .state = SL_OP_NONE };
}

/* --- reading it --------------------------------------------------------------------------------------------------- */

static int parse_body(struct sl_engine *engine, json_t **body_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	*body_r = NULL;
	int rc = sl_json_parse(engine->op.body, body_r, &ignored);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

int sl_engine_op_delta(struct sl_engine *engine, struct sl_delta *delta_r)
{
	json_t *body;
	int rc = parse_body(engine, &body);
	if (rc == SL_OK)
		rc = sl_engine_stored_delta(body, "delta", &engine->scratch, delta_r);
	json_decref(body);
	return rc;
}
