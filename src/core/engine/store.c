/* The engine's state as pairs of keys and values; see private.h. What an event touched is written from what the
 * state is at its end, so a batch is a step from one sound state to the next, and costs what changed.
 *
 *   base/shots/7/1-1     rank, newline, data              a row of base
 *   local/shots/7/1-1    the same, or nothing: deleted    where local differs from base
 *   quarantine/shots/…   the server's reason
 *   handed/NAME          number of the last edit that was taken from a follower
 *   inbox/NAME/NUMBER    an edit that a follower made and nobody has taken yet: {"before","delta"} (follower.c)
 *   renamed              rows that got another key lately, as JSON (renames.c)
 *   op                   the body of the operation in flight
 *   aside                words set aside that no push has carried, as JSON (set_aside.c)
 *   meta, retry          JSON
 *   conflict/NUMBER      an open decision, as JSON (decisions.c)
 *   journal/NUMBER, head/NUMBER   entries of the journal (journal_entry.c)
 */
#include "core/engine/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json/write.h"

#define NUMBER_TEXT 24

/* --- keys --------------------------------------------------------------------------------------------------------- */

int sl_engine_row_key(struct sl_engine *engine, const char *prefix, const struct sl_key *key, struct sl_str *text_r)
{
	const char *name = sl_entity_name(key->entity);
	size_t room = strlen(prefix) + strlen(name) + 2 + NUMBER_TEXT + key->id.length, length;
	char *text = sl_arena_alloc(&engine->scratch, room);
	if (!text)
		return SL_NO_MEMORY;
	length = (size_t)snprintf(text, room, "%s%s/", prefix, name);
	if (key->entity == SL_EPISODES || sl_entity_has_episode(key->entity))
		length += (size_t)snprintf(text + length, room - length, "%" PRId64, key->episode);
	if (sl_entity_has_episode(key->entity))
		text[length++] = '/';
	if (key->id.length)
		memcpy(text + length, key->id.bytes, key->id.length);
	*text_r = (struct sl_str){ text, length + key->id.length };
	return SL_OK;
}

static struct sl_str behind(struct sl_str text, size_t at)
{
	return (struct sl_str){ text.bytes + at, text.length - at };
}

/* The part before the first '/', which is taken away from *text with it. */
static bool cut(struct sl_str *text, struct sl_str *part_r)
{
	const char *slash = text->length ? memchr(text->bytes, '/', text->length) : NULL;
	if (!slash)
		return false;
	*part_r = (struct sl_str){ text->bytes, (size_t)(slash - text->bytes) };
	*text = behind(*text, part_r->length + 1);
	return true;
}

static bool parse_number(struct sl_str text, int64_t *number_r)
{
	char digits[NUMBER_TEXT], *end;
	if (text.length == 0 || text.length >= sizeof(digits))
		return false;
	memcpy(digits, text.bytes, text.length);
	digits[text.length] = '\0';
	*number_r = strtoll(digits, &end, 10);
	return *end == '\0';
}

int sl_engine_parse_key(struct sl_str text, struct sl_key *key_r)
{
	struct sl_str name, number = { NULL, 0 };
	*key_r = (struct sl_key){ SL_META, 0, { NULL, 0 } };
	if (!cut(&text, &name))
		return SL_INTERNAL;
	key_r->entity = sl_entity_from_name(name);
	if (key_r->entity == SL_ENTITIES)
		return SL_INTERNAL;
	if (key_r->entity == SL_EPISODES)
		return parse_number(text, &key_r->episode) ? SL_OK : SL_INTERNAL;
	if (sl_entity_has_episode(key_r->entity) && (!cut(&text, &number) || !parse_number(number, &key_r->episode)))
		return SL_INTERNAL;
	key_r->id = text;
	return text.length ? SL_OK : SL_INTERNAL;
}

/* --- the batch ---------------------------------------------------------------------------------------------------- */

/* A follower writes nothing but the edits that it hands over: all else is the holder's to write. */
static bool may_write(const struct sl_engine *engine, struct sl_str key)
{
	static const struct sl_str inbox = { "inbox/", 6 };
	return !engine->follower.length || (key.length > inbox.length && memcmp(key.bytes, inbox.bytes, inbox.length) == 0);
}

int sl_engine_put(struct sl_engine *engine, struct sl_str key, struct sl_str value)
{
	if (!may_write(engine, key))
		return SL_OK;
	struct sl_row row = { .key = { SL_META, 0, key }, .data = value };
	return sl_rowset_put(engine->writes, &row) ? SL_OK : SL_NO_MEMORY;
}

int sl_engine_remove(struct sl_engine *engine, struct sl_str key)
{
	if (!may_write(engine, key))
		return SL_OK;
	struct sl_row row = { .key = { SL_META, 0, key }, .rank = SL_STR("-") };
	return sl_rowset_put(engine->writes, &row) ? SL_OK : SL_NO_MEMORY;
}

/* The value of a row; nothing for one that is deleted. */
static int row_value(struct sl_engine *engine, const struct sl_row *row, struct sl_str *value_r)
{
	*value_r = (struct sl_str){ NULL, 0 };
	if (!row)
		return SL_OK;
	size_t length = row->rank.length + 1 + row->data.length;
	char *bytes = sl_arena_alloc(&engine->scratch, length);
	if (!bytes)
		return SL_NO_MEMORY;
	if (row->rank.length)
		memcpy(bytes, row->rank.bytes, row->rank.length);
	bytes[row->rank.length] = '\n';
	memcpy(bytes + row->rank.length + 1, row->data.bytes, row->data.length);
	*value_r = (struct sl_str){ bytes, length };
	return SL_OK;
}

