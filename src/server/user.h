/* Accounts: creating, finding, changing the password. Hashing is the caller's, who bounds how much of it runs at
 * once. */
#ifndef SL_SERVER_USER_H
#define SL_SERVER_USER_H

#include "server/db.h"
#include "server/password.h"

#define SL_USER_EMAIL 254 /* bytes (RFC 5321) */

struct sl_user {
	int64_t user_id, project_id, created_at;
	char email[SL_USER_EMAIL + 1];
	char password[SL_PASSWORD_ENCODED]; /* encoded hash */
};

/* The cost of hashing that the configuration asks for. */
struct sl_password_cost sl_user_password_cost(const struct sl_config *config);

/* An address as it is stored: blanks around it cut off, ASCII letters lower-cased. SL_INVALID unless it has exactly
 * one @ with text on both sides, at most SL_USER_EMAIL bytes, valid UTF-8, and no blanks or control characters. */
int sl_user_email(struct sl_str email, char normal_r[SL_USER_EMAIL + 1], struct sl_err *err)
	__attribute__((warn_unused_result));

/* Creates an account with its empty project, in one transaction. `email` as sl_user_email gives it, `password` a fresh
 * encoded hash. *user_r may be NULL. SL_CONFLICT when the address has an account already. */
int sl_user_create(struct sl_db *db, const char *email, const char *password, int64_t now_ms, struct sl_user *user_r,
	struct sl_err *err) __attribute__((warn_unused_result));

/* SL_NOT_FOUND when there is none. `email` as sl_user_email gives it. */
int sl_user_find(struct sl_db *db, const char *email, struct sl_user *user_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Stores a fresh encoded hash and ends all sessions but `keep_session_id` (0: all), in one transaction. SL_NOT_FOUND
 * when there is no such account. */
int sl_user_password_set(struct sl_db *db, int64_t user_id, const char *password, int64_t keep_session_id,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
