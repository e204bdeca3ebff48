/* From a push to the rows that it really changes; see steps.h. Reads only rows that the push touches, but for
 * a whole document, which is compared with all of them. */
#include "core/commit/steps.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/commit/commit.h"

/* --- what the request says --------------------------------------------------------------------------------------- */

static void hash_number(XXH3_state_t *state, int64_t number)
{
	unsigned char bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
	XXH3_128bits_update(state, bytes, sizeof(bytes));
}

static void hash_text(XXH3_state_t *state, struct sl_str text)
{
	hash_number(state, (int64_t)text.length);
	if (text.length)
		XXH3_128bits_update(state, text.bytes, text.length);
}

static void hash_key(XXH3_state_t *state, const struct sl_key *key)
{
	hash_number(state, key->entity);
	hash_number(state, key->episode);
	hash_text(state, key->id);
}

/* Project-level fields are members of an object, so their order means nothing: they count as a sum. A document has
 * no ranks of its own, only what a first try to commit it has filled in. */
static void hash_rows(XXH3_state_t *state, const struct sl_rowset *rows, bool with_ranks, struct sl_digest *meta)
{
	const struct sl_row *row;
	size_t cursor = 0;
	hash_number(state, (int64_t)sl_rowset_count(rows));
	while ((row = sl_rowset_next(rows, &cursor))) {
		if (row->key.entity == SL_META) {
			sl_digest_add(meta, row);
			continue;
		}
		hash_key(state, &row->key);
		if (with_ranks)
			hash_text(state, row->rank);
		hash_text(state, row->data);
	}
}

static void hash_deleted(XXH3_state_t *state, const struct sl_delta *delta, struct sl_digest *meta)
{
	for (size_t i = 0; i < delta->deleted_count; i++)
		if (delta->deleted[i].entity == SL_META)
			sl_digest_add(meta, &(struct sl_row){ .key = delta->deleted[i] }); /* a written one has data */
		else
			hash_key(state, &delta->deleted[i]);
}

void sl_commit_hash(const struct sl_push *push, unsigned char hash_r[16])
{
	XXH3_state_t state;
	XXH128_canonical_t canonical;
	struct sl_digest meta = { 0, 0 };
	XXH3_128bits_reset(&state);
	hash_number(&state, push->action);
	hash_number(&state, push->has_base ? push->base_version : -1);
	hash_number(&state, push->rebase);
	hash_number(&state, push->allow_empty);
	hash_number(&state, push->restore_version);
	if (push->document)
		hash_rows(&state, push->document, false, &meta);
	if (push->delta) {
		hash_rows(&state, push->delta->rows, true, &meta);
		hash_deleted(&state, push->delta, &meta);
	}
	hash_number(&state, (int64_t)meta.high);
	hash_number(&state, (int64_t)meta.low);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
	memcpy(hash_r, canonical.digest, sizeof(canonical.digest));
}

/* --- what it changes --------------------------------------------------------------------------------------------- */

static int read_keys(struct sl_commit_work *work, const struct sl_keys *keys)
{
	if (keys->count == 0)
		return SL_OK;
	return work->store->read_rows(work->store->context, keys->items, keys->count, work->arena, work->stored, work->err);
}

/* The scenes and shots of the stored episodes that the delta deletes. */
static int read_children(struct sl_commit_work *work)
{
	struct sl_keys groups = { .arena = work->arena };
	for (size_t i = 0; i < work->delta.deleted_count; i++) {
		const struct sl_key *key = &work->delta.deleted[i];
		struct sl_key scenes = { SL_SCENES, key->episode, { NULL, 0 } };
		struct sl_key shots = { SL_SHOTS, key->episode, { NULL, 0 } };
		if (key->entity != SL_EPISODES || !sl_rowset_find(work->stored, key))
			continue;
		if (sl_keys_add(&groups, &scenes) != SL_OK || sl_keys_add(&groups, &shots) != SL_OK)
			return sl_commit_no_memory(work);
	}
	if (groups.count == 0)
		return SL_OK;
	return work->store->read_siblings(work->store->context, groups.items, groups.count, work->arena, work->stored,
		work->err);
}

/* The stored rows of the delta, and the scenes and shots of the episodes that it deletes. */
static int read_touched(struct sl_commit_work *work)
{
	struct sl_keys keys = { .arena = work->arena };
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(work->delta.rows, &cursor)))
		if (sl_keys_add(&keys, &row->key) != SL_OK)
			return sl_commit_no_memory(work);
	for (size_t i = 0; i < work->delta.deleted_count; i++)
		if (sl_keys_add(&keys, &work->delta.deleted[i]) != SL_OK)
			return sl_commit_no_memory(work);
	int rc = read_keys(work, &keys);
	return rc == SL_OK ? read_children(work) : rc;
}

