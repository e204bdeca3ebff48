-- Words that merges put aside, by the row that they were typed into; kept as long as the history goes back to their version.
-- item: JSON {path, base, mine, theirs}. Columns of the key as in user_project_tombstones.
CREATE TABLE IF NOT EXISTS user_project_set_aside (
	project_id BIGINT NOT NULL,
	entity TINYINT UNSIGNED NOT NULL,
	episode_id BIGINT NOT NULL,
	row_id VARCHAR(128) NOT NULL,
	version BIGINT NOT NULL,
	op_id VARCHAR(128) NOT NULL,
	position INT NOT NULL,
	device_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
	created_at BIGINT NOT NULL,
	item MEDIUMTEXT NOT NULL,
	PRIMARY KEY (project_id, entity, episode_id, row_id, version, op_id, position),
	KEY by_version (project_id, version)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
