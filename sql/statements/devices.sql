-- Devices of an account.

-- A device that is seen again keeps its creation, its pull and its revocation; a new name replaces the old one.
-- name: device_seen
INSERT INTO user_devices (user_id, device_id, name, created_at) VALUES (?, ?, ?, ?)
ON DUPLICATE KEY UPDATE name = COALESCE(VALUES(name), name);

-- name: device_get
SELECT name, created_at, pulled_at, revoked_at FROM user_devices WHERE user_id = ? AND device_id = ?;

-- name: device_list
SELECT device_id, name, created_at, pulled_at, revoked_at FROM user_devices WHERE user_id = ?
ORDER BY created_at, device_id;

-- The first completed pull counts.
-- name: device_pulled
INSERT INTO user_devices (user_id, device_id, created_at, pulled_at) VALUES (?, ?, ?, ?)
ON DUPLICATE KEY UPDATE pulled_at = COALESCE(pulled_at, VALUES(pulled_at));

-- name: device_revoke
UPDATE user_devices SET revoked_at = ? WHERE user_id = ? AND device_id = ? AND revoked_at IS NULL;
