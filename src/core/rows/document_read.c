/* Taking a project document apart into rows, and ordering siblings; see document_read.h. Rules: merge.md, "Rows" and "Order". */
#include "core/rows/document_read.h"

#include <stdio.h>

#include "core/base/rank_assign.h"
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/rows/empty.h"

int sl_rows_from_object(enum sl_entity entity, const json_t *object, const int64_t *episode, bool with_rank,
	struct sl_arena *arena, struct sl_buf *scratch, struct sl_row *row_r)
{
	size_t reserved_count;
	const char *const *reserved = sl_schema_reserved(entity, &reserved_count);
	const json_t *id = json_object_get(object, "id"), *rank = json_object_get(object, "rank");
	struct sl_row row = { { entity, 0, { NULL, 0 } }, { NULL, 0 }, { NULL, 0 }, 0 };

	if (entity == SL_EPISODES)
		row.key.episode = (int64_t)json_number_value(id);
	else
		row.key.id = sl_json_text(id);
	if (sl_entity_has_episode(entity))
		row.key.episode = episode ? *episode : (int64_t)json_number_value(json_object_get(object, "episodeId"));
	if (with_rank && rank)
		row.rank = sl_json_text(rank);
	sl_buf_clear(scratch);
	sl_json_write_without(scratch, object, reserved, reserved_count);
	if (sl_buf_code(scratch) != SL_OK)
		return SL_NO_MEMORY;
	row.data = sl_buf_str(scratch);
	return sl_row_copy(arena, &row, row_r);
}

int sl_rows_from_field(bool in_context, const char *name, const json_t *value, struct sl_arena *arena, struct sl_buf *scratch,
	struct sl_row *row_r)
{
	*row_r = (struct sl_row){ .key = { .entity = SL_META } };
	sl_buf_clear(scratch);
	sl_buf_add_text(scratch, in_context ? SL_CONTEXT : "");
	sl_buf_add_text(scratch, name);
	if (sl_buf_code(scratch) != SL_OK || sl_arena_copy(arena, sl_buf_str(scratch), &row_r->key.id) != SL_OK)
		return SL_NO_MEMORY;
	if (json_is_null(value) || sl_rows_meta_is_empty(row_r->key.id, value))
		return SL_OK;
	sl_buf_clear(scratch);
	sl_json_write(scratch, value);
	return sl_buf_code(scratch) == SL_OK ? sl_arena_copy(arena, sl_buf_str(scratch), &row_r->data) : SL_NO_MEMORY;
}

struct taking {
	struct sl_arena *arena;
	struct sl_rowset *rows;
	struct sl_buf scratch;
};