static int delta_of_push(struct sl_commit_work *work)
{
	work->delta = *work->push->delta;
	int rc = work->head.version > 0 ? read_touched(work) : SL_OK;
	if (rc == SL_OK && sl_delta_expand(&work->delta, work->stored, work->arena) != SL_OK)
		return sl_commit_no_memory(work);
	return rc;
}

static int delta_of_document(struct sl_commit_work *work)
{
	struct sl_rowset *document = work->push->document ? work->push->document : sl_rowset_new(work->arena, 1);
	int rc = document ? SL_OK : sl_commit_no_memory(work);
	if (rc == SL_OK && work->head.version > 0)
		rc = work->store->read_all(work->store->context, work->arena, work->stored, work->err);
	if (rc == SL_OK)
		rc = sl_rows_assign_ranks(document, work->stored, work->arena, work->err);
	if (rc == SL_OK && sl_delta_difference(work->stored, document, work->arena, &work->delta) != SL_OK)
		return sl_commit_no_memory(work);
	return rc;
}

static int delta_of_restore(struct sl_commit_work *work)
{
	struct sl_keys keys = { .arena = work->arena };
	struct sl_str record;
	const struct sl_key *items;
	int rc = work->store->read_undo(work->store->context, work->push->restore_version, work->arena, &record,
		&work->wanted, work->err);
	if (rc == SL_OK)
		rc = sl_undo_keys(record, work->arena, &items, &keys.count, work->err);
	if (rc != SL_OK)
		return rc;
	if (keys.count) {
		rc = work->store->read_rows(work->store->context, items, keys.count, work->arena, work->stored, work->err);
		if (rc != SL_OK)
			return rc;
	}
	struct sl_rowset *then = sl_rowset_clone(work->stored, work->arena);
	if (!then)
		return sl_commit_no_memory(work);
	rc = sl_undo_apply(record, then, work->arena, work->err);
	if (rc == SL_OK && sl_delta_difference(work->stored, then, work->arena, &work->delta) != SL_OK)
		return sl_commit_no_memory(work);
	return rc;
}

static int keep_changes(struct sl_commit_work *work)
{
	const struct sl_row *row;
	size_t cursor = 0, most = sl_rowset_count(work->delta.rows) + work->delta.deleted_count;
	work->changes = sl_arena_alloc(work->arena, (most + 1) * sizeof(*work->changes));
	if (!work->changes)
		return sl_commit_no_memory(work);
	work->change_capacity = most;
	while ((row = sl_rowset_next(work->delta.rows, &cursor))) {
		const struct sl_row *before = sl_rowset_find(work->stored, &row->key);
		struct sl_row *after = sl_arena_alloc(work->arena, sizeof(*after));
		if (!after)
			return sl_commit_no_memory(work);
		*after = *row;
		if (before && !after->rank.length)
			after->rank = before->rank;
		if (!before || !sl_row_same_content(before, after))
			work->changes[work->change_count++] = (struct sl_change){ before, after };
	}
	for (size_t i = 0; i < work->delta.deleted_count; i++) {
		const struct sl_row *before = sl_rowset_find(work->stored, &work->delta.deleted[i]);
		if (before)
			work->changes[work->change_count++] = (struct sl_change){ before, NULL };
		struct sl_row gone = { .key = work->delta.deleted[i] };
		if (gone.key.entity == SL_EPISODES && !sl_rowset_put(work->gone, &gone))
			return sl_commit_no_memory(work);
	}
	return SL_OK;
}

/* That the changes lead back to the digest recorded at the version; no version is ever restored by guess. */
static int check_restored(const struct sl_commit_work *work)
{
	struct sl_digest digest = work->head.digest;
	for (size_t i = 0; i < work->change_count; i++) {
		if (work->changes[i].before)
			sl_digest_subtract(&digest, work->changes[i].before);
		if (work->changes[i].after)
			sl_digest_add(&digest, work->changes[i].after);
	}
	if (sl_digest_equal(digest, work->wanted))
		return SL_OK;
	return sl_err_set(work->err, SL_INTERNAL, "the history does not lead back to the digest recorded at version %lld",
		(long long)work->push->restore_version);
}

int sl_commit_make_changes(struct sl_commit_work *work)
{
	int rc;
	work->stored = sl_rowset_new(work->arena, 16);
	work->gone = sl_rowset_new(work->arena, 8);
	if (!work->stored || !work->gone)
		return sl_commit_no_memory(work);
	switch (work->push->action) {
	case SL_ACTION_PUSH:
		rc = delta_of_push(work);
		break;
	case SL_ACTION_RESTORE:
		rc = delta_of_restore(work);
		break;
	default:
		rc = delta_of_document(work);
	}
	if (rc == SL_OK)
		rc = keep_changes(work);
	return rc == SL_OK && work->push->action == SL_ACTION_RESTORE ? check_restored(work) : rc;
}
