/* Runs a fuzz harness over the files of its corpus: a main for programs linked with one, without a fuzzer.
 *
 * usage: replay_<name> [FILE or DIRECTORY]...: by default $srcdir/tests/fuzz/corpus/<FUZZ_CORPUS>. Prints TAP. A
 * harness that finds a fault aborts. Exit status 1 if there was nothing to replay.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES (16 * 1024 * 1024)

static int replayed;

static int replay_file(const char *path)
{
	/* as large as the input, so that a sanitizer sees reads beyond it */
	struct stat status;
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	int code = -1;
	if (!file || fstat(fileno(file), &status) != 0 || status.st_size > INPUT_BYTES)
		goto out;
	data = malloc(status.st_size > 0 ? (size_t)status.st_size : 1);
	if (!data || fread(data, 1, (size_t)status.st_size, file) != (size_t)status.st_size)
		goto out;
	LLVMFuzzerTestOneInput(data, (size_t)status.st_size);
	code = 0;
	printf("ok %d - %s\n", ++replayed, path);
out:
	if (code != 0)
		fprintf(stderr, "can't replay %s\n", path);
	if (file)
		fclose(file);
	free(data);
	return code;
}

static int replay(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int code = 0;
	if (!directory)
		return replay_file(path);
	while (code == 0 && (entry = readdir(directory))) {
		char name[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		code = replay_file(name);
	}
	closedir(directory);
	return code;
}

int main(int argc, char **argv)
{
	const char *top = getenv("srcdir");
	char corpus[4096];
	int code = 0;
	snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", top ? top : ".", FUZZ_CORPUS);
	if (argc < 2)
		code = replay(corpus);
	for (int i = 1; code == 0 && i < argc; i++)
		code = replay(argv[i]);
	printf("1..%d\n", replayed);
	return code != 0 || replayed == 0;
}
