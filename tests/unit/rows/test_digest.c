/* sl_digest: against XXH3-128 over bytes assembled by hand, and as a sum that forgets order and history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/rows/digest.h"
#include "core/base/error.h"

static struct sl_row row_of(enum sl_entity entity, int64_t episode, const char *id, const char *rank, const char *data)
{
	return (struct sl_row){ { entity, episode, sl_str_from(id) }, sl_str_from(rank), sl_str_from(data), 7 };
}

static struct sl_digest digest_of(struct sl_row row)
{
	struct sl_digest digest = { 0, 0 };
	sl_digest_add(&digest, &row);
	return digest;
}

static void assert_hash_of(struct sl_digest digest, struct sl_str bytes)
{
	XXH128_hash_t hash = XXH3_128bits(bytes.bytes, bytes.length);
	assert_true(digest.high == hash.high64);
	assert_true(digest.low == hash.low64);
}

static void digest__hashes_the_documented_bytes(void **state)
{
	(void)state;
	assert_hash_of(digest_of(row_of(SL_META, 0, "rawScript", "", "\"FADE IN\"")),
		SL_STR("meta\x1frawScript\x1f\x1f\"FADE IN\""));
	assert_hash_of(digest_of(row_of(SL_EPISODES, 12, "", "V", "{\"title\":\"x\"}")),
		SL_STR("episodes\x1f" "12\x1fV\x1f{\"title\":\"x\"}"));
	assert_hash_of(digest_of(row_of(SL_EPISODES, -9007199254740991, "", "", "{}")),
		SL_STR("episodes\x1f-9007199254740991\x1f\x1f{}"));
	assert_hash_of(digest_of(row_of(SL_SCENES, 3, "1-1", "Vb", "{}")),
		SL_STR("scenes\x1f" "3\x1e" "1-1\x1fVb\x1f{}"));
	assert_hash_of(digest_of(row_of(SL_SHOTS, 0, "\xc3\xa9", "k", "{}")),
		SL_STR("shots\x1f" "0\x1e\xc3\xa9\x1fk\x1f{}"));
	assert_hash_of(digest_of(row_of(SL_CHARACTERS, 0, "anna", "k", "{}")),
		SL_STR("characters\x1f" "anna\x1fk\x1f{}"));
	assert_hash_of(digest_of(row_of(SL_LOCATIONS, 0, "bar", "k", "{}")),
		SL_STR("locations\x1f" "bar\x1fk\x1f{}"));
}

static void digest__meta_has_no_rank_and_versions_dont_count(void **state)
{
	(void)state;
	struct sl_row row = row_of(SL_META, 0, "fileName", "", "\"a\"");
	struct sl_digest plain = digest_of(row);
	row.rank = SL_STR("V");
	row.version = 99;
	assert_true(sl_digest_equal(plain, digest_of(row)));
}

/* Longer than the hash's inner buffer, so that pieces and a whole take different paths. */
static void digest__long_rows_hash_as_a_whole(void **state)
{
	(void)state;
	static char data[100000], bytes[sizeof(data) + 64];
	const struct sl_str head = SL_STR("meta\x1frawScript\x1f\x1f");
	struct sl_row row = row_of(SL_META, 0, "rawScript", "", "");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i * i % 23);
	memcpy(bytes, head.bytes, head.length);
	memcpy(bytes + head.length, data, sizeof(data));
	for (size_t length = 1; length <= sizeof(data); length = length * 5 / 4 + 1) {
		row.data = (struct sl_str){ data, length };
		assert_hash_of(digest_of(row), (struct sl_str){ bytes, head.length + length });
	}
}

/* Computed by `printf 'characters\x1fanna\x1fV\x1f{"name":"Anna"}' | xxhsum -H2`. */
static void digest__fixed_vector(void **state)
{
	(void)state;
	char hex[SL_DIGEST_HEX];
	sl_digest_format(digest_of(row_of(SL_CHARACTERS, 0, "anna", "V", "{\"name\":\"Anna\"}")), hex);
	assert_string_equal(hex, "6ecbe14ff108dbd851e5f1a3e651be93");
}

static void digest__separators_cant_be_confused(void **state)
{
	(void)state;
	const struct sl_row rows[] = {
		row_of(SL_SCENES, 1, "12", "3", "{}"), row_of(SL_SCENES, 11, "2", "3", "{}"),
		row_of(SL_SCENES, 1, "1", "23", "{}"), row_of(SL_SCENES, 1, "123", "", "{}"),
		row_of(SL_SCENES, 1, "", "123", "{}"), row_of(SL_SHOTS, 1, "12", "3", "{}"),
		row_of(SL_EPISODES, 112, "", "3", "{}"), row_of(SL_CHARACTERS, 0, "112", "3", "{}"),
		row_of(SL_LOCATIONS, 0, "112", "3", "{}"), row_of(SL_META, 0, "1123", "", "{}"),
		row_of(SL_SCENES, 1, "12", "", "3{}"), row_of(SL_SCENES, 1, "12", "3{}", ""),
	};
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(sl_digest_equal(digest_of(rows[i]), digest_of(rows[j])));
}

