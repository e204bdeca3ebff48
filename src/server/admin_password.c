/* Where slatesync-admin takes a password from: a file, the terminal (asked twice, not shown), or random bytes. Never
 * from the command line, which other users of the machine can read. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "server/admin.h"
#include "server/random.h"

#define INTERRUPT 0x03

/* Reads one line without its end. A NUL byte would hide the rest of the password. */
static int read_line(FILE *in, char line_r[SL_PASSWORD_MOST + 1], struct sl_err *err)
{
	size_t length = 0;
	int c;
	while ((c = getc(in)) != EOF && c != '\n') {
		if (c == INTERRUPT)
			return sl_err_set(err, SL_INVALID, "interrupted");
		if (c == '\0')
			return sl_err_set(err, SL_INVALID, "the password holds a NUL byte");
		if (length == SL_PASSWORD_MOST)
			return sl_err_set(err, SL_INVALID, "a password has at most %d bytes", SL_PASSWORD_MOST);
		line_r[length++] = (char)c;
	}
	if (ferror(in))
		return sl_err_set(err, SL_INVALID, "can't read the password: %s", strerror(errno));
	if (length > 0 && line_r[length - 1] == '\r')
		length--;
	line_r[length] = '\0';
	return 0;
}

static int from_file(const char *path, char password_r[SL_PASSWORD_MOST + 1], struct sl_err *err)
{
	if (strcmp(path, "-") == 0)
		return read_line(stdin, password_r, err);
	FILE *in = fopen(path, "re");
	if (!in)
		return sl_err_set(err, SL_INVALID, "can't open %s: %s", path, strerror(errno));
	int code = read_line(in, password_r, err);
	fclose(in);
	return code;
}

static int prompt(FILE *terminal, const char *question, char answer_r[SL_PASSWORD_MOST + 1], struct sl_err *err)
{
	fputs(question, terminal);
	fflush(terminal);
	int code = read_line(terminal, answer_r, err);
	fputc('\n', terminal);
	return code;
}

static int prompt_twice(FILE *terminal, char password_r[SL_PASSWORD_MOST + 1], struct sl_err *err)
{
	char again[SL_PASSWORD_MOST + 1] = "";
	int code = prompt(terminal, "Password: ", password_r, err);
	if (code == 0)
		code = prompt(terminal, "Again: ", again, err);
	if (code == 0 && strcmp(password_r, again) != 0)
		code = sl_err_set(err, SL_INVALID, "the passwords differ");
	sodium_memzero(again, sizeof(again));
	return code;
}

/* Without signals from the keyboard an interrupt comes as a byte, so that the terminal always gets its echo back. */
static int from_terminal(char password_r[SL_PASSWORD_MOST + 1], struct sl_err *err)
{
	struct termios shown, hidden;
	FILE *terminal = fopen("/dev/tty", "r+e");
	if (!terminal || tcgetattr(fileno(terminal), &shown) != 0) {
		if (terminal)
			fclose(terminal);
		return sl_err_set(err, SL_INVALID, "no terminal to ask on: use --password-file or --random-password");
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
	int code = prompt_twice(terminal, password_r, err);
	tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
	fclose(terminal);
	return code;
}

int sl_admin_password(const struct sl_admin *admin, char password_r[SL_PASSWORD_MOST + 1], struct sl_err *err)
{
	unsigned char bits[15];
	if (admin->password_file)
		return from_file(admin->password_file, password_r, err);
	if (!admin->random_password)
		return from_terminal(password_r, err);
	sl_random_fill(bits, sizeof(bits));
	sodium_bin2base64(password_r, SL_PASSWORD_MOST + 1, bits, sizeof(bits), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bits, sizeof(bits));
	return 0;
}
