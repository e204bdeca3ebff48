/* The benchmark's floor: a FastCGI responder on bare libfcgi that does the SQL and the HTTP of a request with plausible
 * values, and nothing else: no JSON, no validation, no decisions. Trusts its only client, the load generator; any fault
 * ends it. What slatesyncd takes longer than this is what its own code costs.
 *
 *   FLOOR_DB_…=…; floor SOCKET WORKERS [SHOT_EPISODE SHOT_ID SHOT_DATA | SEED_PROJECT]
 *
 * A PUT changes the one shot (its data holds ten digits that count on), or with SEED_PROJECT stores a copy of that
 * project's rows, which were read at the start. */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor_sql.h"
#include "server/clock.h"
#include "server/history.h"
#include "server/token.h"

#define KEPT_VERSIONS 50 /* the default of snapshot_keep_last */
#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define TEXT(literal) SL_TEXT(SL_STR(literal))
#define HEADERS "X-Trace-Id: " TRACE "\r\nCache-Control: no-store, private\r\n" \
	"Vary: Authorization, Cookie, X-Device-Id\r\nX-Content-Type-Options: nosniff\r\n"

enum { ENTITIES = 6 };
static const enum sl_sql reads[ENTITIES] = { SL_SQL_META_ALL, SL_SQL_EPISODES_ALL, SL_SQL_SCENES_ALL, SL_SQL_SHOTS_ALL,
	SL_SQL_CHARACTERS_ALL, SL_SQL_LOCATIONS_ALL };

static struct floor_sql_rows seeds[ENTITIES] = { { .name = SL_SQL_META_ADD }, { .name = SL_SQL_EPISODES_ADD },
	{ .name = SL_SQL_SCENES_ADD }, { .name = SL_SQL_SHOTS_ADD }, { .name = SL_SQL_CHARACTERS_ADD },
	{ .name = SL_SQL_LOCATIONS_ADD } };

static long long seed_project;

static struct {
	long long episode;
	struct sl_str id;
	char *data, *digits; /* the digits are part of the data */
	char keys[256];
} shot;

/* --- who and which version ---------------------------------------------------------------------------------------- */

struct account {
	long long user, project, version;
	char device[65];
};

struct head {
	long long version, counts[7], history_rows;
	char digest[16];
};

static void take_account(void *context, const struct sl_value *row)
{
	struct account *account = context;
	account->user = row[1].number;
	account->project = row[2].number;
	account->version = row[7].number;
	snprintf(account->device, sizeof(account->device), "%.*s", (int)row[4].text.length, row[4].text.bytes);
}

static void identify(const FCGX_Request *request, struct account *account_r)
{
	const char *token = FCGX_GetParam("HTTP_AUTHORIZATION", request->envp);
	unsigned char hash[SL_TOKEN_HASH];
	struct sl_err err = SL_ERR_INIT;
	struct sl_str device = sl_str_from(FCGX_GetParam("HTTP_X_DEVICE_ID", request->envp));
	if (!token || sl_token_hash(sl_str_from(token + strlen("Bearer ")), hash, &err) != 0)
		floor_fail("token", err.message);
	struct sl_value values[] = { SL_TEXT(device), SL_TEXT(device),
		SL_BYTES(((struct sl_str){ (const char *)hash, sizeof(hash) })), SL_INT(sl_clock_wall_ms()) };
	if (floor_sql_query(SL_SQL_SESSION_BY_TOKEN, values, 4, take_account, account_r) != 1)
		floor_fail("token", "unknown");
}

static void take_head(void *context, const struct sl_value *row)
{
	struct head *head = context;
	head->version = row[0].number;
	memcpy(head->digest, row[1].text.bytes, sizeof(head->digest));
	for (size_t i = 0; i < 7; i++)
		head->counts[i] = row[2 + i].number;
	head->history_rows = row[10].number;
}

static void read_head(enum sl_sql name, long long project, struct head *head_r)
{
	struct sl_value values[] = { SL_INT(project) };
	floor_sql_query(name, values, 1, take_head, head_r);
}

