/* Accounts: see user.h. An account never exists without its project's head row, because both are made in one
 * transaction. The salted hash is different at each creation, so it also tells whether a repeated transaction finds
 * its own row. */
#include "server/user.h"

#include <stdio.h>

#include "core/base/utf8.h"
#include "server/config.h"

struct sl_password_cost sl_user_password_cost(const struct sl_config *config)
{
	return (struct sl_password_cost){ (uint32_t)config->password_memory_kib, (uint32_t)config->password_iterations,
		(uint32_t)config->password_parallelism };
}

static struct sl_str trim(struct sl_str text)
{
	while (text.length > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t'))
		text = (struct sl_str){ text.bytes + 1, text.length - 1 };
	while (text.length > 0 && (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t'))
		text.length--;
	return text;
}

/* Controls and blanks of ASCII and Latin-1: nobody's address holds them, and they hide in logs and look-alikes. */
static bool is_blank_at(const char *bytes, size_t left)
{
	unsigned char first = (unsigned char)bytes[0], second = left > 1 ? (unsigned char)bytes[1] : 0;
	return first <= 0x20 || first == 0x7f || (first == 0xc2 && second <= 0xa0);
}

int sl_user_email(struct sl_str email, char normal_r[SL_USER_EMAIL + 1], struct sl_err *err)
{
	struct sl_str text = trim(email);
	size_t signs = 0, at = 0;
	if (text.length > SL_USER_EMAIL)
		return sl_err_set_at(err, SL_INVALID, "/email", "An e-mail address has at most %d bytes", SL_USER_EMAIL);
	if (sl_utf8_valid(text) != text.length)
		return sl_err_set_at(err, SL_INVALID, "/email", "The e-mail address is not valid UTF-8");
	for (size_t i = 0; i < text.length; i++) {
		char c = text.bytes[i];
		if (is_blank_at(text.bytes + i, text.length - i))
			return sl_err_set_at(err, SL_INVALID, "/email", "An e-mail address has no blanks or control characters");
		if (c == '@') {
			signs++;
			at = i;
		}
		normal_r[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	normal_r[text.length] = '\0';
	if (signs != 1 || at == 0 || at + 1 == text.length)
		return sl_err_set_at(err, SL_INVALID, "/email", "An e-mail address has one @ with text on both sides");
	return 0;
}

static int take_id(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)err;
	*(int64_t *)context = columns[0].number;
	return 0;
}

static int take_user(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct sl_user *user = context;
	if (columns[1].text.length >= sizeof(user->email) || columns[2].text.length >= sizeof(user->password))
		return sl_err_set(err, SL_INTERNAL, "The stored account is damaged");
	user->user_id = columns[0].number;
	snprintf(user->email, sizeof(user->email), "%s", columns[1].text.bytes);
	snprintf(user->password, sizeof(user->password), "%s", columns[2].text.bytes);
	user->created_at = columns[3].number;
	user->project_id = columns[4].number;
	return 0;
}

int sl_user_find(struct sl_db *db, const char *email, struct sl_user *user_r, struct sl_err *err)
{
	const struct sl_value values[] = { SL_TEXT(sl_str_from(email)) };
	int64_t rows = sl_db_query(db, SL_SQL_USER_BY_EMAIL, values, 1, take_user, user_r, err);
	if (rows < 0)
		return (int)rows;
	return rows == 1 ? 0 : sl_err_set(err, SL_NOT_FOUND, "There is no account with this e-mail address");
}

struct creation {
	struct sl_db *db;
	struct sl_user user;
};

/* The address is taken: by an earlier run of this very transaction, whose COMMIT got no answer, or by somebody else. */
static int find_own(struct creation *creation, struct sl_err *err)
{
	struct sl_user found;
	int code = sl_user_find(creation->db, creation->user.email, &found, err);
	if (code != 0)
		return code;
	if (strcmp(found.password, creation->user.password) != 0)
		return sl_err_set_at(err, SL_CONFLICT, "/email", "The e-mail address has an account already");
	creation->user = found;
	return 1;
}

static int create(void *context, struct sl_err *err)
{
	struct creation *creation = context;
	struct sl_user *user = &creation->user;
	const struct sl_value values[] = { SL_TEXT(sl_str_from(user->email)), SL_TEXT(sl_str_from(user->password)),
		SL_INT(user->created_at) };
	int64_t code = sl_db_query(creation->db, SL_SQL_USER_ADD, values, 3, take_id, &user->user_id, NULL);
	if (code == SL_CONFLICT)
		return find_own(creation, err);
	if (code < 0)
		return sl_err_set(err, (int)code, "The account can't be stored");
	const struct sl_value head[] = { SL_INT(user->user_id) };
	code = sl_db_query(creation->db, SL_SQL_USER_HEAD_ADD, head, 1, take_id, &user->project_id, err);
	return code < 0 ? (int)code : 0;
}

int sl_user_create(struct sl_db *db, const char *email, const char *password, int64_t now_ms, struct sl_user *user_r,
	struct sl_err *err)
{
	struct creation creation = { .db = db, .user = { .created_at = now_ms } };
	snprintf(creation.user.email, sizeof(creation.user.email), "%s", email);
	snprintf(creation.user.password, sizeof(creation.user.password), "%s", password);
	int code = sl_tx_run(db, SL_TX_WRITE, create, &creation, err);
	if (code == 0 && user_r)
		*user_r = creation.user;
	return code;
}

struct change {
	struct sl_db *db;
	int64_t user_id, keep_session_id;
	const char *password;
};

static int change_password(void *context, struct sl_err *err)
{
	const struct change *change = context;
	const struct sl_value password[] = { SL_TEXT(sl_str_from(change->password)), SL_INT(change->user_id) };
	const struct sl_value others[] = { SL_INT(change->user_id), SL_INT(change->keep_session_id) };
	uint64_t changed = 0;
	int code = sl_db_exec(change->db, SL_SQL_USER_PASSWORD_SET, password, 2, &changed, err);
	if (code == 0 && changed == 0) {
		struct sl_user user;
		int64_t rows = sl_db_query(change->db, SL_SQL_USER_BY_ID, others, 1, take_user, &user, err);
		if (rows == 0)
			return sl_err_set(err, SL_NOT_FOUND, "There is no such account");
		code = rows < 0 ? (int)rows : 0; /* the hash was stored already, by a first run without an answer */
	}
	return code == 0 ? sl_db_exec(change->db, SL_SQL_SESSION_DELETE_OTHERS, others, 2, NULL, err) : code;
}

int sl_user_password_set(struct sl_db *db, int64_t user_id, const char *password, int64_t keep_session_id,
	struct sl_err *err)
{
	struct change change = { db, user_id, keep_session_id, password };
	return sl_tx_run(db, SL_TX_WRITE, change_password, &change, err);
}
