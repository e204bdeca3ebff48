/* The host: see host.h. It keeps the rules of "The host's part" in core/engine/engine.h: effects are carried out in their order
 * and before the next event, nothing behind a batch that could not be stored, and then the engine starts again from the store.
 */
#define _DEFAULT_SOURCE /* POSIX: strdup */

#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#include "store.h"

#define JOURNAL SL_STR("journal/")
#define HEADS SL_STR("head/")

/* A page of the journal that the engine waits for. */
struct page {
	int64_t id, first, last;
	struct sl_str prefix; /* a copy */
	size_t most;
};

struct host {
	struct host_outside outside;
	struct sl_engine_config config;
	char *path;
	struct store *store;
	struct sl_engine *engine;
	bool online;
	struct page *pages;
	size_t page_count;
	enum sl_event_type asked; /* what the user asks for now, and how it ended */
	int result;
};

static bool begins_with(struct sl_str text, struct sl_str prefix)
{
	return text.length >= prefix.length && memcmp(text.bytes, prefix.bytes, prefix.length) == 0;
}

static void forget_pages(struct host *host)
{
	for (size_t i = 0; i < host->page_count; i++)
		free((void *)(uintptr_t)host->pages[i].prefix.bytes);
	free(host->pages);
	host->pages = NULL;
	host->page_count = 0;
}

static void shut(struct host *host)
{
	forget_pages(host);
	sl_engine_free(&host->engine);
	store_close(&host->store);
}

/* Keeps the wish for a page until all effects are carried out: effects are gone with the next event. */
static int remember_page(struct host *host, const struct sl_effect *effect)
{
	struct page *grown = realloc(host->pages, (host->page_count + 1) * sizeof(*grown));
	if (!grown)
		return SL_NO_MEMORY;
	host->pages = grown;
	size_t length = effect->load.prefix.length;
	char *prefix = malloc(length + 1);
	if (!prefix)
		return SL_NO_MEMORY;
	memcpy(prefix, effect->load.prefix.bytes, length);
	host->pages[host->page_count++] = (struct page){ effect->load.id, effect->load.first, effect->load.last,
		{ prefix, length }, effect->load.most };
	return 0;
}

static int carry_out(struct host *host, const struct sl_effects *effects, int64_t event_ms)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < effects->count; i++) {
		const struct sl_effect *effect = &effects->items[i];
		switch (effect->type) {
		case SL_EFFECT_STORE:
			rc = store_write(host->store, effect->store.writes, effect->store.count) == 0 ? 0 : SL_UNAVAILABLE;
			break;
		case SL_EFFECT_LOAD:
			rc = remember_page(host, effect);
			break;
		case SL_EFFECT_SEND:
			host->outside.send(host->outside.context, &effect->send);
			break;
		case SL_EFFECT_WAKE:
			host->outside.wake(host->outside.context, effect->wake.at_ms - event_ms);
			break;
		case SL_EFFECT_RESULT:
			if (effect->result.about == host->asked)
				host->result = effect->result.code;
			host->outside.show(host->outside.context, effect);
			break;
		default:
			host->outside.show(host->outside.context, effect);
		}
	}
	return rc;
}

static bool is_refusal(int rc)
{
	return rc != 0 && rc != SL_NO_MEMORY && rc != SL_INTERNAL;
}

/* One event and its effects. *down_r: the engine can't go on. */
static int handle_one(struct host *host, struct sl_event *event, bool *down_r, struct sl_err *err)
{
	event->now_ms = host->outside.now_ms(host->outside.context);
	host->outside.random(host->outside.context, event->random);
	struct sl_effects effects;
	int rc = sl_engine_handle(host->engine, event, &effects, err);
	if (rc != 0) {
		*down_r = !is_refusal(rc);
		return rc;
	}
	rc = carry_out(host, &effects, event->now_ms);
	*down_r = rc != 0;
	return rc;
}

/* The pairs of a page, by falling number. Numbers of more than twelve digits do not sort as texts do. */
static int by_falling_number(const void *a, const void *b)
{
	int64_t x = sl_journal_number(((const struct sl_pair *)a)->key), y = sl_journal_number(((const struct sl_pair *)b)->key);
	return x < y ? 1 : x > y ? -1 : 0;
}

