/* The disk: see example_disk.h. Files are known by their inode, so that a rename takes along what is known. */
#include "config.h"

#include "example_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 64

static struct {
	struct dice dice;
	bool off, cutting, failing;
	unsigned steps_left;
	struct { ino_t inode; off_t durable; } files[FILES];
	size_t file_count;
} disk;

ssize_t __real_write(int file, const void *bytes, size_t length);
int __real_rename(const char *from, const char *to);
int __real_ftruncate(int file, off_t length);
ssize_t __wrap_write(int file, const void *bytes, size_t length);
int __wrap_fsync(int file);
int __wrap_rename(const char *from, const char *to);
int __wrap_ftruncate(int file, off_t length);

void disk_reset(uint64_t seed)
{
	disk.dice = dice_for(seed, 77);
	disk.off = disk.cutting = disk.failing = false;
	disk.file_count = 0;
}

void disk_cut_at(unsigned n)
{
	disk.cutting = true;
	disk.steps_left = n;
}

void disk_cut_never(void) { disk.cutting = false; }
void disk_fail_next(void) { disk.failing = true; }
void disk_fail_never(void) { disk.failing = false; }
bool disk_is_off(void) { return disk.off; }

bool disk_step(void)
{
	if (!disk.off && disk.cutting && disk.steps_left-- == 0)
		disk.off = true;
	return !disk.off;
}

static off_t *durable(ino_t inode)
{
	for (size_t i = 0; i < disk.file_count; i++)
		if (disk.files[i].inode == inode)
			return &disk.files[i].durable;
	if (disk.file_count == FILES)
		abort();
	disk.files[disk.file_count].inode = inode;
	disk.files[disk.file_count].durable = 0;
	return &disk.files[disk.file_count++].durable;
}

/* Whether a step on the disk fails. */
static bool fails(void)
{
	bool failing = disk.failing;
	disk.failing = false;
	if (disk_step() && !failing)
		return false;
	errno = EIO;
	return true;
}

ssize_t __wrap_write(int file, const void *bytes, size_t length)
{
	bool was_off = disk.off;
	if (!fails())
		return __real_write(file, bytes, length);
	if (!was_off && __real_write(file, bytes, dice_roll(&disk.dice, length + 1)) < 0)
		abort();
	errno = EIO;
	return -1;
}

int __wrap_fsync(int file)
{
	struct stat stat;
	if (fails())
		return -1;
	if (fstat(file, &stat) != 0)
		abort();
	if (S_ISREG(stat.st_mode))
		*durable(stat.st_ino) = stat.st_size;
	return 0;
}

int __wrap_rename(const char *from, const char *to)
{
	return fails() ? -1 : __real_rename(from, to);
}

int __wrap_ftruncate(int file, off_t length)
{
	return fails() ? -1 : __real_ftruncate(file, length);
}

void disk_on(const char *path)
{
	struct stat file;
	disk.off = disk.cutting = disk.failing = false;
	if (stat(path, &file) != 0)
		return;
	off_t kept = *durable(file.st_ino);
	if (kept < file.st_size && truncate(path, kept + (off_t)dice_roll(&disk.dice, (size_t)(file.st_size - kept) + 1)) != 0)
		abort();
}
