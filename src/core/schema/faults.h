/* Where validation stands, and how a place becomes the JSON Pointer of a fault.
 *
 * The way from the root to the value at hand is a chain of steps on the stack; text is made of it only when there is
 * a fault to report, so that a valid document of 20 MB costs no path at all.
 */
#ifndef SL_CORE_SCHEMA_FAULTS_H
#define SL_CORE_SCHEMA_FAULTS_H

#include <stdarg.h>

#include "core/base/arena.h"
#include "core/base/error.h"

#define SL_FAULTS 50 /* faults that are reported; the rest is only counted */

struct sl_fault {
	const char *path;   /* JSON Pointer, RFC 6901 */
	const char *reason; /* "must be text", "must be one of pending, …", … */
};

struct sl_faults {
	struct sl_fault items[SL_FAULTS]; /* texts live in the arena */
	size_t count, total;
};

#define SL_FAULT_PATH_BYTES 1024 /* with NUL; names in unknown values may be of any length */

struct sl_step {
	const struct sl_step *up; /* NULL: this is the root */
	const char *name;         /* the member's name; NULL: the element `index` */
	size_t index;
	unsigned depth;           /* steps from the root */
};

#define SL_STEP_ROOT ((struct sl_step){ NULL, NULL, 0, 0 })

static inline struct sl_step sl_step_member(const struct sl_step *up, const char *name)
{
	return (struct sl_step){ up, name, 0, up->depth + 1 };
}

static inline struct sl_step sl_step_element(const struct sl_step *up, size_t index)
{
	return (struct sl_step){ up, NULL, index, up->depth + 1 };
}

/* The JSON Pointer of `step` behind that of the root. Where it would not fit: that of the nearest value around it. */
void sl_faults_path(const char *root, const struct sl_step *step, char path_r[SL_FAULT_PATH_BYTES]);

/* Adds one fault to the list (dropped beyond SL_FAULTS, but counted). Returns SL_INVALID or SL_NO_MEMORY. */
int sl_faults_add(struct sl_faults *faults, struct sl_arena *arena, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* sl_faults_add with a va_list. */
int sl_faults_vadd(struct sl_faults *faults, struct sl_arena *arena, const char *path, const char *format,
	va_list values)
	__attribute__((format(printf, 4, 0)));

/* Describes the first fault in `err`, if there is one: then SL_INVALID, else 0. */
int sl_faults_close(const struct sl_faults *faults, struct sl_err *err) __attribute__((warn_unused_result));

#endif
