-- The first schema. Every step can run again after an interruption: DDL isn't transactional in MariaDB.
--
-- Times and versions are milliseconds since 1970. Ids compare byte by byte, trailing blanks count (nopad_bin). Tables
-- of project rows have their primary key in display order, so that a project is read by one scan without sorting; the
-- unique key finds a row by its id. They carry no foreign keys: those cost a lock and a look-up for each row.

-- The epoch changes when an operator declares that the database was restored from a backup.
CREATE TABLE IF NOT EXISTS sync_state (
	name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	value VARCHAR(255) NOT NULL,
	PRIMARY KEY (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

INSERT IGNORE INTO sync_state (name, value) VALUES ('epoch', UUID());

-- email is stored lower-cased; password is an encoded Argon2id hash.
CREATE TABLE IF NOT EXISTS users (
	user_id BIGINT NOT NULL AUTO_INCREMENT,
	email VARCHAR(254) NOT NULL,
	password VARCHAR(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (user_id),
	UNIQUE KEY by_email (email)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- pulled_at: when the device completed its initial pull; without it, it may not push.
CREATE TABLE IF NOT EXISTS user_devices (
	user_id BIGINT NOT NULL,
	device_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	name VARCHAR(255) NULL,
	created_at BIGINT NOT NULL,
	pulled_at BIGINT NULL,
	revoked_at BIGINT NULL,
	PRIMARY KEY (user_id, device_id),
	CONSTRAINT user_devices_user FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- token_hash: SHA-256 of the token; the token itself is never stored.
CREATE TABLE IF NOT EXISTS user_sessions (
	session_id BIGINT NOT NULL AUTO_INCREMENT,
	user_id BIGINT NOT NULL,
	token_hash BINARY(32) NOT NULL,
	device_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (session_id),
	UNIQUE KEY by_token (token_hash),
	KEY by_user (user_id),
	KEY by_expiry (expires_at),
	CONSTRAINT user_sessions_user FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The head row of a project: its version (updated_at, 0: nothing stored yet), digest and totals. Every commit locks it.
-- history_rows: snapshots stored since the last thinning. tombstones_from: the oldest version a delta can start from.
CREATE TABLE IF NOT EXISTS user_project_meta (
	project_id BIGINT NOT NULL AUTO_INCREMENT,
	user_id BIGINT NOT NULL,
	updated_at BIGINT NOT NULL DEFAULT 0,
	digest BINARY(16) NOT NULL DEFAULT X'00000000000000000000000000000000',
	meta_rows BIGINT NOT NULL DEFAULT 0,
	episode_rows BIGINT NOT NULL DEFAULT 0,
	scene_rows BIGINT NOT NULL DEFAULT 0,
	shot_rows BIGINT NOT NULL DEFAULT 0,
	character_rows BIGINT NOT NULL DEFAULT 0,
	location_rows BIGINT NOT NULL DEFAULT 0,
	data_bytes BIGINT NOT NULL DEFAULT 0,
	tombstones_from BIGINT NOT NULL DEFAULT 0,
	history_rows INT NOT NULL DEFAULT 0,
	PRIMARY KEY (project_id),
	UNIQUE KEY by_user (user_id),
	CONSTRAINT user_project_meta_user FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Project-level fields, one row each, so that two devices that change different fields don't collide.
CREATE TABLE IF NOT EXISTS user_project_meta_fields (
	project_id BIGINT NOT NULL,
	field VARCHAR(128) NOT NULL,
	data LONGTEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (project_id, field),
	KEY by_version (project_id, updated_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_project_episodes (
	project_id BIGINT NOT NULL,
	episode_id BIGINT NOT NULL,
	`rank` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	data LONGTEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	title VARCHAR(255) AS (LEFT(JSON_VALUE(data, '$.title'), 255)) VIRTUAL,
	status VARCHAR(64) AS (LEFT(JSON_VALUE(data, '$.status'), 64)) VIRTUAL,
	PRIMARY KEY (project_id, `rank`, episode_id),
	UNIQUE KEY by_id (project_id, episode_id),
	KEY by_version (project_id, updated_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_project_scenes (
	project_id BIGINT NOT NULL,
	episode_id BIGINT NOT NULL,
	scene_id VARCHAR(128) NOT NULL,
	`rank` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	data LONGTEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	title VARCHAR(255) AS (LEFT(JSON_VALUE(data, '$.title'), 255)) VIRTUAL,
	PRIMARY KEY (project_id, episode_id, `rank`, scene_id),
	UNIQUE KEY by_id (project_id, episode_id, scene_id),
	KEY by_version (project_id, updated_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_project_shots (
	project_id BIGINT NOT NULL,
	episode_id BIGINT NOT NULL,
	shot_id VARCHAR(128) NOT NULL,
	`rank` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	data LONGTEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	video_status VARCHAR(64) AS (LEFT(JSON_VALUE(data, '$.videoStatus'), 64)) VIRTUAL,
	PRIMARY KEY (project_id, episode_id, `rank`, shot_id),
	UNIQUE KEY by_id (project_id, episode_id, shot_id),
	KEY by_version (project_id, updated_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_project_characters (
	project_id BIGINT NOT NULL,
	character_id VARCHAR(128) NOT NULL,
	`rank` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	data LONGTEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	name VARCHAR(255) AS (LEFT(JSON_VALUE(data, '$.name'), 255)) VIRTUAL,
	PRIMARY KEY (project_id, `rank`, character_id),
	UNIQUE KEY by_id (project_id, character_id),
	KEY by_version (project_id, updated_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_project_locations (
	project_id BIGINT NOT NULL,
	location_id VARCHAR(128) NOT NULL,
	`rank` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	data LONGTEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	name VARCHAR(255) AS (LEFT(JSON_VALUE(data, '$.name'), 255)) VIRTUAL,
	PRIMARY KEY (project_id, `rank`, location_id),
	UNIQUE KEY by_id (project_id, location_id),
	KEY by_version (project_id, updated_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- entity: 0 meta, 1 episodes, 2 scenes, 3 shots, 4 characters, 5 locations; row_id is '' for episodes.
CREATE TABLE IF NOT EXISTS user_project_tombstones (
	project_id BIGINT NOT NULL,
	entity TINYINT UNSIGNED NOT NULL,
	episode_id BIGINT NOT NULL,
	row_id VARCHAR(128) NOT NULL,
	deleted_at BIGINT NOT NULL,
	PRIMARY KEY (project_id, entity, episode_id, row_id),
	KEY by_version (project_id, deleted_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Part 0 carries the description; further parts carry only more of undo_record (zstd).
CREATE TABLE IF NOT EXISTS user_project_snapshots (
	project_id BIGINT NOT NULL,
	version BIGINT NOT NULL,
	part SMALLINT UNSIGNED NOT NULL,
	previous_version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	device_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
	action VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	label VARCHAR(255) NULL,
	rows_changed INT NOT NULL,
	summary TEXT NOT NULL,
	digest BINARY(16) NOT NULL,
	undo_record MEDIUMBLOB NULL,
	PRIMARY KEY (project_id, version, part)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Idempotency: what an operation id was answered. The first byte of answer tells its encoding.
CREATE TABLE IF NOT EXISTS user_sync_ops (
	project_id BIGINT NOT NULL,
	op_id VARCHAR(128) NOT NULL,
	content_hash BINARY(16) NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	answer LONGBLOB NOT NULL,
	PRIMARY KEY (project_id, op_id),
	KEY by_age (project_id, created_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_sync_audit (
	event_id BIGINT NOT NULL AUTO_INCREMENT,
	project_id BIGINT NOT NULL,
	user_id BIGINT NOT NULL,
	device_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
	action VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	version BIGINT NULL,
	created_at BIGINT NOT NULL,
	trace_id CHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
	detail TEXT NULL,
	PRIMARY KEY (event_id),
	KEY by_project (project_id, event_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
