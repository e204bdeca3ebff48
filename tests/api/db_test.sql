-- Statements of tests/api/db_test.c only; they follow the server's own.

-- name: test_put
INSERT INTO db_test (id, note, amount, data, raw) VALUES (?, ?, ?, ?, ?);

-- name: test_read
SELECT id, note, amount, data, raw FROM db_test ORDER BY id;

-- name: test_star
SELECT * FROM db_test ORDER BY id;

-- name: test_get
SELECT amount FROM db_test WHERE id = ?;

-- name: test_lock
SELECT amount FROM db_test WHERE id = ? FOR UPDATE;

-- name: test_add
UPDATE db_test SET amount = amount + ? WHERE id = ?;

-- name: test_remove
DELETE FROM db_test WHERE id = ?;

-- name: test_count
SELECT COUNT(*), SUM(amount) FROM db_test;

-- name: test_connection
SELECT CONNECTION_ID();

-- name: test_kill
KILL CONNECTION ?;

-- name: test_session
SELECT @@SESSION.tx_isolation, @@SESSION.sql_mode, @@SESSION.time_zone, @@SESSION.autocommit,
	@@SESSION.character_set_client, @@SESSION.character_set_connection, @@SESSION.character_set_results,
	@@SESSION.collation_connection, @@SESSION.innodb_lock_wait_timeout;

-- name: test_nothing
UPDATE db_test SET amount = NULL WHERE id = ?;
