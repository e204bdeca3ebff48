/* Rows of a project in SQL; see store_rows.h and sql/statements/rows.sql. Each call costs one statement per entity that is
 * concerned, whatever the number of rows. */
#include "server/store_rows.h"

#include "core/json/write.h"

struct entity_sql {
	enum sl_sql all, some, siblings, last, since, add, set, remove;
	bool has_episode, has_id, has_rank;
};

#define STATEMENTS(NAME) .all = SL_SQL_##NAME##_ALL, .some = SL_SQL_##NAME##_SOME, .since = SL_SQL_##NAME##_SINCE, \
	.add = SL_SQL_##NAME##_ADD, .set = SL_SQL_##NAME##_SET, .remove = SL_SQL_##NAME##_REMOVE
#define RANKED(NAME) STATEMENTS(NAME), .last = SL_SQL_##NAME##_LAST, .has_rank = true

static const struct entity_sql entities[SL_ENTITIES] = {
	[SL_META] = { STATEMENTS(META), .siblings = SL_SQL_META_ALL, .has_id = true },
	[SL_EPISODES] = { RANKED(EPISODES), .siblings = SL_SQL_EPISODES_ALL, .has_episode = true },
	[SL_SCENES] = { RANKED(SCENES), .siblings = SL_SQL_SCENES_SIBLINGS, .has_episode = true, .has_id = true },
	[SL_SHOTS] = { RANKED(SHOTS), .siblings = SL_SQL_SHOTS_SIBLINGS, .has_episode = true, .has_id = true },
	[SL_CHARACTERS] = { RANKED(CHARACTERS), .siblings = SL_SQL_CHARACTERS_ALL, .has_id = true },
	[SL_LOCATIONS] = { RANKED(LOCATIONS), .siblings = SL_SQL_LOCATIONS_ALL, .has_id = true },
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

struct reading {
	enum sl_entity entity;
	struct sl_arena *arena;
	struct sl_rowset *into;
	bool fresh; /* `into` has none of the rows, and none comes twice */
};

static int take_row(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct reading *reading = context;
	struct sl_row row = { .key = { reading->entity, columns[0].number, columns[1].text }, .rank = columns[2].text,
		.data = columns[3].text, .version = columns[4].number }, copy;
	bool kept = sl_row_copy(reading->arena, &row, &copy) == SL_OK &&
		(reading->fresh ? sl_rowset_append(reading->into, &copy) : sl_rowset_put(reading->into, &copy));
	return kept ? SL_OK : sl_err_set(err, SL_NO_MEMORY, "out of memory while reading rows");
}

static int query(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count,
	struct reading *reading, struct sl_err *err)
{
	int64_t rows = sl_db_query(db, name, values, count, take_row, reading, err);
	return rows < 0 ? (int)rows : SL_OK;
}

int sl_store_rows_all(struct sl_db *db, int64_t project, struct sl_arena *arena, struct sl_rowset *into,
	struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(project) };
	int rc = SL_OK;
	for (enum sl_entity entity = SL_META; rc == SL_OK && entity < SL_ENTITIES; entity++)
		rc = query(db, entities[entity].all, values, 1, &(struct reading){ entity, arena, into, true }, err);
	return rc;
}

int sl_store_rows_since(struct sl_db *db, int64_t project, int64_t version, struct sl_arena *arena,
	struct sl_rowset *into, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(project), SL_INT(version) };
	int rc = SL_OK;
	if (version == 0)
		return sl_store_rows_all(db, project, arena, into, err); /* by a scan, not row by row through an index */
	for (enum sl_entity entity = SL_META; rc == SL_OK && entity < SL_ENTITIES; entity++)
		rc = query(db, entities[entity].since, values, 2, &(struct reading){ entity, arena, into, false }, err);
	return rc;
}

/* Appends [[episode,"id"],…] for the keys of one entity; returns their count. */
static size_t write_keys(struct sl_buf *out, enum sl_entity entity, const struct sl_key *keys, size_t count)
{
	size_t written = 0;
	sl_buf_add_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (keys[i].entity != entity)
			continue;
		sl_buf_add_text(out, written++ ? ",[" : "[");
		sl_buf_add_int(out, keys[i].episode);
		sl_buf_add_char(out, ',');
		sl_json_string(out, keys[i].id);
		sl_buf_add_char(out, ']');
	}
	sl_buf_add_char(out, ']');
	return written;
}

/* Runs a statement for the keys of one entity. Where it takes keys they come first or, if `keys_last`, behind the project. */
static int query_keys(struct sl_db *db, int64_t project, enum sl_sql name, struct sl_str keys, bool keys_last,
	struct reading *reading, struct sl_err *err)
{
	struct sl_value values[] = { SL_TEXT(keys), SL_INT(project), SL_TEXT(keys) };
	if (keys.length == 0)
		return query(db, name, values + 1, 1, reading, err);
	return query(db, name, keys_last ? values + 1 : values, 2, reading, err);
}

/* What the rows of one entity are asked for. */
enum question { SOME, SIBLINGS, LAST, THERE };

