/* Entries of the journal, as the engine makes them, joins them and takes them apart; see journal.h for what they are. */
#ifndef SL_CORE_ENGINE_ENTRIES_H
#define SL_CORE_ENGINE_ENTRIES_H

#include "core/engine/state.h"

/* --- journal_write.c ------------------------------------------------------------------------------------------- */

/* Makes sure that what follows joins an entry of this cause. */
int sl_journal_open(struct sl_engine *engine, enum sl_cause cause);

/* What `change` is about to do to local. */
int sl_journal_note_change(struct sl_engine *engine, const struct sl_delta *change, enum sl_cause cause);

/* What a merge did with values, behind its change; decisions are opened. */
int sl_journal_note_merge(struct sl_engine *engine, const struct sl_merge *merge, enum sl_cause cause);

/* What a merge did earlier, in the entry at hand. */
int sl_journal_note_again(struct sl_engine *engine, const struct sl_note *note);

/* That a row was so here, though only in base. */
int sl_journal_note_once(struct sl_engine *engine, const struct sl_row *row, enum sl_cause cause);

int sl_journal_write(struct sl_engine *engine);     /* stores the newest entry as it is */
int sl_journal_close(struct sl_engine *engine);     /* nothing joins it any more */
int sl_journal_end_event(struct sl_engine *engine); /* stores it; only edits may still join */
void sl_journal_free(struct sl_engine *engine);

/* Any entry in the making. It is disposed of whatever becomes of it. */
int sl_journal_begin(struct sl_open_entry *open, int64_t id, enum sl_cause cause);
void sl_journal_dispose(struct sl_open_entry *open);

/* Adds a change, which is copied. Of a row that is in the entry already it comes behind all that is there (`newer`), or before it.
 * SL_INTERNAL: it doesn't follow. */
int sl_journal_add(struct sl_open_entry *open, const struct sl_journal_change *change, bool newer);

/* Adds a hash of what the row once was. */
int sl_journal_add_once(struct sl_open_entry *open, const struct sl_key *key, struct sl_str hash);

/* Writes the two pairs of the entry, or removes them. */
int sl_journal_store(struct sl_engine *engine, struct sl_open_entry *open);
int sl_journal_drop(struct sl_engine *engine, int64_t id, int64_t bytes);

/* --- authors.c ------------------------------------------------------------------------------------------------------- */

/* Reads who wrote the rows of an answer. What is not as it should be counts as not told: it never keeps an answer from being taken
 * in. Authors of what came after `version` are left out, for they wrote something else than the answer has. Returns 0 or
 * SL_NO_MEMORY. */
int sl_engine_read_authors(struct sl_engine *engine, const json_t *body, int64_t version, struct sl_authors *authors_r);

/* Whoever wrote what is being taken in of the row becomes an author of the entry. *author_r: as in struct sl_journal_change. Returns
 * 0 or SL_NO_MEMORY. */
int sl_journal_name_author(struct sl_engine *engine, struct sl_open_entry *open, const struct sl_key *key, size_t *author_r);

/* Adds an author, which is copied, unless it is there already: *author_r, as in struct sl_journal_change, is 0 for want of room.
 * Returns 0 or SL_NO_MEMORY. */
int sl_journal_join_author(struct sl_open_entry *open, const struct sl_journal_author *author, size_t *author_r);

/* The author of a row of the entry in the making; 0: none. It becomes another one. */
size_t sl_journal_author_in(const struct sl_open_entry *open, const struct sl_key *key);
int sl_journal_put_author(struct sl_open_entry *open, const struct sl_key *key, size_t author);

/* The member `authors`, with a comma before it; nothing if there are none. */
void sl_journal_write_authors(const struct sl_journal_author *authors, size_t count, struct sl_buf *out);
int sl_journal_read_authors(const json_t *list, struct sl_arena *arena, struct sl_journal_entry *entry);

/* --- journal_thin.c -------------------------------------------------------------------------------------------------- */

/* Makes the journal smaller, once it has grown; in jobs. */
int sl_journal_care(struct sl_engine *engine);

/* --- journal_entry.c ------------------------------------------------------------------------------------------------- */

void sl_journal_write_head(const struct sl_journal_head *head, struct sl_buf *out);

/* The members of a body before its changes; they follow, then once and notes. */
void sl_journal_begin_body(const struct sl_journal_head *head, struct sl_buf *out);
int sl_journal_write_change(struct sl_engine *engine, const struct sl_journal_head *head,
	const struct sl_journal_change *change, struct sl_buf *out);
int sl_journal_read_object(const json_t *object, struct sl_arena *arena, struct sl_journal_entry *entry_r);

/* The change with the effect of both, from behind the newer one to before the older one. SL_INTERNAL: they don't follow one
 * another. */
int sl_journal_compose(const struct sl_journal_change *newer, const struct sl_journal_change *older, struct sl_arena *arena,
	struct sl_journal_change *change_r);

#endif
