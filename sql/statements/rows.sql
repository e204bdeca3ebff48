-- The rows of a project. Every query gives the same columns: episode (0: none), id ('': none), rank, data, version.
--
-- …_all: in display order, by one scan of the primary key.   …_since: written after a version.
-- …_some: by keys, a JSON array of [episode, id].   …_siblings: those of episodes, the same array.
-- …_last: the last rank of each of these groups, without data.   …_there: which of the keys exist, without data.
-- …_add, …_set, …_remove: one row.
-- Where the optimizer would go by its statistics, the index is named: while those are old it would rather scan or sort
-- all rows of a project than look up one.

-- name: meta_all
SELECT 0, field, '', data, updated_at FROM user_project_meta_fields WHERE project_id = ?;

-- name: meta_some
SELECT 0, r.field, '', r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$[1]')) AS k
STRAIGHT_JOIN user_project_meta_fields AS r FORCE INDEX (PRIMARY)
	ON r.project_id = ? AND r.field = k.id;

-- name: meta_since
SELECT 0, field, '', data, updated_at FROM user_project_meta_fields FORCE INDEX (by_version)
WHERE project_id = ? AND updated_at > ?;

-- name: meta_add
INSERT INTO user_project_meta_fields (project_id, field, data, updated_at) VALUES (?, ?, ?, ?);

-- name: meta_set
UPDATE user_project_meta_fields SET data = ?, updated_at = ? WHERE project_id = ? AND field = ?;

-- name: meta_remove
DELETE FROM user_project_meta_fields WHERE project_id = ? AND field = ?;

-- name: episodes_all
SELECT episode_id, '', `rank`, data, updated_at FROM user_project_episodes WHERE project_id = ?
ORDER BY `rank`, episode_id;

-- name: episodes_some
SELECT r.episode_id, '', r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]')) AS k
STRAIGHT_JOIN user_project_episodes AS r FORCE INDEX (by_id)
	ON r.project_id = ? AND r.episode_id = k.episode;

-- name: episodes_last
SELECT 0, '', `rank`, '', 0 FROM user_project_episodes FORCE INDEX (PRIMARY) WHERE project_id = ?
ORDER BY `rank` DESC LIMIT 1;

-- name: episodes_since
SELECT episode_id, '', `rank`, data, updated_at FROM user_project_episodes FORCE INDEX (by_version)
WHERE project_id = ? AND updated_at > ?;

-- name: episodes_add
INSERT INTO user_project_episodes (project_id, episode_id, `rank`, data, updated_at) VALUES (?, ?, ?, ?, ?);

-- name: episodes_set
UPDATE user_project_episodes SET `rank` = ?, data = ?, updated_at = ? WHERE project_id = ? AND episode_id = ?;

-- name: episodes_remove
DELETE FROM user_project_episodes WHERE project_id = ? AND episode_id = ?;

-- name: episodes_there
SELECT r.episode_id, '', '', '', 0
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]')) AS k
STRAIGHT_JOIN user_project_episodes AS r FORCE INDEX (by_id) ON r.project_id = ? AND r.episode_id = k.episode;

-- name: scenes_all
SELECT episode_id, scene_id, `rank`, data, updated_at FROM user_project_scenes WHERE project_id = ?
ORDER BY episode_id, `rank`, scene_id;

-- name: scenes_some
SELECT r.episode_id, r.scene_id, r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]',
	id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$[1]')) AS k
STRAIGHT_JOIN user_project_scenes AS r FORCE INDEX (by_id)
	ON r.project_id = ? AND r.episode_id = k.episode AND r.scene_id = k.id;

-- name: scenes_siblings
SELECT r.episode_id, r.scene_id, r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]')) AS k
STRAIGHT_JOIN user_project_scenes AS r FORCE INDEX (PRIMARY) ON r.project_id = ? AND r.episode_id = k.episode;

-- name: scenes_last
SELECT k.episode, '', (SELECT r.`rank` FROM user_project_scenes AS r FORCE INDEX (PRIMARY)
	WHERE r.project_id = ? AND r.episode_id = k.episode ORDER BY r.`rank` DESC LIMIT 1), '', 0
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]')) AS k;

-- name: scenes_since
SELECT episode_id, scene_id, `rank`, data, updated_at FROM user_project_scenes FORCE INDEX (by_version)
WHERE project_id = ? AND updated_at > ?;

-- name: scenes_add
INSERT INTO user_project_scenes (project_id, episode_id, scene_id, `rank`, data, updated_at) VALUES (?, ?, ?, ?, ?, ?);