static int ask(struct sl_db *db, int64_t project, enum question question, struct sl_str keys, struct reading *reading,
	struct sl_err *err)
{
	const struct entity_sql *sql = &entities[reading->entity];
	const enum sl_sql names[] = { [SOME] = sql->some, [SIBLINGS] = sql->siblings, [LAST] = sql->last,
		[THERE] = SL_SQL_EPISODES_THERE };
	bool one_group = (question == SIBLINGS || question == LAST) && !sl_entity_has_episode(reading->entity);
	if (one_group)
		keys.length = 0;
	return query_keys(db, project, names[question], keys, question == LAST, reading, err);
}

static int ask_each(struct sl_db *db, int64_t project, enum question question, const struct sl_key *keys, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	struct sl_buf list;
	int rc = SL_OK;
	sl_buf_init(&list, SIZE_MAX);
	for (enum sl_entity entity = SL_META; rc == SL_OK && entity < SL_ENTITIES; entity++) {
		struct reading reading = { entity, arena, into, false };
		sl_buf_clear(&list);
		if (write_keys(&list, entity, keys, count) == 0)
			continue;
		rc = sl_buf_code(&list) == SL_OK ? SL_OK : sl_err_set(err, SL_NO_MEMORY, "out of memory while looking up rows");
		if (rc == SL_OK)
			rc = ask(db, project, question, sl_buf_str(&list), &reading, err);
	}
	sl_buf_dispose(&list);
	return rc;
}

int sl_store_rows_some(struct sl_db *db, int64_t project, const struct sl_key *keys, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	return ask_each(db, project, SOME, keys, count, arena, into, err);
}

int sl_store_rows_siblings(struct sl_db *db, int64_t project, const struct sl_key *groups, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	return ask_each(db, project, SIBLINGS, groups, count, arena, into, err);
}

int sl_store_rows_last(struct sl_db *db, int64_t project, const struct sl_key *groups, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	return ask_each(db, project, LAST, groups, count, arena, into, err);
}

int sl_store_rows_episodes(struct sl_db *db, int64_t project, const struct sl_key *episodes, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	return ask_each(db, project, THERE, episodes, count, arena, into, err);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

enum kind { ADD, SET, REMOVE };

static enum kind kind_of(const struct sl_change *change)
{
	return !change->before ? ADD : change->after ? SET : REMOVE;
}

#define MOST_COLUMNS 6

/* The values of one row, in the order of its statement; returns their count. */
static size_t bind(struct sl_value *values, enum kind kind, int64_t project, const struct sl_row *row)
{
	const struct entity_sql *sql = &entities[row->key.entity];
	struct sl_value key[3], content[3];
	size_t keys = 0, contents = 0;
	key[keys++] = SL_INT(project);
	if (sql->has_episode)
		key[keys++] = SL_INT(row->key.episode);
	if (sql->has_id)
		key[keys++] = SL_TEXT(row->key.id);
	if (kind != REMOVE) {
		if (sql->has_rank)
			content[contents++] = SL_TEXT(row->rank);
		content[contents++] = SL_TEXT(row->data);
		content[contents++] = SL_INT(row->version);
	}
	if (kind == SET) {
		memcpy(values, content, contents * sizeof(values[0]));
		memcpy(values + contents, key, keys * sizeof(values[0]));
	} else {
		memcpy(values, key, keys * sizeof(values[0]));
		memcpy(values + keys, content, contents * sizeof(values[0]));
	}
	return keys + contents;
}

static int write_kind(struct sl_db *db, int64_t project, enum sl_entity entity, enum kind kind,
	const struct sl_change *changes, size_t count, struct sl_value *values, struct sl_err *err)
{
	const struct entity_sql *sql = &entities[entity];
	const enum sl_sql names[] = { [ADD] = sql->add, [SET] = sql->set, [REMOVE] = sql->remove };
	size_t rows = 0, columns = 0;
	for (size_t i = 0; i < count; i++) {
		const struct sl_row *row = changes[i].after ? changes[i].after : changes[i].before;
		if (row->key.entity != entity || kind_of(&changes[i]) != kind)
			continue;
		columns = bind(values + rows * columns, kind, project, row);
		rows++;
	}
	return rows ? sl_db_exec_bulk(db, names[kind], values, rows, columns, err) : SL_OK;
}

int sl_store_rows_write(struct sl_db *db, int64_t project, const struct sl_change *changes, size_t count,
	struct sl_arena *arena, struct sl_err *err)
{
	struct sl_value *values = sl_arena_zalloc(arena, count + 1, MOST_COLUMNS * sizeof(*values));
	int rc = values ? SL_OK : sl_err_set(err, SL_NO_MEMORY, "out of memory while writing rows");
	for (enum sl_entity entity = SL_META; rc == SL_OK && entity < SL_ENTITIES; entity++)
		for (enum kind kind = ADD; rc == SL_OK && kind <= REMOVE; kind++)
			rc = write_kind(db, project, entity, kind, changes, count, values, err);
	return rc;
}
