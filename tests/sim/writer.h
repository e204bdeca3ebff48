/* What users do: an action of the plan becomes an event of its device's engine.
 *
 * Users see what their device shows, and choose by the action's own dice. Whatever they type is a new word (words.h).
 */
#ifndef TESTS_SIM_WRITER_H
#define TESTS_SIM_WRITER_H

#include <jansson.h>

#include "core/delta/delta.h"

#include "sim.h"

/* One edit on its way from a user's head to the engine. */
struct writing {
	struct sim *sim;
	struct sim_device *device;
	struct dice dice;
	struct sim_intent intent;
	struct sl_rowset *rows;
	struct sl_keys deleted;
	unsigned birth; /* what is typed now belongs to this new row; 0: to none */
};

/* The first device, or another one at the same time, imports a project. */
void sim_writer_birth(struct sim *sim, unsigned device);

/* Does what a user would; nothing while the device is down. False for actions that no user does. */
bool sim_writer_act(struct sim *sim, const struct sim_action *action);

/* The editor that is open on the device is saved. */
void sim_writer_save(struct sim *sim, unsigned device);

/* Whatever a user has to decide before the project can come to rest: conflicts, guards, refused rows. False when there
 * is nothing. */
bool sim_writer_tidy(struct sim *sim, unsigned device, struct dice *dice);

/* --- an edit (writing.c) ------------------------------------------------------------------------------------------ */

void writing_begin(struct writing *writing, struct sim *sim, unsigned device, uint64_t seed);

/* A row that the device shows; NULL when it has none of the entity. */
const struct sl_row *writing_choose(struct writing *writing, enum sl_entity entity);

/* The row's data as JSON: a new reference, never NULL. */
json_t *writing_open(const struct sl_row *row);

/* Writes the row with this data, of which `field` was edited; an empty name: all of it, a new row. Words that the row
 * had and the new data lacks are given up. Takes the reference. */
void writing_put(struct writing *writing, const struct sl_key *key, struct sl_str rank, json_t *data, const char *field);

/* Deletes a row, and gives up its words and those of an episode's scenes and shots. */
void writing_delete(struct writing *writing, const struct sl_key *key);

/* The first id of the prefix and a number that no row of the device has. */
void writing_free_id(struct writing *writing, struct sl_key *key, const char *prefix);

/* Sends the edit to the engine (writing_send.c); nothing if it is empty. */
void writing_send(struct writing *writing);

/* Whether the device's app knows no more than the schema, and leaves out the rest. */
bool writing_is_old_app(const struct writing *writing);

/* Sends another event with the writing's intent; what is given up shows when it is done. */
int writing_tell(struct writing *writing, struct sl_event *event);

/* The row of a meta field: its data, or its empty value. A new reference. */
json_t *writing_open_meta(struct writing *writing, const char *name);

static inline struct sl_key writing_meta_key(const char *name)
{
	return (struct sl_key){ SL_META, 0, sl_str_from(name) };
}

/* --- text (typing.c) ---------------------------------------------------------------------------------------------- */

/* A new word, noted in the intent, in a short text or one where both sides' words count. Empty when there is none. */
struct sl_str typing_word(struct writing *writing, bool text, enum sim_script script);

/* A new text of some lines, with words in it. */
struct sl_str typing_new(struct writing *writing);

/* The text with one more word, or without one of them; `text` itself when there is nothing to do. In a polite world
 * only in the device's own line. */
struct sl_str typing_add(struct writing *writing, struct sl_str text);
struct sl_str typing_cut(struct writing *writing, struct sl_str text);

/* The same where texts consist of typed words alone (typing_tokens.c). */
struct sl_str typing_new_tokens(struct writing *writing);
struct sl_str typing_add_tokens(struct writing *writing, struct sl_str text);
struct sl_str typing_cut_tokens(struct writing *writing, struct sl_str text);

/* --- habits ------------------------------------------------------------------------------------------------------- */

void habit_rows(struct writing *writing, enum sim_action_kind kind);  /* writer_rows.c */
void habit_large(struct writing *writing, enum sim_action_kind kind); /* writer_large.c */
void habit_people(struct writing *writing, enum sim_action_kind kind); /* writer_decide.c */
void habit_worlds(struct writing *writing, enum sim_action_kind kind); /* writer_worlds.c */
void habit_clear(struct writing *writing);

/* Decides something that is open. False: nothing is. */
bool habit_decide(struct writing *writing);

#endif