/* An array of all pairs of a prefix in a range, on the heap. */
static int find_pairs(const struct host *host, struct sl_str prefix, int64_t first, int64_t last, struct sl_pair **found_r,
	size_t *count_r)
{
	size_t count, found = 0;
	const struct sl_pair *pairs = store_pairs(host->store, &count);
	*found_r = malloc((count + 1) * sizeof(**found_r));
	if (!*found_r)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		int64_t number = sl_journal_number(pairs[i].key);
		if (begins_with(pairs[i].key, prefix) && number >= first && number <= last)
			(*found_r)[found++] = pairs[i];
	}
	qsort(*found_r, found, sizeof(**found_r), by_falling_number);
	*count_r = found;
	return 0;
}

static int hand_in_page(struct host *host, const struct page *page, bool *down_r)
{
	struct sl_pair *pairs;
	size_t count;
	int rc = find_pairs(host, page->prefix, page->first, page->last, &pairs, &count);
	struct sl_event event = { .type = SL_EVENT_LOADED, .loaded = { .id = page->id } };
	if (rc == 0) {
		event.loaded.pairs = pairs;
		event.loaded.count = count < page->most ? count : page->most;
		event.loaded.complete = count <= page->most;
	}
	rc = handle_one(host, &event, down_r, NULL);
	free(pairs);
	return rc;
}

/* Hands in the pages that were asked for, and those that are asked for on account of these. */
static int hand_in_pages(struct host *host, bool *down_r)
{
	int rc = 0;
	while (rc == 0 && host->page_count > 0) {
		struct page page = host->pages[0];
		memmove(host->pages, host->pages + 1, --host->page_count * sizeof(page));
		rc = hand_in_page(host, &page, down_r);
		free((void *)(uintptr_t)page.prefix.bytes);
	}
	return rc;
}

/* A new engine from the store. */
static int start(struct host *host, struct sl_err *err)
{
	int rc = store_open(host->path, &host->store);
	if (rc != 0)
		return sl_err_set(err, SL_UNAVAILABLE, "the store can't be opened: %s", strerror(-rc));
	if ((rc = sl_engine_new(&host->config, &host->engine, err)) != 0)
		return rc;
	size_t count, given = 0;
	const struct sl_pair *pairs = store_pairs(host->store, &count);
	struct sl_pair *some = malloc((count + 1) * sizeof(*some));
	if (!some)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		if (!begins_with(pairs[i].key, JOURNAL) && !begins_with(pairs[i].key, HEADS))
			some[given++] = pairs[i];
	struct sl_event event = { .type = SL_EVENT_START, .start = { some, given } };
	bool down = false;
	rc = handle_one(host, &event, &down, err);
	free(some);
	if (rc == 0)
		rc = hand_in_pages(host, &down);
	if (rc == 0 && host->online) {
		event = (struct sl_event){ .type = SL_EVENT_ONLINE };
		rc = handle_one(host, &event, &down, err);
	}
	return rc;
}

/* Opens everything; if it can't be, the store stays as it is. */
static int open_all(struct host *host, struct sl_err *err)
{
	int rc = start(host, err);
	if (rc != 0)
		shut(host);
	return rc;
}

static int handle(struct host *host, struct sl_event event, struct sl_err *err)
{
	if (!host->engine) {
		int rc = open_all(host, err);
		if (rc != 0)
			return rc;
		host->outside.restarted(host->outside.context);
	}
	bool down = false;
	host->asked = event.type;
	host->result = 0;
	int rc = handle_one(host, &event, &down, err);
	if (rc == 0)
		rc = hand_in_pages(host, &down);
	if (down) {
		shut(host);
		if (open_all(host, NULL) == 0)
			host->outside.restarted(host->outside.context);
	}
	return rc != 0 ? rc : host->result;
}

int host_open(const char *path, const struct sl_engine_config *config, const struct host_outside *outside,
	struct host **host_r, struct sl_err *err)
{
	struct host *host = calloc(1, sizeof(*host));
	if (!host)
		return SL_NO_MEMORY;
	host->outside = *outside;
	host->config = *config;
	host->config.size = sizeof(host->config);
	host->path = strdup(path);
	int rc = host->path ? open_all(host, err) : SL_NO_MEMORY;
	if (rc != 0)
		host_close(&host);
	*host_r = host;
	return rc;
}

void host_close(struct host **host)
{
	if (!*host)
		return;
	shut(*host);
	free((*host)->path);
	free(*host);
	*host = NULL;
}

