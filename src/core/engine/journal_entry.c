/* Reading entries of the journal, and writing what is the same in all of them; see journal.h and entries.h.
 *
 *   journal/N  {"cause","from","to","version","rows":[CHANGE, …],"once":{KEY:[hash, …]},"notes":[note, …]} and, if it has any,
 *              "authors":[{"userId","deviceId","deviceName","version","at"}, …]
 *   CHANGE     {"key","was"} and "added":true, or "rank" and "data" (of a row that was gone) or "splices" (splices.h);
 *              "from" and "to" where they are not those of the entry; "by": its author, counted from 1, as in
 *              notes
 *   head/N     {"cause","time","age","version","bytes","from","to","rowCount","noteCount","open","setsAside","removes"} and
 *              "authors": how many, if it has any
 *
 * KEY is as in the store (store.c). `once` are hashes of what rows were here without being the state before or behind a step. */
#include "core/delta/splices.h"
#include "core/engine/private.h"
#include "core/json/parse.h"
#include "core/json/write.h"

static const char *const causes[SL_CAUSES] = { [SL_CAUSE_EDIT] = "edit", [SL_CAUSE_PULL] = "pull", [SL_CAUSE_MERGE] = "merge",
	[SL_CAUSE_REPLACE] = "replace", [SL_CAUSE_CLEAR] = "clear", [SL_CAUSE_RESTORE] = "restore",
	[SL_CAUSE_DECISION] = "decision", [SL_CAUSE_UNDO] = "undo", [SL_CAUSE_REPAIR] = "repair",
	[SL_CAUSE_SEVERAL] = "several" };

const char *sl_cause_name(enum sl_cause cause)
{
	return causes[cause];
}

static enum sl_cause cause_of(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "cause"));
	for (int cause = 0; name && cause < SL_CAUSES; cause++)
		if (strcmp(name, causes[cause]) == 0)
			return (enum sl_cause)cause;
	return SL_CAUSE_SEVERAL; /* of a later version */
}

int64_t sl_journal_number(struct sl_str key)
{
	const char *slash = key.length ? memchr(key.bytes, '/', key.length) : NULL;
	size_t at = slash ? (size_t)(slash - key.bytes) + 1 : 0;
	int64_t number = 0;
	if ((at != sizeof("journal") && at != sizeof("head")) || key.length == at || key.length > at + 18
		|| (memcmp(key.bytes, "journal", at - 1) != 0 && memcmp(key.bytes, "head", at - 1) != 0))
		return 0;
	for (; at < key.length; at++) {
		if (key.bytes[at] < '0' || key.bytes[at] > '9')
			return 0;
		number = number * 10 + (key.bytes[at] - '0');
	}
	return number;
}

/* --- heads -------------------------------------------------------------------------------------------------------- */

int sl_journal_read_head(struct sl_str value, struct sl_journal_head *head_r)
{
	json_t *object = NULL;
	int rc = sl_engine_parse_object(value, &object);
	if (rc != SL_OK)
		return rc;
	*head_r = (struct sl_journal_head){ .cause = cause_of(object), .time_ms = sl_engine_stored_number(object, "time"),
		.age_ms = sl_engine_stored_number(object, "age"), .version = sl_engine_stored_number(object, "version"),
		.bytes = sl_engine_stored_number(object, "bytes"), .from = sl_engine_stored_number(object, "from"),
		.to = sl_engine_stored_number(object, "to"), .rows = sl_engine_stored_number(object, "rowCount"),
		.notes = sl_engine_stored_number(object, "noteCount"), .open = sl_engine_stored_number(object, "open"),
		.sets_aside = json_is_true(json_object_get(object, "setsAside")),
		.removes = json_is_true(json_object_get(object, "removes")), .authors = sl_engine_stored_number(object, "authors") };
	json_decref(object);
	return SL_OK;
}

static void add_member(struct sl_buf *out, const char *name, int64_t number)
{
	sl_buf_add_text(out, name);
	sl_buf_add_int(out, number);
}

void sl_journal_write_head(const struct sl_journal_head *head, struct sl_buf *out)
{
	sl_buf_add_text(out, "{\"cause\":\"");
	sl_buf_add_text(out, sl_cause_name(head->cause));
	add_member(out, "\",\"time\":", head->time_ms);
	add_member(out, ",\"age\":", head->age_ms);
	add_member(out, ",\"version\":", head->version);
	add_member(out, ",\"bytes\":", head->bytes);
	add_member(out, ",\"from\":", head->from);
	add_member(out, ",\"to\":", head->to);
	add_member(out, ",\"rowCount\":", head->rows);
	add_member(out, ",\"noteCount\":", head->notes);
	add_member(out, ",\"open\":", head->open);
	sl_buf_add_text(out, head->sets_aside ? ",\"setsAside\":true" : ",\"setsAside\":false");
	sl_buf_add_text(out, head->removes ? ",\"removes\":true" : ",\"removes\":false");
	if (head->authors)
		add_member(out, ",\"authors\":", head->authors);
	sl_buf_add_char(out, '}');
}

