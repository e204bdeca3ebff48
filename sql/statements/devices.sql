-- Devices of an account.

-- A device that is seen again keeps its creation, its pull and its revocation; a new name replaces the old one.
-- name: device_seen
INSERT INTO user_devices (user_id, device_id, name, created_at) VALUES (?, ?, ?, ?)
ON DUPLICATE KEY UPDATE name = COALESCE(VALUES(name), name);

-- The first completed pull counts.
-- name: device_pulled
INSERT INTO user_devices (user_id, device_id, created_at, pulled_at) VALUES (?, ?, ?, ?)
ON DUPLICATE KEY UPDATE pulled_at = COALESCE(pulled_at, VALUES(pulled_at));
