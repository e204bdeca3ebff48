/* Properties that a world may have beside those of plan.c, each with the share of worlds that have it: kinds of users, of apps
 * and of texts, and what is checked there.
 *
 * A share of 0 marks what the product does not support yet: `run --with NAME` switches it on.
 */
#ifndef TESTS_SIM_PROPERTIES_H
#define TESTS_SIM_PROPERTIES_H

#include <stdbool.h>
#include <stdint.h>

/* PROPERTY(NAME, permille of worlds, what it is) */
#define SIM_PROPERTIES(PROPERTY)                                                                                       \
	PROPERTY(TOKENS, 350, "long texts consist of typed words alone, some of them in scripts without blanks")           \
	PROPERTY(THAI, 0, "some texts of typed words are in a script in which only a dictionary could tell words")          \
	PROPERTY(REUSED, 300, "apps give ids of what was deleted again, and merges must not")                                  \
	PROPERTY(JOINED, 1000, "words that run into each other for want of a blank count as words that nobody typed")          \
	PROPERTY(DOUBT, 1000, "what was typed survives a deletion by somebody who fell back with the server")                 \
	PROPERTY(NEEDLESS, 1000, "among words with blanks, a question about edits that came near, but did not meet, is one too many") \
	PROPERTY(SINCE, 1000, "a decision removes nothing that came after the question")                                   \
	PROPERTY(SINCE_MERGE, 1000, "taking back a merge removes nothing that came after it")                                 \
	PROPERTY(SINCE_STEP, 1000, "undoing a step removes nothing that came after it")                                       \
	PROPERTY(APART, 1000, "nothing comes between the scenes of a run that its writer did not know of")                    \
	PROPERTY(ONCE, 1000, "no typed word stands twice in a project")                                                       \
	PROPERTY(ONCE_KEPT, 0, "nor where somebody kept what others deleted")                                              \
	PROPERTY(UNMIXED, 1000, "no row is made of two that were added under one id")                                         \
	PROPERTY(BOUNDED, 1000, "what a device stores has a bound")                                                        \
	PROPERTY(RESTORED, 1000, "nobody is asked about what a restored server has of what the device had itself")            \
	PROPERTY(ASKED_ONCE, 1000, "no two questions are about one passage")                                               \
	PROPERTY(DECIDABLE, 1000, "decisions can be taken, whatever has become of the row")                                \
	PROPERTY(KEPT_WHOLE, 1000, "an episode that is kept is kept with its scenes and shots")                            \
	PROPERTY(REVIVED, 1000, "an edit of a row whose episode is gone brings that back")                                 \
	PROPERTY(THINNED, 150, "the journal has little room, and entries become one soon")                                \
	PROPERTY(IN_ROW, 1000, "a question leaves what was typed three words away, rather than five, in the row")               \
	PROPERTY(FOLLOW, 1000, "editors are saved whose row has got another key since they were opened")                       \
	PROPERTY(REISSUED, 1000, "what is deleted stays so after a restore that nobody declared, too")                        \
	PROPERTY(RESETS_AMID, 1000, "counters that were set back are exact though somebody undid something")                  \
	PROPERTY(BOTH, 300, "users choose both sides' passages where texts consist of typed words")                          \
	PROPERTY(SEQUENTIAL, 300, "apps number episodes and shots one after the other, so devices give the same id")       \
	PROPERTY(REPLACERS, 250, "one device's app knows only whole documents")                                            \
	PROPERTY(LATE, 300, "decisions are taken late, also in own words")                                                 \
	PROPERTY(PASSAGES, 300, "decisions are taken passage by passage")                                                    \
	PROPERTY(UNDOERS, 300, "users undo entries of any age, again and again")                                           \
	PROPERTY(ELEMENTS, 300, "forms and zones without names, or renamed")                                               \
	PROPERTY(MOVERS, 300, "scenes and shots move from one episode to another")                                         \
	PROPERTY(RESETS, 300, "counters are set back to 0 now and then")                                                   \
	PROPERTY(OLD_APPS, 250, "one device's app leaves out what it does not know; others use fields of later") \
	PROPERTY(FUTURE_WORDS, 300, "some apps use status words that this version does not know")                            \
	PROPERTY(ONES, 300, "all that is counted is counted by one, so devices make the same change")                      \
	PROPERTY(TWINS, 0, "two devices import the same file before they know of each other")                            \
	PROPERTY(CROWD, 80, "up to five devices")                                                                         \
	PROPERTY(SHARED, 300, "two accounts share the project")                                                            \
	PROPERTY(RUNS, 300, "scenes are added in runs, at once or one by one")                                             \
	PROPERTY(JOBS, 300, "video jobs start, go on, fail and end")                                                       \
	PROPERTY(DRAFTS, 300, "editors outlive a crash of their app, and are saved with the revision alone")

enum sim_property {
#define PROPERTY(name, permille, what) SIM_WITH_##name,
	SIM_PROPERTIES(PROPERTY)
#undef PROPERTY
	SIM_PROPERTY_COUNT
};

const char *sim_property_name(enum sim_property property);
const char *sim_property_what(enum sim_property property);

/* Of how many worlds; at first as in the table. Only to be set before the first plan is made. */
unsigned sim_property_share(enum sim_property property);
void sim_property_set_share(enum sim_property property, unsigned permille);

/* False: there is no such property. Case doesn't matter, and blanks are dashes: "old-apps". */
bool sim_property_find(const char *name, enum sim_property *property_r);

#endif
