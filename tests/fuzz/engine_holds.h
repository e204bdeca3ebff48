/* What holds of an engine between events, for its fuzz harness. */
#ifndef TESTS_FUZZ_ENGINE_HOLDS_H
#define TESTS_FUZZ_ENGINE_HOLDS_H

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
	CHECK(sl_digest_equal(fuzz_digest(base), sl_engine_digest(host->engine)));
}

/* That an engine made from the store is the one that stored. */
static inline void check_store(struct host *host)
{
	struct sl_engine *other = sl_engine_new(NULL);
	struct sl_effects effects;
	struct sl_buf state;
	sl_buf_init(&state, SIZE_MAX);
	CHECK(other && host_handle(other, host_start_event(host), &effects) == 0);
	host_describe(other, &state);
	CHECK(sl_str_equal(sl_buf_str(&state), sl_buf_str(&host->state)));
	sl_buf_dispose(&state);
	sl_engine_free(&other);
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

static inline void add_pending_words(const struct sl_engine *engine, struct sl_buf *words)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(sl_engine_rows(engine), &cursor))) {
		const struct sl_row *old = sl_rowset_find(sl_engine_base(engine), &row->key);
		if (old && sl_str_equal(old->data, row->data))
			continue;
		json_t *value = fuzz_parse(row->data);
		add_words(value, old ? old->data : SL_STR(""), words);
		json_decref(value);
	}
}

static inline void check_words(const struct sl_engine *engine, struct sl_str words)
{
	struct sl_arena arena;
	struct sl_buf seen;
	sl_arena_init(&arena, 0);
	sl_buf_init(&seen, SIZE_MAX);
	host_describe_seen(engine, &arena, &seen);
	while (words.length > 0) {
		const char *end = memchr(words.bytes, '\n', words.length);
		struct sl_str word = { words.bytes, (size_t)(end - words.bytes) };
		CHECK(holds(sl_buf_str(&seen), word));
		words = (struct sl_str){ end + 1, words.length - word.length - 1 };
	}
	sl_buf_dispose(&seen);
	sl_arena_dispose(&arena);
}

#endif