static int take_collection(struct taking *taking, enum sl_entity entity, const json_t *list, const int64_t *episode)
{
	size_t index;
	const json_t *object;
	json_array_foreach((json_t *)list, index, object) {
		struct sl_row row;
		int rc = sl_rows_from_object(entity, object, episode, false, taking->arena, &taking->scratch, &row);
		if (rc != SL_OK)
			return rc;
		if (!sl_rowset_put(taking->rows, &row))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

static int take_meta(struct taking *taking, bool in_context, const char *name, const json_t *value)
{
	struct sl_row row;
	int rc = sl_rows_from_field(in_context, name, value, taking->arena, &taking->scratch, &row);
	if (rc == SL_OK && row.data.length && !sl_rowset_put(taking->rows, &row))
		return SL_NO_MEMORY;
	return rc;
}

static int take_project_level(struct taking *taking, const json_t *document)
{
	const json_t *context = json_object_get(document, "context"), *value;
	const char *name;
	int rc = SL_OK;
	json_object_foreach((json_t *)document, name, value) {
		if (rc == SL_OK && strcmp(name, "context") != 0 && strcmp(name, "episodes") != 0)
			rc = take_meta(taking, false, name, value);
	}
	json_object_foreach((json_t *)context, name, value) {
		if (rc == SL_OK && strcmp(name, "characters") != 0 && strcmp(name, "locations") != 0)
			rc = take_meta(taking, true, name, value);
	}
	if (rc == SL_OK)
		rc = take_collection(taking, SL_CHARACTERS, json_object_get(context, "characters"), NULL);
	if (rc == SL_OK)
		rc = take_collection(taking, SL_LOCATIONS, json_object_get(context, "locations"), NULL);
	return rc;
}

static int take_episodes(struct taking *taking, const json_t *episodes)
{
	size_t index;
	const json_t *episode;
	int rc = take_collection(taking, SL_EPISODES, episodes, NULL);
	json_array_foreach((json_t *)episodes, index, episode) {
		int64_t id = (int64_t)json_number_value(json_object_get(episode, "id"));
		if (rc == SL_OK)
			rc = take_collection(taking, SL_SCENES, json_object_get(episode, "scenes"), &id);
		if (rc == SL_OK)
			rc = take_collection(taking, SL_SHOTS, json_object_get(episode, "shots"), &id);
	}
	return rc;
}

int sl_rows_from_document(const json_t *document, struct sl_arena *arena, struct sl_rowset **rows_r, struct sl_err *err)
{
	struct taking taking = { .arena = arena, .rows = sl_rowset_new(arena, 64) };
	int rc = taking.rows ? SL_OK : SL_NO_MEMORY;
	sl_buf_init(&taking.scratch, SIZE_MAX);
	if (rc == SL_OK)
		rc = take_project_level(&taking, document);
	if (rc == SL_OK)
		rc = take_episodes(&taking, json_object_get(document, "episodes"));
	sl_buf_dispose(&taking.scratch);
	*rows_r = taking.rows;
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "out of memory while reading the project");
}

/* --- ranks ------------------------------------------------------------------------------------------------------ */

/* A text that sorts as the ids of siblings do: episodes by number, the others as they are. */
static int tie_text(const struct sl_key *key, struct sl_arena *arena, struct sl_str *text_r)
{
	char digits[24];
	if (key->entity != SL_EPISODES) {
		*text_r = key->id;
		return SL_OK;
	}
	uint64_t shifted = (uint64_t)key->episode ^ ((uint64_t)1 << 63);
	int length = snprintf(digits, sizeof(digits), "%020llu", (unsigned long long)shifted);
	return sl_arena_copy(arena, (struct sl_str){ digits, (size_t)length }, text_r);
}

static int assign_group(struct sl_row **siblings, size_t count, const struct sl_rowset *stored, struct sl_str prefix,
	struct sl_arena *arena)
{
	struct sl_str *ranks = sl_arena_zalloc(arena, count, sizeof(*ranks));
	struct sl_str *ties = sl_arena_zalloc(arena, count, sizeof(*ties));
	if (!ranks || !ties)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct sl_row *old = sl_rowset_find(stored, &siblings[i]->key);
		if (old)
			ranks[i] = old->rank;
		if (tie_text(&siblings[i]->key, arena, &ties[i]) != SL_OK)
			return SL_NO_MEMORY;
	}
	int rc = sl_rank_assign(ranks, ties, count, prefix, arena);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		siblings[i]->rank = ranks[i];
	return rc;
}

int sl_rows_assign_ranks_as(struct sl_rowset *wanted, const struct sl_rowset *stored, struct sl_str prefix,
	struct sl_arena *arena, struct sl_err *err)
{
	struct sl_row **group = sl_arena_alloc(arena, (sl_rowset_count(wanted) + 1) * sizeof(*group));
	struct sl_row *row;
	size_t cursor = 0, count = 0;
	int rc = group ? SL_OK : SL_NO_MEMORY;
	struct sl_key siblings = { SL_META, 0, { NULL, 0 } };

	while (rc == SL_OK && (row = sl_rowset_next(wanted, &cursor))) {
		struct sl_key own = sl_key_of_siblings(&row->key);
		if (row->key.entity == SL_META)
			continue;
		if (count && !sl_key_equal(&own, &siblings)) {
			rc = assign_group(group, count, stored, prefix, arena);
			count = 0;
		}
		siblings = own;
		group[count++] = row;
	}
	if (rc == SL_OK && count)
		rc = assign_group(group, count, stored, prefix, arena);
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "out of memory while ordering rows");
}

int sl_rows_assign_ranks(struct sl_rowset *wanted, const struct sl_rowset *stored, struct sl_arena *arena,
	struct sl_err *err)
{
	return sl_rows_assign_ranks_as(wanted, stored, (struct sl_str){ NULL, 0 }, arena, err);
}
