/* An operation at work: its arguments, its memory, its answer; and what operations have in common.
 *
 * A state comes in one of two forms. "document": a project document, whose rows get ranks of their own. "rows": a DELTA
 * that makes the state out of nothing, and so is exact, ranks included.
 */
#ifndef SL_WEB_WORK_H
#define SL_WEB_WORK_H

#include "core/delta/delta.h"
#include "core/schema/validate.h"
#include "web/wasm/bridge.h"

/* The largest row that is taken. The server's limit is only checked by validate: larger rows may exist, too. */
#define SL_WORK_ROW_BYTES ((size_t)1 << 30)

struct sl_work {
	const struct sl_str *in; /* SL_WEB_ARGUMENTS of them */
	struct sl_engine *engine;
	struct sl_arena arena;
	struct sl_buf out;       /* the answer; its errors end the operation */
	struct sl_faults faults; /* of the argument that was read last */
	struct sl_err err;
};

/* Each returns 0, or the code of what is in `err`, `faults` or `out`. */
#define FUNCTION(name)
#define OPERATION(name) int sl_op_##name(struct sl_work *work) __attribute__((warn_unused_result));
#include "web/wasm/exports.def"
#undef FUNCTION
#undef OPERATION

/* Refuses an argument as SL_INVALID, which it returns. */
int sl_work_refuse(struct sl_work *work, const char *message);

/* --- arguments: all return 0 or a negative code ------------------------------------------------------------------ */

/* Whether the argument is `yes`; refused if it is not `no` either. */
int sl_work_read_choice(struct sl_work *work, struct sl_str text, const char *yes, const char *no, bool *is_yes_r)
	__attribute__((warn_unused_result));

/* The form of a state. */
int sl_work_read_form(struct sl_work *work, struct sl_str text, bool *is_document_r)
	__attribute__((warn_unused_result));

/* A whole number of 1..most; `fallback` when it isn't given. */
int sl_work_read_count(struct sl_work *work, struct sl_str text, size_t most, size_t fallback, size_t *count_r)
	__attribute__((warn_unused_result));

int sl_work_read_delta(struct sl_work *work, struct sl_str text, struct sl_delta *delta_r)
	__attribute__((warn_unused_result));

/* The ranked rows of a document; siblings in the same order as in `stored` (may be NULL) keep their rank. */
int sl_work_read_document(struct sl_work *work, struct sl_str text, const struct sl_rowset *stored,
	struct sl_rowset **rows_r) __attribute__((warn_unused_result));

int sl_work_read_rows(struct sl_work *work, struct sl_str text, struct sl_rowset **rows_r)
	__attribute__((warn_unused_result));

/* Either of the two; `stored` counts only for a document. */
int sl_work_read_state(struct sl_work *work, struct sl_str text, bool is_document, const struct sl_rowset *stored,
	struct sl_rowset **rows_r) __attribute__((warn_unused_result));

/* --- results ----------------------------------------------------------------------------------------------------- */

/* `before`, then `text` as a JSON string; if it was cut in the middle of a character, without that. */
void sl_work_write_member(struct sl_buf *out, const char *before, struct sl_str text);

/* "faults":[{"path":…,"reason":…},…] */
void sl_work_write_faults(struct sl_buf *out, const struct sl_faults *faults);

/* Rows in order of display, so that equal states are equal texts. */
int sl_work_write_rows(struct sl_work *work, const struct sl_rowset *rows) __attribute__((warn_unused_result));

/* Refuses rows of which a scene or shot belongs to no episode. */
int sl_work_check_episodes(struct sl_work *work, const struct sl_rowset *rows) __attribute__((warn_unused_result));

/* After sl_work_check_episodes. */
int sl_work_write_state(struct sl_work *work, const struct sl_rowset *rows, bool is_document)
	__attribute__((warn_unused_result));

#endif
