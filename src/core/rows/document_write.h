/* Writing the project document from rows. */
#ifndef SL_CORE_ROWS_DOCUMENT_WRITE_H
#define SL_CORE_ROWS_DOCUMENT_WRITE_H

#include "core/base/error.h"
#include "core/rows/rowset.h"

/* Writes a project document while rows stream in, keeping none but the meta rows. Feed rows in this order: meta,
 * then characters, then locations, each by rank; then for each episode by rank: the episode, its scenes by rank, its
 * shots by rank. Absent project-level fields are filled in with their empty values. All return 0, SL_NO_MEMORY,
 * SL_INTERNAL for rows out of order, or the buffer's code. */
struct sl_document_writer {
	struct sl_buf *out;
	struct sl_arena *arena;
	struct sl_rowset *meta;
	int64_t episode;   /* the open one */
	int section;       /* private, like the rest */
	bool first_row, first_episode;
};

int sl_document_begin(struct sl_document_writer *writer, struct sl_buf *out, struct sl_arena *arena);
int sl_document_row(struct sl_document_writer *writer, const struct sl_row *row);
int sl_document_end(struct sl_document_writer *writer);

/* The whole document of a set of rows. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a scene or shot without episode. */
int sl_rows_write_document(const struct sl_rowset *rows, struct sl_arena *arena, struct sl_buf *out,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
