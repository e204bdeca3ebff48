/* UTF-8: see utf8.h and RFC 3629, table of section 4. Pure functions that can't fail. */
#include "core/base/utf8.h"

#define HIGH_BITS 0x8080808080808080u

/* The length of the sequence at `at`, of which `left` bytes exist, or 0 if it is not well formed. */
static size_t sequence_length(const unsigned char *at, size_t left)
{
	unsigned char lead = at[0];
	if (lead < 0x80)
		return 1;
	size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	if (length == 0 || length > left)
		return 0;
	unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (at[1] < lowest || at[1] > highest)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Whether the eight bytes at `at` are ASCII. */
static bool eight_ascii(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return (word & HIGH_BITS) == 0;
}

size_t sl_utf8_valid(struct sl_str text)
{
	size_t at = 0;
	while (at < text.length) {
		if (text.length - at >= 8 && eight_ascii(text.bytes + at)) {
			at += 8;
			continue;
		}
		size_t length = sequence_length((const unsigned char *)text.bytes + at, text.length - at);
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

size_t sl_utf8_encode(uint32_t point, char bytes_r[4])
{
	if (point < 0x80) {
		bytes_r[0] = (char)point;
		return 1;
	}
	size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--, point >>= 6)
		bytes_r[i] = (char)(0x80 | (point & 0x3f));
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	bytes_r[0] = (char)(leads[length] | point);
	return length;
}

/* Lead bytes EE and EF (U+E000–U+FFFF) go behind F0–F4, whose UTF-16 form begins with D800–DBFF. Where two valid texts
 * first differ, either both bytes are leads or both continue the same character, so no other byte is concerned. */
static int utf16_place(unsigned char byte)
{
	return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
}

int sl_utf8_compare_utf16(struct sl_str a, struct sl_str b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	for (size_t i = 0; i < shorter; i++)
		if (a.bytes[i] != b.bytes[i])
			return utf16_place((unsigned char)a.bytes[i]) - utf16_place((unsigned char)b.bytes[i]);
	return a.length < b.length ? -1 : a.length > b.length;
}

size_t sl_utf8_length(struct sl_str text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
	return count;
}
