/* The table of MariaDB's error numbers that mean something particular: see fault.h. Every other number is a bug.
 * Sources: MariaDB's error code list, errmsg.h of Connector/C, and measurements with killed servers and connections. */
#include "server/fault.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stddef.h>

struct meaning {
	unsigned number;
	enum sl_db_fault fault;
};

static const struct meaning meanings[] = {
	{ ER_DUP_ENTRY, SL_FAULT_DUPLICATE },
	{ ER_LOCK_DEADLOCK, SL_FAULT_CONTENDED },
	{ ER_LOCK_WAIT_TIMEOUT, SL_FAULT_CONTENDED },
	{ ER_CHECKREAD, SL_FAULT_CONTENDED },      /* 1020: the record has changed since the snapshot */
	{ ER_TABLE_DEF_CHANGED, SL_FAULT_CONTENDED }, /* a snapshot from before an ALTER TABLE */
	{ CR_SERVER_GONE_ERROR, SL_FAULT_LOST },
	{ CR_SERVER_LOST, SL_FAULT_LOST },
	{ CR_CONNECTION_ERROR, SL_FAULT_LOST },
	{ CR_CONN_HOST_ERROR, SL_FAULT_LOST },
	{ CR_MALFORMED_PACKET, SL_FAULT_LOST },
	{ CR_STMT_CLOSED, SL_FAULT_LOST },
	{ CR_ERR_NET_READ, SL_FAULT_LOST },
	{ CR_ERR_NET_WRITE, SL_FAULT_LOST },
	{ ER_SERVER_SHUTDOWN, SL_FAULT_LOST },
	{ ER_CONNECTION_KILLED, SL_FAULT_LOST },
	{ ER_NET_READ_ERROR, SL_FAULT_LOST },
	{ ER_NET_READ_INTERRUPTED, SL_FAULT_LOST },
	{ ER_NET_ERROR_ON_WRITE, SL_FAULT_LOST },
	{ ER_NET_WRITE_INTERRUPTED, SL_FAULT_LOST },
	{ ER_UNKNOWN_COM_ERROR, SL_FAULT_REFUSED }, /* 1047 is also "node has no quorum" of Galera */
	{ ER_CON_COUNT_ERROR, SL_FAULT_REFUSED },
	{ ER_TOO_MANY_USER_CONNECTIONS, SL_FAULT_REFUSED },
	{ ER_USER_LIMIT_REACHED, SL_FAULT_REFUSED },
	{ ER_OPTION_PREVENTS_STATEMENT, SL_FAULT_REFUSED }, /* read_only */
	{ ER_QUERY_INTERRUPTED, SL_FAULT_REFUSED },
	{ ER_STATEMENT_TIMEOUT, SL_FAULT_REFUSED },
	{ ER_ERROR_DURING_COMMIT, SL_FAULT_REFUSED },
	{ ER_LOCK_TABLE_FULL, SL_FAULT_REFUSED },
	{ ER_DISK_FULL, SL_FAULT_REFUSED },
	{ ER_RECORD_FILE_FULL, SL_FAULT_REFUSED },
	{ ER_OUTOFMEMORY, SL_FAULT_REFUSED },
	{ ER_OUT_OF_RESOURCES, SL_FAULT_REFUSED },
	{ ER_MAX_PREPARED_STMT_COUNT_REACHED, SL_FAULT_REFUSED },
	{ ER_NEED_REPREPARE, SL_FAULT_STALE },
	{ ER_UNKNOWN_STMT_HANDLER, SL_FAULT_STALE },
	{ CR_NO_PREPARE_STMT, SL_FAULT_STALE },
	{ CR_NEW_STMT_METADATA, SL_FAULT_STALE },
	{ ER_NET_PACKET_TOO_LARGE, SL_FAULT_TOO_LARGE },
	{ CR_NET_PACKET_TOO_LARGE, SL_FAULT_TOO_LARGE },
	{ CR_OUT_OF_MEMORY, SL_FAULT_NO_MEMORY },
};

enum sl_db_fault sl_fault_of(unsigned number)
{
	if (number == 0)
		return SL_FAULT_NONE;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].number == number)
			return meanings[i].fault;
	return SL_FAULT_BUG;
}

int sl_fault_is_quotable(unsigned number)
{
	return number != ER_DUP_ENTRY && number != ER_WRONG_VALUE && number != ER_TRUNCATED_WRONG_VALUE &&
		number != ER_TRUNCATED_WRONG_VALUE_FOR_FIELD;
}
