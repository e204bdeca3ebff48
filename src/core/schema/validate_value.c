/* Values against the fields of the schema; see validate_value.h. Keeps true: a value that passes can be stored and read back
 * by every client without loss, as numbers stay within ±(2^53−1) and text within its limits. Nothing is copied or
 * built.
 */
#include "core/schema/validate_value.h"

#include <stdio.h>

#include "core/base/utf8.h"
#include "core/json/parse.h"
#include "core/json/write.h"

#define NUMBER_BYTES 26 /* at most 24 characters of ECMAScript, and a separator */
#define ESCAPED_BYTES 6 /* at most, per byte of a text: \u001f */
#define CHUNK_BYTES 4096

int sl_check_close(const struct sl_check *check, struct sl_err *err)
{
	if (check->code != 0)
		return sl_err_set(err, check->code, "The content could not be checked to its end");
	return sl_faults_close(check->faults, err);
}

void sl_check_fault(struct sl_check *check, const struct sl_step *step, const char *format, ...)
{
	if (check->faults->count == SL_FAULTS) {
		check->faults->total++;
		return;
	}
	char path[SL_FAULT_PATH_BYTES];
	sl_faults_path(check->root, step, path);
	va_list values;
	va_start(values, format);
	int code = sl_faults_vadd(check->faults, check->arena, path, format, values);
	va_end(values);
	if (code == SL_NO_MEMORY)
		check->code = code;
}

