/* What the tests of the engine share: a server, and two devices that know nothing yet. For header-only use by one program. */
#ifndef TESTS_UNIT_TWO_DEVICES_H
#define TESTS_UNIT_TWO_DEVICES_H

#include "host.h"

static struct sync_server server;
static struct host a, b;

static inline int set_up(void **state)
{
	(void)state;
	assert_int_equal(sync_server_init(&server), 0);
	host_open(&a, &server, 1);
	host_open(&b, &server, 2);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	host_close(&a);
	host_close(&b);
	sync_server_dispose(&server);
	return 0;
}

/* The first edit, known to both. */
static inline void begin_with(const char *delta)
{
	host_edit(&a, delta);
	host_settle(&a);
	host_settle(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
}

/* Both devices have one episode with one shot. */
static inline void begin_with_shot(void)
{
	begin_with("{'episodes':[{'id':1,'title':'One'}],'shots':[{'episodeId':1,'id':'s','description':'old'}]}");
}

/* set_up, and both devices have one episode with two shots. */
static inline int set_up_two_shots(void **state)
{
	set_up(state);
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'old'},"
		"{'episodeId':1,'id':'t','description':'last'}]}");
	return 0;
}

/* Device a is asked about shot s, which both have edited. */
static inline void clash(void)
{
	host_shot(&b, 1, "s", "b says this");
	host_settle(&b);
	host_shot(&a, 1, "s", "a says that");
	host_settle(&a);
	assert_int_equal(a.opened, 1);
}

/* Takes in what others did. */
static inline void sync(struct host *host)
{
	host_simple(host, SL_EVENT_SYNC_NOW);
	host_settle(host);
}

#endif
