/* What an error number of MariaDB, or of its client library, means for a transaction. */
#ifndef SL_SERVER_FAULT_H
#define SL_SERVER_FAULT_H

enum sl_db_fault {
	SL_FAULT_NONE,
	SL_FAULT_BUG,       /* a statement that can't work: log it */
	SL_FAULT_DUPLICATE, /* a unique key holds the value already; the statement did nothing */
	SL_FAULT_CONTENDED, /* deadlock, lock wait timeout, record changed: roll back and run the transaction again */
	SL_FAULT_REFUSED,   /* read-only, no quorum, disk full, statement killed: roll back, another day */
	SL_FAULT_LOST,      /* the connection is gone, and with it the transaction unless it was in COMMIT */
	SL_FAULT_STALE,     /* the statement has to be prepared again */
	SL_FAULT_TOO_LARGE, /* beyond max_allowed_packet; the server has closed the connection */
	SL_FAULT_NO_MEMORY  /* here, in the client */
};

enum sl_db_fault sl_fault_of(unsigned number);

/* Whether the server's message for this number never quotes stored or sent data, and may be logged. */
int sl_fault_is_quotable(unsigned number);

#endif
