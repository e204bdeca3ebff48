-- What /readyz and the administrator's status look at, and the epoch.

-- innodb_doublewrite is a number in some versions and a word in others; both compare like this.
-- name: health_settings
SELECT @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.log_bin, @@GLOBAL.sync_binlog,
	@@GLOBAL.innodb_rollback_on_timeout, @@GLOBAL.innodb_doublewrite <> 'OFF', @@GLOBAL.max_allowed_packet, VERSION();

-- name: health_counts
SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM user_project_meta WHERE updated_at > 0),
	(SELECT COUNT(*) FROM user_devices WHERE revoked_at IS NULL), (SELECT COUNT(*) FROM user_sessions),
	(SELECT COUNT(*) FROM user_project_snapshots WHERE part = 0), (SELECT COUNT(*) FROM user_sync_ops);

-- name: epoch_get
SELECT value FROM sync_state WHERE name = 'epoch';

-- name: epoch_set
INSERT INTO sync_state (name, value) VALUES ('epoch', ?) ON DUPLICATE KEY UPDATE value = VALUES(value);
