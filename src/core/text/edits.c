/* Edits between two texts: see edits.h. Pieces (lines or tokens) get ids, sequence_diff.c compares the ids.
 * Keeps true: equal ids mean equal bytes, and ids rise in order of first appearance, so no hash decides anything.
 * Fails only for memory and size.
 */
#include "core/text/edits.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/error.h"
#include "core/text/sequence_diff.h"
#include "core/text/tokens.h"

/* See sl_diff_task: texts of many small edits are compared word by word very often. */
#define MOST_COST_OF_WORDS 64

/* Every text's ids begin with these two: an empty line, a line end. */
#define BREAKS 2

struct slot {
	uint32_t hash, id; /* id + 1; 0: empty */
};

/* All different pieces: a hash table with open addressing, at most half full. */
struct names {
	struct sl_arena *arena;
	struct slot *slots;
	size_t capacity; /* of slots, a power of two; half as many names fit */
	struct sl_str *names;
	bool *blank; /* by id */
	uint32_t count;
};

/* A text in pieces: where each ends, and its id. */
struct pieces {
	struct sl_str text;
	uint32_t *ends, *ids;
	size_t count, capacity;
};

/* The address makes the seed unknown to whoever makes words that collide; ids don't depend on it. */
static uint32_t hash_of(const struct names *names, struct sl_str name)
{
	return (uint32_t)XXH3_64bits_withSeed(name.bytes, name.length, (uint64_t)(uintptr_t)names->arena);
}

static void slot_fill(struct slot *slots, size_t capacity, struct slot slot)
{
	size_t at = slot.hash & (capacity - 1);
	while (slots[at].id != 0)
		at = (at + 1) & (capacity - 1);
	slots[at] = slot;
}

static int names_grow(struct names *names)
{
	size_t capacity = names->capacity ? names->capacity * 2 : 64;
	struct slot *slots = sl_arena_zalloc(names->arena, capacity, sizeof(*slots));
	struct sl_str *list = sl_arena_alloc(names->arena, capacity / 2 * sizeof(*list));
	bool *blank = sl_arena_zalloc(names->arena, capacity / 2, sizeof(*blank));
	if (!slots || !list || !blank)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < names->capacity; i++)
		if (names->slots[i].id != 0)
			slot_fill(slots, capacity, names->slots[i]);
	if (names->count) {
		memcpy(list, names->names, names->count * sizeof(*list));
		memcpy(blank, names->blank, names->count * sizeof(*blank));
	}
	names->slots = slots;
	names->names = list;
	names->blank = blank;
	names->capacity = capacity;
	return 0;
}

static int names_id(struct names *names, struct sl_str name, uint32_t *id_r)
{
	uint32_t hash = hash_of(names, name);
	if (names->count == names->capacity / 2 && names_grow(names) != 0)
		return SL_NO_MEMORY;
	size_t at = hash & (names->capacity - 1);
	for (; names->slots[at].id != 0; at = (at + 1) & (names->capacity - 1)) {
		if (names->slots[at].hash != hash || !sl_str_equal(names->names[names->slots[at].id - 1], name))
			continue;
		*id_r = names->slots[at].id - 1;
		return 0;
	}
	*id_r = names->count;
	names->names[names->count++] = name;
	names->slots[at] = (struct slot){ hash, names->count };
	return 0;
}

static int names_init(struct names *names, struct sl_arena *arena)
{
	uint32_t id;
	*names = (struct names){ .arena = arena };
	int code = names_id(names, SL_STR("\n"), &id);
	return code == 0 ? names_id(names, SL_STR("\r\n"), &id) : code;
}

static int pieces_reserve(struct pieces *pieces, struct sl_arena *arena)
{
	if (pieces->count < pieces->capacity)
		return 0;
	size_t capacity = pieces->capacity ? pieces->capacity * 2 : 64;
	uint32_t *ends = sl_arena_alloc(arena, capacity * sizeof(*ends));
	uint32_t *ids = sl_arena_alloc(arena, capacity * sizeof(*ids));
	if (!ends || !ids)
		return SL_NO_MEMORY;
	if (pieces->count) {
		memcpy(ends, pieces->ends, pieces->count * sizeof(*ends));
		memcpy(ids, pieces->ids, pieces->count * sizeof(*ids));
	}
	pieces->ends = ends;
	pieces->ids = ids;
	pieces->capacity = capacity;
	return 0;
}

static int pieces_add(struct pieces *pieces, size_t end, uint32_t id, struct sl_arena *arena)
{
	if (pieces_reserve(pieces, arena) != 0)
		return SL_NO_MEMORY;
	pieces->ends[pieces->count] = (uint32_t)end;
	pieces->ids[pieces->count++] = id;
	return 0;
}

/* Where the first `count` pieces end. */
static size_t end_of(const struct pieces *pieces, size_t count)
{
	return count ? pieces->ends[count - 1] : 0;
}