/* --- GET ----------------------------------------------------------------------------------------------------------- */

static void answer_unchanged(FCGX_Request *request, const struct account *account)
{
	FCGX_FPrintF(request->out, "Status: 304\r\n" HEADERS "ETag: \"%lld\"\r\n\r\n", account->version);
}

static void put(FCGX_Stream *out, struct sl_str text)
{
	FCGX_PutStr(text.bytes, (int)text.length, out);
}

/* About the bytes that the document has: the key and the stored data. */
static void copy_row(void *context, const struct sl_value *row)
{
	FCGX_Stream *out = context;
	put(out, SL_STR("{\"id\":\""));
	put(out, row[1].text);
	put(out, SL_STR("\","));
	put(out, row[3].text);
}

static void answer_project(FCGX_Request *request, const struct account *account)
{
	struct sl_value values[] = { SL_INT(account->project) };
	struct head head;
	floor_sql_run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
	floor_sql_run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
	read_head(SL_SQL_HEAD_GET, account->project, &head);
	FCGX_FPrintF(request->out, "Status: 200\r\n" HEADERS "ETag: \"%lld\"\r\nContent-Type: application/json\r\n\r\n"
		"{\"updatedAt\":%lld,", head.version, head.version);
	for (size_t i = 0; i < ENTITIES; i++)
		floor_sql_query(reads[i], values, 1, copy_row, request->out);
	FCGX_PutStr("}", 1, request->out);
	floor_sql_run("COMMIT");
}

/* --- PUT ----------------------------------------------------------------------------------------------------------- */

static void read_body(FCGX_Request *request)
{
	const char *length = FCGX_GetParam("CONTENT_LENGTH", request->envp);
	int bytes = length ? (int)strtol(length, NULL, 10) : 0;
	char *body = malloc((size_t)bytes + 1);
	if (!body || FCGX_GetStr(body, bytes, request->in) != bytes)
		floor_fail("body", "cut short");
	free(body);
}

static void take_rank(void *context, const struct sl_value *row)
{
	char *rank = context;
	snprintf(rank, 65, "%.*s", (int)row[2].text.length, row[2].text.bytes);
}

static void change_shot(const struct account *account, long long version)
{
	static unsigned long long counter;
	char rank[65] = "", digits[24];
	struct sl_value keys[] = { SL_TEXT(sl_str_from(shot.keys)), SL_INT(account->project) };
	floor_sql_query(SL_SQL_SHOTS_SOME, keys, 2, take_rank, rank);
	snprintf(digits, sizeof(digits), "%010llu", ++counter % 10000000000u);
	memcpy(shot.digits, digits, 10);
	struct sl_value values[] = { SL_TEXT(sl_str_from(rank)), SL_TEXT(sl_str_from(shot.data)), SL_INT(version),
		SL_INT(account->project), SL_INT(shot.episode), SL_TEXT(shot.id) };
	floor_sql_exec(SL_SQL_SHOTS_SET, values, 6);
}

static void store_seed(const struct account *account, long long version)
{
	for (size_t entity = 0; entity < ENTITIES; entity++) {
		struct floor_sql_rows *rows = &seeds[entity];
		for (size_t i = 0; i < rows->count; i++) {
			rows->cells[0].numbers[i] = account->project;
			rows->cells[rows->columns - 1].numbers[i] = version;
		}
		floor_sql_bulk(rows);
	}
}

