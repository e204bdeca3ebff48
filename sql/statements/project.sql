-- The head of a project, its operations, tombstones and audit.

-- name: head_lock
SELECT updated_at, digest, meta_rows, episode_rows, scene_rows, shot_rows, character_rows, location_rows, data_bytes,
	tombstones_from, history_rows, (SELECT value FROM sync_state WHERE name = 'epoch')
FROM user_project_meta WHERE project_id = ? FOR UPDATE;

-- name: head_get
SELECT updated_at, digest, meta_rows, episode_rows, scene_rows, shot_rows, character_rows, location_rows, data_bytes,
	tombstones_from, history_rows, (SELECT value FROM sync_state WHERE name = 'epoch')
FROM user_project_meta WHERE project_id = ?;

-- name: head_set
UPDATE user_project_meta SET updated_at = ?, digest = ?, meta_rows = ?, episode_rows = ?, scene_rows = ?, shot_rows = ?,
	character_rows = ?, location_rows = ?, data_bytes = ?, history_rows = history_rows + 1
WHERE project_id = ?;

-- name: op_get
SELECT content_hash, answer FROM user_sync_ops WHERE project_id = ? AND op_id = ?;

-- name: op_add
INSERT INTO user_sync_ops (project_id, op_id, content_hash, version, created_at, answer) VALUES (?, ?, ?, ?, ?, ?);

-- Keys: a JSON array of [entity, episode, id].
-- name: tombstones_some
SELECT t.entity, t.episode_id, t.row_id, t.deleted_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (entity TINYINT UNSIGNED PATH '$[0]', episode BIGINT PATH '$[1]',
	id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PATH '$[2]')) AS k
STRAIGHT_JOIN user_project_tombstones AS t FORCE INDEX (PRIMARY)
	ON t.project_id = ? AND t.entity = k.entity AND t.episode_id = k.episode AND t.row_id = k.id;

-- name: tombstones_since
SELECT entity, episode_id, row_id, deleted_at FROM user_project_tombstones FORCE INDEX (by_version)
WHERE project_id = ? AND deleted_at > ?;

-- name: tombstone_put
INSERT INTO user_project_tombstones (project_id, entity, episode_id, row_id, deleted_at) VALUES (?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE deleted_at = VALUES(deleted_at);

-- What a push says that merges put aside.
-- name: aside_add
INSERT INTO user_project_set_aside (project_id, entity, episode_id, row_id, version, op_id, position, device_id, created_at, item)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: audit_add
INSERT INTO user_sync_audit (project_id, user_id, device_id, action, status, version, created_at, trace_id, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: audit_list
SELECT event_id, action, status, device_id, created_at, trace_id, version, detail FROM user_sync_audit
WHERE project_id = ? AND event_id < ? ORDER BY event_id DESC LIMIT ?;
