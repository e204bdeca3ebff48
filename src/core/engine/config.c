/* The engine's configuration, and its life; see engine.h. Keeps true: a configuration of another size than this version's
 * is never read past its end, and never half understood. */
#include "core/engine/engine.h"

#include <stdlib.h>

#include "core/engine/private.h"

#define MOST_PATH 200
#define MOST_NAME 64
#define MOST_FOLLOWER 32
#define DIGITS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static void set_default(int64_t *value, int64_t otherwise)
{
	if (*value <= 0)
		*value = otherwise;
}

static void complete(struct sl_engine_config *config)
{
	set_default(&config->debounce_ms, 1500);
	set_default(&config->debounce_most_ms, 10000);
	config->poll_ms = config->poll_ms ? config->poll_ms : 30000;
	config->handshake_ms = config->handshake_ms ? config->handshake_ms : (int64_t)60 * 60 * 1000;
	set_default(&config->timeout_ms, 120000);
	set_default(&config->backoff_ms, 1000);
	set_default(&config->backoff_most_ms, 300000);
	config->push_bytes = config->push_bytes ? config->push_bytes : (size_t)4 << 20;
	config->row_bytes = config->row_bytes ? config->row_bytes : (size_t)16 << 20;
	config->journal_bytes = config->journal_bytes ? config->journal_bytes : (size_t)64 << 20;
	set_default(&config->thin_ms, (int64_t)60 * 60 * 1000);
	set_default(&config->journal_ms, (int64_t)90 * 24 * 60 * 60 * 1000);
}

/* Whether the text has 1 to `most` bytes, letters, digits and those of `others`; NULL has. */
static bool is_name(const char *text, size_t most, const char *others)
{
	size_t length = text ? strlen(text) : 1;
	if (length == 0 || length > most)
		return false;
	for (size_t i = 0; text && i < length; i++)
		if (!strchr(DIGITS, text[i]) && !strchr(others, text[i]))
			return false;
	return true;
}

static int check(const struct sl_engine_config *config, struct sl_err *err)
{
	if (config->size != sizeof(*config))
		return sl_err_set(err, SL_INVALID, "the configuration is of another version of the engine");
	if (!is_name(config->path, MOST_PATH, "/-_.~") || (config->path && config->path[0] != '/'))
		return sl_err_set(err, SL_INVALID, "path must be that of a project, such as /project");
	if (!is_name(config->device, MOST_NAME, "._-"))
		return sl_err_set(err, SL_INVALID, "device must be what X-Device-Id says");
	if (!is_name(config->follower, MOST_FOLLOWER, "_-"))
		return sl_err_set(err, SL_INVALID, "follower must be a short name");
	return SL_OK;
}

/* The texts of the configuration, for the engine's life. */
static int keep_texts(struct sl_engine *engine)
{
	struct { const char **text; struct sl_str *kept; } const texts[] = {
		{ &engine->config.path, &engine->path }, { &engine->config.device, &engine->device },
		{ &engine->config.follower, &engine->follower } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sl_str text = sl_str_from(*texts[i].text);
		if (text.length && sl_arena_copy(&engine->settings, text, texts[i].kept) != SL_OK)
			return SL_NO_MEMORY;
		*texts[i].text = texts[i].kept->bytes;
	}
	if (!engine->path.length)
		engine->path = SL_STR("/project");
	return SL_OK;
}

static int begin(struct sl_engine *engine)
{
	engine->view = calloc(1, sizeof(*engine->view));
	engine->arena = &engine->arenas[0];
	engine->compact_at = (size_t)1 << 20;
	engine->push_bytes = engine->config.push_bytes;
	engine->meta.next_id = 1;
	int rc = engine->view ? keep_texts(engine) : SL_NO_MEMORY;
	return rc == SL_OK ? sl_engine_init_rows(engine) : rc;
}

int sl_engine_new(const struct sl_engine_config *config, struct sl_engine **engine_r, struct sl_err *err)
{
	static const struct sl_engine_config defaults = { .size = sizeof(defaults) };
	*engine_r = NULL;
	config = config ? config : &defaults;
	int rc = check(config, err);
	if (rc != SL_OK)
		return rc;
	struct sl_engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for an engine");
	engine->config = *config;
	complete(&engine->config);
	rc = begin(engine);
	if (rc != SL_OK) {
		sl_engine_free(&engine);
		return sl_err_set(err, rc, "no memory for an engine");
	}
	*engine_r = engine;
	return SL_OK;
}

void sl_engine_free(struct sl_engine **engine)
{
	if (!*engine)
		return;
	sl_engine_end_repair(*engine);
	sl_engine_free_jobs(*engine);
	sl_journal_free(*engine);
	sl_arena_dispose(&(*engine)->arenas[0]);
	sl_arena_dispose(&(*engine)->arenas[1]);
	sl_arena_dispose(&(*engine)->settings);
	sl_arena_dispose(&(*engine)->scratch);
	if ((*engine)->view)
		sl_arena_dispose((*engine)->view);
	free((*engine)->view);
	free(*engine);
	*engine = NULL;
}

/* The number in `bytes`, high byte first, becomes its quotient by 62; returns the rest. */
static unsigned divide(unsigned char bytes[16])
{
	unsigned rest = 0;
	for (size_t i = 0; i < 16; i++) {
		unsigned value = rest << 8 | bytes[i];
		bytes[i] = (unsigned char)(value / 62);
		rest = value % 62;
	}
	return rest;
}

void sl_engine_new_id(const unsigned char random[16], char id_r[SL_NEW_ID_BYTES])
{
	unsigned char bytes[16];
	memcpy(bytes, random, sizeof(bytes));
	for (size_t i = 0; i < SL_NEW_ID_BYTES - 1; i++)
		id_r[i] = DIGITS[divide(bytes)];
	id_r[SL_NEW_ID_BYTES - 1] = '\0';
}