static void write_history(const struct account *account, const struct head *head, long long version)
{
	static const char undo[64] = "about as much as the patch of one shot takes";
	struct sl_value device = SL_TEXT(sl_str_from(account->device));
	struct sl_value digest = SL_BYTES(((struct sl_str){ head->digest, sizeof(head->digest) }));
	struct sl_value add[] = { SL_INT(account->project), SL_INT(version), SL_INT(0), SL_INT(head->version), SL_INT(version),
		device, TEXT("push"), SL_INT(1), TEXT("{\"shots\":{\"changed\":1}}"), digest,
		seed_project ? SL_NULL : SL_BYTES(((struct sl_str){ undo, sizeof(undo) })) };
	struct sl_value set[10] = { SL_INT(version), digest };
	floor_sql_exec(SL_SQL_SNAPSHOT_ADD, add, 11);
	for (size_t i = 0; i < 7; i++)
		set[2 + i] = SL_INT(head->counts[i]);
	set[9] = SL_INT(account->project);
	floor_sql_exec(SL_SQL_HEAD_SET, set, 10);
}

static void write_op(const struct account *account, const struct head *head, struct sl_str op, long long version,
	struct sl_str answer)
{
	struct sl_value hash = SL_BYTES(((struct sl_str){ head->digest, sizeof(head->digest) }));
	struct sl_value add[] = { SL_INT(account->project), SL_TEXT(op), hash, SL_INT(version), SL_INT(version),
		SL_BYTES(answer) };
	struct sl_value audit[] = { SL_INT(account->project), SL_INT(account->user), SL_TEXT(sl_str_from(account->device)),
		TEXT("push"), TEXT("committed"), SL_INT(version), SL_INT(version), TEXT(TRACE),
		TEXT("{\"shots\":{\"changed\":1}}") };
	floor_sql_exec(SL_SQL_OP_ADD, add, 6);
	floor_sql_exec(SL_SQL_AUDIT_ADD, audit, 9);
}

