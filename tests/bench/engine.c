/* Prints how long the engine's steps take on a project of the data folder, the best of some rounds in milliseconds of
 * processor time. Not a test: nothing is asserted about times. tests/bench/ratios runs it. usage: engine [ROUNDS] */
#ifdef HAVE_CONFIG_H
#include "config.h" /* clock_gettime */
#endif

#include "unit/rows/projects.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/engine/engine.h"

#define TIMES 20 /* of what is short, in each round */

enum step { LOAD, START, ADD, EDIT, OLD_EDIT, PULL, PULL_PENDING, STEPS };

static const char *const names[STEPS] = { "json_loadb", "start from the store", "a new shot", "edit of a shot", "edit of an earlier revision",
	"pull of a row", "pull of a row, one pending" };

static double best[STEPS];

static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double lap(enum step step, double start)
{
	double end = now_ms();
	if (best[step] == 0 || end - start < best[step])
		best[step] = end - start;
	return now_ms();
}

/* --- the host ------------------------------------------------------------------------------------------------------ */

struct bench {
	struct sl_engine *engine;
	struct sl_pair *pairs;
	size_t count;
	int64_t version, request;
	struct sl_digest digest;            /* of the server */
	struct sl_row theirs, mine;         /* a shot that the server changes, and one that is changed here */
	struct sl_arena arena;
};

static void handle(struct bench *bench, struct sl_event event)
{
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	event.now_ms = 1000;
	if (sl_engine_handle(bench->engine, &event, &effects, &err) != SL_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < effects.count; i++)
		if (effects.items[i].type == SL_EFFECT_SEND)
			bench->request = effects.items[i].send.id;
}

static struct sl_str text_of(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));
static struct sl_str text_of(struct bench *bench, const char *format, ...)
{
	char text[2000];
	struct sl_str copy;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	assert_true(length > 0 && (size_t)length < sizeof(text));
	assert_int_equal(sl_arena_copy(&bench->arena, (struct sl_str){ text, (size_t)length }, &copy), 0);
	return copy;
}

/* The store of a device that is in sync: what an import makes of the project, as rows of base. */
static void fill_store(struct bench *bench, struct sl_str document)
{
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	struct sl_event event = { .type = SL_EVENT_REPLACE };
	assert_int_equal(sl_engine_new(NULL, &bench->engine, &err), SL_OK);
	handle(bench, (struct sl_event){ .type = SL_EVENT_START });
	event.replace.document = document;
	event.replace.revision = sl_engine_revision(bench->engine);
	assert_int_equal(sl_engine_handle(bench->engine, &event, &effects, &err), SL_OK);
	assert_int_equal(effects.items[0].type, SL_EFFECT_STORE);
	bench->pairs = calloc(effects.items[0].store.count + 1, sizeof(*bench->pairs));
	for (size_t i = 0; i < effects.items[0].store.count; i++) {
		const struct sl_write *write = &effects.items[0].store.writes[i];
		struct sl_pair *pair = &bench->pairs[bench->count];
		if (write->key.length < 7 || memcmp(write->key.bytes, "local/", 6) != 0)
			continue;
		pair->key = text_of(bench, "base/%.*s", (int)write->key.length - 6, write->key.bytes + 6);
		assert_int_equal(sl_arena_copy(&bench->arena, write->value, &pair->value), 0);
		bench->count++;
	}
	bench->pairs[bench->count++] = (struct sl_pair){ SL_STR("meta"),
		SL_STR("{\"format\":2,\"nextId\":1,\"pulled\":true,\"revision\":5,\"version\":1000}") };
	bench->version = 1000;
	sl_engine_free(&bench->engine);
}

static void start(struct bench *bench)
{
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_engine_new(NULL, &bench->engine, &err), SL_OK);
	double from = now_ms();
	handle(bench, (struct sl_event){ .type = SL_EVENT_START, .start = { bench->pairs, bench->count } });
	lap(START, from);
	bench->digest = sl_engine_digest(bench->engine);
	bench->version = 1000;
}

static void find_shots(struct bench *bench)
{
	const struct sl_row *row;
	size_t cursor = 0, found = 0;
	while (found < 2 && (row = sl_rowset_next(sl_engine_rows(bench->engine), &cursor)))
		if (row->key.entity == SL_SHOTS)
			assert_int_equal(sl_row_copy(&bench->arena, row, found++ ? &bench->mine : &bench->theirs), 0);
	assert_int_equal(found, 2);
}

