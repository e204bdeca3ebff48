/* Connections to MariaDB: see connection.h. Every session setting that correctness rests on is set here and not left
 * to the server's configuration. MYSQL_OPT_RECONNECT stays off: it silently loses the first half of a transaction.
 * Rules: Connector/C's mysql_optionsv, MariaDB's system variables. */
#include "server/connection.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

#include "server/config.h"
#include "server/fault.h"

/* The comment for newer servers is run by those only, where the default became ON; at READ COMMITTED it isn't wanted.
 * Two placeholders: seconds. */
static const char session_settings[] =
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',"
	" autocommit = 1, time_zone = '+00:00',"
	" collation_connection = 'utf8mb4_nopad_bin', group_concat_max_len = 1048576,"
	" innodb_lock_wait_timeout = ?, net_write_timeout = ? /*M!110602 , innodb_snapshot_isolation = OFF */";

/* Not a variable above, because its name differs between versions. */
static const char isolation[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

static const char *text_or_null(const char *text) { return text && *text ? text : NULL; }

/* Options are set by value; Connector/C copies what it needs. */
static int set_options(MYSQL *mysql, const struct sl_config *config, enum sl_connection_use use)
{
	my_bool reconnect = 0, report_truncation = 1;
	unsigned connect_secs = (unsigned)config->db_connect_timeout;
	unsigned read_secs = use == SL_CONNECTION_SERVE ? (unsigned)config->db_read_timeout : 0;
	unsigned write_secs = (unsigned)config->db_read_timeout;
	int failed = mysql_optionsv(mysql, MYSQL_OPT_RECONNECT, &reconnect);
	failed |= mysql_optionsv(mysql, MYSQL_REPORT_DATA_TRUNCATION, &report_truncation);
	failed |= mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_secs);
	failed |= mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &read_secs);
	failed |= mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write_secs);
	failed |= mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	return failed;
}

static int set_encryption(MYSQL *mysql, const struct sl_config *config)
{
	my_bool encrypt = config->db_tls != SL_DB_TLS_OFF;
	my_bool verify = config->db_tls == SL_DB_TLS_VERIFY;
	int failed = mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &encrypt);
	if (verify && text_or_null(config->db_tls_ca))
		failed |= mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, config->db_tls_ca);
	failed |= mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	return failed;
}

/* A number that will be the same at the next try needs a person. */
static int connect_code(unsigned number)
{
	switch (number) {
	case ER_ACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_BAD_DB_ERROR:
		return SL_INTERNAL;
	case CR_OUT_OF_MEMORY:
		return SL_NO_MEMORY;
	default:
		return SL_UNAVAILABLE;
	}
}

static int connect_failed(MYSQL *mysql, const struct sl_config *config, struct sl_err *err)
{
	unsigned number = mysql_errno(mysql);
	const char *hint = number == ER_BAD_DB_ERROR ? " (create it: CREATE DATABASE … CHARACTER SET utf8mb4)" : "";
	return sl_err_set(err, connect_code(number), "can't connect to the database %s as %s: %s (%u)%s", config->db_name,
		config->db_user, mysql_error(mysql), number, hint);
}

/* Connector/C goes on without encryption where the server offers none: what was required is checked here. */
static int check_encryption(MYSQL *mysql, const struct sl_config *config, struct sl_err *err)
{
	if (config->db_tls < SL_DB_TLS_REQUIRED || mysql_get_ssl_cipher(mysql))
		return 0;
	return sl_err_set(err, SL_INTERNAL, "the database server offers no encryption, and db_tls asks for it");
}

static int check_server(MYSQL *mysql, struct sl_err *err)
{
	const char *info = mysql_get_server_info(mysql);
	if (!mariadb_connection(mysql))
		return sl_err_set(err, SL_INTERNAL, "the database server is %s: MariaDB is needed, 10.6 or newer", info);
	if (mysql_get_server_version(mysql) < SL_CONNECTION_LEAST_VERSION)
		return sl_err_set(err, SL_INTERNAL, "the database server is MariaDB %s: 10.6 or newer is needed", info);
	return 0;
}

