/* Byte patches: see byte_patch.h for the format.
 * Keeps true: a patch is read whole and found sound before anything is allocated or written from it. Making is linear
 * even for hostile texts: few candidates are tried at each place, and the index covers the changed stretch only.
 * Fails with SL_INTERNAL for a damaged patch, never for a text. The method is that of rsync and of VCDIFF (RFC 3284).
 */
#include "core/delta/byte_patch.h"

#include <stdint.h>

#define BLOCK 16      /* bytes; copies shorter than this are found at the ends of the change only */
#define CANDIDATES 16 /* blocks of equal hash tried at one place */

static struct sl_str slice(struct sl_str text, size_t begin, size_t end)
{
	return begin < end ? (struct sl_str){ text.bytes + begin, end - begin } : (struct sl_str){ NULL, 0 };
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Joins neighbouring operations: a copy or an insert waits until it can't grow any more; never both do. */
struct writer {
	struct sl_buf *out;
	struct sl_patch_op copy;       /* waits if its length isn't 0 */
	struct sl_buf insert; /* waits if not empty */
};

static void writer_init(struct writer *writer, struct sl_buf *out, size_t result_length)
{
	*writer = (struct writer){ .out = out };
	sl_buf_init(&writer->insert, SL_PATCH_BYTES);
	sl_buf_add_varint(out, result_length);
}

static void write_waiting(struct writer *writer)
{
	if (writer->copy.length > 0) {
		sl_buf_add_varint(writer->out, (uint64_t)writer->copy.length * 2 + 1);
		sl_buf_add_varint(writer->out, writer->copy.offset);
		writer->copy.length = 0;
	}
	if (sl_buf_code(&writer->insert) != 0) {
		sl_buf_fail(writer->out, sl_buf_code(&writer->insert));
	} else if (writer->insert.length > 0) {
		sl_buf_add_varint(writer->out, (uint64_t)writer->insert.length * 2);
		sl_buf_add_str(writer->out, sl_buf_str(&writer->insert));
		sl_buf_clear(&writer->insert);
	}
}

static void write_copy(struct writer *writer, size_t offset, size_t length)
{
	if (length == 0)
		return;
	if (writer->copy.length > 0 && writer->copy.offset + writer->copy.length == offset) {
		writer->copy.length += length;
		return;
	}
	write_waiting(writer);
	writer->copy = (struct sl_patch_op){ true, offset, length };
}

static void write_insert(struct writer *writer, struct sl_str text)
{
	if (text.length == 0)
		return;
	if (writer->copy.length > 0)
		write_waiting(writer);
	sl_buf_add_str(&writer->insert, text);
}

static int writer_finish(struct writer *writer)
{
	write_waiting(writer);
	sl_buf_dispose(&writer->insert);
	return sl_buf_code(writer->out);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

int sl_patch_next(struct sl_str patch, size_t *cursor, struct sl_patch_op *op_r)
{
	uint64_t head = 0, offset = 0;
	if (*cursor == 0 && sl_varint_read(patch, cursor, &head) != 0)
		return SL_INTERNAL;
	if (*cursor == patch.length)
		return 0;
	if (sl_varint_read(patch, cursor, &head) != 0 || head / 2 == 0 || head / 2 > SL_PATCH_BYTES)
		return SL_INTERNAL;
	*op_r = (struct sl_patch_op){ head & 1, *cursor, (size_t)(head / 2) };
	if (op_r->copies) {
		if (sl_varint_read(patch, cursor, &offset) != 0 || offset > SL_PATCH_BYTES)
			return SL_INTERNAL;
		op_r->offset = (size_t)offset;
	} else {
		if (op_r->length > patch.length - *cursor)
			return SL_INTERNAL;
		*cursor += op_r->length;
	}
	return 1;
}

struct survey {
	size_t begin;  /* of the first operation in the patch */
	size_t length; /* of the result: what is declared and what the operations make */
	size_t count;  /* operations */
};

/* Reads the whole patch, for a source of `source_length` bytes. Allocates nothing. */
static int survey(struct sl_str patch, size_t source_length, struct survey *survey_r, struct sl_err *err)
{
	uint64_t declared = 0, made = 0;
	size_t cursor = 0, count = 0;
	struct sl_patch_op op = { false, 0, 0 };
	int more = sl_varint_read(patch, &cursor, &declared);
	if (more != 0 || declared > SL_PATCH_BYTES)
		return sl_err_set(err, SL_INTERNAL, "a stored patch has no sound length");
	*survey_r = (struct survey){ .begin = cursor, .length = (size_t)declared };
	while ((more = sl_patch_next(patch, &cursor, &op)) > 0) {
		if (op.copies && (op.offset > source_length || op.length > source_length - op.offset))
			return sl_err_set(err, SL_INTERNAL, "a stored patch reaches beyond its source");
		made += op.length;
		if (made > declared)
			break;
		count++;
	}
	if (more != 0 || made != declared)
		return sl_err_set(err, SL_INTERNAL, "a stored patch is damaged");
	survey_r->count = count;
	return 0;
}

int sl_patch_apply(struct sl_str from, struct sl_str patch, struct sl_arena *arena, struct sl_str *to_r,
	struct sl_err *err)
{
	struct survey whole;
	struct sl_patch_op op;
	int code = survey(patch, from.length, &whole, err);
	if (code != 0)
		return code;
	char *bytes = sl_arena_alloc(arena, whole.length), *at = bytes;
	if (!bytes)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for a patched text");
	for (size_t cursor = whole.begin; sl_patch_next(patch, &cursor, &op) > 0; at += op.length)
		memcpy(at, (op.copies ? from.bytes : patch.bytes) + op.offset, op.length);
	*to_r = (struct sl_str){ bytes, whole.length };
	return 0;
}

/* --- composing -------------------------------------------------------------------------------------------------- */

/* An operation of the first patch, and where its part of the result begins. */
struct piece {
	size_t begin;
	struct sl_patch_op op;
};

static struct piece *pieces_of(struct sl_str patch, const struct survey *whole, struct sl_arena *arena)
{
	struct piece *pieces = sl_arena_zalloc(arena, whole->count, sizeof(*pieces));
	size_t cursor = whole->begin, begin = 0;
	for (size_t i = 0; pieces && i < whole->count; i++) {
		if (sl_patch_next(patch, &cursor, &pieces[i].op) <= 0)
			return NULL; /* can't happen: `whole` surveyed it */
		pieces[i].begin = begin;
		begin += pieces[i].op.length;
	}
	return pieces;
}

/* The piece that makes the byte at `offset` of the result. */
static size_t piece_at(const struct piece *pieces, size_t count, size_t offset)
{
	size_t low = 0, high = count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (pieces[middle].begin <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Writes what makes `copy`, a piece of the first patch's result, out of the first patch's source. */
static void resolve(struct writer *writer, struct sl_str first, const struct piece *pieces, size_t count,
	struct sl_patch_op copy)
{
	for (size_t i = piece_at(pieces, count, copy.offset); copy.length > 0; i++) {
		const struct sl_patch_op *op = &pieces[i].op;
		size_t skipped = copy.offset - pieces[i].begin;
		size_t length = smaller(copy.length, op->length - skipped);
		if (op->copies)
			write_copy(writer, op->offset + skipped, length);
		else
			write_insert(writer, slice(first, op->offset + skipped, op->offset + skipped + length));
		copy.offset += length;
		copy.length -= length;
	}
}

int sl_patch_compose(struct sl_str first, struct sl_str second, struct sl_arena *arena, struct sl_buf *out,
	struct sl_err *err)
{
	struct survey a, b;
	struct writer writer;
	struct sl_patch_op op;
	int code = survey(first, SIZE_MAX, &a, err);
	if (code == 0)
		code = survey(second, a.length, &b, err);
	if (code != 0)
		return code;
	struct piece *pieces = pieces_of(first, &a, arena);
	if (!pieces)
		return sl_err_set(err, SL_NO_MEMORY, "no memory to compose patches");
	writer_init(&writer, out, b.length);
	for (size_t cursor = b.begin; sl_patch_next(second, &cursor, &op) > 0;) {
		if (op.copies)
			resolve(&writer, first, pieces, a.count, op);
		else
			write_insert(&writer, slice(second, op.offset, op.offset + op.length));
	}
	code = writer_finish(&writer);
	return code == 0 ? 0 : sl_err_set(err, code, "no room for a composed patch");
}

/* --- making ----------------------------------------------------------------------------------------------------- */

/* A rolling hash of BLOCK bytes: a polynomial modulo 2^64, so that platforms agree. */
#define FACTOR UINT64_C(0x9e3779b97f4a7c15)
#define FACTOR_2 (FACTOR * FACTOR)
#define FACTOR_4 (FACTOR_2 * FACTOR_2)
#define FACTOR_8 (FACTOR_4 * FACTOR_4)
#define FACTOR_BLOCK (FACTOR_8 * FACTOR_8)

static uint64_t hash_of(const char *bytes)
{
	uint64_t hash = 0;
	for (size_t i = 0; i < BLOCK; i++)
		hash = hash * FACTOR + (unsigned char)bytes[i];
	return hash;
}

/* The hash of the block one byte further than the one at `bytes`. */
static uint64_t hash_roll(uint64_t hash, const char *bytes)
{
	return hash * FACTOR + (unsigned char)bytes[BLOCK] - (unsigned char)bytes[0] * FACTOR_BLOCK;
}

/* The blocks of a stretch of the source by hash. Numbers of blocks count from 1; 0 ends a chain. */
struct index {
	struct sl_str source;
	size_t begin;    /* of block 1 in the source */
	uint32_t *heads; /* by slot: the first block */
	uint32_t *nexts; /* by block - 1: the next one in its slot, further on in the source */
	unsigned shift;  /* 64 - the logarithm of the number of slots */
};

static size_t slot_of(const struct index *index, uint64_t hash)
{
	return (size_t)(hash * UINT64_C(0xd6e8feb86659fd93) >> index->shift);
}

static int index_build(struct index *index, struct sl_str source, size_t begin, size_t end, struct sl_arena *arena)
{
	size_t blocks = (end - begin) / BLOCK, slots = 16;
	*index = (struct index){ .source = source, .begin = begin, .shift = 60 };
	for (; slots < blocks; slots *= 2)
		index->shift--;
	index->heads = sl_arena_zalloc(arena, slots, sizeof(*index->heads));
	index->nexts = sl_arena_zalloc(arena, blocks, sizeof(*index->nexts));
	if (!index->heads || !index->nexts)
		return SL_NO_MEMORY;
	for (size_t i = blocks; i > 0; i--) {
		size_t slot = slot_of(index, hash_of(source.bytes + begin + (i - 1) * BLOCK));
		index->nexts[i - 1] = index->heads[slot];
		index->heads[slot] = (uint32_t)i;
	}
	return 0;
}

struct match {
	size_t from, to, length; /* length 0: none */
};

/* The longest match of the block at `at`, within to[begin..end). */
static struct match find(const struct index *index, uint64_t hash, struct sl_str to, size_t begin, size_t at,
	size_t end)
{
	struct match best = { 0, 0, 0 };
	struct sl_str source = index->source;
	uint32_t block = index->heads[slot_of(index, hash)];
	for (int tries = 0; block != 0 && tries < CANDIDATES; block = index->nexts[block - 1], tries++) {
		size_t from = index->begin + (size_t)(block - 1) * BLOCK;
		if (memcmp(source.bytes + from, to.bytes + at, BLOCK) != 0)
			continue;
		size_t ahead = sl_str_common_prefix(slice(source, from, source.length), slice(to, at, end));
		size_t behind = sl_str_common_suffix(slice(source, 0, from), slice(to, begin, at));
		if (behind + ahead > best.length)
			best = (struct match){ from - behind, at - behind, behind + ahead };
	}
	return best;
}

/* Writes to[begin..end) as copies of indexed blocks, and inserts in between. */
static void write_matches(struct writer *writer, const struct index *index, struct sl_str to, size_t begin, size_t end)
{
	uint64_t hash = 0;
	bool rolled = false;
	for (size_t at = begin; at + BLOCK <= end;) {
		hash = rolled ? hash_roll(hash, to.bytes + at - 1) : hash_of(to.bytes + at);
		struct match match = find(index, hash, to, begin, at, end);
		rolled = match.length == 0;
		if (rolled) {
			at++;
			continue;
		}
		write_insert(writer, slice(to, begin, match.to));
		write_copy(writer, match.from, match.length);
		begin = at = match.to + match.length;
	}
	write_insert(writer, slice(to, begin, end));
}

int sl_patch_make(struct sl_str from, struct sl_str to, struct sl_arena *arena, struct sl_buf *out)
{
	if (from.length > SL_PATCH_BYTES || to.length > SL_PATCH_BYTES)
		return SL_TOO_LARGE;
	size_t prefix = sl_str_common_prefix(from, to);
	size_t suffix = sl_str_common_suffix(slice(from, prefix, from.length), slice(to, prefix, to.length));
	size_t changed = to.length - prefix - suffix, end = from.length - suffix;
	struct writer writer;
	struct index index;
	writer_init(&writer, out, to.length);
	write_copy(&writer, 0, prefix);
	if (changed < BLOCK) {
		write_insert(&writer, slice(to, prefix, prefix + changed));
	} else {
		/* As far around the change as it is long: finds what was doubled, at a cost that follows the change. */
		int code = index_build(&index, from, prefix - smaller(prefix, changed), end + smaller(suffix, changed),
			arena);
		if (code != 0) {
			sl_buf_dispose(&writer.insert);
			return code;
		}
		write_matches(&writer, &index, to, prefix, prefix + changed);
	}
	write_copy(&writer, end, suffix);
	return writer_finish(&writer);
}
