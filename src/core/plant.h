/* Planted faults: known-bad behaviours that the simulator has to catch, to prove that it would catch real ones.
 *
 * SL_PLANTED(NAME) is 0 in every build but that of tests/sim/prove, which sets `sl_plant` to one of them at a time.
 * Sources: lessons.md, one line each.
 */
#ifndef SL_CORE_PLANT_H
#define SL_CORE_PLANT_H

/* PLANT(name, what it does) */
#define SL_PLANTS(PLANT)                                                                                               \
	PLANT(LAST_OPERATION_ONLY, "the server remembers only the last operation's id")                                    \
	PLANT(TWO_WAY_MERGE, "a device merges without the base")                                                           \
	PLANT(NO_GATE, "a device pushes before it has pulled")                                                             \
	PLANT(NO_EMPTY_GUARD, "an empty project may replace one that isn't")                                               \
	PLANT(TIME_AS_CURSOR, "the time of the response is the cursor of the next pull")                                   \
	PLANT(NO_BACKUP, "what a merge replaces is not backed up")                                                         \
	PLANT(SEND_BEFORE_STORE, "an operation is sent before it is stored")                                               \
	PLANT(NEW_ID_ON_RETRY, "a retry gets a new operation id")                                                          \
	PLANT(NO_VERSION_CHECK, "versions are not checked under the lock")                                                 \
	PLANT(CLOCK_DECIDES, "the device's clock decides who wrote last")                                                  \
	PLANT(NO_TOMBSTONES, "deletions are forgotten")                                                                    \
	PLANT(LAST_WRITER_WINS, "texts are not merged: one side's is dropped")                                             \
	PLANT(COPY_DROPPED, "a conflict copy is not kept")                                                                 \
	PLANT(BYTES_REBUILT, "a retry is built again from what is pending now")                                            \
	PLANT(NO_DIGEST_CHECK, "digests are never compared")                                                               \
	PLANT(EPOCH_IGNORED, "a server that fell back is believed")                                                        \
	PLANT(BASE_TRUSTED, "base is the ancestor of rows that a server lost")                                             \
	PLANT(EDIT_LOSES_TO_DELETE, "a deletion beats an edit")                                                            \
	PLANT(REFUSAL_BLOCKS, "a refused row is sent again and again")                                                     \
	PLANT(COUNTER_OVERWRITES, "counters are taken over like any other field")                                          \
	PLANT(STORE_IN_PARTS, "a batch is not stored as a whole")                                                          \
	PLANT(DELETION_UNDONE, "what another device deleted is added again")                                               \
	PLANT(CONFLICT_REPEATED, "a conflict is answered with the same push")                                              \
	PLANT(RECEIPT_DROPPED, "what a merge gives up is not kept")                                                        \
	PLANT(CLOCK_COMPARED, "a clock behind the server's versions stops the polls")                                      \
	PLANT(CHANGES_UNTOLD, "the app is not told of deleted rows")                                                       \
	PLANT(SYNCED_TOO_EARLY, "\"synced\" is shown while rows are pending")

#ifdef SL_PLANT
enum sl_plants {
	SL_PLANT_NONE,
#define SL_PLANT_NAME(name, what) SL_PLANT_##name,
	SL_PLANTS(SL_PLANT_NAME)
#undef SL_PLANT_NAME
	SL_PLANT_COUNT
};
extern int sl_plant;
#define SL_PLANTED(name) (sl_plant == SL_PLANT_##name)
#else
#define SL_PLANTED(name) 0
#endif

#endif
