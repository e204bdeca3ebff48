-- Tables of the PHP peer (peer.php), as a LAMP team would lay them out: one row for each thing, JSON for its fields.

CREATE TABLE sessions (
	token_hash BINARY(32) NOT NULL PRIMARY KEY,
	user_id BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_meta (
	user_id BIGINT NOT NULL PRIMARY KEY,
	updated_at BIGINT NOT NULL,
	last_op_id VARCHAR(128) NOT NULL,
	data JSON NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_episodes (
	user_id BIGINT NOT NULL,
	episode_id BIGINT NOT NULL,
	position INT NOT NULL,
	data JSON NOT NULL,
	PRIMARY KEY (user_id, episode_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_scenes (
	user_id BIGINT NOT NULL,
	episode_id BIGINT NOT NULL,
	scene_id VARCHAR(128) NOT NULL,
	position INT NOT NULL,
	data JSON NOT NULL,
	PRIMARY KEY (user_id, episode_id, scene_id),
	KEY in_order (user_id, episode_id, position)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_shots (
	user_id BIGINT NOT NULL,
	episode_id BIGINT NOT NULL,
	shot_id VARCHAR(128) NOT NULL,
	position INT NOT NULL,
	data JSON NOT NULL,
	PRIMARY KEY (user_id, episode_id, shot_id),
	KEY in_order (user_id, episode_id, position)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_characters (
	user_id BIGINT NOT NULL,
	character_id VARCHAR(128) NOT NULL,
	position INT NOT NULL,
	data JSON NOT NULL,
	PRIMARY KEY (user_id, character_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_locations (
	user_id BIGINT NOT NULL,
	location_id VARCHAR(128) NOT NULL,
	position INT NOT NULL,
	data JSON NOT NULL,
	PRIMARY KEY (user_id, location_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE user_project_snapshots (
	user_id BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	document LONGTEXT NOT NULL,
	PRIMARY KEY (user_id, updated_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;
