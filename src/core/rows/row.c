/* Rows and keys: comparing, copying and writing them; see row.h. */
#include "core/rows/row.h"

#include "core/base/error.h"
#include "core/json/write.h"

bool sl_key_equal(const struct sl_key *a, const struct sl_key *b)
{
	return a->entity == b->entity && a->episode == b->episode && sl_str_equal(a->id, b->id);
}

int sl_key_compare(const struct sl_key *a, const struct sl_key *b)
{
	if (a->entity != b->entity)
		return a->entity < b->entity ? -1 : 1;
	if (a->episode != b->episode)
		return a->episode < b->episode ? -1 : 1;
	return sl_str_compare(a->id, b->id);
}

int sl_row_compare(const struct sl_row *a, const struct sl_row *b)
{
	if (a->key.entity != b->key.entity)
		return a->key.entity < b->key.entity ? -1 : 1;
	if (sl_entity_has_episode(a->key.entity) && a->key.episode != b->key.episode)
		return a->key.episode < b->key.episode ? -1 : 1;
	int order = sl_str_compare(a->rank, b->rank);
	return order ? order : sl_key_compare(&a->key, &b->key);
}

bool sl_row_same_content(const struct sl_row *a, const struct sl_row *b)
{
	return sl_str_equal(a->rank, b->rank) && sl_str_equal(a->data, b->data);
}

int sl_key_copy(struct sl_arena *arena, const struct sl_key *key, struct sl_key *copy_r)
{
	*copy_r = *key;
	return key->id.length ? sl_arena_copy(arena, key->id, &copy_r->id) : SL_OK;
}

/* Moves a text to `at`, NUL-terminated; returns what lies behind. */
static char *place(char *at, struct sl_str *text)
{
	if (text->length)
		memcpy(at, text->bytes, text->length);
	at[text->length] = '\0';
	text->bytes = at;
	return at + text->length + 1;
}

int sl_row_copy(struct sl_arena *arena, const struct sl_row *row, struct sl_row *copy_r)
{
	char *at = sl_arena_alloc(arena, row->key.id.length + row->rank.length + row->data.length + 3);
	if (!at)
		return SL_NO_MEMORY;
	*copy_r = *row;
	at = place(at, &copy_r->key.id);
	at = place(at, &copy_r->rank);
	place(at, &copy_r->data);
	return SL_OK;
}

void sl_key_write(struct sl_buf *out, const struct sl_key *key)
{
	switch (key->entity) {
	case SL_EPISODES:
		sl_buf_add_int(out, key->episode);
		break;
	case SL_SCENES:
	case SL_SHOTS:
		sl_buf_add_text(out, "{\"episodeId\":");
		sl_buf_add_int(out, key->episode);
		sl_buf_add_text(out, key->entity == SL_SCENES ? ",\"sceneId\":" : ",\"shotId\":");
		sl_json_string(out, key->id);
		sl_buf_add_char(out, '}');
		break;
	default:
		sl_json_string(out, key->id);
	}
}

void sl_row_write_open(struct sl_buf *out, const struct sl_row *row, bool with_episode, bool with_rank)
{
	sl_buf_add_text(out, "{\"id\":");
	if (row->key.entity == SL_EPISODES)
		sl_buf_add_int(out, row->key.episode);
	else
		sl_json_string(out, row->key.id);
	if (with_episode && sl_entity_has_episode(row->key.entity)) {
		sl_buf_add_text(out, ",\"episodeId\":");
		sl_buf_add_int(out, row->key.episode);
	}
	if (with_rank && row->rank.length) {
		sl_buf_add_text(out, ",\"rank\":");
		sl_json_string(out, row->rank);
	}
	if (row->data.length > 2) { /* more than "{}" */
		sl_buf_add_char(out, ',');
		sl_buf_add(out, row->data.bytes + 1, row->data.length - 2);
	}
}

void sl_row_write(struct sl_buf *out, const struct sl_row *row, bool with_episode, bool with_rank)
{
	sl_row_write_open(out, row, with_episode, with_rank);
	sl_buf_add_char(out, '}');
}
