-- Sign-in sessions, found by the SHA-256 of their token.

-- name: session_add
INSERT INTO user_sessions (user_id, token_hash, device_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?);

-- The session of a token that is valid at a time, the version of its account's project, and its device: the one named by
-- the request, or else the one that the session signed in from. Revoking either ends it.
-- Parameters: requested device or NULL, again, token hash, now.
-- name: session_by_token
SELECT s.session_id, s.user_id, m.project_id, s.expires_at, COALESCE(?, s.device_id), d.pulled_at,
	COALESCE(d.revoked_at, o.revoked_at), m.updated_at
FROM user_sessions s
JOIN user_project_meta m ON m.user_id = s.user_id
LEFT JOIN user_devices d ON d.user_id = s.user_id AND d.device_id = COALESCE(?, s.device_id)
LEFT JOIN user_devices o ON o.user_id = s.user_id AND o.device_id = s.device_id
WHERE s.token_hash = ? AND s.expires_at > ?;

-- name: session_extend
UPDATE user_sessions SET expires_at = ? WHERE session_id = ?;

-- name: session_delete
DELETE FROM user_sessions WHERE session_id = ?;

-- All sessions of an account but one (0: all).
-- name: session_delete_others
DELETE FROM user_sessions WHERE user_id = ? AND session_id <> ?;

-- name: session_delete_expired
DELETE FROM user_sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT 1000;
