/* Rows for the fuzz harnesses: read strictly, compared, digested by the book. */
#ifndef TESTS_FUZZ_ROWS_H
#define TESTS_FUZZ_ROWS_H

#include "fuzz.h"

#include "core/json/parse.h"
#include "core/delta/delta.h"
#include "core/rows/digest.h"
#include "core/schema/validate.h"
#include "core/rows/document_write.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FUZZ_ROW_BYTES ((size_t)1 << 24)

/* A new reference, or NULL for what is no JSON. */
static inline json_t *fuzz_parse(struct sl_str text)
{
	json_t *value = NULL;
	char *copy = fuzz_copy(text);
	if (sl_json_parse((struct sl_str){ copy, text.length }, &value, NULL) != 0)
		CHECK(value == NULL);
	free(copy);
	return value;
}

/* The same rows, with the same ranks. */
static inline bool fuzz_same_rows(const struct sl_rowset *a, const struct sl_rowset *b)
{
	const struct sl_row *row, *other;
	size_t cursor = 0;
	while ((row = sl_rowset_next(a, &cursor)))
		if (!(other = sl_rowset_find(b, &row->key)) || !sl_row_same_content(row, other))
			return false;
	return sl_rowset_count(a) == sl_rowset_count(b);
}

static inline void fuzz_key_text(const struct sl_key *key, struct sl_buf *text)
{
	if (key->entity == SL_EPISODES || sl_entity_has_episode(key->entity))
		sl_buf_add_int(text, key->episode);
	if (sl_entity_has_episode(key->entity))
		sl_buf_add_char(text, '\x1e');
	sl_buf_add_str(text, key->id);
}

/* The digest as digest.h describes it, from nothing but the rows' bytes. */
static inline struct sl_digest fuzz_digest(const struct sl_rowset *rows)
{
	struct sl_digest sum = { 0, 0 };
	const struct sl_row *row;
	struct sl_buf text;
	size_t cursor = 0;
	sl_buf_init(&text, SIZE_MAX);
	while ((row = sl_rowset_next(rows, &cursor))) {
		sl_buf_clear(&text);
		sl_buf_add_text(&text, sl_entity_name(row->key.entity));
		sl_buf_add_char(&text, '\x1f');
		fuzz_key_text(&row->key, &text);
		sl_buf_add_char(&text, '\x1f');
		sl_buf_add_str(&text, row->rank);
		sl_buf_add_char(&text, '\x1f');
		sl_buf_add_str(&text, row->data);
		CHECK(sl_buf_code(&text) == 0);
		XXH128_hash_t hash = XXH3_128bits(text.bytes, text.length);
		sum.low += hash.low64;
		sum.high += hash.high64 + (sum.low < hash.low64);
	}
	sl_buf_dispose(&text);
	return sum;
}

/* The rows as a document, out of a request that holds it: a new reference. Anybody must be able to read and send it. */
static inline json_t *fuzz_document(const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_faults faults;
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_buf_add_text(&text, "{\"projectData\":");
	CHECK(sl_rows_write_document(rows, arena, &text, NULL) == 0);
	sl_buf_add_char(&text, '}');
	json_t *request = fuzz_parse(sl_buf_str(&text)), *document = json_incref(json_object_get(request, "projectData"));
	CHECK(document);
	CHECK(sl_validate_document(document, "", FUZZ_ROW_BYTES, arena, &faults, NULL) == 0);
	json_decref(request);
	sl_buf_dispose(&text);
	return document;
}

#endif
