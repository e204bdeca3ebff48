/* JSON texts and numbers whose reading and canonical form other projects have settled, read from ../shared/vectors. All agree:
 * where a source leaves the choice, the vectors say what is documented here. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <inttypes.h>

#include "core/json/number.h"
#include "core/json/parse.h"
#include "core/json/write.h"
#include "sha256.h"
#include "unit/base/vectors.h"

static struct sl_str text_of(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);
	return (struct sl_str){ json_string_value(text), json_string_length(text) };
}

/* The text of a vector, which may be given in hex, or as a piece and how often it comes. The caller disposes of it. */
static void write_input(const json_t *vector, struct sl_buf *out)
{
	const char *hex = json_string_value(json_object_get(vector, "hex"));
	const json_t *repeat = json_object_get(vector, "repeat");
	sl_buf_init(out, SIZE_MAX);
	if (json_object_get(vector, "text"))
		sl_buf_add_str(out, text_of(vector, "text"));
	for (unsigned byte; hex && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		sl_buf_add_char(out, (char)byte);
	for (json_int_t i = 0; i < json_integer_value(json_array_get(repeat, 1)); i++)
		sl_buf_add_text(out, json_string_value(json_array_get(repeat, 0)));
	assert_int_equal(sl_buf_code(out), 0);
}

static bool reads_as(struct sl_str text, bool accepted, struct sl_str canonical)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	json_t *value;
	int code = sl_json_parse(text, &value, &err);
	bool right = (code == 0) == accepted && (code == 0 || code == SL_MALFORMED);
	sl_buf_init(&out, SIZE_MAX);
	if (code == 0)
		sl_json_write(&out, value);
	if (code == 0 && canonical.bytes)
		right = right && sl_buf_code(&out) == 0 && sl_str_equal(sl_buf_str(&out), canonical);
	sl_buf_dispose(&out);
	json_decref(value);
	return right;
}

static void case_74__texts_of_the_parsing_suite(void **state)
{
	(void)state;
	FILE *file = open_vectors("json.jsonl");
	json_error_t error;
	json_t *vector;
	size_t count = 0, wrong = 0;
	for (; (vector = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error)); json_decref(vector)) {
		struct sl_buf text;
		if (!json_object_get(vector, "name"))
			continue;
		write_input(vector, &text);
		if (!reads_as(sl_buf_str(&text), json_is_true(json_object_get(vector, "accept")), text_of(vector, "canon"))) {
			print_message("%s\n", json_string_value(json_object_get(vector, "name")));
			wrong++;
		}
		sl_buf_dispose(&text);
		count++;
	}
	close_vectors(file);
	assert_int_equal(count, 340);
	assert_int_equal(wrong, 0);
}

static json_t *jcs_vectors(void)
{
	FILE *file = open_vectors("jcs.json");
	json_error_t error;
	json_t *vectors = json_loadf(file, 0, &error);
	close_vectors(file);
	assert_non_null(vectors);
	return vectors;
}

static void case_74__canonical_texts(void **state)
{
	(void)state;
	json_t *vectors = jcs_vectors(), *vector;
	size_t i;
	json_array_foreach(json_object_get(vectors, "texts"), i, vector) {
		if (!reads_as(text_of(vector, "in"), true, text_of(vector, "out")))
			fail_msg("%s", json_string_value(json_object_get(vector, "name")));
	}
	assert_int_equal(i, 29);
	json_decref(vectors);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static double number_of(uint64_t bits)
{
	double number;
	memcpy(&number, &bits, sizeof(number));
	return number;
}

static uint64_t bits_of(double number)
{
	uint64_t bits;
	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static void case_74__canonical_numbers(void **state)
{
	(void)state;
	json_t *vectors = jcs_vectors(), *pair;
	size_t i;
	json_array_foreach(json_object_get(vectors, "numbers"), i, pair) {
		char text[SL_NUMBER_TEXT + 1];
		uint64_t bits = strtoull(json_string_value(json_array_get(pair, 0)), NULL, 16);
		text[sl_number_format(number_of(bits), text)] = '\0';
		assert_string_equal(text, json_string_value(json_array_get(pair, 1)));
	}
	assert_int_equal(i, 6);
	json_decref(vectors);
}

static void add_line(struct sha256 *hash, uint64_t bits)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "%" PRIx64 ",", bits);
	length += (int)sl_number_format(number_of(bits), line + length);
	line[length++] = '\n';
	sha256_add(hash, line, (size_t)length);
}

