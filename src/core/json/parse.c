/* Reading of JSON text: see parse.h; RFC 8259, I-JSON (RFC 7493).
 *
 * Builds Jansson's values itself: json_loadb ignores failed allocations of its token buffer, and then loses bytes of
 * strings in silence. Relies on sl_json_scan: strings end, escapes are valid, and the recursion is bounded.
 */
#include "core/json/parse.h"

#include "core/base/buf.h"
#include "core/base/utf8.h"
#include "core/json/number.h"
#include "core/json/scan.h"

struct reader {
	struct sl_str text;
	size_t at;
	struct sl_buf scratch; /* a stack: keys of the objects around `at`, then the string being decoded */
	struct sl_err *err;
	int code;
};

static json_t *read_value(struct reader *in);

static int refuse_at(struct reader *in, size_t offset, const char *reason)
{
	return in->code = sl_json_scan_refuse(in->text, offset, reason, in->err);
}

static int refuse(struct reader *in, const char *reason)
{
	return refuse_at(in, in->at, in->at < in->text.length ? reason : "unexpected end of the text");
}

static int no_memory(struct reader *in)
{
	return in->code = sl_err_set(in->err, SL_NO_MEMORY, "not enough memory to read the JSON text");
}

/* A new value that Jansson made, or NULL with the error noted. */
static json_t *made(struct reader *in, json_t *value)
{
	if (!value)
		no_memory(in);
	return value;
}

static void skip_blanks(struct reader *in)
{
	for (; in->at < in->text.length; in->at++) {
		char c = in->text.bytes[in->at];
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			break;
	}
}

/* Takes `c` if it comes next, and the blanks before it in any case. */
static bool accept(struct reader *in, char c)
{
	skip_blanks(in);
	if (in->at == in->text.length || in->text.bytes[in->at] != c)
		return false;
	in->at++;
	return true;
}

