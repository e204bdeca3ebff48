/* Times one operation of the core natively, for wasm.mjs: core ROUNDS OPERATION ARGUMENT…
 * An argument @FILE is the file's content. Prints the best round in milliseconds of processor time, and the length of
 * the answer. */
#ifdef HAVE_CONFIG_H
#include "config.h" /* clock_gettime */
#endif

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/buf.h"
#include "../vectors/operations.h"

#define FILE_BYTES ((size_t)1 << 28)

static int read_file(const char *path, struct sl_buf *text)
{
	char chunk[65536];
	size_t length;
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	while ((length = fread(chunk, 1, sizeof(chunk), file)) > 0)
		sl_buf_add(text, chunk, length);
	int failed = ferror(file);
	fclose(file);
	return failed ? -1 : sl_buf_code(text);
}

/* Processor time, so that other work on the machine doesn't count. */
static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Returns the milliseconds of one round, or -1. */
static double run_once(const struct operation *operation, struct sl_web_call *call, size_t *length_r)
{
	double start = now_ms();
	int code = operation->run(call);
	double spent = now_ms() - start;
	*length_r = call->result.length;
	if (code != 0)
		fprintf(stderr, "%.*s\n", (int)call->result.length, call->result.bytes);
	sl_web_release((void *)call->result.bytes);
	return code == 0 ? spent : -1;
}

static int run(int rounds, const struct operation *operation, struct sl_web_call *call)
{
	double best = -1;
	size_t length = 0;
	for (int i = 0; i < rounds; i++) {
		double spent = run_once(operation, call, &length);
		if (spent < 0)
			return 1;
		if (best < 0 || spent < best)
			best = spent;
	}
	printf("%.3f %zu\n", best, length);
	return 0;
}

int main(int argc, char **argv)
{
	struct sl_web_call call = { 0 };
	struct sl_buf texts[SL_WEB_ARGUMENTS];
	const struct operation *operation = argc > 2 ? operation_find(argv[2]) : NULL;
	if (!operation || argc - 3 > SL_WEB_ARGUMENTS) {
		fprintf(stderr, "Usage: core ROUNDS OPERATION ARGUMENT...\n");
		return 2;
	}
	int code = 0;
	for (int i = 0; i < SL_WEB_ARGUMENTS; i++) {
		const char *argument = i + 3 < argc ? argv[i + 3] : "";
		sl_buf_init(&texts[i], FILE_BYTES);
		if (argument[0] != '@')
			sl_buf_add_text(&texts[i], argument);
		else if (read_file(argument + 1, &texts[i]) != 0)
			code = 1;
		call.in[i] = sl_buf_str(&texts[i]);
	}
	if (code == 0)
		code = run((int)strtol(argv[1], NULL, 10), operation, &call);
	else
		fprintf(stderr, "can't read the arguments\n");
	for (int i = 0; i < SL_WEB_ARGUMENTS; i++)
		sl_buf_dispose(&texts[i]);
	return code;
}