static void expect_hash(const json_t *hashes, size_t lines, const struct sha256 *hash)
{
	unsigned char digest[32];
	char name[24], hex[65];
	snprintf(name, sizeof(name), "%zu", lines);
	const json_t *expected = json_object_get(hashes, name);
	if (!expected)
		return;
	sha256_end(hash, digest);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(hex, json_string_value(expected));
}

/* The finite doubles of the chain of hashes, four of each. */
static bool next_in_chain(unsigned char block[32], unsigned *at, uint64_t *bits_r)
{
	if (*at == 4) {
		struct sha256 hash;
		sha256_begin(&hash);
		sha256_add(&hash, block, 32);
		sha256_end(&hash, block);
		*at = 0;
	}
	*bits_r = 0;
	for (int i = 7; i >= 0; i--)
		*bits_r = *bits_r << 8 | block[8 * *at + (unsigned)i];
	++*at;
	return (*bits_r >> 52 & 0x7ff) != 0x7ff;
}

/* A file of a hundred million lines, of which the first hundred thousand will do. */
static void case_74__numbers_of_ecmascript(void **state)
{
	(void)state;
	json_t *vectors = jcs_vectors(), *es6 = json_object_get(vectors, "es6"), *fixed = json_object_get(es6, "static");
	const json_t *hashes = json_object_get(es6, "sha256");
	unsigned char block[32] = { 0 };
	unsigned at = 4;
	struct sha256 hash;
	sha256_begin(&hash);
	for (size_t i = 1, serial = 0; i <= 100000; i++) {
		uint64_t bits = UINT64_C(0x0010000000000000) + serial;
		if (i <= json_array_size(fixed))
			bits = strtoull(json_string_value(json_array_get(fixed, i - 1)), NULL, 16);
		else if (serial++ >= 2000)
			while (!next_in_chain(block, &at, &bits))
				;
		add_line(&hash, bits);
		expect_hash(hashes, i, &hash);
	}
	json_decref(vectors);
}

/* Whether RFC 8259 (section 6) has a number so. */
static bool is_json_number(const char *text)
{
	text += *text == '-';
	if (!isdigit((unsigned char)*text) || (*text == '0' && isdigit((unsigned char)text[1])))
		return false;
	text += strspn(text, "0123456789");
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");
		if (digits == 0)
			return false;
		text += 1 + digits;
	}
	if (*text == 'e' || *text == 'E') {
		text += text[1] == '+' || text[1] == '-' ? 2 : 1;
		if (!isdigit((unsigned char)*text))
			return false;
		text += strspn(text, "0123456789");
	}
	return *text == '\0';
}

static bool reads_to_bits(const char *text, const char *expected)
{
	double number;
	size_t length = sl_number_token(sl_str_from(text));
	uint64_t bits = strtoull(expected, NULL, 16);
	if (!is_json_number(text))
		return length < strlen(text);
	if (length != strlen(text))
		return false;
	int code = sl_number_parse(sl_str_from(text), &number);
	return (bits >> 52 & 0x7ff) == 0x7ff ? code == SL_MALFORMED : code == 0 && bits_of(number) == bits;
}

static bool writes_back(const char *text, const char *expected)
{
	char digits[SL_NUMBER_TEXT];
	double number;
	if (sl_number_parse(sl_str_from(text), &number) != 0)
		return false;
	struct sl_str written = { digits, sl_number_format(number, digits) };
	return sl_str_equal(written, sl_str_from(expected));
}

static void case_74__numbers_read_and_written(void **state)
{
	(void)state;
	FILE *file = open_vectors("numbers.gz");
	char *line = NULL;
	size_t size = 0, parts = 0, counts[2] = { 0 }, wrong = 0;
	while (getline(&line, &size, file) > 0) {
		char *tab = strchr(line, '\t');
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			parts++;
			continue;
		}
		assert_non_null(tab);
		*tab = '\0';
		counts[parts > 1]++;
		if (!(parts > 1 ? writes_back : reads_to_bits)(line, tab + 1)) {
			print_message("%s: not %s\n", line, tab + 1);
			wrong++;
		}
	}
	free(line);
	close_vectors(file);
	assert_int_equal(counts[0], 16868);
	assert_int_equal(counts[1], 27589);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_74__texts_of_the_parsing_suite),
		cmocka_unit_test(case_74__canonical_texts),
		cmocka_unit_test(case_74__canonical_numbers),
		cmocka_unit_test(case_74__numbers_of_ecmascript),
		cmocka_unit_test(case_74__numbers_read_and_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
