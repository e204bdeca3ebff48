/* The engine's events and effects as JSON: for WebAssembly, logs and recorded traces.
 *
 * An event is {"type":"edit","now":1700000000000,"random":"32 hex digits", …} with the members that its type has in
 * struct sl_event:
 *   start          pairs: [["key","value"], …]
 *   edit           delta, before?, revision?
 *   replace        document, revision, exact?
 *   handed         pairs
 *   follow         writes, as in the effect "store"
 *   answer         request, status, body?, retryAfter?, backoff?, traceId?
 *   loaded         id, pairs, complete?
 *   shown          revision
 *   failed         request, reason?
 *   hint           version?
 *   resolve        conflict, hunk?, choice: "mine" | "theirs" | "both" | "own", own?
 *   restore        version, preview?
 *   undo           entry, note?
 *   signIn         account?
 *   online, offline, tick, syncNow, clear, signOut: none
 * delta, before and document are JSON values, the rest texts and numbers.
 *
 * Effects are an array of
 *   {"type":"store","writes":[["key","value"],["removed key"]]}
 *   {"type":"send","id":1,"method":"PUT","path":"/project","headers":{"Content-Type":"application/json"},"body":"…"}
 *   {"type":"load","id":1,"prefix":"journal/","first":1,"last":40,"most":32}
 *   {"type":"result","about":"restore","id":7,"error":"","detail":"","delta"?:DELTA}: error as in sl_err_word
 *   {"type":"wake","at":1700000000000}
 *   {"type":"status","word":"Synced","pending":0,"quarantined":0,"conflicts":0,"lastSync":0,"version":0,"done":0,
 *    "total":0,"nextTry":0,"readOnly":false,"error":"","detail":"","traceId":""}
 *   {"type":"changed","revision":2,"delta":DELTA,"renamed"?:[{"entity","from","to"}]}: keys as in DELTA's `deleted`
 *   {"type":"conflict","id":1,"opened":true}
 *   {"type":"journal","id":1,"going":false,"head":HEAD}: as sl_engine_json_head writes it
 */
#ifndef SL_CORE_ENGINE_JSON_H
#define SL_CORE_ENGINE_JSON_H

#include "core/engine/engine.h"

/* Reads one event; its texts live in the arena. Returns 0, SL_MALFORMED, SL_TOO_LARGE, SL_INVALID (err->path: the
 * member), or SL_NO_MEMORY. */
int sl_engine_json_read(struct sl_str text, struct sl_arena *arena, struct sl_event *event_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Appends the effects as an array. Returns the buffer's code. */
int sl_engine_json_write(const struct sl_effects *effects, struct sl_buf *out) __attribute__((warn_unused_result));

/* "Synced", "Syncing", "Offline", "Conflict", "Error", "Disabled". */
const char *sl_engine_json_word(enum sl_status_word word);

/* The name of an event. */
const char *sl_engine_json_event(enum sl_event_type type);

/* "value", "both", "moved", "kept", "renamed". */
const char *sl_engine_note_kind(enum sl_note_kind kind);

/* Appends the members of a note, without braces: entity, key, path, base?, mine?, theirs?, result?, kind, conflict, open, hunks?
 * (values as JSON; key as in DELTA's `deleted`; hunks: an array of {at, base, mine, theirs, before?, after?}: the words
 * around). */
void sl_engine_json_note(const struct sl_note *note, struct sl_buf *out);

/* Append an array of what the engine keeps, oldest first: {id, version, entry, NOTE} for open decisions, {entity, key, reason} for
 * quarantined rows. Return the buffer's code. */
int sl_engine_json_conflicts(const struct sl_engine *engine, struct sl_buf *out) __attribute__((warn_unused_result));
int sl_engine_json_quarantine(const struct sl_engine *engine, struct sl_buf *out) __attribute__((warn_unused_result));

/* Append {cause, time, age, version, bytes, from, to, rows, notes, open, setsAside, removes, authors?} of a head, and {cause,
 * version, from, to, rows: [{entity, key, added, removed, author?}], notes: [{NOTE, author?}, …], authors?: [{userId, deviceId,
 * deviceName, version, at}]} of an entry. `author` is a place in `authors`, from 0. */
void sl_engine_json_head(const struct sl_journal_head *head, struct sl_buf *out);
void sl_engine_json_entry(const struct sl_journal_entry *entry, struct sl_buf *out);

#endif
