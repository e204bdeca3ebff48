-- The rolling history. Part 0 of a version carries its metadata; longer inverses continue in further parts.

-- name: snapshot_add
INSERT INTO user_project_snapshots (project_id, version, part, previous_version, created_at, device_id, action,
	rows_changed, summary, digest, undo_record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: snapshot_list
SELECT s.version, s.created_at, s.device_id, d.name, s.action, s.label, s.rows_changed, s.summary
FROM user_project_snapshots AS s
LEFT JOIN user_devices AS d ON d.user_id = ? AND d.device_id = s.device_id
WHERE s.project_id = ? AND s.part = 0 AND s.version < ? ORDER BY s.version DESC LIMIT ?;

-- name: snapshot_digest
SELECT digest FROM user_project_snapshots WHERE project_id = ? AND version = ? AND part = 0;

-- The way back to a version: newest first.
-- name: snapshot_undo
SELECT version, part, previous_version, undo_record FROM user_project_snapshots
WHERE project_id = ? AND version > ? ORDER BY version DESC, part;

-- name: snapshot_label
UPDATE user_project_snapshots SET label = ? WHERE project_id = ? AND version = ? AND part = 0;

-- name: snapshot_versions
SELECT version, label IS NOT NULL FROM user_project_snapshots WHERE project_id = ? AND part = 0 ORDER BY version DESC;

-- name: snapshot_parts
SELECT version, part, previous_version, undo_record FROM user_project_snapshots
WHERE project_id = ? AND version = ? ORDER BY part;

-- A version takes over the inverse of those that were thinned out before it.
-- name: snapshot_relink
UPDATE user_project_snapshots SET previous_version = ?, undo_record = ? WHERE project_id = ? AND version = ? AND part = 0;

-- name: snapshot_trim
DELETE FROM user_project_snapshots WHERE project_id = ? AND version = ? AND part > 0;

-- name: snapshot_part_add
INSERT INTO user_project_snapshots (project_id, version, part, previous_version, created_at, action, rows_changed,
	summary, digest, undo_record) VALUES (?, ?, ?, ?, ?, '', 0, '', X'00000000000000000000000000000000', ?);

-- name: snapshot_remove
DELETE FROM user_project_snapshots WHERE project_id = ? AND version = ?;

-- name: history_settled
UPDATE user_project_meta SET history_rows = 0 WHERE project_id = ?;

-- name: history_projects
SELECT project_id FROM user_project_meta WHERE project_id > ? ORDER BY project_id LIMIT 1;

-- name: ops_expire
DELETE FROM user_sync_ops WHERE project_id = ? AND created_at < ?;

-- What was put aside goes with the history that it belongs to.
-- name: aside_expire
DELETE FROM user_project_set_aside WHERE project_id = ? AND version < (SELECT MIN(version) FROM user_project_snapshots
	WHERE project_id = ?);

-- name: tombstones_expire
DELETE FROM user_project_tombstones WHERE project_id = ? AND deleted_at <= ?;

-- name: tombstones_floor
UPDATE user_project_meta SET tombstones_from = GREATEST(tombstones_from, LEAST(?, updated_at)) WHERE project_id = ?;
