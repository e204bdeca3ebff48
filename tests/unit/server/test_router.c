/* From method and path to route: a table of cases over router.def's paths, and the three places a path can come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/router.h"

static const struct sl_route routes[] = {
	{ SL_GET, "/healthz", SL_AUTH_NONE, SL_BODY_NO_BODY, NULL },
	{ SL_GET, "/project", SL_AUTH_USER, SL_BODY_NO_BODY, NULL },
	{ SL_PUT, "/project", SL_AUTH_WRITE, SL_BODY_PROJECT, NULL },
	{ SL_DELETE, "/project", SL_AUTH_WRITE, SL_BODY_SMALL, NULL },
	{ SL_GET, "/project/snapshots", SL_AUTH_USER, SL_BODY_NO_BODY, NULL },
	{ SL_POST, "/project/snapshots", SL_AUTH_WRITE, SL_BODY_SMALL, NULL },
	{ SL_GET, "/project/snapshots/{version}", SL_AUTH_USER, SL_BODY_NO_BODY, NULL },
	{ SL_DELETE, "/project/snapshots/{version}/label", SL_AUTH_WRITE, SL_BODY_SMALL, NULL },
	{ SL_GET, "/{a}/{b}/c/{d}", SL_AUTH_NONE, SL_BODY_NO_BODY, NULL },
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

struct expectation {
	enum sl_method method;
	const char *path;
	int route;         /* index, or -1 */
	const char *allow; /* of the path */
	const char *params[4];
};

static const struct expectation expectations[] = {
	{ SL_GET, "/healthz", 0, "GET, HEAD", { "" } },
	{ SL_HEAD, "/healthz", 0, "GET, HEAD", { "" } },
	{ SL_POST, "/healthz", -1, "GET, HEAD", { "" } },
	{ SL_OTHER_METHOD, "/healthz", -1, "GET, HEAD", { "" } },
	{ SL_GET, "/project", 1, "GET, HEAD, PUT, DELETE", { "" } },
	{ SL_PUT, "/project", 2, "GET, HEAD, PUT, DELETE", { "" } },
	{ SL_DELETE, "/project", 3, "GET, HEAD, PUT, DELETE", { "" } },
	{ SL_POST, "/project", -1, "GET, HEAD, PUT, DELETE", { "" } },
	{ SL_POST, "/project/snapshots", 5, "GET, HEAD, POST", { "" } },
	{ SL_GET, "/project/snapshots/17", 6, "GET, HEAD", { "17" } },
	{ SL_GET, "/project/snapshots/a b%", 6, "GET, HEAD", { "a b%" } },
	{ SL_DELETE, "/project/snapshots/17/label", 7, "DELETE", { "17" } },
	{ SL_GET, "/project/snapshots/17/label", -1, "DELETE", { "" } },
	{ SL_GET, "/x/y/c/z", 8, "GET, HEAD", { "x", "y", "z" } },
	{ SL_GET, "/x/y/C/z", -1, "", { "" } },
	{ SL_GET, "/project/snapshots/", -1, "", { "" } },
	{ SL_GET, "/project/snapshots//label", -1, "", { "" } },
	{ SL_GET, "/project/", -1, "", { "" } },
	{ SL_GET, "/projects", -1, "", { "" } },
	{ SL_GET, "/proj", -1, "", { "" } },
	{ SL_GET, "//project", -1, "", { "" } },
	{ SL_GET, "project", -1, "", { "" } },
	{ SL_GET, "/", -1, "", { "" } },
	{ SL_GET, "", -1, "", { "" } },
};

static void router__every_case_matches_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		const struct expectation *wanted = &expectations[i];
		struct sl_str params[4] = { { NULL, 0 } };
		unsigned allowed;
		char allow[SL_ROUTER_ALLOW];
		const struct sl_route *route = sl_router_match(routes, ROUTES, wanted->method, sl_str_from(wanted->path), params,
			&allowed);
		assert_ptr_equal(route, wanted->route < 0 ? NULL : &routes[wanted->route]);
		sl_router_allow(allowed, allow);
		assert_string_equal(allow, wanted->allow);
		for (size_t p = 0; route && p < 4; p++)
			assert_true(sl_str_equal(params[p], sl_str_from(wanted->params[p] ? wanted->params[p] : "")));
	}
}

struct place {
	struct sl_router_place place;
	const char *prefix, *path; /* NULL: malformed */
};

static const struct place places[] = {
	{ { "/healthz", "/api/other", "/api/third" }, "/api", "/healthz" },
	{ { "", "/api/healthz", "/third" }, "/api", "/healthz" },
	{ { NULL, "/healthz", NULL }, "/api", "/healthz" },
	{ { NULL, "", "/api/a%20b?x=%zz" }, "/api", "/a b" },
	{ { "/api/100%25", NULL, NULL }, "/api", "/100%25" }, /* decoded already, never twice */
	{ { NULL, "/api", NULL }, "/api", "/" },
	{ { NULL, "/api/", NULL }, "/api", "/" },
	{ { NULL, "/apis/x", NULL }, "/api", "/apis/x" },
	{ { NULL, "/api/api/x", NULL }, "/api", "/api/x" },
	{ { NULL, "/a/b/x", NULL }, "/a/b", "/x" },
	{ { NULL, "/api/x", NULL }, "", "/api/x" },
	{ { NULL, NULL, "/a%2fb#c" }, "", "/a/b" },
	{ { NULL, NULL, "/a%2" }, "", NULL },
	{ { NULL, NULL, "/a%00b" }, "", NULL },
	{ { NULL, NULL, "/%" }, "", NULL },
	{ { NULL, NULL, "/%gg" }, "", NULL },
	{ { NULL, NULL, NULL }, "/api", NULL },
};

static void router__the_path_below_the_mount_point_is_found(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct sl_str path;
		struct sl_err err = SL_ERR_INIT;
		int code = sl_router_path(&arena, &places[i].place, places[i].prefix, &path, &err);
		assert_int_equal(code, places[i].path ? 0 : SL_MALFORMED);
		if (places[i].path)
			assert_true(sl_str_equal(path, sl_str_from(places[i].path)));
	}
	sl_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(router__every_case_matches_as_it_should),
		cmocka_unit_test(router__the_path_below_the_mount_point_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
