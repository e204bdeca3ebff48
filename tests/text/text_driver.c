/* Merges texts for scripts: reads lines "BASE<TAB>MINE<TAB>THEIRS<TAB>RESULT" of file names, writes the merged text to
 * RESULT, and answers each with one line: the number of hunks (0: a clean merge).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/text.h"

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

int main(void)
{
	enum { BASE, MINE, THEIRS, RESULT, NAMES };
	char line[16384];
	struct sl_buf texts[RESULT];
	for (int i = BASE; i < RESULT; i++)
		sl_buf_init(&texts[i], FILE_BYTES);
	while (fgets(line, sizeof(line), stdin)) {
		struct sl_arena arena;
		struct sl_text_merge merge;
		struct sl_err err = SL_ERR_INIT;
		char *names[NAMES], *next = line;
		line[strcspn(line, "\n")] = '\0';
		for (int i = BASE; i < NAMES; i++, next = next ? strchr(next, '\0') + 1 : NULL) {
			names[i] = next;
			next = next ? strchr(next, '\t') : NULL;
			if (!next && i < RESULT)
				die("too few names", line);
			if (next)
				*next = '\0';
		}
		for (int i = BASE; i < RESULT; i++)
			read_file(names[i], &texts[i]);
		sl_arena_init(&arena, 0);
		if (sl_text_merge(sl_buf_str(&texts[BASE]), sl_buf_str(&texts[MINE]), sl_buf_str(&texts[THEIRS]), &arena, &merge,
				&err) != 0)
			die(err.message, line);
		write_file(names[RESULT], merge.text);
		printf("%zu\n", merge.hunk_count);
		fflush(stdout);
		sl_arena_dispose(&arena);
	}
	for (int i = BASE; i < RESULT; i++)
		sl_buf_dispose(&texts[i]);
	return 0;
}