void sl_journal_begin_body(const struct sl_journal_head *head, struct sl_buf *out)
{
	sl_buf_add_text(out, "{\"cause\":\"");
	sl_buf_add_text(out, sl_cause_name(head->cause));
	add_member(out, "\",\"version\":", head->version);
	add_member(out, ",\"from\":", head->from);
	add_member(out, ",\"to\":", head->to);
	sl_buf_add_text(out, ",\"rows\":[");
}

/* --- bodies ------------------------------------------------------------------------------------------------------- */

static int copy_text(const json_t *text, struct sl_arena *arena, struct sl_str *text_r)
{
	return sl_arena_copy(arena, sl_json_text(text), text_r);
}

/* A patch that makes the text out of anything. */
static int read_whole(const json_t *data, struct sl_arena *arena, struct sl_str *patch_r)
{
	struct sl_buf patch;
	sl_buf_init(&patch, SIZE_MAX);
	int rc = sl_splices_make((struct sl_str){ NULL, 0 }, sl_json_text(data), arena, &patch);
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, sl_buf_str(&patch), patch_r);
	sl_buf_dispose(&patch);
	return rc;
}

static int64_t revision_of(const json_t *object, const char *name, int64_t otherwise)
{
	return json_object_get(object, name) ? sl_engine_stored_number(object, name) : otherwise;
}

static int read_change(const json_t *object, struct sl_arena *arena, struct sl_journal_change *change_r)
{
	const json_t *was = json_object_get(object, "was"), *data = json_object_get(object, "data");
	struct sl_str key;
	*change_r = (struct sl_journal_change){ .added = json_is_true(json_object_get(object, "added")) };
	int rc = json_is_string(was) ? copy_text(json_object_get(object, "key"), arena, &key) : SL_INTERNAL;
	if (rc == SL_OK)
		rc = sl_engine_parse_key(key, &change_r->key);
	if (rc == SL_OK)
		rc = copy_text(was, arena, &change_r->was);
	if (rc != SL_OK || change_r->added)
		return rc;
	if (!json_is_string(json_object_get(object, "rank")))
		return SL_INTERNAL;
	rc = copy_text(json_object_get(object, "rank"), arena, &change_r->rank);
	if (rc != SL_OK)
		return rc;
	return json_is_string(data) ? read_whole(data, arena, &change_r->patch)
		: sl_splices_read(json_object_get(object, "splices"), arena, &change_r->patch);
}

static size_t read_author(const json_t *object, const struct sl_journal_entry *entry)
{
	int64_t author = sl_engine_stored_number(object, "by");
	return author > 0 && author <= (int64_t)entry->author_count ? (size_t)author : 0;
}

static int read_changes(const json_t *list, struct sl_arena *arena, struct sl_journal_entry *entry)
{
	size_t count = json_array_size(list);
	struct sl_journal_change *changes = sl_arena_zalloc(arena, count + 1, sizeof(*changes));
	int rc = changes ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		rc = read_change(json_array_get(list, i), arena, &changes[i]);
		changes[i].from = revision_of(json_array_get(list, i), "from", entry->from);
		changes[i].to = revision_of(json_array_get(list, i), "to", entry->to);
		changes[i].author = read_author(json_array_get(list, i), entry);
	}
	entry->changes = changes;
	entry->change_count = count;
	return rc;
}

static int read_notes(const json_t *list, struct sl_arena *arena, struct sl_journal_entry *entry)
{
	size_t count = json_array_size(list);
	struct sl_note *notes = sl_arena_zalloc(arena, count + 1, sizeof(*notes));
	size_t *authors = notes ? sl_arena_zalloc(arena, count + 1, sizeof(*authors)) : NULL;
	int rc = authors ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		rc = sl_engine_read_note(json_array_get(list, i), arena, &notes[i]);
		authors[i] = read_author(json_array_get(list, i), entry);
	}
	entry->notes = notes;
	entry->note_authors = authors;
	entry->note_count = count;
	return rc;
}

int sl_journal_read_object(const json_t *object, struct sl_arena *arena, struct sl_journal_entry *entry_r)
{
	*entry_r = (struct sl_journal_entry){ .cause = cause_of(object), .version = sl_engine_stored_number(object, "version"),
		.from = sl_engine_stored_number(object, "from"), .to = sl_engine_stored_number(object, "to") };
	int rc = sl_journal_read_authors(json_object_get(object, "authors"), arena, entry_r);
	if (rc == SL_OK)
		rc = read_changes(json_object_get(object, "rows"), arena, entry_r);
	return rc == SL_OK ? read_notes(json_object_get(object, "notes"), arena, entry_r) : rc;
}