static void digest__order_and_history_are_forgotten(void **state)
{
	(void)state;
	enum { ROWS = 200 };
	static char ids[ROWS][12];
	struct sl_row rows[ROWS];
	struct sl_digest forward = { 0, 0 }, backward = { 0, 0 }, extra;
	for (int i = 0; i < ROWS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%d", i);
		rows[i] = row_of(SL_CHARACTERS, 0, ids[i], "V", "{}");
		sl_digest_add(&forward, &rows[i]);
	}
	for (int i = ROWS; i > 0; i--)
		sl_digest_add(&backward, &rows[i - 1]);
	assert_true(sl_digest_equal(forward, backward));
	for (int i = 0; i < ROWS; i += 3)
		sl_digest_subtract(&backward, &rows[i]);
	assert_false(sl_digest_equal(forward, backward));
	for (int i = 0; i < ROWS; i += 3)
		sl_digest_add(&backward, &rows[i]);
	assert_true(sl_digest_equal(forward, backward));
	extra = backward;
	for (int i = 0; i < ROWS; i++)
		sl_digest_subtract(&extra, &rows[i]);
	assert_true(extra.high == 0 && extra.low == 0);
}

/* The same row twice doubles the sum: carries run from the low into the high half, unlike with XOR. */
static void digest__is_a_sum_with_carry(void **state)
{
	(void)state;
	int carries = 0;
	for (int64_t episode = 1; episode <= 64; episode++) {
		struct sl_row row = row_of(SL_EPISODES, episode, "", "V", "{}");
		struct sl_digest once = digest_of(row), twice = once;
		sl_digest_add(&twice, &row);
		assert_true(twice.low == once.low << 1);
		assert_true(twice.high == (once.high << 1 | once.low >> 63));
		carries += (int)(once.low >> 63);
		sl_digest_subtract(&twice, &row);
		assert_true(sl_digest_equal(once, twice));
	}
	assert_in_range(carries, 10, 54);
}

static void digest__of_a_set(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_digest sum = { 0, 0 };
	const struct sl_row rows[] = { row_of(SL_EPISODES, 1, "", "V", "{}"), row_of(SL_SCENES, 1, "a", "V", "{}"),
		row_of(SL_META, 0, "fileName", "", "\"x\"") };
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 3);
	assert_non_null(set);
	assert_true(sl_digest_equal(sl_digest_of(set), sum));
	for (int i = 0; i < 3; i++) {
		assert_non_null(sl_rowset_put(set, &rows[i]));
		sl_digest_add(&sum, &rows[i]);
	}
	assert_true(sl_digest_equal(sl_digest_of(set), sum));
	sl_arena_dispose(&arena);
}

static void digest__format_and_parse(void **state)
{
	(void)state;
	char hex[SL_DIGEST_HEX];
	struct sl_digest digest = { UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) }, back;
	sl_digest_format(digest, hex);
	assert_string_equal(hex, "0123456789abcdeffedcba9876543210");
	assert_int_equal(sl_digest_parse(sl_str_from(hex), &back), 0);
	assert_true(sl_digest_equal(digest, back));
	sl_digest_format((struct sl_digest){ 0, 0 }, hex);
	assert_string_equal(hex, "00000000000000000000000000000000");
}

static void digest__parse_refuses_the_rest(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "0", "0123456789abcdeffedcba987654321", "0123456789abcdeffedcba98765432100",
		"0123456789ABCDEFfedcba9876543210", "0123456789abcdeffedcba987654321g",
		" 123456789abcdeffedcba9876543210", "0x23456789abcdeffedcba9876543210",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_digest digest = { 1, 2 };
		assert_int_equal(sl_digest_parse(sl_str_from(bad[i]), &digest), SL_MALFORMED);
		assert_true(digest.high == 1 && digest.low == 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest__hashes_the_documented_bytes),
		cmocka_unit_test(digest__meta_has_no_rank_and_versions_dont_count),
		cmocka_unit_test(digest__long_rows_hash_as_a_whole),
		cmocka_unit_test(digest__fixed_vector),
		cmocka_unit_test(digest__separators_cant_be_confused),
		cmocka_unit_test(digest__order_and_history_are_forgotten),
		cmocka_unit_test(digest__is_a_sum_with_carry),
		cmocka_unit_test(digest__of_a_set),
		cmocka_unit_test(digest__format_and_parse),
		cmocka_unit_test(digest__parse_refuses_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