static int put_row(struct sl_engine *engine, const char *prefix, const struct sl_key *key, const struct sl_row *row,
	bool remove)
{
	struct sl_str name, value;
	int rc = sl_engine_row_key(engine, prefix, key, &name);
	if (rc != SL_OK || remove)
		return rc == SL_OK ? sl_engine_remove(engine, name) : rc;
	rc = row_value(engine, row, &value);
	return rc == SL_OK ? sl_engine_put(engine, name, value) : rc;
}

static int put_rows(struct sl_engine *engine)
{
	const struct sl_row *touched;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (touched = sl_rowset_next(engine->touched_base, &cursor))) {
		const struct sl_row *row = sl_rowset_find(engine->base, &touched->key);
		rc = put_row(engine, "base/", &touched->key, row, !row);
	}
	for (cursor = 0; rc == SL_OK && (touched = sl_rowset_next(engine->touched_local, &cursor));)
		rc = put_row(engine, "local/", &touched->key, sl_rowset_find(engine->local, &touched->key),
			!sl_rowset_find(engine->pending, &touched->key));
	return rc;
}

static void add_member(struct sl_buf *out, const char *name, int64_t number)
{
	sl_buf_add_text(out, name);
	sl_buf_add_int(out, number);
}

static void write_meta(struct sl_buf *out, const struct sl_engine_meta *meta)
{
	sl_buf_add_text(out, "{\"account\":");
	sl_json_string(out, meta->account);
	add_member(out, ",\"age\":", meta->age_ms);
	sl_buf_add_text(out, meta->clearing ? ",\"clearing\":true,\"epoch\":" : ",\"clearing\":false,\"epoch\":");
	sl_json_string(out, meta->epoch);
	sl_buf_add_text(out, meta->fallen ? ",\"fallen\":true" : ",\"fallen\":false");
	add_member(out, ",\"format\":", SL_STORE_FORMAT);
	add_member(out, ",\"journalBytes\":", meta->journal_bytes);
	add_member(out, ",\"journalCared\":", meta->journal_cared);
	add_member(out, ",\"journalFirst\":", meta->journal_first);
	add_member(out, ",\"journalLast\":", meta->journal_last);
	add_member(out, ",\"journalTold\":", meta->journal_told);
	add_member(out, ",\"lastEpisode\":", meta->last_episode);
	add_member(out, ",\"nextId\":", meta->next_id);
	add_member(out, ",\"operationBytes\":", meta->operation_bytes);
	sl_buf_add_text(out, meta->pulled ? ",\"pulled\":true" : ",\"pulled\":false");
	sl_buf_add_text(out, ",\"rankPrefix\":");
	sl_json_string(out, sl_str_from(meta->rank_prefix));
	add_member(out, ",\"restore\":", meta->restore_version);
	add_member(out, ",\"revision\":", meta->revision);
	sl_buf_add_text(out, meta->signed_out ? ",\"signedOut\":true" : ",\"signedOut\":false");
	add_member(out, ",\"version\":", meta->version);
	sl_buf_add_char(out, '}');
}

/* Puts `text` under `key` if it is not what is stored there; nothing to be stored: removes it. */
static int put_if_new(struct sl_engine *engine, struct sl_str key, struct sl_str text, struct sl_str *stored)
{
	if (sl_str_equal(text, *stored))
		return SL_OK;
	int rc = sl_engine_keep(engine, text, stored);
	if (rc != SL_OK)
		return rc;
	return text.length ? sl_engine_put(engine, key, *stored) : sl_engine_remove(engine, key);
}

static int put_meta(struct sl_engine *engine)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	write_meta(&text, &engine->meta);
	int rc = sl_buf_code(&text) == SL_OK ? SL_OK : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = put_if_new(engine, SL_STR("meta"), sl_buf_str(&text), &engine->meta_text);
	sl_buf_clear(&text);
	if (engine->retry.on) {
		add_member(&text, "{\"asked\":", engine->asked_to_wait);
		add_member(&text, ",\"attempt\":", engine->attempt);
		add_member(&text, ",\"delay\":", engine->retry.delay_ms);
		add_member(&text, ",\"since\":", engine->retry.since_ms);
		sl_buf_add_char(&text, '}');
	}
	if (rc == SL_OK)
		rc = sl_buf_code(&text) == SL_OK ? SL_OK : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = put_if_new(engine, SL_STR("retry"), sl_buf_str(&text), &engine->retry_text);
	sl_buf_dispose(&text);
	return rc;
}

static int put_state(struct sl_engine *engine)
{
	if (engine->follower.length)
		return SL_OK;
	int rc = put_rows(engine);
	if (rc == SL_OK)
		rc = put_meta(engine);
	if (rc == SL_OK)
		rc = put_if_new(engine, SL_STR("op"), engine->op.body, &engine->op_text);
	return rc == SL_OK ? put_if_new(engine, SL_STR("aside"), engine->aside, &engine->aside_text) : rc;
}

int sl_engine_collect(struct sl_engine *engine)
{
	const struct sl_row *entry;
	size_t cursor = 0, count = 0;
	int rc = put_state(engine);
	if (rc != SL_OK || sl_rowset_count(engine->writes) == 0)
		return rc;
	struct sl_write *writes = sl_arena_zalloc(&engine->scratch, sl_rowset_count(engine->writes), sizeof(*writes));
	struct sl_effect *effect = writes ? sl_engine_add_effect(engine, SL_EFFECT_STORE) : NULL;
	if (!effect)
		return SL_NO_MEMORY;
	while ((entry = sl_rowset_next(engine->writes, &cursor)))
		writes[count++] = (struct sl_write){ entry->key.id, entry->data, entry->rank.length != 0 };
	effect->store.writes = writes;
	effect->store.count = count;
	return SL_OK;
}
