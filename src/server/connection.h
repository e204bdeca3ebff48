/* A connection to MariaDB: options, encryption, session settings. For db.c and migrate.c only: see db.h. */
#ifndef SL_SERVER_CONNECTION_H
#define SL_SERVER_CONNECTION_H

#include <mysql.h>
#include <stddef.h>

#include "core/base/error.h"

struct sl_config;

#define SL_CONNECTION_LEAST_VERSION 100600 /* MariaDB 10.6: bulk operations, JSON_TABLE, nopad collations, RETURNING */

enum sl_connection_use {
	SL_CONNECTION_SERVE,  /* reads time out as configured */
	SL_CONNECTION_MIGRATE /* a step may take as long as it needs */
};

/* Connects: utf8mb4, READ COMMITTED, strict, UTC, no automatic reconnect. Returns 0 with a connection that the
 * caller closes, SL_UNAVAILABLE, or SL_INTERNAL when the server is refused (too old, no encryption) or refuses us
 * for good (password, unknown database). `err` tells what a person needs to know, hence it isn't for clients. */
int sl_connection_open(const struct sl_config *config, enum sl_connection_use use, MYSQL **mysql_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* The version of the schema, 0 when there is none. The literal query runs before anything is prepared. */
int sl_connection_schema(MYSQL *mysql, int *version_r, struct sl_err *err) __attribute__((warn_unused_result));

/* Runs a query that gives one row of one column and copies the text ("" for NULL). Returns 0 or the error's number. */
unsigned sl_connection_ask(MYSQL *mysql, const char *query, char *answer_r, size_t size);

#endif
