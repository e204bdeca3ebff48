/* The check before reading: see scan.h; RFC 8259 sections 2 and 7, RFC 7493 section 2.1.
 *
 * One pass for UTF-8, one for the rest, both eight bytes at a time through ordinary text; nothing is allocated.
 */
#include "core/json/scan.h"

#include <stdint.h>

#include "core/base/utf8.h"

#define EACH_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u

/* What values of Jansson take, with their places in what holds them while that grows: measured with glibc on 64 bits. */
#define WORD_MEMORY 28 /* true, false, null */
#define NUMBER_MEMORY 60
#define STRING_MEMORY 116 /* and the text itself */
#define ARRAY_MEMORY 160
#define OBJECT_MEMORY 264

enum kind { SCALAR, BLANK, CONTROL, OPEN, CLOSE, QUOTE, OTHER };

static const unsigned char kinds[256] = {
	CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL,
	CONTROL, BLANK,   BLANK,   CONTROL, CONTROL, BLANK,   CONTROL, CONTROL,
	CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL,
	CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL,
	[' '] = BLANK, ['"'] = QUOTE, [','] = OTHER, [':'] = OTHER,
	['['] = OPEN, ['{'] = OPEN, [']'] = CLOSE, ['}'] = CLOSE,
};

struct scan {
	struct sl_str text;
	size_t at, depth, memory;
	enum kind previous; /* of the last token that was no blank */
	struct sl_err *err;
};

int sl_json_scan_refuse(struct sl_str text, size_t offset, const char *reason, struct sl_err *err)
{
	size_t line = 1;
	for (size_t i = 0; i < offset; i++)
		line += text.bytes[i] == '\n';
	return sl_err_set(err, SL_MALFORMED, "%s at line %zu, byte %zu", reason, line, offset);
}

static int refuse(struct scan *scan, const char *reason)
{
	return sl_json_scan_refuse(scan->text, scan->at, reason, scan->err);
}

/* Not 0 where a byte is below `limit` ≤ 0x80. */
static uint64_t bytes_below(uint64_t word, unsigned char limit)
{
	return (word - EACH_BYTE * limit) & ~word & HIGH_BITS;
}

static bool in_run(unsigned char byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }

size_t sl_json_scan_run(const char *bytes, size_t length)
{
	size_t at = 0;
	for (; length - at >= 8; at += 8) {
		uint64_t word;
		memcpy(&word, bytes + at, sizeof(word));
		if (bytes_below(word, 0x20) | bytes_below(word ^ (EACH_BYTE * '"'), 1)
		    | bytes_below(word ^ (EACH_BYTE * '\\'), 1))
			break;
	}
	while (at < length && in_run((unsigned char)bytes[at]))
		at++;
	return at;
}

int sl_json_scan_hex4(const char *digits)
{
	int value = 0;
	for (int i = 0; i < 4; i++) {
		char c = digits[i];
		int digit = c >= '0' && c <= '9' ? c - '0'
		          : c >= 'a' && c <= 'f' ? c - 'a' + 10
		          : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* The code unit of the \uXXXX at `at`, or -1. */
static int unit_at(struct sl_str text, size_t at)
{
	if (text.length - at < 6 || text.bytes[at] != '\\' || text.bytes[at + 1] != 'u')
		return -1;
	return sl_json_scan_hex4(text.bytes + at + 2);
}

static int check_unit(struct scan *scan)
{
	int unit = unit_at(scan->text, scan->at);
	if (unit < 0)
		return refuse(scan, "\\u without four hex digits");
	if (unit == 0)
		return refuse(scan, "NUL in a string");
	if (unit >= 0xd800 && unit < 0xe000) {
		int low = unit < 0xdc00 ? unit_at(scan->text, scan->at + 6) : -1;
		if (low < 0xdc00 || low >= 0xe000)
			return refuse(scan, "lone surrogate");
		scan->at += 6;
	}
	scan->at += 6;
	return 0;
}

static int check_escape(struct scan *scan)
{
	size_t next = scan->at + 1;
	char c = next < scan->text.length ? scan->text.bytes[next] : '\0';
	if (c == 'u')
		return check_unit(scan);
	if (c == '\0' || !strchr("\"\\/bfnrt", c))
		return refuse(scan, "invalid escape");
	scan->at += 2;
	return 0;
}

/* From the opening quote to behind the closing one. */
static int check_string(struct scan *scan)
{
	size_t start = scan->at++;
	for (;;) {
		scan->at += sl_json_scan_run(scan->text.bytes + scan->at, scan->text.length - scan->at);
		if (scan->at == scan->text.length)
			return sl_json_scan_refuse(scan->text, start, "string without an end", scan->err);
		char c = scan->text.bytes[scan->at];
		if (c == '"')
			break;
		if (c != '\\')
			return refuse(scan, "control character in a string");
		if (check_escape(scan) != 0)
			return SL_MALFORMED;
	}
	scan->at++;
	scan->memory += STRING_MEMORY + (scan->at - start);
	return 0;
}

static enum kind kind_at(const struct scan *scan) { return kinds[(unsigned char)scan->text.bytes[scan->at]]; }

static int check_other(struct scan *scan, enum kind kind)
{
	if (kind == CONTROL)
		return refuse(scan, "control character");
	if (kind == CLOSE && scan->depth-- == 0)
		return refuse(scan, "closing bracket without an opening one");
	if (kind == OPEN && ++scan->depth > SL_JSON_DEPTH)
		return refuse(scan, "nesting too deep");
	if (kind == OPEN)
		scan->memory += scan->text.bytes[scan->at] == '{' ? OBJECT_MEMORY : ARRAY_MEMORY;
	if (kind == SCALAR && scan->previous != SCALAR)
		scan->memory += memchr("tfn", scan->text.bytes[scan->at], 3) ? WORD_MEMORY : NUMBER_MEMORY;
	scan->at++;
	return 0;
}

static int check_tokens(struct scan *scan)
{
	while (scan->at < scan->text.length) {
		enum kind kind = kind_at(scan);
		if (kind == QUOTE) {
			if (check_string(scan) != 0)
				return SL_MALFORMED;
		} else if (check_other(scan, kind) != 0) {
			return SL_MALFORMED;
		}
		if (kind != BLANK)
			scan->previous = kind;
	}
	return 0;
}

int sl_json_scan(struct sl_str text, size_t *memory_r, struct sl_err *err)
{
	struct scan scan = { .text = text, .previous = OTHER, .err = err };
	*memory_r = 0;
	if (text.length >= 3 && memcmp(text.bytes, "\xef\xbb\xbf", 3) == 0)
		return refuse(&scan, "byte-order mark");
	size_t valid = sl_utf8_valid(text);
	if (valid < text.length)
		return sl_json_scan_refuse(text, valid, "invalid UTF-8", err);
	if (check_tokens(&scan) != 0)
		return SL_MALFORMED;
	*memory_r = scan.memory;
	return 0;
}
