/* The rolling history of a project; see history.h. A version's inverse leads to the version before it; going further back,
 * and removing versions in between, composes inverses (core/delta/inverse.h) and reads no row of the project. */
#include "server/history.h"

#include "core/delta/inverse.h"
#include "server/pack.h"

#define PART_BYTES ((size_t)4 * 1024 * 1024) /* of a packed inverse; well below any max_allowed_packet */

static struct sl_str part_of(struct sl_str packed, size_t part)
{
	size_t from = part * PART_BYTES;
	size_t length = packed.length - from < PART_BYTES ? packed.length - from : PART_BYTES;
	return (struct sl_str){ packed.bytes + from, length };
}

static size_t part_count(struct sl_str packed)
{
	return packed.length == 0 ? 1 : (packed.length + PART_BYTES - 1) / PART_BYTES;
}

/* The parts after the first. */
static int add_parts(struct sl_db *db, int64_t project, int64_t version, int64_t previous, int64_t created_ms,
	struct sl_str packed, struct sl_err *err)
{
	int rc = SL_OK;
	for (size_t part = 1; rc == SL_OK && part < part_count(packed); part++) {
		struct sl_value values[] = { SL_INT(project), SL_INT(version), SL_INT((int64_t)part), SL_INT(previous),
			SL_INT(created_ms), SL_BYTES(part_of(packed, part)) };
		rc = sl_db_exec(db, SL_SQL_SNAPSHOT_PART_ADD, values, 6, NULL, err);
	}
	return rc;
}

int sl_history_add(struct sl_db *db, int64_t project, const struct sl_history_version *version, struct sl_arena *arena,
	struct sl_err *err)
{
	struct sl_str packed = { NULL, 0 };
	if (version->undo.length && sl_pack(version->undo, arena, &packed) != SL_OK)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while storing a version");
	struct sl_value values[] = { SL_INT(project), SL_INT(version->version), SL_INT(0), SL_INT(version->previous),
		SL_INT(version->created_ms), version->device, SL_TEXT(sl_str_from(version->action)),
		SL_INT(version->rows_changed), SL_TEXT(version->summary), SL_BYTES(version->digest),
		packed.length ? SL_BYTES(part_of(packed, 0)) : SL_NULL };
	int rc = sl_db_exec(db, SL_SQL_SNAPSHOT_ADD, values, 11, NULL, err);
	if (rc == SL_OK)
		rc = add_parts(db, project, version->version, version->previous, version->created_ms, packed, err);
	return rc;
}

/* --- composing inverses ------------------------------------------------------------------------------------------ */

/* Composes versions that come newest first, each in parts, into one record. */
struct chain {
	struct sl_arena arena;       /* of the records on the way */
	struct sl_buf packed;        /* parts of the version that is coming in */
	struct sl_buf record, other; /* what is composed so far, and room for the next step */
	int64_t version, previous;   /* the version that is coming in, and where it leads; 0: none yet */
	int64_t newest;              /* the first one */
	bool broken;                 /* a version does not lead to the next one */
};

static void chain_init(struct chain *chain)
{
	*chain = (struct chain){ .version = 0 };
	sl_arena_init(&chain->arena, 0);
	sl_buf_init(&chain->packed, SIZE_MAX);
	sl_buf_init(&chain->record, SIZE_MAX);
	sl_buf_init(&chain->other, SIZE_MAX);
}

static void chain_dispose(struct chain *chain)
{
	sl_buf_dispose(&chain->packed);
	sl_buf_dispose(&chain->record);
	sl_buf_dispose(&chain->other);
	sl_arena_dispose(&chain->arena);
}

/* Takes the version whose parts have all come in. */
static int chain_step(struct chain *chain, struct sl_err *err)
{
	struct sl_str older;
	if (chain->version == 0)
		return SL_OK;
	if (sl_buf_code(&chain->packed) != SL_OK)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while reading the history");
	int rc = sl_unpack(sl_buf_str(&chain->packed), &chain->arena, &older, err);
	if (rc == SL_OK) {
		sl_buf_clear(&chain->other);
		rc = sl_undo_compose(sl_buf_str(&chain->record), older, &chain->arena, &chain->other, err);
	}
	if (rc == SL_OK && sl_buf_code(&chain->other) != SL_OK)
		rc = sl_err_set(err, SL_NO_MEMORY, "out of memory while reading the history");
	if (rc == SL_OK) {
		struct sl_buf done = chain->other;
		chain->other = chain->record;
		chain->record = done;
	}
	sl_arena_dispose(&chain->arena);
	sl_buf_clear(&chain->packed);
	return rc;
}

/* Columns: version, part, previous version, undo. */
static int take_part(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct chain *chain = context;
	if (columns[0].number != chain->version) {
		int rc = chain_step(chain, err);
		if (rc != SL_OK)
			return rc;
		chain->broken |= chain->version != 0 && chain->previous != columns[0].number;
		chain->version = columns[0].number;
		chain->previous = columns[2].number;
		if (!chain->newest)
			chain->newest = chain->version;
	}
	if (columns[3].kind != SL_VALUE_NULL)
		sl_buf_add_str(&chain->packed, columns[3].text);
	return SL_OK;
}