static int set_session(MYSQL *mysql, const struct sl_config *config, struct sl_err *err)
{
	long long lock_secs = config->db_lock_wait_timeout, net_secs = config->db_read_timeout;
	MYSQL_BIND binds[2] = {
		{ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &lock_secs },
		{ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &net_secs },
	};
	MYSQL_STMT *stmt = mysql_stmt_init(mysql);
	if (!stmt)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for a statement");
	int code = 0;
	if (mysql_real_query(mysql, isolation, sizeof(isolation) - 1) != 0)
		code = sl_err_set(err, connect_code(mysql_errno(mysql)), "can't prepare the database session: %s (%u)",
			mysql_error(mysql), mysql_errno(mysql));
	else if (mysql_stmt_prepare(stmt, session_settings, sizeof(session_settings) - 1) != 0 ||
		mysql_stmt_bind_param(stmt, binds) != 0 || mysql_stmt_execute(stmt) != 0)
		code = sl_err_set(err, connect_code(mysql_stmt_errno(stmt)), "can't prepare the database session: %s (%u)",
			mysql_stmt_error(stmt), mysql_stmt_errno(stmt));
	mysql_stmt_close(stmt);
	return code;
}

static int connect_to(MYSQL *mysql, const struct sl_config *config, struct sl_err *err)
{
	if (mysql_real_connect(mysql, text_or_null(config->db_host), config->db_user, text_or_null(config->db_password),
			config->db_name, (unsigned)config->db_port, text_or_null(config->db_socket), 0))
		return 0;
	return connect_failed(mysql, config, err);
}

int sl_connection_open(const struct sl_config *config, enum sl_connection_use use, MYSQL **mysql_r, struct sl_err *err)
{
	int code;
	MYSQL *mysql = mysql_init(NULL);
	*mysql_r = NULL;
	if (!mysql)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for a database connection");
	if (set_options(mysql, config, use) != 0 || set_encryption(mysql, config) != 0) {
		code = sl_err_set(err, SL_INTERNAL, "the database library refuses an option: %s", mysql_error(mysql));
		goto out;
	}
	code = connect_to(mysql, config, err);
	if (code == 0)
		code = check_encryption(mysql, config, err);
	if (code == 0)
		code = check_server(mysql, err);
	if (code == 0)
		code = set_session(mysql, config, err);
out:
	if (code == 0)
		*mysql_r = mysql;
	else
		mysql_close(mysql);
	return code;
}

unsigned sl_connection_ask(MYSQL *mysql, const char *query, char *answer_r, size_t size)
{
	MYSQL_ROW row;
	answer_r[0] = '\0';
	if (mysql_real_query(mysql, query, strlen(query)) != 0)
		return mysql_errno(mysql);
	MYSQL_RES *result = mysql_store_result(mysql);
	if (!result)
		return mysql_errno(mysql) ? mysql_errno(mysql) : CR_UNKNOWN_ERROR;
	row = mysql_fetch_row(result);
	if (row && row[0])
		snprintf(answer_r, size, "%s", row[0]);
	mysql_free_result(result);
	return 0;
}

int sl_connection_schema(MYSQL *mysql, int *version_r, struct sl_err *err)
{
	char answer[32];
	unsigned number = sl_connection_ask(mysql, "SELECT MAX(version) FROM schema_migrations", answer, sizeof(answer));
	*version_r = number == 0 ? (int)strtol(answer, NULL, 10) : 0;
	if (number == 0 || number == ER_NO_SUCH_TABLE)
		return 0;
	return sl_err_set(err, sl_fault_of(number) == SL_FAULT_BUG ? SL_INTERNAL : SL_UNAVAILABLE,
		"can't read the version of the schema: %s (%u)", mysql_error(mysql), number);
}
