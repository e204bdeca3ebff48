/* What processor time merges of large texts take, friendly and hostile ones: one line of figures each.
 *
 * usage: text_bench [--friendly] [PROJECT.json]: the script that is repeated up to 1 MB; made up if not given. Prints
 * name, milliseconds (the best of some runs), what came out. --friendly: without the hostile ones. Built by
 * `make tests/text/text_bench`.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/text/merge.h"

#define MEGABYTE 1000000u
#define RUNS 5

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void report(const char *name, struct sl_buf *base, struct sl_buf *mine, struct sl_buf *theirs)
{
	double best = 1e9, began, took;
	for (int run = 0; run < RUNS && (run == 0 || best < 1000); run++) {
		struct sl_arena arena;
		struct sl_text_merge merge;
		sl_arena_init(&arena, 0);
		began = now_ms();
		int code = sl_text_merge(sl_buf_str(base), sl_buf_str(mine), sl_buf_str(theirs), SL_TEXT_TRUE_BASE, &arena, &merge, NULL);
		took = now_ms() - began;
		best = took < best ? took : best;
		if (run == 0)
			printf("%-44s %zu/%zu/%zu bytes -> code %d, %zu bytes, %zu hunks, ", name, base->length, mine->length,
				theirs->length, code, merge.text.length, merge.hunk_count);
		sl_arena_dispose(&arena);
	}
	printf("%.1f ms\n", best);
	sl_buf_clear(base);
	sl_buf_clear(mine);
	sl_buf_clear(theirs);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 8) * bound >> 24);
}

static void add_words(struct sl_buf *buf, size_t bytes, uint32_t vocabulary, bool lines)
{
	while (buf->length < bytes) {
		sl_buf_add_char(buf, (char)('a' + random_below(26)));
		sl_buf_add_int(buf, random_below(vocabulary));
		sl_buf_add_char(buf, lines && random_below(8) == 0 ? '\n' : ' ');
	}
}

/* `text` with `insert` put in at the place, in thousandths of the length, at a character's beginning. */
static void add_edited(struct sl_buf *buf, struct sl_str text, const size_t *places, size_t count, const char *insert)
{
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		size_t place = text.length / 1000 * places[i];
		while (((unsigned char)text.bytes[place] & 0xc0) == 0x80)
			place++;
		sl_buf_add(buf, text.bytes + at, place - at);
		sl_buf_add_text(buf, insert);
		at = place;
	}
	sl_buf_add(buf, text.bytes + at, text.length - at);
}

struct texts {
	struct sl_buf base, mine, theirs;
};

static void report_texts(const char *name, struct texts *texts)
{
	report(name, &texts->base, &texts->mine, &texts->theirs);
}

static void report_edits(const char *name, struct texts *texts, size_t edits)
{
	static const size_t of_mine[] = { 3, 250, 511, 800 }, of_theirs[] = { 120, 400, 600, 997 };
	add_edited(&texts->mine, sl_buf_str(&texts->base), edits == 1 ? of_mine + 1 : of_mine, edits, " mine ");
	add_edited(&texts->theirs, sl_buf_str(&texts->base), edits == 1 ? of_theirs + 2 : of_theirs, edits, " theirs ");
	report_texts(name, texts);
}

static void friendly(struct texts *texts, struct sl_str script)
{
	for (size_t edits = 1; edits <= 4; edits += 3) {
		while (texts->base.length < MEGABYTE)
			sl_buf_add(&texts->base, script.bytes,
				script.length < MEGABYTE - texts->base.length ? script.length : MEGABYTE - texts->base.length);
		report_edits(edits == 1 ? "script, one edit a side" : "script, four edits a side", texts, edits);
		add_words(&texts->base, MEGABYTE, 5000, false);
		report_edits(edits == 1 ? "one line, one edit a side" : "one line, four edits a side", texts, edits);
		while (texts->base.length < MEGABYTE)
			sl_buf_add_text(&texts->base, random_below(2) ? "天地玄黃" : "宇宙洪荒");
		report_edits(edits == 1 ? "Chinese line, one edit a side" : "Chinese line, four edits a side", texts, edits);
	}
}

static void repeat(struct sl_buf *buf, const char *text, size_t bytes)
{
	while (buf->length < bytes)
		sl_buf_add_text(buf, text);
}