static void estimate_text(struct sl_check *check, size_t length)
{
	check->estimate += (uint64_t)length * ESCAPED_BYTES + 3;
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

static bool is_safe(const json_t *number)
{
	if (json_is_integer(number)) {
		json_int_t whole = json_integer_value(number);
		return whole >= -(json_int_t)SL_SAFE_INTEGER && whole <= (json_int_t)SL_SAFE_INTEGER;
	}
	double real = json_real_value(number);
	return real >= -SL_SAFE_INTEGER && real <= SL_SAFE_INTEGER;
}

static bool is_whole(const json_t *number)
{
	if (json_is_integer(number) || !is_safe(number))
		return true; /* a double beyond 2^53 has no fraction */
	double real = json_real_value(number);
	return (double)(int64_t)real == real;
}

static void check_safe(struct sl_check *check, const json_t *number, const struct sl_step *step)
{
	check->estimate += NUMBER_BYTES;
	if (!is_safe(number))
		sl_check_fault(check, step, "number beyond ±(2^53−1)");
}

static void check_number(struct sl_check *check, const json_t *value, const struct sl_step *step)
{
	if (json_is_number(value))
		check_safe(check, value, step);
	else
		sl_check_fault(check, step, "must be a number");
}

bool sl_check_integer(struct sl_check *check, const json_t *value, const struct sl_step *step, int64_t *number_r)
{
	*number_r = 0;
	if (!value)
		sl_check_fault(check, step, "is required");
	else if (!json_is_number(value) || !is_whole(value))
		sl_check_fault(check, step, "must be a whole number");
	else if (!is_safe(value))
		sl_check_fault(check, step, "number beyond ±(2^53−1)");
	else {
		*number_r = json_is_integer(value) ? (int64_t)json_integer_value(value) : (int64_t)json_real_value(value);
		return true;
	}
	return false;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static void check_text(struct sl_check *check, const struct sl_field *field, const json_t *value,
	const struct sl_step *step)
{
	size_t length = json_string_length(value);
	estimate_text(check, length);
	if (!json_is_string(value))
		sl_check_fault(check, step, "must be text");
	else if (field->limit != 0 && length > field->limit)
		sl_check_fault(check, step, "longer than %zu bytes", field->limit);
}

/* U+0000–001F, U+007F, U+0080–009F (the last ones are C2 80 to C2 9F in UTF-8). */
static bool has_control(struct sl_str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.bytes[i];
		if (c < 0x20 || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < text.length && (unsigned char)text.bytes[i + 1] < 0xa0)
			return true;
	}
	return false;
}

bool sl_check_name(struct sl_check *check, struct sl_str name, int maximum, const char *what,
	const struct sl_step *step)
{
	if (name.length == 0)
		sl_check_fault(check, step, "%smust not be empty", what);
	else if (name.length > (size_t)maximum && sl_utf8_length(name) > (size_t)maximum)
		sl_check_fault(check, step, "%s%slonger than %d characters", what, *what ? "is " : "", maximum);
	else if (has_control(name))
		sl_check_fault(check, step, "%smust not hold control characters", what);
	else
		return true;
	return false;
}

bool sl_check_id(struct sl_check *check, const json_t *value, const struct sl_step *step, struct sl_str *id_r)
{
	*id_r = sl_json_text(value);
	if (!value)
		sl_check_fault(check, step, "is required");
	else if (!json_is_string(value))
		sl_check_fault(check, step, "must be text");
	else
		return sl_check_name(check, *id_r, SL_ID_CHARACTERS, "", step);
	return false;
}

/* --- arrays and objects ----------------------------------------------------------------------------------------- */

bool sl_check_object(struct sl_check *check, const json_t *value, const struct sl_step *step)
{
	if (!json_is_object(value))
		sl_check_fault(check, step, "must be an object");
	return json_is_object(value);
}

bool sl_check_array(struct sl_check *check, const json_t *value, const struct sl_step *step)
{
	if (!json_is_array(value))
		sl_check_fault(check, step, "must be an array");
	return json_is_array(value);
}

void sl_check_member(struct sl_check *check, const struct sl_field *field, const char *name, const json_t *value,
	const struct sl_step *up)
{
	struct sl_step step = sl_step_member(up, name);
	estimate_text(check, strlen(name));
	sl_check_value(check, field, value, &step);
}

/* An object's members by `shape`; without one (NULL) they may hold anything. */
static void check_members(struct sl_check *check, const struct sl_shape *shape, const json_t *object,
	const struct sl_step *step)
{
	const char *name;
	json_t *value;
	check->estimate += 3;
	json_object_foreach((json_t *)object, name, value) {
		const struct sl_field *field = shape ? sl_schema_field(shape, sl_str_from(name)) : NULL;
		sl_check_member(check, field, name, value, step);
	}
}

static void check_elements(struct sl_check *check, const struct sl_shape *shape, const json_t *array,
	const struct sl_step *step)
{
	size_t index;
	json_t *value;
	check->estimate += 3;
	json_array_foreach(array, index, value) {
		struct sl_step element = sl_step_element(step, index);
		if (!shape)
			sl_check_value(check, NULL, value, &element);
		else if (sl_check_object(check, value, &element))
			check_members(check, shape, value, &element);
		check->values += shape != NULL;
	}
}

static void check_anything(struct sl_check *check, const json_t *value, const struct sl_step *step)
{
	if (json_is_number(value))
		check_safe(check, value, step);
	else if (json_is_string(value))
		estimate_text(check, json_string_length(value));
	else if (!json_is_object(value) && !json_is_array(value))
		check->estimate += NUMBER_BYTES;
	else if (step->depth >= check->deepest)
		sl_check_fault(check, step, "nested deeper than %u levels", check->levels);
	else if (json_is_object(value))
		check_members(check, NULL, value, step);
	else
		check_elements(check, NULL, value, step);
}

void sl_check_value(struct sl_check *check, const struct sl_field *field, const json_t *value,
	const struct sl_step *step)
{
	bool is_free = !field || check->structure_only || sl_schema_is_blank(value);
	check->values++;
	switch (is_free ? SL_TYPE_ANY : field->type) {
	case SL_TYPE_TEXT:
	case SL_TYPE_WORD:
		check_text(check, field, value, step);
		break;
	case SL_TYPE_INTEGER:
	case SL_TYPE_NUMBER:
		check_number(check, value, step);
		break;
	case SL_TYPE_BOOLEAN:
		check->estimate += NUMBER_BYTES;
		if (!json_is_boolean(value))
			sl_check_fault(check, step, "must be true or false");
		break;
	case SL_TYPE_OBJECT:
		if (sl_check_object(check, value, step))
			check_members(check, field->shape, value, step);
		break;
	case SL_TYPE_LIST:
		if (sl_check_array(check, value, step))
			check_elements(check, field->shape, value, step);
		break;
	case SL_TYPE_ANY:
		check_anything(check, value, step);
		break;
	}
}

/* --- sizes ------------------------------------------------------------------------------------------------------ */

static int count_bytes(void *context, const char *bytes, size_t length)
{
	(void)bytes;
	*(uint64_t *)context += length;
	return 0;
}

void sl_check_size(struct sl_check *check, const json_t *value, const char *const *skip, size_t skip_count,
	const struct sl_step *step)
{
	if (check->values > SL_ROW_VALUES)
		sl_check_fault(check, step, "holds more than %d values", SL_ROW_VALUES);
	if (check->estimate <= check->row_bytes)
		return;
	uint64_t length = 0;
	struct sl_buf counter;
	sl_buf_init_flushing(&counter, CHUNK_BYTES, count_bytes, &length);
	if (json_is_object(value))
		sl_json_write_without(&counter, value, skip, skip_count);
	else
		sl_json_write(&counter, value);
	int code = sl_buf_flush(&counter);
	sl_buf_dispose(&counter);
	if (code != 0)
		check->code = code;
	else if (length > check->row_bytes)
		sl_check_fault(check, step, "takes more than %zu bytes", check->row_bytes);
}
