/* Texts that consist of typed words alone: sentences of a few words, in scripts with and without blanks between them; see
 * writer.h. Keeps true: users type and remove whole words, and leave a blank where two Latin words would join. */
#include <stdlib.h>

#include "writer.h"

#define LINE_WORDS 24     /* of a line that edits look at */
#define SENTENCE_WORDS 3  /* at most, typed at once */
#define POLITE_LINES (2 * SIM_DEVICES) /* every other one belongs to nobody */

/* A line of a text: where it begins and ends, and its words. */
struct line {
	size_t start, end, count;
	struct { size_t start, end; } words[LINE_WORDS];
	enum sim_script script;
};

static enum sim_script any_script(struct writing *writing)
{
	size_t roll = dice_roll(&writing->dice, 20);
	return roll < 12 ? SIM_LATIN : roll < 17 || !writing->sim->plan->with[SIM_WITH_THAI] ? SIM_CHINESE : SIM_THAI;
}

static void read_line(const struct writing *writing, struct sl_str text, size_t start, struct line *line_r)
{
	const char *stop = start < text.length ? memchr(text.bytes + start, '\n', text.length - start) : NULL;
	struct sl_str line = { text.bytes, stop ? (size_t)(stop - text.bytes) : text.length };
	size_t cursor = start, word;
	unsigned id;
	*line_r = (struct line){ .start = start, .end = line.length };
	while (line_r->count < LINE_WORDS && (id = sim_words_find(line, &cursor, &word))) {
		line_r->words[line_r->count].start = word;
		line_r->words[line_r->count++].end = cursor;
		line_r->script = writing->sim->words.items[id].script;
	}
}

static size_t count_lines(struct sl_str text)
{
	size_t lines = 1;
	for (size_t i = 0; i < text.length; i++)
		lines += text.bytes[i] == '\n';
	return lines;
}

static bool find_line(const struct writing *writing, struct sl_str text, size_t number, struct line *line_r)
{
	size_t start = 0;
	for (; number > 0 && start <= text.length; number--) {
		const char *stop = start < text.length ? memchr(text.bytes + start, '\n', text.length - start) : NULL;
		if (!stop)
			return false;
		start = (size_t)(stop - text.bytes) + 1;
	}
	read_line(writing, text, start, line_r);
	return true;
}

/* A line that this user may edit. */
static bool choose_line(struct writing *writing, struct sl_str text, struct line *line_r)
{
	size_t lines = count_lines(text);
	if (writing->sim->plan->polite)
		return lines == POLITE_LINES && find_line(writing, text, 2 * writing->device->index, line_r);
	return find_line(writing, text, dice_roll(&writing->dice, lines), line_r);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void add_words(struct writing *writing, struct sl_buf *out, size_t count, enum sim_script script)
{
	for (size_t i = 0; i < count; i++) {
		struct sl_str word = typing_word(writing, true, script);
		if (word.length && i && script == SIM_LATIN)
			sl_buf_add_char(out, ' ');
		sl_buf_add_str(out, word);
	}
}

static struct sl_str finish(struct writing *writing, struct sl_buf *out)
{
	if (sl_buf_code(out) != SL_OK)
		abort();
	struct sl_str text = sim_copy(writing->sim, sl_buf_str(out));
	sl_buf_dispose(out);
	return text;
}

static bool joins(struct sl_buf *out, char next)
{
	char last = out->length ? out->bytes[out->length - 1] : ' ';
	return last == 'z' && next == 'w';
}

static void add_part(struct sl_buf *out, struct sl_str part)
{
	if (part.length && joins(out, part.bytes[0]))
		sl_buf_add_char(out, ' ');
	sl_buf_add_str(out, part);
}

/* The text with new words in place of what stands between `from` and `to`, places before or behind words. */
static struct sl_str replace(struct writing *writing, struct sl_str text, size_t from, size_t to, const char *before, size_t count,
	enum sim_script script)
{
	struct sl_buf out, words;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_init(&words, SIZE_MAX);
	add_words(writing, &words, count, script);
	sl_buf_add(&out, text.bytes, from);
	sl_buf_add_text(&out, words.length ? before : "");
	add_part(&out, sl_buf_str(&words));
	add_part(&out, (struct sl_str){ text.bytes + to, text.length - to });
	sl_buf_dispose(&words);
	return finish(writing, &out);
}

struct sl_str typing_new_tokens(struct writing *writing)
{
	size_t lines = writing->sim->plan->polite ? POLITE_LINES : 2 + dice_roll(&writing->dice, 6);
	enum sim_script script = any_script(writing);
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < lines; i++) {
		sl_buf_add_text(&out, i ? "\n" : "");
		add_words(writing, &out, 1 + dice_roll(&writing->dice, writing->sim->plan->polite ? 2 : 5), script);
	}
	return finish(writing, &out);
}

static size_t sentence(struct writing *writing)
{
	return 1 + dice_roll(&writing->dice, SENTENCE_WORDS);
}

/* New words before one of the line, or behind the last. */
static struct sl_str insert(struct writing *writing, struct sl_str text, const struct line *line)
{
	size_t at = dice_roll(&writing->dice, line->count + 1);
	size_t place = at < line->count ? line->words[at].start : line->count ? line->words[line->count - 1].end : line->end;
	return replace(writing, text, place, place, "", sentence(writing), line->script);
}

/* From one word of the line to another, a few behind it. */
static void choose_words(struct writing *writing, const struct line *line, size_t *first_r, size_t *last_r)
{
	*first_r = dice_roll(&writing->dice, line->count);
	*last_r = *first_r + dice_roll(&writing->dice, SENTENCE_WORDS);
	if (*last_r >= line->count)
		*last_r = line->count - 1;
}

static struct sl_str rewrite(struct writing *writing, struct sl_str text, const struct line *line)
{
	size_t first, last;
	choose_words(writing, line, &first, &last);
	return replace(writing, text, line->words[first].start, line->words[last].end, "", sentence(writing), line->script);
}

struct sl_str typing_add_tokens(struct writing *writing, struct sl_str text)
{
	struct line line;
	size_t habit = writing->sim->plan->polite ? 0 : dice_roll(&writing->dice, 20);
	if (!choose_line(writing, text, &line))
		return text;
	if (habit < 9)
		return insert(writing, text, &line);
	if (habit < 13 && line.count)
		return rewrite(writing, text, &line);
	if (habit < 16) /* one goes on at the end */
		return replace(writing, text, text.length, text.length, "", sentence(writing), line.script);
	if (habit < 18)
		return replace(writing, text, text.length, text.length, text.length ? "\n" : "", sentence(writing), any_script(writing));
	if (habit < 19)
		return replace(writing, text, line.end, line.end, "\n", sentence(writing), line.script);
	return replace(writing, text, line.start, line.end, "", sentence(writing), line.script);
}

struct sl_str typing_cut_tokens(struct writing *writing, struct sl_str text)
{
	struct line line;
	size_t first, last, from, to;
	if (!choose_line(writing, text, &line) || !line.count)
		return text;
	choose_words(writing, &line, &first, &last);
	from = line.words[first].start;
	to = last + 1 < line.count ? line.words[last + 1].start : line.words[last].end;
	if (last + 1 == line.count && first > 0)
		from = line.words[first - 1].end;
	if (!writing->sim->plan->polite && dice_chance(&writing->dice, 250)) {
		from = line.start;
		to = line.end;
	}
	return replace(writing, text, from, to, "", 0, line.script);
}
