-- Accounts. An account and its project's head row are made in one transaction.

-- name: user_add
INSERT INTO users (email, password, created_at) VALUES (?, ?, ?) RETURNING user_id;

-- name: user_head_add
INSERT INTO user_project_meta (user_id) VALUES (?) RETURNING project_id;

-- name: user_by_email
SELECT u.user_id, u.email, u.password, u.created_at, m.project_id
FROM users u JOIN user_project_meta m ON m.user_id = u.user_id WHERE u.email = ?;

-- name: user_by_id
SELECT u.user_id, u.email, u.password, u.created_at, m.project_id
FROM users u JOIN user_project_meta m ON m.user_id = u.user_id WHERE u.user_id = ?;

-- name: user_list
SELECT u.user_id, u.email, u.created_at, m.updated_at, m.data_bytes
FROM users u JOIN user_project_meta m ON m.user_id = u.user_id ORDER BY u.email;

-- name: user_password_set
UPDATE users SET password = ? WHERE user_id = ?;

-- Rehashes on sign-in, unless the password was changed meanwhile.
-- name: user_password_renew
UPDATE users SET password = ? WHERE user_id = ? AND password = ?;
