/* How much two things have in common; see likeness.h. Keeps true: the answer doesn't depend on which side is which. Fails for memory,
 * and with SL_INTERNAL for a row that is no JSON. Texts too long to be compared have nothing in common.
 */
#include "core/merge/likeness.h"

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/text/merge.h"

#define FEW_CHARACTERS 20

/* The values inside, without the names that all of their kind have. */
static void write_value(const json_t *value, const char *but, struct sl_buf *text)
{
	const json_t *inside;
	const char *name;
	size_t i;
	if (json_is_string(value))
		sl_buf_add(text, json_string_value(value), json_string_length(value));
	else if (!json_is_object(value) && !json_is_array(value))
		sl_json_write(text, value);
	sl_buf_add_char(text, '\n');
	json_object_foreach((json_t *)value, name, inside) {
		if (!but || strcmp(name, but) != 0)
			write_value(inside, NULL, text);
	}
	json_array_foreach((json_t *)value, i, inside) {
		write_value(inside, NULL, text);
	}
}

/* The values as one text, a line each. */
static int write_values(const json_t *json, const char *but, struct sl_buf *text)
{
	if (json)
		write_value(json, but, text);
	return sl_buf_code(text);
}

/* In UTF-8, what is from U+3000 on begins with a byte from E3 on. */
static size_t characters_of(struct sl_str text)
{
	size_t breaks = 0, wide = 0;
	for (size_t i = 0; i < text.length; i++) {
		breaks += text.bytes[i] == '\n';
		wide += (unsigned char)text.bytes[i] >= 0xe3;
	}
	return sl_utf8_length(text) - breaks + 2 * wide;
}

static void note_alone(struct sl_likeness *likeness, const json_t *mine, const json_t *theirs, size_t characters)
{
	likeness->mine_alone |= mine && !theirs;
	likeness->theirs_alone |= theirs && !mine;
	likeness->only_mine += mine && !theirs ? characters : 0;
	likeness->only_theirs += theirs && !mine ? characters : 0;
}

int sl_likeness_add(struct sl_likeness *likeness, const json_t *mine, const json_t *theirs, const char *but,
	struct sl_arena *scratch)
{
	struct sl_buf here, there;
	struct sl_str common = { NULL, 0 };
	sl_buf_init(&here, SIZE_MAX);
	sl_buf_init(&there, SIZE_MAX);
	int rc = write_values(mine, but, &here);
	if (rc == SL_OK)
		rc = write_values(theirs, but, &there);
	if (rc == SL_OK && mine && theirs)
		rc = sl_text_common(sl_buf_str(&here), sl_buf_str(&there), scratch, &common);
	if (rc == SL_TOO_LARGE)
		rc = SL_OK;
	if (rc == SL_OK) {
		likeness->common += characters_of(common);
		likeness->mine += characters_of(sl_buf_str(&here));
		likeness->theirs += characters_of(sl_buf_str(&there));
		note_alone(likeness, mine, theirs, characters_of(sl_buf_str(mine ? &here : &there)));
		likeness->differs |= !mine || !theirs || !sl_str_equal(sl_buf_str(&here), sl_buf_str(&there));
	}
	sl_buf_dispose(&here);
	sl_buf_dispose(&there);
	return rc;
}

static int parse(const struct sl_row *row, json_t **value_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	int rc = row ? sl_json_parse(row->data, value_r, &ignored) : SL_OK;
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

int sl_likeness_add_rows(struct sl_likeness *likeness, const struct sl_row *mine, const struct sl_row *theirs,
	struct sl_arena *scratch)
{
	json_t *here = NULL, *there = NULL;
	int rc = parse(mine, &here);
	if (rc == SL_OK)
		rc = parse(theirs, &there);
	if (rc == SL_OK)
		rc = sl_likeness_add(likeness, here, there, NULL, scratch);
	if (rc == SL_OK && mine && theirs && !sl_str_equal(mine->data, theirs->data))
		likeness->differs = true;
	json_decref(here);
	json_decref(there);
	return rc;
}

static bool is_alike(size_t common, size_t mine, size_t theirs, bool differs)
{
	if (mine + theirs < FEW_CHARACTERS)
		return !differs || mine == 0 || theirs == 0;
	return 4 * common >= mine + theirs;
}

bool sl_likeness_is_alike(const struct sl_likeness *likeness)
{
	if (is_alike(likeness->common, likeness->mine, likeness->theirs, likeness->differs))
		return true;
	size_t shared = likeness->mine - likeness->only_mine + likeness->theirs - likeness->only_theirs;
	size_t less = likeness->only_mine < likeness->only_theirs ? likeness->only_mine : likeness->only_theirs;
	return (likeness->mine_alone || likeness->theirs_alone) && shared >= FEW_CHARACTERS && 4 * likeness->common >= shared + less;
}

bool sl_likeness_is_same_thing(const struct sl_likeness *likeness)
{
	size_t longer = likeness->mine > likeness->theirs ? likeness->mine : likeness->theirs;
	if (likeness->mine + likeness->theirs < FEW_CHARACTERS)
		return !likeness->differs && likeness->common > 0;
	return 4 * likeness->common >= 3 * longer;
}

bool sl_likeness_is_best(const size_t *scores, size_t rows, size_t columns, size_t at)
{
	size_t row = at / columns, column = at % columns;
	for (size_t i = 0; i < columns; i++)
		if (i != column && scores[row * columns + i] >= scores[at])
			return false;
	for (size_t i = 0; i < rows; i++)
		if (i != row && scores[i * columns + column] >= scores[at])
			return false;
	return scores[at] > 0;
}