-- name: scenes_set
UPDATE user_project_scenes SET `rank` = ?, data = ?, updated_at = ?
WHERE project_id = ? AND episode_id = ? AND scene_id = ?;

-- name: scenes_remove
DELETE FROM user_project_scenes WHERE project_id = ? AND episode_id = ? AND scene_id = ?;

-- name: shots_all
SELECT episode_id, shot_id, `rank`, data, updated_at FROM user_project_shots WHERE project_id = ?
ORDER BY episode_id, `rank`, shot_id;

-- name: shots_some
SELECT r.episode_id, r.shot_id, r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]',
	id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$[1]')) AS k
STRAIGHT_JOIN user_project_shots AS r FORCE INDEX (by_id)
	ON r.project_id = ? AND r.episode_id = k.episode AND r.shot_id = k.id;

-- name: shots_siblings
SELECT r.episode_id, r.shot_id, r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]')) AS k
STRAIGHT_JOIN user_project_shots AS r FORCE INDEX (PRIMARY) ON r.project_id = ? AND r.episode_id = k.episode;

-- name: shots_last
SELECT k.episode, '', (SELECT r.`rank` FROM user_project_shots AS r FORCE INDEX (PRIMARY)
	WHERE r.project_id = ? AND r.episode_id = k.episode ORDER BY r.`rank` DESC LIMIT 1), '', 0
FROM JSON_TABLE(?, '$[*]' COLUMNS (episode BIGINT PATH '$[0]')) AS k;

-- name: shots_since
SELECT episode_id, shot_id, `rank`, data, updated_at FROM user_project_shots FORCE INDEX (by_version)
WHERE project_id = ? AND updated_at > ?;

-- name: shots_add
INSERT INTO user_project_shots (project_id, episode_id, shot_id, `rank`, data, updated_at) VALUES (?, ?, ?, ?, ?, ?);

-- name: shots_set
UPDATE user_project_shots SET `rank` = ?, data = ?, updated_at = ?
WHERE project_id = ? AND episode_id = ? AND shot_id = ?;

-- name: shots_remove
DELETE FROM user_project_shots WHERE project_id = ? AND episode_id = ? AND shot_id = ?;

-- name: characters_all
SELECT 0, character_id, `rank`, data, updated_at FROM user_project_characters WHERE project_id = ? ORDER BY `rank`, character_id;

-- name: characters_some
SELECT 0, r.character_id, r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$[1]')) AS k
STRAIGHT_JOIN user_project_characters AS r FORCE INDEX (by_id)
	ON r.project_id = ? AND r.character_id = k.id;

-- name: characters_last
SELECT 0, '', `rank`, '', 0 FROM user_project_characters FORCE INDEX (PRIMARY) WHERE project_id = ?
ORDER BY `rank` DESC LIMIT 1;

-- name: characters_since
SELECT 0, character_id, `rank`, data, updated_at FROM user_project_characters FORCE INDEX (by_version)
WHERE project_id = ? AND updated_at > ?;

-- name: characters_add
INSERT INTO user_project_characters (project_id, character_id, `rank`, data, updated_at) VALUES (?, ?, ?, ?, ?);

-- name: characters_set
UPDATE user_project_characters SET `rank` = ?, data = ?, updated_at = ? WHERE project_id = ? AND character_id = ?;

-- name: characters_remove
DELETE FROM user_project_characters WHERE project_id = ? AND character_id = ?;

-- name: locations_all
SELECT 0, location_id, `rank`, data, updated_at FROM user_project_locations WHERE project_id = ? ORDER BY `rank`, location_id;

-- name: locations_some
SELECT 0, r.location_id, r.`rank`, r.data, r.updated_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$[1]')) AS k
STRAIGHT_JOIN user_project_locations AS r FORCE INDEX (by_id)
	ON r.project_id = ? AND r.location_id = k.id;

-- name: locations_last
SELECT 0, '', `rank`, '', 0 FROM user_project_locations FORCE INDEX (PRIMARY) WHERE project_id = ?
ORDER BY `rank` DESC LIMIT 1;

-- name: locations_since
SELECT 0, location_id, `rank`, data, updated_at FROM user_project_locations FORCE INDEX (by_version)
WHERE project_id = ? AND updated_at > ?;

-- name: locations_add
INSERT INTO user_project_locations (project_id, location_id, `rank`, data, updated_at) VALUES (?, ?, ?, ?, ?);

-- name: locations_set
UPDATE user_project_locations SET `rank` = ?, data = ?, updated_at = ? WHERE project_id = ? AND location_id = ?;

-- name: locations_remove
DELETE FROM user_project_locations WHERE project_id = ? AND location_id = ?;