static void hostile_lines(struct texts *texts)
{
	for (int i = 0; texts->base.length < MEGABYTE; i++) {
		sl_buf_add_int(&texts->base, i);
		sl_buf_add_text(&texts->base, " base\n");
		sl_buf_add_int(&texts->mine, i);
		sl_buf_add_text(&texts->mine, " mine\n");
		sl_buf_add_int(&texts->theirs, i);
		sl_buf_add_text(&texts->theirs, " theirs\n");
	}
	report_texts("all lines differ", texts);
	repeat(&texts->base, "same\n", MEGABYTE);
	for (int i = 0; texts->mine.length < MEGABYTE; i++) {
		sl_buf_add_text(&texts->mine, i % 7 ? "same\n" : "mine\n");
		sl_buf_add_text(&texts->theirs, i % 11 ? "same\n" : "theirs\n");
	}
	report_texts("equal lines with insertions", texts);
	repeat(&texts->base, "a\nb\n", MEGABYTE);
	repeat(&texts->mine, "b\na\na\n", MEGABYTE);
	repeat(&texts->theirs, "a\na\nb\nb\n", MEGABYTE);
	report_texts("alternating lines", texts);
	add_words(&texts->base, MEGABYTE, 1, true);
	add_words(&texts->mine, MEGABYTE, 1, true);
	add_words(&texts->theirs, MEGABYTE, 1, true);
	report_texts("random lines of 26 words", texts);
	for (struct sl_buf *buf = &texts->base; buf <= &texts->theirs; buf++)
		while (buf->length < MEGABYTE)
			sl_buf_add_text(buf, random_below(2) ? "\n" : "x\n");
	report_texts("random lines of two kinds", texts);
	repeat(&texts->base, "\n", MEGABYTE);
	repeat(&texts->mine, "\n", MEGABYTE / 2);
	repeat(&texts->theirs, "\n", MEGABYTE * 2);
	report_texts("empty lines only", texts);
}

static void hostile_words(struct texts *texts)
{
	repeat(&texts->base, "a.b,", MEGABYTE);
	repeat(&texts->mine, "b,a.a.", MEGABYTE);
	repeat(&texts->theirs, "a.a.b,b,", MEGABYTE);
	report_texts("one line, alternating signs", texts);
	for (struct sl_buf *buf = &texts->base; buf <= &texts->theirs; buf++)
		while (buf->length < MEGABYTE)
			sl_buf_add_char(buf, "!?.,"[random_below(4)]);
	report_texts("one line, random signs", texts);
	add_words(&texts->base, MEGABYTE, 1000, false);
	add_words(&texts->mine, MEGABYTE, 1000, false);
	add_words(&texts->theirs, MEGABYTE, 1000, false);
	report_texts("one line, unrelated words", texts);
	add_words(&texts->base, MEGABYTE, 1, false);
	add_words(&texts->mine, MEGABYTE, 1, false);
	add_words(&texts->theirs, MEGABYTE, 1, false);
	report_texts("one line, unrelated, few words", texts);
	for (size_t i = 0; i < MEGABYTE / 2; i++) {
		sl_buf_add_text(&texts->base, i < MEGABYTE / 4 ? "!" : "?");
		sl_buf_add_text(&texts->mine, i < MEGABYTE / 4 ? "?" : "!");
		sl_buf_add_text(&texts->theirs, i % 2 ? "?" : "!");
	}
	report_texts("one line, halves swapped", texts);
	repeat(&texts->base, "! ", MEGABYTE);
	for (size_t i = 0; i < MEGABYTE / 4; i++) {
		sl_buf_add_text(&texts->mine, i % 3 ? "! " : "m ");
		sl_buf_add_text(&texts->theirs, i % 5 ? "! " : "t ");
	}
	report_texts("one line, deletions everywhere", texts);
}

/* Long lines, each changed beyond recognition, between equal ones: many expensive comparisons. */
static void hostile_blocks(struct texts *texts, size_t line_bytes)
{
	char name[64];
	struct sl_buf *bufs[] = { &texts->base, &texts->mine, &texts->theirs };
	for (int i = 0; texts->base.length < MEGABYTE; i++)
		for (int side = 0; side < 3; side++) {
			size_t end = bufs[side]->length + line_bytes;
			while (bufs[side]->length < end)
				sl_buf_add_char(bufs[side], "!?.,"[random_below(4)]);
			sl_buf_add_char(bufs[side], '\n');
			sl_buf_add_int(bufs[side], i);
			sl_buf_add_char(bufs[side], '\n');
		}
	snprintf(name, sizeof(name), "lines of %zu random signs", line_bytes);
	report_texts(name, texts);
}

static void hostile(struct texts *texts)
{
	hostile_lines(texts);
	hostile_words(texts);
	for (size_t bytes = 100; bytes < MEGABYTE; bytes *= 9)
		hostile_blocks(texts, bytes);
}

int main(int argc, char **argv)
{
	struct texts texts;
	bool only_friendly = argc > 1 && strcmp(argv[1], "--friendly") == 0;
	const char *path = argv[only_friendly ? 2 : 1];
	json_t *project = path ? json_load_file(path, 0, NULL) : NULL;
	const char *script = json_string_value(json_object_get(project, "rawScript"));
	struct sl_buf made;
	sl_buf_init(&made, 10 * MEGABYTE);
	add_words(&made, MEGABYTE, 3000, true);
	for (struct sl_buf *buf = &texts.base; buf <= &texts.theirs; buf++)
		sl_buf_init(buf, 10 * MEGABYTE);
	friendly(&texts, script ? sl_str_from(script) : sl_buf_str(&made));
	if (!only_friendly)
		hostile(&texts);
	for (struct sl_buf *buf = &texts.base; buf <= &texts.theirs; buf++)
		sl_buf_dispose(buf);
	sl_buf_dispose(&made);
	json_decref(project);
	return 0;
}
