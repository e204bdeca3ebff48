/* Files of ../shared/vectors, which tests read and skip without.
 *
 * Include the headers that cmocka needs and cmocka.h first, behind config.h (popen is POSIX).
 */
#ifndef TESTS_UNIT_BASE_VECTORS_H
#define TESTS_UNIT_BASE_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file of that name, unpacked by `gzip` or `xz` if its name says so. Skips the test where it is absent. The caller ends with
 * close_vectors. */
static FILE *open_vectors(const char *name)
{
	const char *shared = getenv("SLATESYNC_SHARED"), *source = getenv("srcdir");
	const char *program = strstr(name, ".xz") ? "xz" : strstr(name, ".gz") ? "gzip" : "cat";
	char path[1024], command[1100];
	snprintf(path, sizeof(path), "%s%s/vectors/%s", shared ? shared : source ? source : ".", shared ? "" : "/../shared", name);
	if (access(path, R_OK) != 0) {
		print_message("there is no %s\n", path);
		skip();
	}
	snprintf(command, sizeof(command), "%s %s '%s'", program, strcmp(program, "cat") == 0 ? "--" : "-dc", path);
	FILE *file = popen(command, "r");
	assert_non_null(file);
	return file;
}

static void close_vectors(FILE *file)
{
	assert_int_equal(pclose(file), 0);
}

#endif