int sl_journal_read(struct sl_str value, struct sl_arena *arena, struct sl_journal_entry *entry_r)
{
	json_t *object = NULL;
	int rc = sl_engine_parse_object(value, &object);
	if (rc == SL_OK)
		rc = sl_journal_read_object(object, arena, entry_r);
	json_decref(object);
	return rc;
}

const struct sl_journal_change *sl_journal_find(const struct sl_journal_entry *entry, const struct sl_key *key)
{
	for (size_t i = 0; i < entry->change_count; i++)
		if (sl_key_equal(&entry->changes[i].key, key))
			return &entry->changes[i];
	return NULL;
}

void sl_engine_row_hash(const struct sl_row *row, char hex_r[SL_DIGEST_HEX])
{
	struct sl_digest digest = { 0, 0 };
	sl_digest_add(&digest, row);
	sl_digest_format(digest, hex_r);
}

/* --- back in time ------------------------------------------------------------------------------------------------- */

int sl_journal_step_back(const struct sl_journal_change *change, struct sl_row *row, struct sl_arena *arena)
{
	char hex[SL_DIGEST_HEX] = "";
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_str data;
	if (row->data.length)
		sl_engine_row_hash(row, hex);
	if (!sl_str_equal(change->was, sl_str_from(hex)))
		return SL_INTERNAL;
	if (change->added) {
		row->rank = row->data = (struct sl_str){ NULL, 0 };
		return SL_OK;
	}
	int rc = sl_patch_apply(row->data, change->patch, arena, &data, &ignored);
	if (rc == SL_OK && !data.length)
		rc = SL_INTERNAL;
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, change->rank, &row->rank);
	if (rc == SL_OK)
		row->data = data;
	return rc;
}

/* --- one before the other ----------------------------------------------------------------------------------------- */

/* A patch that inserts all makes its text out of nothing, too; one that copies needs what it copies from. */
static int compose_patches(struct sl_str newer, struct sl_str older, struct sl_arena *arena, struct sl_str *patch_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	int rc = sl_patch_compose(newer, older, arena, &out, &ignored);
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, sl_buf_str(&out), patch_r);
	sl_buf_dispose(&out);
	return rc;
}

int sl_journal_compose(const struct sl_journal_change *newer, const struct sl_journal_change *older, struct sl_arena *arena,
	struct sl_journal_change *change_r)
{
	*change_r = *newer;
	change_r->from = older->from;
	change_r->added = older->added;
	change_r->rank = older->rank;
	change_r->patch = older->patch;
	if (older->added || newer->added)
		return newer->added && !older->added && older->was.length ? SL_INTERNAL : SL_OK;
	return compose_patches(newer->patch, older->patch, arena, &change_r->patch);
}

static bool is_whole(struct sl_str patch)
{
	struct sl_patch_op op;
	size_t cursor = 0;
	bool whole = true;
	while (whole && sl_patch_next(patch, &cursor, &op) > 0)
		whole = !op.copies;
	return whole;
}

static int write_whole(struct sl_engine *engine, struct sl_str patch, struct sl_buf *out)
{
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_str data;
	int rc = sl_patch_apply((struct sl_str){ NULL, 0 }, patch, &engine->scratch, &data, &ignored);
	sl_buf_add_text(out, ",\"data\":");
	if (rc == SL_OK)
		sl_json_string(out, data);
	return rc;
}

int sl_journal_write_change(struct sl_engine *engine, const struct sl_journal_head *head,
	const struct sl_journal_change *change, struct sl_buf *out)
{
	struct sl_str key;
	int rc = sl_engine_row_key(engine, "", &change->key, &key);
	if (rc != SL_OK)
		return rc;
	sl_buf_add_text(out, "{\"key\":");
	sl_json_string(out, key);
	sl_buf_add_text(out, ",\"was\":");
	sl_json_string(out, change->was);
	if (change->from != head->from)
		add_member(out, ",\"from\":", change->from);
	if (change->to != head->to)
		add_member(out, ",\"to\":", change->to);
	if (change->author)
		add_member(out, ",\"by\":", (int64_t)change->author);
	if (change->added)
		sl_buf_add_text(out, ",\"added\":true");
	else {
		sl_buf_add_text(out, ",\"rank\":");
		sl_json_string(out, change->rank);
		if (is_whole(change->patch))
			rc = write_whole(engine, change->patch, out);
		else {
			sl_buf_add_text(out, ",\"splices\":");
			rc = sl_splices_write(change->patch, out);
		}
	}
	sl_buf_add_char(out, '}');
	return rc;
}
