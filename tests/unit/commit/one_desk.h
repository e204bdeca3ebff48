/* What the tests of pushes share: a desk that is new for each test, without a project or with PROJECT. For header-only
 * use by one program. */
#ifndef TESTS_UNIT_ONE_DESK_H
#define TESTS_UNIT_ONE_DESK_H

#include "committing.h"

#include <stdio.h>

static struct desk desk;
static int64_t first; /* the version of PROJECT */

static inline int open_empty(void **state)
{
	(void)state;
	desk_open(&desk);
	return 0;
}

static inline int open_project(void **state)
{
	(void)state;
	desk_open(&desk);
	first = desk_create(&desk, PROJECT);
	memory_store_reset_counters(&desk.store);
	return 0;
}

static inline int close_desk(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

/* Whether the answer to the last push holds this text, with ' for quotation marks. */
static inline bool answer_holds(const char *text)
{
	json_t *unquoted = json_pack("s", text);
	char copy[256];
	snprintf(copy, sizeof(copy), "%s", json_string_value(unquoted));
	json_decref(unquoted);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	char answer[65536];
	snprintf(answer, sizeof(answer), "%.*s", (int)desk.outcome.answer.length, desk.outcome.answer.bytes);
	return strstr(answer, copy) != NULL;
}

#endif