static int take_digest(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)err;
	*(struct sl_digest *)context = sl_digest_from_bytes(columns[0].text);
	return SL_OK;
}

int sl_history_undo(struct sl_db *db, int64_t project, int64_t version, struct sl_arena *arena, struct sl_str *record_r,
	struct sl_digest *digest_r, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(project), SL_INT(version) };
	struct chain chain;
	*record_r = (struct sl_str){ NULL, 0 };
	int64_t rows = sl_db_query(db, SL_SQL_SNAPSHOT_DIGEST, values, 2, take_digest, digest_r, err);
	if (rows <= 0)
		return rows < 0 ? (int)rows : sl_err_set(err, SL_NO_SNAPSHOT, "version %lld is not in the history", (long long)version);
	chain_init(&chain);
	rows = sl_db_query(db, SL_SQL_SNAPSHOT_UNDO, values, 2, take_part, &chain, err);
	int rc = rows < 0 ? (int)rows : chain_step(&chain, err);
	if (rc == SL_OK && (chain.broken || (chain.version && chain.previous != version)))
		rc = sl_err_set(err, SL_INTERNAL, "the history of project %lld is broken above version %lld", (long long)project,
			(long long)version);
	if (rc == SL_OK && sl_arena_copy(arena, sl_buf_str(&chain.record), record_r) != SL_OK)
		rc = sl_err_set(err, SL_NO_MEMORY, "out of memory while reading the history");
	chain_dispose(&chain);
	return rc;
}

/* --- thinning ---------------------------------------------------------------------------------------------------- */

struct thinning {
	struct sl_db *db;
	const struct sl_config *config;
	int64_t project, now_ms;
	bool dry_run;
	struct sl_arena arena;
	struct sl_retained *versions; /* newest first */
	size_t count, capacity;
	struct sl_history_result result; /* of this project */
};

static int take_version(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct thinning *thinning = context;
	if (thinning->count == thinning->capacity) {
		size_t capacity = thinning->capacity ? thinning->capacity * 2 : 256;
		struct sl_retained *versions = sl_arena_zalloc(&thinning->arena, capacity, sizeof(*versions));
		if (!versions)
			return sl_err_set(err, SL_NO_MEMORY, "out of memory while thinning the history");
		if (thinning->count)
			memcpy(versions, thinning->versions, thinning->count * sizeof(*versions));
		thinning->versions = versions;
		thinning->capacity = capacity;
	}
	thinning->versions[thinning->count++] =
		(struct sl_retained){ .version = columns[0].number, .named = columns[1].number != 0 };
	return SL_OK;
}

static int remove_version(struct thinning *thinning, int64_t version, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(thinning->project), SL_INT(version) };
	thinning->result.versions_removed++;
	return sl_db_exec(thinning->db, SL_SQL_SNAPSHOT_REMOVE, values, 2, NULL, err);
}

/* Gives version `at` of the list the composed inverse of itself and the `dropped` ones behind it. */
static int relink(struct thinning *thinning, size_t at, size_t dropped, struct sl_err *err)
{
	bool oldest = at + dropped + 1 == thinning->count; /* nothing to go back to: its inverse is of no use */
	int64_t version = thinning->versions[at].version, previous = 0, rows = 0;
	struct sl_str packed = { NULL, 0 };
	struct chain chain;
	chain_init(&chain);
	for (size_t i = at; !oldest && rows >= 0 && i <= at + dropped; i++) {
		struct sl_value values[] = { SL_INT(thinning->project), SL_INT(thinning->versions[i].version) };
		rows = sl_db_query(thinning->db, SL_SQL_SNAPSHOT_PARTS, values, 2, take_part, &chain, err);
	}
	int rc = rows < 0 ? (int)rows : chain_step(&chain, err);
	if (rc == SL_OK && !oldest) {
		previous = chain.previous;
		if (chain.broken || previous != thinning->versions[at + dropped + 1].version)
			rc = sl_err_set(err, SL_INTERNAL, "the history of project %lld is broken at version %lld",
				(long long)thinning->project, (long long)version);
		else if (sl_pack(sl_buf_str(&chain.record), &thinning->arena, &packed) != SL_OK)
			rc = sl_err_set(err, SL_NO_MEMORY, "out of memory while thinning the history");
	}
	chain_dispose(&chain);
	struct sl_value trim[] = { SL_INT(thinning->project), SL_INT(version) };
	struct sl_value link[] = { SL_INT(previous), packed.length ? SL_BYTES(part_of(packed, 0)) : SL_NULL,
		SL_INT(thinning->project), SL_INT(version) };
	if (rc == SL_OK)
		rc = sl_db_exec(thinning->db, SL_SQL_SNAPSHOT_TRIM, trim, 2, NULL, err);
	if (rc == SL_OK)
		rc = sl_db_exec(thinning->db, SL_SQL_SNAPSHOT_RELINK, link, 4, NULL, err);
	if (rc == SL_OK)
		rc = add_parts(thinning->db, thinning->project, version, previous, version, packed, err);
	return rc;
}

