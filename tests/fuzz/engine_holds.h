/* What holds of an engine between events, for its fuzz harness. */
#ifndef TESTS_FUZZ_ENGINE_HOLDS_H
#define TESTS_FUZZ_ENGINE_HOLDS_H

#include "unit/engine/chain.h"
#include "host.h"

/* --- what holds after an event ---------------------------------------------------------------------------------- */

static inline void check_rows(const struct host *host)
{
	const struct sl_rowset *rows = sl_engine_rows(host->engine), *base = sl_engine_base(host->engine);
	const struct sl_row *row, *old;
	size_t cursor = 0, pending = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key episode = sl_key_of_episode(row->key.episode);
		CHECK(!sl_entity_has_episode(row->key.entity) || sl_rowset_find(rows, &episode));
		CHECK(row->key.entity == SL_META ? row->rank.length == 0 : sl_rank_is_valid(row->rank));
		pending += !(old = sl_rowset_find(base, &row->key)) || !sl_row_same_content(old, row);
	}
	for (cursor = 0; (row = sl_rowset_next(base, &cursor));)
		pending += !sl_rowset_find(rows, &row->key);
	CHECK(fuzz_same_rows(rows, host->shown));
	CHECK(pending == sl_engine_status(host->engine)->pending);
	CHECK(pending == 0 || sl_engine_status(host->engine)->word != SL_STATUS_SYNCED);
	CHECK(sl_digest_equal(fuzz_digest(base), sl_engine_digest(host->engine)));
}

/* That an engine made from the store is the one that stored. */
static inline void check_store(struct host *host)
{
	struct sl_engine *other;
	CHECK(sl_engine_new(NULL, &other, NULL) == SL_OK);
	struct sl_effects effects;
	struct sl_buf state;
	sl_buf_init(&state, SIZE_MAX);
	CHECK(other && host_handle(other, host_start_event(host), &effects) == 0);
	host_describe(other, &state);
	CHECK(sl_str_equal(sl_buf_str(&state), sl_buf_str(&host->state)));
	sl_buf_dispose(&state);
	sl_engine_free(&other);
}

/* The user's own doing, by which words may go. */
static inline bool is_users(const char *type)
{
	static const char *const types[] = { "edit", "replace", "resolve", "reverse", "restoreBackup", "clear", "handed" };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* --- words ------------------------------------------------------------------------------------------------------ */

/* `part` isn't empty. */
static inline bool holds(struct sl_str text, struct sl_str part)
{
	const char *at = text.bytes, *end = text.bytes + text.length;
	while (at && (size_t)(end - at) >= part.length) {
		at = memchr(at, part.bytes[0], (size_t)(end - at) - part.length + 1);
		if (at && memcmp(at, part.bytes, part.length) == 0)
			return true;
		at = at ? at + 1 : NULL;
	}
	return false;
}

/* Adds the words of the value's texts that `known` has not, each with a line end. */
static inline void add_words(const json_t *value, struct sl_str known, struct sl_buf *words)
{
	struct sl_str text = { json_string_value(value), json_string_length(value) };
	enum sl_text_token token;
	const char *name;
	size_t index;
	json_t *inner;
	for (size_t at = 0, end; at < text.length; at = end) {
		end = sl_text_token_end(text, at, &token);
		struct sl_str word = { text.bytes + at, end - at };
		if (token != SL_TOKEN_WORD || holds(known, word))
			continue;
		sl_buf_add_str(words, word);
		sl_buf_add_char(words, '\n');
	}
	json_object_foreach((json_t *)value, name, inner)
		add_words(inner, known, words);
	json_array_foreach(value, index, inner)
		add_words(inner, known, words);
}

/* Those of rows that are not, as they are, among the others. */
static inline void add_new_words(const struct sl_rowset *rows, const struct sl_rowset *others, struct sl_buf *words)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		const struct sl_row *old = sl_rowset_find(others, &row->key);
		if (old && sl_str_equal(old->data, row->data))
			continue;
		json_t *value = fuzz_parse(row->data);
		add_words(value, old ? old->data : SL_STR(""), words);
		json_decref(value);
	}
}

/* The rows as they are. */
static inline struct sl_rowset *keep(const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_rowset *kept = sl_rowset_new(arena, 16);
	const struct sl_row *row;
	struct sl_row copy;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		CHECK(sl_row_copy(arena, row, &copy) == 0 && sl_rowset_put(kept, &copy));
	return kept;
}

