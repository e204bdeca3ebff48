/* Merges texts for scripts: reads lines "BASE<TAB>MINE<TAB>THEIRS<TAB>RESULT<TAB>HUNKS" of file names, writes the merged
 * text to RESULT and the hunks to HUNKS (each as a line of three lengths in bytes, then base, mine and theirs without
 * anything between), and answers each with one line: the number of hunks (0: a clean merge).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/text/merge.h"

#define FILE_BYTES (64u * 1024 * 1024)

static void die(const char *what, const char *name)
{
	fprintf(stderr, "text_driver: %s '%s': %s\n", what, name, strerror(errno));
	exit(1);
}

static void read_file(const char *name, struct sl_buf *buf)
{
	char block[65536];
	size_t length;
	FILE *file = fopen(name, "rb");
	if (!file)
		die("can't open", name);
	sl_buf_clear(buf);
	while ((length = fread(block, 1, sizeof(block), file)) > 0)
		sl_buf_add(buf, block, length);
	if (ferror(file) || sl_buf_code(buf) != 0)
		die("can't read", name);
	fclose(file);
}

static void write_file(const char *name, struct sl_str text)
{
	FILE *file = fopen(name, "wb");
	if (!file || (text.length > 0 && fwrite(text.bytes, 1, text.length, file) != text.length) || fclose(file) != 0)
		die("can't write", name);
}

enum { BASE, MINE, THEIRS, RESULT, HUNKS, NAMES };

static void split(char *line, char *names[NAMES])
{
	for (int i = BASE; i < NAMES; i++) {
		names[i] = line;
		line += strcspn(line, "\t\n");
		if (*line == '\0' && i < HUNKS)
			die("too few names", names[BASE]);
		*line++ = '\0';
	}
}

static void write_hunks(const char *name, const struct sl_text_merge *merge)
{
	struct sl_buf buf;
	sl_buf_init(&buf, 3 * FILE_BYTES);
	for (size_t i = 0; i < merge->hunk_count; i++) {
		const struct sl_text_hunk *hunk = &merge->hunks[i];
		const struct sl_str parts[] = { hunk->base, hunk->mine, hunk->theirs };
		for (int side = BASE; side < RESULT; side++) {
			sl_buf_add_int(&buf, (int64_t)parts[side].length);
			sl_buf_add_char(&buf, side < THEIRS ? ' ' : '\n');
		}
		for (int side = BASE; side < RESULT; side++)
			sl_buf_add_str(&buf, parts[side]);
	}
	if (sl_buf_code(&buf) != 0)
		die("too much for", name);
	write_file(name, sl_buf_str(&buf));
	sl_buf_dispose(&buf);
}

static void merge_files(char *names[NAMES], struct sl_buf texts[RESULT])
{
	struct sl_arena arena;
	struct sl_text_merge merge;
	struct sl_err err = SL_ERR_INIT;
	struct sl_str sides[RESULT];
	for (int i = BASE; i < RESULT; i++) {
		read_file(names[i], &texts[i]);
		sides[i] = sl_buf_str(&texts[i]);
	}
	sl_arena_init(&arena, 0);
	if (sl_text_merge(sides[BASE], sides[MINE], sides[THEIRS], SL_TEXT_TRUE_BASE, &arena, &merge, &err) != 0)
		die(err.message, names[BASE]);
	write_file(names[RESULT], merge.text);
	write_hunks(names[HUNKS], &merge);
	printf("%zu\n", merge.hunk_count);
	fflush(stdout);
	sl_arena_dispose(&arena);
}

int main(void)
{
	char line[16384], *names[NAMES];
	struct sl_buf texts[RESULT];
	for (int i = BASE; i < RESULT; i++)
		sl_buf_init(&texts[i], FILE_BYTES);
	while (fgets(line, sizeof(line) - 1, stdin)) {
		split(line, names);
		merge_files(names, texts);
	}
	for (int i = BASE; i < RESULT; i++)
		sl_buf_dispose(&texts[i]);
	return 0;
}