static int drop_versions(struct thinning *thinning, struct sl_err *err)
{
	int rc = SL_OK;
	for (size_t at = 0, next; rc == SL_OK && at < thinning->count; at = next) {
		for (next = at + 1; next < thinning->count && !thinning->versions[next].keep; next++)
			;
		if (next == at + 1)
			continue;
		rc = relink(thinning, at, next - at - 1, err);
		for (size_t i = at + 1; rc == SL_OK && i < next; i++)
			rc = remove_version(thinning, thinning->versions[i].version, err);
	}
	return rc;
}

static int expire(struct thinning *thinning, struct sl_err *err)
{
	uint64_t operations = 0, tombstones = 0;
	int64_t forget_ops = thinning->now_ms - thinning->config->op_retention * 1000;
	int64_t forget_tombstones = thinning->now_ms - thinning->config->tombstone_retention * 1000;
	struct sl_value ops[] = { SL_INT(thinning->project), SL_INT(forget_ops) };
	struct sl_value old[] = { SL_INT(thinning->project), SL_INT(forget_tombstones) };
	struct sl_value floor[] = { SL_INT(forget_tombstones), SL_INT(thinning->project) };
	struct sl_value aside[] = { SL_INT(thinning->project), SL_INT(thinning->project) };
	int rc = sl_db_exec(thinning->db, SL_SQL_OPS_EXPIRE, ops, 2, &operations, err);
	if (rc == SL_OK)
		rc = sl_db_exec(thinning->db, SL_SQL_TOMBSTONES_EXPIRE, old, 2, &tombstones, err);
	if (rc == SL_OK && tombstones)
		rc = sl_db_exec(thinning->db, SL_SQL_TOMBSTONES_FLOOR, floor, 2, NULL, err);
	if (rc == SL_OK)
		rc = sl_db_exec(thinning->db, SL_SQL_ASIDE_EXPIRE, aside, 2, NULL, err);
	if (rc == SL_OK)
		rc = sl_db_exec(thinning->db, SL_SQL_HISTORY_SETTLED, floor + 1, 1, NULL, err);
	thinning->result.operations_expired = (int64_t)operations;
	thinning->result.tombstones_expired = (int64_t)tombstones;
	return rc;
}

static int thin(void *context, struct sl_err *err)
{
	struct thinning *thinning = context;
	const struct sl_config *config = thinning->config;
	struct sl_retention_policy policy = { (unsigned)config->snapshot_keep_last, (unsigned)config->snapshot_keep_hourly,
		(unsigned)config->snapshot_keep_daily };
	struct sl_value values[] = { SL_INT(thinning->project) };
	sl_arena_dispose(&thinning->arena);
	thinning->count = thinning->capacity = 0;
	thinning->result = (struct sl_history_result){ .projects = 1 };
	int64_t rows = sl_db_query(thinning->db, SL_SQL_HEAD_LOCK, values, 1, NULL, NULL, err);
	if (rows >= 0)
		rows = sl_db_query(thinning->db, SL_SQL_SNAPSHOT_VERSIONS, values, 1, take_version, thinning, err);
	if (rows < 0)
		return (int)rows;
	sl_retention_mark(&policy, thinning->versions, thinning->count);
	thinning->result.versions_before = (int64_t)thinning->count;
	if (thinning->dry_run) {
		for (size_t i = 0; i < thinning->count; i++)
			thinning->result.versions_removed += !thinning->versions[i].keep;
		return 1; /* roll back */
	}
	int rc = drop_versions(thinning, err);
	return rc == SL_OK ? expire(thinning, err) : rc;
}

int sl_history_thin(struct sl_db *db, const struct sl_config *config, int64_t project, int64_t now_ms, bool dry_run,
	struct sl_history_result *result, struct sl_err *err)
{
	struct thinning thinning = { .db = db, .config = config, .project = project, .now_ms = now_ms, .dry_run = dry_run };
	sl_arena_init(&thinning.arena, 0);
	int rc = sl_tx_run(db, SL_TX_WRITE, thin, &thinning, err);
	if (rc == SL_OK) {
		result->projects += thinning.result.projects;
		result->versions_before += thinning.result.versions_before;
		result->versions_removed += thinning.result.versions_removed;
		result->operations_expired += thinning.result.operations_expired;
		result->tombstones_expired += thinning.result.tombstones_expired;
	}
	sl_arena_dispose(&thinning.arena);
	return rc;
}

static int take_project(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)err;
	*(int64_t *)context = columns[0].number;
	return SL_OK;
}

int sl_history_gc_all(struct sl_db *db, const struct sl_config *config, int64_t now_ms, bool dry_run,
	struct sl_history_result *result_r, struct sl_err *err)
{
	int64_t project = 0, rows;
	*result_r = (struct sl_history_result){ .projects = 0 };
	for (;;) {
		struct sl_value values[] = { SL_INT(project) };
		rows = sl_db_query(db, SL_SQL_HISTORY_PROJECTS, values, 1, take_project, &project, err);
		if (rows <= 0)
			return (int)rows;
		int rc = sl_history_thin(db, config, project, now_ms, dry_run, result_r, err);
		if (rc != SL_OK)
			return rc;
	}
}