/* Cuts the piece behind the last one and gives it its id. */
static int cut_one(struct pieces *pieces, enum sl_text_unit unit, struct names *names)
{
	size_t at = end_of(pieces, pieces->count);
	enum sl_text_token token = SL_TOKEN_LINE_END;
	uint32_t id;
	size_t end = unit == SL_TEXT_LINES ? sl_text_line_end(pieces->text, at)
	                                   : sl_text_token_end(pieces->text, at, &token);
	struct sl_str piece = { pieces->text.bytes + at, end - at };
	int code = names_id(names, piece, &id);
	if (code != 0)
		return code;
	/* Scripts have a blank line between any two elements. */
	names->blank[id] = unit == SL_TEXT_LINES ? sl_text_is_layout(piece) : token == SL_TOKEN_BLANK;
	return pieces_add(pieces, end, id, names->arena);
}

static int cut(struct pieces *pieces, enum sl_text_unit unit, struct names *names)
{
	int code = 0;
	while (code == 0 && end_of(pieces, pieces->count) < pieces->text.length)
		code = cut_one(pieces, unit, names);
	return code;
}

/* Copies pieces `first` to `end` of `from`, which stand `shift` bytes further in `pieces` (as size_t wraps). */
static int copy(struct pieces *pieces, const struct pieces *from, size_t first, size_t end, size_t shift,
	struct sl_arena *arena)
{
	int code = 0;
	for (size_t i = first; code == 0 && i < end; i++)
		code = pieces_add(pieces, from->ends[i] + shift, from->ids[i], arena);
	return code;
}

/* Cuts a text that may begin and end like `model`, which saves looking at what is equal there. A piece is known to be
 * the model's where it and the two behind it stand in the common beginning, for a letter behind a sign decides whether that
 * belongs to the word before it; and from a common boundary in the common end on, everything is. */
static int cut_like(struct pieces *pieces, const struct pieces *model, enum sl_text_unit unit, struct names *names)
{
	size_t prefix = sl_str_common_prefix(pieces->text, model->text);
	size_t suffix = sl_str_common_suffix(pieces->text, model->text);
	size_t shift = pieces->text.length - model->text.length, known = 0;
	while (known < model->count && model->ends[known] <= prefix)
		known++;
	int code = copy(pieces, model, 0, known > 2 ? known - 2 : 0, 0, names->arena);
	for (size_t next = 0, at; code == 0; code = cut_one(pieces, unit, names)) {
		at = end_of(pieces, pieces->count);
		if (at == pieces->text.length)
			break;
		if (at < pieces->text.length - suffix)
			continue;
		while (next < model->count && end_of(model, next) < at - shift)
			next++;
		if (end_of(model, next) == at - shift)
			return copy(pieces, model, next, model->count, shift, names->arena);
	}
	return code;
}

static int diff_of(const struct pieces *before, const struct pieces *after, enum sl_text_unit unit,
	const struct names *names, struct sl_diff *diff_r)
{
	struct sl_diff_task task = {
		.a = { before->ids, before->count },
		.b = { after->ids, after->count },
		.id_count = names->count,
		.breaks = BREAKS,
		.weak = names->blank,
		.most_cost = unit == SL_TEXT_WORDS ? MOST_COST_OF_WORDS : UINT32_MAX,
	};
	return sl_diff_of(&task, names->arena, diff_r);
}

static int edits_from(const struct sl_diff *diff, const struct pieces *before, const struct pieces *after,
	struct sl_arena *arena, struct sl_text_edits *edits_r)
{
	edits_r->items = sl_arena_alloc(arena, diff->count * sizeof(*edits_r->items));
	if (!edits_r->items)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < diff->count; i++) {
		const struct sl_diff_change *change = &diff->changes[i];
		edits_r->items[i] = (struct sl_text_edit){ end_of(before, change->a_at), end_of(before, change->a_end),
			end_of(after, change->b_at), end_of(after, change->b_end) };
	}
	edits_r->count = diff->count;
	return 0;
}

int sl_text_edits_of(struct sl_str before, struct sl_str after, enum sl_text_unit unit, struct sl_arena *arena,
	struct sl_text_edits *edits_r)
{
	struct pieces old = { .text = before }, new = { .text = after };
	struct names names;
	struct sl_diff diff;
	struct sl_arena scratch;
	*edits_r = (struct sl_text_edits){ NULL, 0 };
	if (before.length > SL_TEXT_MAXIMUM || after.length > SL_TEXT_MAXIMUM)
		return SL_TOO_LARGE;
	sl_arena_init(&scratch, 0);
	int code = names_init(&names, &scratch);
	if (code == 0)
		code = cut(&old, unit, &names);
	if (code == 0)
		code = cut_like(&new, &old, unit, &names);
	if (code == 0)
		code = diff_of(&old, &new, unit, &names, &diff);
	if (code == 0)
		code = edits_from(&diff, &old, &new, arena, edits_r);
	sl_arena_dispose(&scratch);
	return code;
}
