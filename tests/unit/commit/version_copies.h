/* What the tests of versions share: full copies of what each version held, against which the store is compared. For
 * header-only use by one program. */
#ifndef TESTS_UNIT_VERSION_COPIES_H
#define TESTS_UNIT_VERSION_COPIES_H

#include "one_desk.h"

struct copy {
	int64_t version;
	struct sl_rowset *rows;
};

static struct copy copies[4096];
static size_t copy_count;

static inline void keep_copy(void)
{
	assert_true(copy_count < LENGTH(copies));
	copies[copy_count++] = (struct copy){ desk.store.head.version, sl_rowset_clone(desk.store.rows, &desk.arena) };
	assert_non_null(copies[copy_count - 1].rows);
}

static inline const struct sl_rowset *copy_of(int64_t version)
{
	static const struct sl_rowset *empty;
	for (size_t i = copy_count; i > 0; i--)
		if (copies[i - 1].version == version)
			return copies[i - 1].rows;
	assert_int_equal(version, 0);
	empty = sl_rowset_new(&desk.arena, 0);
	return empty;
}

/* A restore of every `step`-th version, from this place on, would bring back what its copy holds. */
static inline void expect_versions_exact(size_t from, size_t step)
{
	for (size_t i = from; i < desk.store.version_count; i += step) {
		int64_t version = desk.store.versions[i].version;
		struct sl_push push = desk_restore(&desk, desk.store.head.version, version);
		struct sl_rowset *rows = sl_rowset_clone(desk.store.rows, &desk.arena);
		push.preview = true;
		expect_verdict(&desk, &push, SL_PREVIEWED);
		assert_int_equal(sl_delta_apply(&desk.outcome.delta, rows, &desk.arena), SL_OK);
		expect_rows(rows, copy_of(version));
	}
}

#endif
