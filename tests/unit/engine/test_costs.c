/* Costs follow the change: what is eight times as much takes about eight times as long, and not sixty-four times. Processor times
 * are compared with each other only. */
#ifdef HAVE_CONFIG_H
#include "config.h" /* clock_gettime */
#endif

#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FEW 1024
#define MANY (8 * FEW)
#define MOST_TIMES 24 /* three times what is linear */

static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void expect_linear(double few_ms, double many_ms)
{
	if (many_ms > 20 && many_ms > MOST_TIMES * few_ms)
		fail_msg("%.1f ms for %d, %.1f ms for %d", few_ms, FEW, many_ms, MANY);
}

static void write_shots(struct sl_buf *out, char kind, size_t count)
{
	char text[80];
	sl_buf_add_text(out, "{'episodes':[{'id':1}],'shots':[");
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s{'episodeId':1,'id':'%c%zu'}", i ? "," : "", kind, i);
		sl_buf_add_text(out, text);
	}
	sl_buf_add_char(out, ']');
}

static void write_deletions(struct sl_buf *out, char kind, size_t count)
{
	char text[80];
	sl_buf_add_text(out, ",'deleted':{'shots':[");
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s{'episodeId':1,'shotId':'%c%zu'}", i ? "," : "", kind, i);
		sl_buf_add_text(out, text);
	}
	sl_buf_add_text(out, "]}");
}

/* So many rows wait; then as many are deleted and as many others added in one edit. */
static double time_deletions(size_t count)
{
	struct sl_buf text;
	struct host host;
	sl_buf_init(&text, SIZE_MAX);
	host_open(&host, &server, 3);
	host.unchecked = true;
	write_shots(&text, 'a', count);
	sl_buf_add(&text, "}", 2);
	host_edit(&host, text.bytes);
	sl_buf_clear(&text);
	write_shots(&text, 'b', count);
	write_deletions(&text, 'a', count);
	sl_buf_add(&text, "}", 2);
	char *json = project_text(text.bytes);
	struct sl_event event = { .type = SL_EVENT_EDIT, .now_ms = host.now_ms,
		.edit = { .delta = sl_str_from(json), .revision = sl_engine_revision(host.engine) } };
	struct sl_effects effects;
	double start = now_ms();
	assert_int_equal(sl_engine_handle(host.engine, &event, &effects, NULL), SL_OK);
	double spent = now_ms() - start;
	assert_int_equal(sl_engine_status(host.engine)->pending, count + 1);
	free(json);
	host_close(&host);
	sl_buf_dispose(&text);
	return spent;
}

static void case_30__many_deletions_over_many_pending_rows_cost_their_number(void **state)
{
	(void)state;
	double few = time_deletions(FEW);
	expect_linear(few, time_deletions(MANY));
}

static double time_list(size_t count)
{
	struct sl_buf text;
	struct host host;
	struct sl_quarantined row;
	size_t cursor = 0, listed = 0;
	sl_buf_init(&text, SIZE_MAX);
	host_open(&host, &server, 3);
	host.unchecked = true;
	host_settle(&host);
	write_shots(&text, 'a', count);
	sl_buf_add(&text, "}", 2);
	host_edit(&host, text.bytes);
	host_wait(&host, 1500);
	sl_buf_clear(&text);
	sl_buf_add_text(&text, "{'error':'invalid','faults':[{'path':'/delta/episodes/0','reason':'no'}");
	for (size_t i = 0; i < count; i++) {
		char fault[80];
		snprintf(fault, sizeof(fault), ",{'path':'/delta/shots/%zu','reason':'no'}", i);
		if (i < 49) /* as many as a server names */
			sl_buf_add_text(&text, fault);
	}
	sl_buf_add(&text, "]}", 3);
	for (size_t refused = 0; host.has_request && refused < count; refused += 50)
		host_answer(&host, 422, text.bytes);
	double start = now_ms();
	while (sl_engine_next_quarantined(host.engine, &cursor, &row) > 0)
		listed++;
	double spent = now_ms() - start;
	assert_true(listed >= 50);
	host_close(&host);
	sl_buf_dispose(&text);
	return spent;
}

static void case_30__listing_refused_rows_costs_their_number(void **state)
{
	(void)state;
	double few = time_list(FEW / 8);
	expect_linear(few, time_list(FEW));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_30__many_deletions_over_many_pending_rows_cost_their_number),
		TEST(case_30__listing_refused_rows_costs_their_number),
	};
	return cmocka_run_group_tests_name("engine_costs", tests, NULL, NULL);
}
