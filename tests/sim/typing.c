/* Typing and cutting words in texts; see writer.h. Texts hold what real ones do: several lines, some of them in a
 * script without blanks, some with characters of many code points. */
#include <stdlib.h>

#include "core/base/utf8.h"

#include "writer.h"

#define POLITE_LINES (2 * SIM_DEVICES) /* every other one belongs to nobody */

static const char *const phrases[] = { "the rain falls on the old harbour", "she opens the letter", "雨落在旧港口的灯上",
	"a door, somewhere", "he waits -- and waits", "👩‍🚀 looks down 🌊🌊", "INT. KITCHEN - NIGHT", "nobody answers", "彼は黙っている。",
	"the train is late", "Ça va? naïve café", "cut to: black" };

#define PHRASES (sizeof(phrases) / sizeof(phrases[0]))

struct sl_str typing_word(struct writing *writing, bool text, enum sim_script script)
{
	char word[SIM_WORD_BYTES];
	unsigned id = sim_words_new(&writing->sim->words, text, script, word);
	if (!id)
		return (struct sl_str){ NULL, 0 };
	writing->sim->words.items[id].birth = writing->birth;
	sim_wordset_add(&writing->intent.typed, id);
	return sim_copy(writing->sim, sl_str_from(word));
}

static struct sl_str keep(struct writing *writing, struct sl_buf *buf)
{
	if (sl_buf_code(buf) != SL_OK)
		abort();
	struct sl_str kept = sim_copy(writing->sim, sl_buf_str(buf));
	sl_buf_dispose(buf);
	return kept;
}

struct sl_str typing_new(struct writing *writing)
{
	if (writing->sim->plan->with[SIM_WITH_TOKENS])
		return typing_new_tokens(writing);
	size_t lines = writing->sim->plan->polite ? POLITE_LINES : 1 + dice_roll(&writing->dice, 6);
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < lines; i++) {
		sl_buf_add_text(&text, i ? "\n" : "");
		sl_buf_add_text(&text, phrases[dice_roll(&writing->dice, PHRASES)]);
		if (dice_chance(&writing->dice, 350)) {
			sl_buf_add_char(&text, ' ');
			sl_buf_add_str(&text, typing_word(writing, true, SIM_LATIN));
		}
	}
	return keep(writing, &text);
}

/* The piece of the text that is the line, without its end. */
static bool find_line(struct sl_str text, size_t line, struct sl_str *line_r)
{
	const char *at = text.bytes, *end = text.bytes + text.length;
	for (; at && at <= end; line--) {
		const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		if (line == 0) {
			*line_r = (struct sl_str){ at, (size_t)((stop ? stop : end) - at) };
			return true;
		}
		at = stop ? stop + 1 : NULL;
	}
	return false;
}

static size_t count_lines(struct sl_str text)
{
	size_t lines = 1;
	for (size_t i = 0; i < text.length; i++)
		lines += text.bytes[i] == '\n';
	return lines;
}

/* A line that this user may edit. */
static bool choose_line(struct writing *writing, struct sl_str text, struct sl_str *line_r)
{
	size_t lines = count_lines(text);
	if (!text.length)
		return false;
	if (writing->sim->plan->polite)
		return lines == POLITE_LINES && find_line(text, 2 * writing->device->index, line_r);
	return find_line(text, dice_roll(&writing->dice, lines), line_r);
}

/* A place in the line between two characters, for ASCII between two words. */
static size_t choose_place(struct writing *writing, struct sl_str line)
{
	size_t at = dice_roll(&writing->dice, line.length + 1);
	while (at < line.length && line.bytes[at] != ' ' && ((unsigned char)line.bytes[at] < 0x80
		|| ((unsigned char)line.bytes[at] & 0xc0) == 0x80))
		at++;
	return at;
}

/* The text with `put` in the place of `cut`, a piece of it. */
static struct sl_str replace(struct writing *writing, struct sl_str text, struct sl_str cut, const char *before,
	struct sl_str put)
{
	struct sl_buf out;
	size_t from = (size_t)(cut.bytes - text.bytes);
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add(&out, text.bytes, from);
	sl_buf_add_text(&out, before);
	sl_buf_add_str(&out, put);
	sl_buf_add(&out, text.bytes + from + cut.length, text.length - from - cut.length);
	return keep(writing, &out);
}

struct sl_str typing_add(struct writing *writing, struct sl_str text)
{
	if (writing->sim->plan->with[SIM_WITH_TOKENS])
		return typing_add_tokens(writing, text);
	struct sl_str line, word;
	size_t habit = writing->sim->plan->polite ? 0 : dice_roll(&writing->dice, 10);
	if (!choose_line(writing, text, &line))
		return writing->sim->plan->polite ? text : typing_word(writing, true, SIM_LATIN);
	word = typing_word(writing, true, SIM_LATIN);
	if (!word.length)
		return text;
	if (habit == 9)
		return replace(writing, text, line, "", word);
	if (habit >= 7)
		return replace(writing, text, (struct sl_str){ line.bytes + line.length, 0 }, "\n", word);
	size_t at = choose_place(writing, line);
	bool blank = at == line.length || line.bytes[at] == ' ';
	return replace(writing, text, (struct sl_str){ line.bytes + at, 0 }, blank ? " " : "", word);
}

struct sl_str typing_cut(struct writing *writing, struct sl_str text)
{
	if (writing->sim->plan->with[SIM_WITH_TOKENS])
		return typing_cut_tokens(writing, text);
	struct sl_str line;
	size_t cursor = 0;
	if (!choose_line(writing, text, &line))
		return text;
	if (!writing->sim->plan->polite && dice_chance(&writing->dice, 250))
		return replace(writing, text, line, "", (struct sl_str){ NULL, 0 });
	if (!sim_words_next(line, &cursor))
		return text;
	size_t start = cursor;
	while (line.bytes[start - 1] != 'w')
		start--;
	return replace(writing, text, (struct sl_str){ line.bytes + start - 1, cursor - start + 1 }, "",
		(struct sl_str){ NULL, 0 });
}