/* --- the steps ----------------------------------------------------------------------------------------------------- */

static void edit(struct bench *bench, int number, int64_t revision, enum step step)
{
	struct sl_event event = { .type = SL_EVENT_EDIT };
	event.edit.delta = text_of(bench, "{\"shots\":[{\"episodeId\":%lld,\"id\":\"%.*s\",\"description\":\"Mine %d.\"}]}",
		(long long)bench->mine.key.episode, (int)bench->mine.key.id.length, bench->mine.key.id.bytes, number);
	event.edit.revision = revision ? revision : sl_engine_revision(bench->engine);
	double from = now_ms();
	handle(bench, event);
	lap(step, from);
}

static void add(struct bench *bench, int number)
{
	struct sl_event event = { .type = SL_EVENT_EDIT };
	event.edit.delta = text_of(bench, "{\"shots\":[{\"episodeId\":%lld,\"id\":\"new-%d\"}]}",
		(long long)bench->mine.key.episode, number);
	event.edit.revision = sl_engine_revision(bench->engine);
	double from = now_ms();
	handle(bench, event);
	lap(ADD, from);
}

/* The server has changed a row, and the device asks for it. */
static void pull(struct bench *bench, int number, enum step step)
{
	char hex[SL_DIGEST_HEX];
	struct sl_event event = { .type = SL_EVENT_ANSWER };
	struct sl_row *row = &bench->theirs;
	if (!bench->request)
		handle(bench, (struct sl_event){ .type = SL_EVENT_HINT });
	assert_true(bench->request != 0);
	sl_digest_subtract(&bench->digest, row);
	row->data = text_of(bench, "{\"description\":\"Theirs %d.\"}", number);
	sl_digest_add(&bench->digest, row);
	sl_digest_format(bench->digest, hex);
	event.answer.request = bench->request;
	event.answer.status = 200;
	event.answer.body = text_of(bench, "{\"since\":%lld,\"updatedAt\":%lld,\"digest\":\"%s\",\"changes\":{\"shots\":["
		"{\"episodeId\":%lld,\"id\":\"%.*s\",\"rank\":\"%.*s\",\"description\":\"Theirs %d.\"}]}}", (long long)bench->version,
		(long long)bench->version + 1, hex, (long long)row->key.episode, (int)row->key.id.length, row->key.id.bytes,
		(int)row->rank.length, row->rank.bytes, number);
	bench->request = 0;
	double from = now_ms();
	handle(bench, event);
	lap(step, from);
	bench->version++;
	assert_int_equal(sl_engine_status(bench->engine)->version, bench->version);
}

static void measure(struct bench *bench)
{
	start(bench);
	find_shots(bench);
	handle(bench, (struct sl_event){ .type = SL_EVENT_ONLINE });
	for (int i = 0; i < TIMES; i++)
		pull(bench, i, PULL);
	edit(bench, 0, 0, EDIT);
	for (int i = 0; i < TIMES; i++)
		pull(bench, i + TIMES, PULL_PENDING);
	for (int i = 0; i < TIMES; i++) {
		int64_t revision = sl_engine_revision(bench->engine);
		edit(bench, 2 * i, 0, EDIT);
		edit(bench, 2 * i + 1, revision, OLD_EDIT);
	}
	assert_int_equal(sl_engine_status(bench->engine)->pending, 1);
	for (int i = 0; i < TIMES; i++)
		add(bench, i);
	sl_engine_free(&bench->engine);
}

static int run(const char *name, int rounds)
{
	struct bench bench = { 0 };
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	json_t *document = project_load(name, &text);
	if (!document)
		return 77;
	json_decref(document);
	memset(best, 0, sizeof(best));
	sl_arena_init(&bench.arena, 0);
	fill_store(&bench, sl_buf_str(&text));
	for (int i = 0; i < rounds; i++) {
		double from = now_ms();
		json_decref(json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL));
		lap(LOAD, from);
		measure(&bench);
	}
	for (int step = 0; step < STEPS; step++)
		printf("%-14.*s %-30s %9.4f ms  %.4f of json_loadb\n", (int)strcspn(name, "."), name, names[step], best[step],
			best[step] / best[LOAD]);
	free(bench.pairs);
	sl_arena_dispose(&bench.arena);
	sl_buf_dispose(&text);
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 7;
	int code = run("tempest.json", rounds);
	return code ? code : run("complete-works.json.gz", rounds);
}