/* Returns whether the history is due for thinning. */
static bool answer_push(FCGX_Request *request, const struct account *account)
{
	static unsigned long long counter;
	char op[64], answer[256];
	struct head head;
	read_body(request);
	snprintf(op, sizeof(op), "floor-%d-%016llu", (int)getpid(), ++counter);
	struct sl_value op_key[] = { SL_INT(account->project), SL_TEXT(sl_str_from(op)) };
	floor_sql_run("START TRANSACTION READ WRITE");
	read_head(SL_SQL_HEAD_LOCK, account->project, &head);
	long long now = sl_clock_wall_ms(), version = now > head.version ? now : head.version + 1;
	floor_sql_query(SL_SQL_OP_GET, op_key, 2, NULL, NULL);
	if (seed_project)
		store_seed(account, version);
	else
		change_shot(account, version);
	write_history(account, &head, version);
	int length = snprintf(answer, sizeof(answer), "{\"ok\":true,\"updatedAt\":%lld,"
		"\"digest\":\"0af7651916cd43dd8448eb211c80319c\",\"opId\":\"%s\",\"rebased\":false}", version, op);
	write_op(account, &head, sl_str_from(op), version, sl_str_from(answer));
	floor_sql_run("COMMIT");
	FCGX_FPrintF(request->out, "Status: 200\r\n" HEADERS "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		length, answer);
	return head.history_rows + 1 >= SL_HISTORY_SLACK;
}

struct versions {
	long long items[1024];
	size_t count;
};

static void take_version(void *context, const struct sl_value *row)
{
	struct versions *versions = context;
	if (versions->count < sizeof(versions->items) / sizeof(versions->items[0]))
		versions->items[versions->count++] = row[0].number;
}

/* What slatesyncd does after every so many pushes, for versions that are all of one hour: the newest stay, and one. */
static void thin_history(const struct account *account)
{
	struct head head;
	struct versions versions = { .count = 0 };
	struct sl_value project[] = { SL_INT(account->project) }, old[] = { SL_INT(account->project), SL_INT(1) };
	floor_sql_run("START TRANSACTION READ WRITE");
	read_head(SL_SQL_HEAD_LOCK, account->project, &head);
	floor_sql_query(SL_SQL_SNAPSHOT_VERSIONS, project, 1, take_version, &versions);
	if (versions.count > KEPT_VERSIONS + 1) {
		long long last = versions.items[KEPT_VERSIONS];
		struct sl_value trim[] = { SL_INT(account->project), SL_INT(last) };
		struct sl_value link[] = { SL_INT(0), SL_NULL, SL_INT(account->project), SL_INT(last) };
		floor_sql_exec(SL_SQL_SNAPSHOT_TRIM, trim, 2);
		floor_sql_exec(SL_SQL_SNAPSHOT_RELINK, link, 4);
	}
	for (size_t i = KEPT_VERSIONS + 1; i < versions.count; i++) {
		struct sl_value remove[] = { SL_INT(account->project), SL_INT(versions.items[i]) };
		floor_sql_exec(SL_SQL_SNAPSHOT_REMOVE, remove, 2);
	}
	floor_sql_exec(SL_SQL_OPS_EXPIRE, old, 2);
	floor_sql_exec(SL_SQL_TOMBSTONES_EXPIRE, old, 2);
	floor_sql_exec(SL_SQL_HISTORY_SETTLED, project, 1);
	floor_sql_run("COMMIT");
}

/* --- the process --------------------------------------------------------------------------------------------------- */

static void serve(FCGX_Request *request)
{
	struct account account;
	bool thin = false;
	identify(request, &account);
	if (strcmp(FCGX_GetParam("REQUEST_METHOD", request->envp), "PUT") == 0)
		thin = answer_push(request, &account);
	else if (FCGX_GetParam("HTTP_IF_NONE_MATCH", request->envp))
		answer_unchanged(request, &account);
	else
		answer_project(request, &account);
	FCGX_Finish_r(request);
	if (thin)
		thin_history(&account);
}

struct seeding {
	struct floor_sql_rows *rows;
	bool has_episode, has_id, has_rank;
};

static void keep_row(void *context, const struct sl_value *row)
{
	struct seeding *seeding = context;
	struct sl_value values[FLOOR_SQL_COLUMNS] = { SL_INT(0) };
	size_t count = 1;
	if (seeding->has_episode)
		values[count++] = row[0];
	if (seeding->has_id)
		values[count++] = row[1];
	if (seeding->has_rank)
		values[count++] = row[2];
	values[count++] = row[3];
	values[count++] = SL_INT(0);
	floor_sql_keep(seeding->rows, values, count);
}

static void read_seed(void)
{
	struct sl_value values[] = { SL_INT(seed_project) };
	for (size_t i = 0; i < ENTITIES; i++) {
		struct seeding seeding = { &seeds[i], i >= 1 && i <= 3, i != 1, i != 0 };
		floor_sql_query(reads[i], values, 1, keep_row, &seeding);
	}
	if (seeds[0].count == 0)
		floor_fail("seed", "the project has no rows");
}

static void take_shot(char *const *words)
{
	shot.episode = strtoll(words[0], NULL, 10);
	shot.id = sl_str_from(words[1]);
	shot.data = words[2];
	shot.digits = strstr(words[2], "0000000000");
	snprintf(shot.keys, sizeof(shot.keys), "[[%lld,\"%s\"]]", shot.episode, words[1]);
	if (!shot.digits)
		floor_fail("shot", "its data holds no ten zeros");
}

static void work(int listener)
{
	FCGX_Request request;
	floor_sql_open();
	if (seed_project)
		read_seed();
	FCGX_Init();
	FCGX_InitRequest(&request, listener, 0);
	while (FCGX_Accept_r(&request) == 0)
		serve(&request);
	exit(1);
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4 && argc != 6)
		floor_fail("usage", "floor SOCKET WORKERS [SHOT_EPISODE SHOT_ID SHOT_DATA | SEED_PROJECT]");
	int listener = FCGX_OpenSocket(argv[1], 1024);
	if (listener < 0)
		floor_fail(argv[1], "can't listen");
	if (argc == 4)
		seed_project = strtoll(argv[3], NULL, 10);
	if (argc == 6)
		take_shot(argv + 3);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(listener);
		}
	for (int status; wait(&status) > 0;)
		fprintf(stderr, "floor: a worker ended\n");
	return 1;
}