/* What was sent may have been taken, and edited meanwhile; what was here may come again from a server that fell back. */
static inline bool was_here(const struct host *host, struct sl_str word)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(host->sent, &cursor)))
		if (holds(row->data, word))
			return true;
	return holds(sl_buf_str(&host->had), word);
}

/* What merges did, as it is stored, or about to be. */
static inline void describe_notes(const struct host *host, const struct sl_effects *effects, struct sl_arena *arena,
	struct sl_buf *out)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(host->store, &cursor)))
		host_describe_entry(row->key.id, row->data, arena, out);
	for (size_t i = 0; i < effects->count; i++)
		for (size_t j = 0; effects->items[i].type == SL_EFFECT_STORE && j < effects->items[i].store.count; j++)
			host_describe_entry(effects->items[i].store.writes[j].key, effects->items[i].store.writes[j].value, arena, out);
}

/* That all the words are to be seen; `theirs`: or were here before. */
static inline void check_words(const struct host *host, const struct sl_effects *effects, const struct sl_buf *list, bool theirs)
{
	struct sl_str words = sl_buf_str(list);
	struct sl_arena arena;
	struct sl_buf seen;
	sl_arena_init(&arena, 0);
	sl_buf_init(&seen, SIZE_MAX);
	host_describe_seen(host->engine, &arena, &seen);
	describe_notes(host, effects, &arena, &seen);
	while (words.length > 0) {
		const char *end = memchr(words.bytes, '\n', words.length);
		struct sl_str word = { words.bytes, (size_t)(end - words.bytes) };
		CHECK(holds(sl_buf_str(&seen), word) || (theirs && was_here(host, word)));
		words = (struct sl_str){ end + 1, words.length - word.length - 1 };
	}
	sl_buf_dispose(&seen);
	sl_arena_dispose(&arena);
}

/* That the journal leads back from the rows as they are. */
static inline void check_journal(const struct host *host)
{
	size_t count = 0, cursor = 0;
	struct sl_pair *pairs = calloc(sl_rowset_count(host->store) + 1, sizeof(*pairs));
	const struct sl_row *row;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	while (pairs && (row = sl_rowset_next(host->store, &cursor)))
		pairs[count++] = (struct sl_pair){ row->key.id, row->data };
	CHECK(pairs && chain_check(pairs, count, host->engine, true, &arena) == NULL);
	sl_arena_dispose(&arena);
	free(pairs);
}

static inline bool is_copied(const struct sl_engine *engine, const struct sl_note *note)
{
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(engine), &note->key);
	const struct sl_conflict_copy *copy;
	struct sl_str mine = note->mine;
	for (size_t i = 0; (copy = sl_engine_conflict(engine, i)); i++)
		if (sl_key_equal(&copy->note.key, &note->key) && sl_str_equal(copy->note.path, note->path)
			&& sl_str_equal(copy->note.mine, mine))
			return true;
	return sl_str_equal(mine, note->result) || (row && mine.length > 0 && holds(row->data, mine));
}

/* What a person has to decide on is a decision, unless the row holds it. */
static inline void check_parked(const struct sl_engine *engine, const struct sl_effects *effects)
{
	struct sl_arena arena;
	struct sl_journal_entry entry;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < effects->count; i++)
		for (size_t j = 0; effects->items[i].type == SL_EFFECT_STORE && j < effects->items[i].store.count; j++) {
			const struct sl_write *write = &effects->items[i].store.writes[j];
			if (write->key.bytes[0] != 'j' || write->remove || !sl_journal_number(write->key))
				continue;
			CHECK(sl_journal_read(write->value, &arena, &entry) == 0);
			for (size_t note = 0; note < entry.note_count; note++)
				CHECK(!entry.notes[note].open || is_copied(engine, &entry.notes[note]));
		}
	sl_arena_dispose(&arena);
}

/* --- a server that fell back ------------------------------------------------------------------------------------ */

/* The server went back behind what the device has seen: if nobody does anything more, it gets all rows again. */
static inline void note_fall_back(struct host *host)
{
	bool behind = sync_server_store(&host->server)->head.version < sl_engine_status(host->engine)->version;
	host->held = behind && !host->tampered ? keep(sl_engine_rows(host->engine), &host->arena) : NULL;
}

static inline void check_held(const struct host *host)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while (host->held && (row = sl_rowset_next(host->held, &cursor)))
		CHECK(sl_rowset_find(sl_engine_rows(host->engine), &row->key));
}

#endif