/* Adds the character of the valid escape that comes next to the scratch. */
static void decode_escape(struct reader *in)
{
	const char *escape = in->text.bytes + in->at;
	if (escape[1] != 'u') {
		static const char names[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
		sl_buf_add_char(&in->scratch, characters[strchr(names, escape[1]) - names]);
		in->at += 2;
		return;
	}
	uint32_t point = (uint32_t)sl_json_scan_hex4(escape + 2);
	in->at += 6;
	if (point >= 0xd800 && point < 0xe000) {
		point = 0x10000 + ((point - 0xd800) << 10) + ((uint32_t)sl_json_scan_hex4(escape + 8) - 0xdc00);
		in->at += 6;
	}
	char bytes[4];
	sl_buf_add(&in->scratch, bytes, sl_utf8_encode(point, bytes));
}

/* Reads the string of which the quote comes next. The result lies in the text if it has no escapes, else at the end of
 * the scratch. */
static int read_string(struct reader *in, struct sl_str *string_r)
{
	const char *bytes = in->text.bytes;
	size_t mark = in->scratch.length, start = ++in->at;
	in->at += sl_json_scan_run(bytes + in->at, in->text.length - in->at);
	if (bytes[in->at] == '"') {
		*string_r = (struct sl_str){ bytes + start, in->at++ - start };
		return 0;
	}
	sl_buf_add(&in->scratch, bytes + start, in->at - start);
	while (bytes[in->at] != '"') {
		decode_escape(in);
		size_t run = sl_json_scan_run(bytes + in->at, in->text.length - in->at);
		sl_buf_add(&in->scratch, bytes + in->at, run);
		in->at += run;
	}
	in->at++;
	if (sl_buf_code(&in->scratch) != 0)
		return no_memory(in);
	*string_r = (struct sl_str){ in->scratch.bytes + mark, in->scratch.length - mark };
	return 0;
}

static json_t *read_string_value(struct reader *in)
{
	size_t mark = in->scratch.length;
	struct sl_str string;
	if (read_string(in, &string) != 0)
		return NULL;
	json_t *value = made(in, json_stringn_nocheck(string.bytes, string.length));
	in->scratch.length = mark;
	return value;
}

/* Leaves the key, NUL-terminated, at the end of the scratch, which moves as it grows: so callers keep its offset. */
static int read_key(struct reader *in)
{
	size_t mark = in->scratch.length;
	struct sl_str key;
	skip_blanks(in);
	if (in->at == in->text.length || in->text.bytes[in->at] != '"')
		return refuse(in, "a key was expected");
	if (read_string(in, &key) != 0)
		return in->code;
	if (in->scratch.length == mark)
		sl_buf_add_str(&in->scratch, key);
	sl_buf_add_char(&in->scratch, '\0');
	if (sl_buf_code(&in->scratch) != 0)
		return no_memory(in);
	return accept(in, ':') ? 0 : refuse(in, "':' was expected");
}

static int read_member(struct reader *in, json_t *object)
{
	skip_blanks(in);
	size_t mark = in->scratch.length, start = in->at, members = json_object_size(object);
	if (read_key(in) != 0)
		return in->code;
	json_t *value = read_value(in);
	if (!value)
		return in->code;
	if (json_object_set_new_nocheck(object, in->scratch.bytes + mark, value) != 0)
		return no_memory(in);
	in->scratch.length = mark;
	if (json_object_size(object) == members)
		return refuse_at(in, start, "duplicate key");
	return 0;
}

static int read_item(struct reader *in, json_t *array)
{
	json_t *value = read_value(in);
	if (!value)
		return in->code;
	return json_array_append_new(array, value) == 0 ? 0 : no_memory(in);
}

/* Reads the members or items of `container`, whose opening bracket is taken, and the closing bracket. Returns the
 * container, or NULL after freeing it. */
static json_t *read_rest(struct reader *in, json_t *container, char closing, const char *expected,
	int (*read_one)(struct reader *in, json_t *container))
{
	if (!made(in, container) || accept(in, closing))
		return container;
	do {
		if (read_one(in, container) != 0)
			goto out;
	} while (accept(in, ','));
	if (accept(in, closing))
		return container;
	refuse(in, expected);
out:
	json_decref(container);
	return NULL;
}

static json_t *read_number(struct reader *in)
{
	struct sl_str rest = { in->text.bytes + in->at, in->text.length - in->at };
	struct sl_str token = { rest.bytes, sl_number_token(rest) };
	double number;
	if (token.length == 0) {
		refuse(in, "a value was expected");
		return NULL;
	}
	if (sl_number_parse(token, &number) != 0) {
		refuse(in, "number too large");
		return NULL;
	}
	in->at += token.length;
	return made(in, json_real(number));
}

/* true, false, null or a number: json_true() and its like are never freed. */
static json_t *read_scalar(struct reader *in)
{
	static const struct sl_str words[] = { { "true", 4 }, { "false", 5 }, { "null", 4 } };
	size_t left = in->text.length - in->at;
	for (int i = 0; i < 3; i++) {
		if (left < words[i].length || memcmp(in->text.bytes + in->at, words[i].bytes, words[i].length) != 0)
			continue;
		in->at += words[i].length;
		return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
	}
	return read_number(in);
}

static json_t *read_value(struct reader *in)
{
	skip_blanks(in);
	if (accept(in, '{'))
		return read_rest(in, json_object(), '}', "',' or '}' was expected", read_member);
	if (accept(in, '['))
		return read_rest(in, json_array(), ']', "',' or ']' was expected", read_item);
	if (in->at < in->text.length && in->text.bytes[in->at] == '"')
		return read_string_value(in);
	return read_scalar(in);
}

/* A text that was scanned. */
static int build(struct sl_str text, json_t **value_r, struct sl_err *err)
{
	struct reader in = { .text = text, .err = err };
	sl_buf_init(&in.scratch, text.length);
	json_t *value = read_value(&in);
	skip_blanks(&in);
	if (value && in.at < text.length) {
		refuse(&in, "text behind the value");
		json_decref(value);
		value = NULL;
	}
	sl_buf_dispose(&in.scratch);
	*value_r = value;
	return in.code;
}

int sl_json_parse_within(struct sl_str text, size_t memory, json_t **value_r, struct sl_err *err)
{
	struct sl_str whole = text.length ? text : SL_STR("");
	size_t needed;
	*value_r = NULL;
	int code = sl_json_scan(whole, &needed, err);
	if (code != 0)
		return code;
	if (needed > memory) {
		long long limit = (long long)((double)whole.length * ((double)memory / (double)needed));
		return sl_err_set_limit(err, limit, "%zu bytes of JSON with that many values take too much memory; %lld may be",
			whole.length, limit);
	}
	return build(whole, value_r, err);
}

int sl_json_parse(struct sl_str text, json_t **value_r, struct sl_err *err)
{
	return sl_json_parse_within(text, SIZE_MAX, value_r, err);
}