const struct sl_engine *host_engine(const struct host *host)
{
	return host->engine;
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

int host_online(struct host *host, bool online)
{
	host->online = online;
	return handle(host, (struct sl_event){ .type = online ? SL_EVENT_ONLINE : SL_EVENT_OFFLINE }, NULL);
}

int host_sign_in(struct host *host, struct sl_str account)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_SIGN_IN, .sign_in = { account } }, NULL);
}

int host_sign_out(struct host *host)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_SIGN_OUT }, NULL);
}

int host_tick(struct host *host)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_TICK }, NULL);
}

int host_sync_now(struct host *host)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_SYNC_NOW }, NULL);
}

int host_answer(struct host *host, int64_t request, const struct host_answer *answer)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_ANSWER, .answer = { .request = request, .status = answer->status,
		.body = answer->body, .retry_after = answer->retry_after, .backoff = answer->backoff,
		.trace_id = answer->trace_id } }, NULL);
}

int host_failed(struct host *host, int64_t request, struct sl_str reason)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_FAILED, .failed = { request, reason } }, NULL);
}

int host_edit(struct host *host, struct sl_str delta, int64_t revision, struct sl_err *err)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_EDIT, .edit = { .delta = delta, .revision = revision } }, err);
}

int host_replace(struct host *host, struct sl_str document, int64_t revision, struct sl_err *err)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_REPLACE,
		.replace = { .document = document, .revision = revision } }, err);
}

int host_undo(struct host *host, int64_t entry, size_t note, struct sl_err *err)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_UNDO, .undo = { entry, note } }, err);
}

int host_resolve(struct host *host, int64_t conflict, size_t hunk, enum sl_choice choice, struct sl_str own, struct sl_err *err)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_RESOLVE, .resolve = { conflict, hunk, choice, own } }, err);
}

int host_shown(struct host *host, int64_t revision)
{
	return handle(host, (struct sl_event){ .type = SL_EVENT_SHOWN, .shown = { revision } }, NULL);
}

/* --- the journal, read out of the store --------------------------------------------------------------------------- */

/* Takes back what an entry did with each row, and shows what that makes of it. */
static int visit_rows(struct sl_rowset *rows, struct sl_arena *arena, struct host_past *past, host_visit_fn visit, void *context)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < past->entry->change_count; i++) {
		const struct sl_journal_change *change = &past->entry->changes[i];
		struct sl_row *found = sl_rowset_find(rows, &change->key);
		struct sl_row row = found ? *found : (struct sl_row){ .key = change->key };
		rc = sl_journal_step_back(change, &row, arena);
		past->row = &row;
		if (rc == 0)
			rc = visit(context, past);
		if (rc == 0 && row.data.length == 0)
			sl_rowset_remove(rows, &change->key);
		else if (rc == 0 && !sl_rowset_put(rows, &row))
			rc = SL_NO_MEMORY;
	}
	return rc;
}

static int visit_pair(const struct host *host, const struct sl_pair *pair, struct sl_rowset *rows, struct sl_arena *arena,
	host_visit_fn visit, void *context)
{
	struct sl_journal_entry entry;
	struct sl_journal_head head;
	struct host_past past = { sl_journal_number(pair->key), &head, &entry, NULL };
	char name[32];
	snprintf(name, sizeof(name), "head/%012lld", (long long)past.number);
	int rc = sl_journal_read_head(store_get(host->store, sl_str_from(name)), &head);
	if (rc == 0)
		rc = sl_journal_read(pair->value, arena, &entry);
	if (rc == 0)
		rc = visit(context, &past);
	return rc != 0 ? rc : visit_rows(rows, arena, &past, visit, context);
}

int host_history(const struct host *host, host_visit_fn visit, void *context)
{
	if (!host->engine)
		return SL_UNAVAILABLE;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_pair *pairs;
	size_t count;
	struct sl_rowset *rows = sl_rowset_clone(sl_engine_rows(host->engine), &arena);
	int rc = find_pairs(host, JOURNAL, 1, INT64_MAX, &pairs, &count);
	if (!rows)
		rc = SL_NO_MEMORY;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = visit_pair(host, &pairs[i], rows, &arena, visit, context);
	free(pairs);
	sl_arena_dispose(&arena);
	return rc;
}
