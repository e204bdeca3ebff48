#!/usr/bin/env python3
"""slatesync-admin against a real MariaDB. Usage: test_admin.py [NAME]...
SLATESYNC_BUILD names the build directory (default: the current one)."""
import glob
import os
import pty
import random
import re
import select
import subprocess
import time

import tap
from mariadb import MariaDB

BUILD = os.path.abspath(os.environ.get("SLATESYNC_BUILD", "."))
ADMIN = os.environ.get("SLATESYNC_ADMIN", os.path.join(BUILD, "src/server/slatesync-admin"))
PASSWORD = "correct horse"
MIGRATIONS = len(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../sql/migrations/*.sql")))


def start(server, *words, **more):
    return subprocess.Popen([ADMIN, *words, "-c", "/dev/null", *server.settings(**more)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="surrogateescape")


def run(server, *words, status=0, given="", **more):
    """Runs a command; returns its standard output, or standard error when it is expected to fail."""
    with start(server, *words, **more) as process:
        out, err = process.communicate(given, timeout=120)
    tap.equal(process.returncode, status, f"status of {words} ({err.strip()})")
    assert "AddressSanitizer" not in err and "runtime error" not in err, err
    if status == 0:
        tap.equal(err, "", "standard error")
    else:
        assert err.startswith("slatesync-admin: ") and err.count("\n") == 1, err
    return out if status == 0 else err


def fresh(server):
    server.reset()
    run(server, "migrate")


def add(server, email, password=PASSWORD, **more):
    return run(server, "user", "add", email, "--password-file", "-", given=password + "\n", **more)


def schema(server):
    """All that DESCRIBE and SHOW INDEX would tell, to compare schemas."""
    return server.sql("""SELECT table_name, column_name, column_type, collation_name, is_nullable, column_default,
        generation_expression FROM information_schema.columns WHERE table_schema = DATABASE()
        ORDER BY 1, ordinal_position;
        SELECT table_name, index_name, seq_in_index, column_name FROM information_schema.statistics
        WHERE table_schema = DATABASE() ORDER BY 1, 2, 3""")


@tap.test
def migrate_twice_changes_nothing(server):
    server.reset()
    tap.contains(run(server, "migrate"), "the schema is at version")
    before, epoch = schema(server), server.value("SELECT value FROM sync_state WHERE name = 'epoch'")
    tap.contains(run(server, "migrate"), "nothing to do")
    tap.equal(schema(server), before)
    tap.equal(server.value("SELECT value FROM sync_state WHERE name = 'epoch'"), epoch)


@tap.test
def every_table_is_utf8mb4_and_pads_nothing(server):
    fresh(server)
    wrong = server.sql("""SELECT table_name, column_name, collation_name FROM information_schema.columns
        WHERE table_schema = DATABASE() AND collation_name NOT IN ('utf8mb4_nopad_bin', 'ascii_nopad_bin')""")
    tap.equal(wrong, [])


@tap.test
def virtual_columns_never_refuse_data(server):
    fresh(server)
    deep = "{\"title\":" + "[" * 40 + "]" * 40 + "}"
    for number, data in enumerate(['{"title":"' + "x" * 5000 + '"}', '{"title":"' + "\\u00e9" * 300 + '"}', "no JSON",
                                   deep, '{"title":{"a":1}}'], 1):
        server.sql(f"""SET sql_mode = 'STRICT_ALL_TABLES';
            INSERT INTO user_project_episodes (project_id, episode_id, `rank`, data, updated_at)
            VALUES (1, {number}, 'a', {quoted(data)}, 1);
            UPDATE user_project_episodes SET data = CONCAT(data, ' '), `rank` = 'b' WHERE episode_id = {number};
            SELECT title, status FROM user_project_episodes""")


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@tap.test
def dry_run_prints_sql_that_does_the_same(server):
    fresh(server)
    wanted = schema(server)
    server.reset()
    script = run(server, "migrate", "--dry-run")
    tap.equal(schema(server), [])
    server.sql(script)
    tap.equal(schema(server), [row for row in wanted if row[0] != "schema_migrations"])
    run(server, "migrate")
    tap.contains(run(server, "migrate", "--dry-run"), "nothing to do")


@tap.test
def newer_schema_is_refused(server):
    fresh(server)
    server.sql("INSERT INTO schema_migrations VALUES (99, 'future', 0)")
    for words in (["migrate"], ["migrate", "--dry-run"]):
        tap.contains(run(server, *words, status=1), "the schema is at version 99, this program knows up to")
    tap.contains(run(server, "status", status=1), "version 99")


@tap.test
def missing_schema_is_named(server):
    server.reset()
    for words in (["status"], ["user", "list"], ["epoch", "new"]):
        tap.contains(run(server, *words, status=1), "slatesync-admin migrate")


@tap.test
def migrators_at_once_wait_for_each_other(server):
    for _ in range(3):
        server.reset()
        processes = [start(server, "migrate") for _ in range(4)]
        outputs = [process.communicate(timeout=120) for process in processes]
        tap.equal([process.returncode for process in processes], [0] * 4, str(outputs))
        tap.equal(sum("nothing to do" in out for out, _ in outputs), 3)
        tap.equal(server.value("SELECT COUNT(*) FROM schema_migrations"), str(MIGRATIONS))


@tap.test
def interrupted_migration_runs_again(server):
    fresh(server)
    wanted = schema(server)
    interrupted = 0
    for attempt in range(12):
        server.reset()
        with start(server, "migrate") as process:
            while attempt and int(server.value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = "
                                               "DATABASE()")) < attempt and process.poll() is None:
                pass
            process.kill()
        interrupted += process.wait() != 0
        run(server, "migrate")
        tap.equal(schema(server), wanted)
    tap.note(f"{interrupted} of 12 were interrupted")
    assert interrupted > 0


@tap.test
def half_applied_migration_runs_again(server):
    fresh(server)
    wanted = schema(server)
    tables = [row[0] for row in server.sql("SHOW TABLES")]
    for table in tables:
        if table not in ("users", "schema_migrations"):
            server.sql(f"DELETE FROM schema_migrations; DROP TABLE {table}")
            run(server, "migrate")
            tap.equal(schema(server), wanted, table)


@tap.test
def accounts_are_added_and_listed(server):
    fresh(server)
    tap.contains(add(server, "Zoë@Example.ORG"), "created zoë@example.org as user 1")
    tap.contains(add(server, "  a@b\t"), "created a@b as user 2")
    lines = run(server, "user", "list").splitlines()
    tap.equal([line.split("\t")[:2] for line in lines[1:]], [["2", "a@b"], ["1", "zoë@example.org"]])
    assert re.fullmatch(r"2\ta@b\t20..-..-..T..:..:..Z\t-\t0", lines[1]), lines[1]
    tap.equal(server.sql("SELECT user_id, updated_at, HEX(digest) FROM user_project_meta ORDER BY 1"),
              [["1", "0", "0" * 32], ["2", "0", "0" * 32]])
    assert server.value("SELECT password FROM users WHERE user_id = 1").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@tap.test
def address_can_be_used_once(server):
    fresh(server)
    add(server, "a@b.c")
    tap.contains(add(server, "A@B.C", status=1), "has an account already")
    tap.equal(server.value("SELECT COUNT(*) FROM user_project_meta"), "1")


@tap.test
def two_administrators_add_one_address(server):
    fresh(server)
    processes = [start(server, "user", "add", "a@b", "--random-password") for _ in range(4)]
    for process in processes:
        process.communicate(timeout=120)
    tap.equal(sorted(process.returncode for process in processes), [0, 1, 1, 1])
    tap.equal(server.value("SELECT COUNT(*) FROM users"), "1")


@tap.test
def bad_addresses_are_refused(server):
    fresh(server)
    for email in ["", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b\nc", "a@\x01b", "a@\u00a0b", "a@\u0085b", "a\x7f@b",
                  "x" * 250 + "@abcd", "a@\udcff", "a@\udced\udca0\udc80"]:
        add(server, email, status=1)
    add(server, "x" * 249 + "@abcd")
    tap.equal(server.value("SELECT COUNT(*) FROM users"), "1")


@tap.test
def passwords_have_bounds(server):
    fresh(server)
    for number, (password, status) in enumerate([("1234567", 1), ("12345678", 0), ("x" * 1024, 0), ("x" * 1025, 1),
                                                 ("", 1), ("nul\0inside", 1), ("pässwört", 0)]):
        add(server, f"{number}@b", password, status=status)


@tap.test
def password_file_and_random_password_work(server):
    fresh(server)
    path = os.path.join(server.directory, "password")
    with open(path, "w", encoding="ascii") as out:
        out.write(PASSWORD + "\r\nsecond line\n")
    run(server, "user", "add", "a@b", "--password-file", path)
    found = re.search(r"^password: ([A-Za-z0-9_-]{20})$", run(server, "user", "add", "b@b", "--random-password"), re.M)
    assert found
    again = re.search(r"^password: (.*)$", run(server, "user", "passwd", "b@b", "--random-password"), re.M)
    assert again and again.group(1) != found.group(1)
    tap.contains(run(server, "user", "add", "c@b", "--password-file", path + "x", status=1), "can't open")


@tap.test
def changing_a_password_ends_sessions(server):
    fresh(server)
    add(server, "a@b")
    add(server, "b@b")
    server.sql("""INSERT INTO user_sessions (user_id, token_hash, created_at, expires_at) VALUES
        (1, REPEAT('a', 32), 0, 9), (1, REPEAT('b', 32), 0, 9), (2, REPEAT('c', 32), 0, 9)""")
    before = server.sql("SELECT password FROM users ORDER BY user_id")
    run(server, "user", "passwd", "A@B", "--password-file", "-", given="another one\n")
    after = server.sql("SELECT password FROM users ORDER BY user_id")
    assert before[0] != after[0] and before[1] == after[1]
    tap.equal(server.sql("SELECT user_id FROM user_sessions"), [["2"]])
    tap.contains(run(server, "user", "passwd", "c@b", "--random-password", status=1), "no account")


def on_terminal(server, words, answers):
    """Runs with a controlling terminal and types an answer to each prompt."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(ADMIN, [ADMIN, *words, "-c", "/dev/null", *server.settings()])
    seen, answers = b"", list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            seen += os.read(terminal, 4096)
        except OSError:
            break
        if answers and seen.endswith(b": "):
            os.write(terminal, answers.pop(0))
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


@tap.test
def terminal_is_asked_twice_without_echo(server):
    fresh(server)
    status, seen = on_terminal(server, ["user", "add", "a@b"], [b"correct horse\n", b"correct horse\n"])
    tap.equal(status, 0, seen)
    assert "Password: " in seen and "Again: " in seen and "correct horse" not in seen, seen
    for answers, reason in [([b"correct horse\n", b"wrong horse\n"], "differ"), ([b"\x03"], "interrupted")]:
        if answers == [b"\x03"]:
            answers = [b"\x03\n"]
        status, seen = on_terminal(server, ["user", "add", "b@b"], answers)
        tap.equal(status, 1, seen)
        tap.contains(seen, reason)
    tap.equal(server.value("SELECT COUNT(*) FROM users"), "1")


@tap.test
def without_terminal_it_says_what_to_do(server):
    fresh(server)
    done = subprocess.run([ADMIN, "user", "add", "a@b", "-c", "/dev/null", *server.settings()], text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True)
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, "--password-file")


@tap.test
def status_counts_and_warns(server):
    fresh(server)
    add(server, "a@b")
    out = run(server, "status")
    assert "warning" not in out, out
    fields = dict(line.split(None, 1) for line in out.splitlines())
    tap.equal((fields["users"], fields["projects"], fields["snapshots"]), ("1", "0", "0"))
    tap.contains(fields["server"], "MariaDB")
    server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2; SET GLOBAL max_allowed_packet = 1048576")
    try:
        out = run(server, "status")
        tap.contains(out, "warning: innodb_flush_log_at_trx_commit is 2")
        tap.contains(out, "warning: max_allowed_packet is 1048576")
    finally:
        server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1; SET GLOBAL max_allowed_packet = 67108864")


@tap.test
def epoch_changes(server):
    fresh(server)
    before = server.value("SELECT value FROM sync_state")
    out = run(server, "epoch", "new")
    after = server.value("SELECT value FROM sync_state")
    assert after != before
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", after)
    tap.contains(out, after)


@tap.test
def wrong_usage_has_status_2(server):
    for words in ([], ["nonsense"], ["user"], ["user", "nonsense"], ["user", "add"], ["user", "add", "a@b", "c@d"],
                  ["migrate", "now"], ["--nonsense"], ["status", "--dry-run"], ["user", "list", "--random-password"],
                  ["user", "add", "a@b", "--random-password", "--password-file", "x"], ["epoch"], ["status", "--set"]):
        done = subprocess.run([ADMIN, *words], capture_output=True, text=True, check=False)
        tap.equal(done.returncode, 2, str(words))
        assert done.stderr and not done.stdout, words
    assert run(server, "status", "--set", "nonsense=1", status=1)


@tap.test
def help_and_version_are_there(_server):
    for words, wanted in [(["-h"], "user passwd EMAIL"), (["migrate", "-h"], "--dry-run"),
                          (["user", "add", "--help"], "FILE"), (["-V"], "slatesync-admin "),
                          (["migrate", "--version"], "slatesync-admin ")]:
        done = subprocess.run([ADMIN, *words], capture_output=True, text=True, check=False)
        tap.equal((done.returncode, done.stderr), (0, ""), str(words))
        tap.contains(done.stdout, wanted)


@tap.test
def garbage_arguments_never_crash(server):
    source = random.Random(20251122)
    words = ["migrate", "status", "user", "add", "list", "passwd", "epoch", "-c", "--set", "--dry-run", "a@b", "-",
             "--", "", "-h", "\u00ff", "%s%n", "=", "x" * 3000, "--password-file", "/dev/null", "--set=db_port=-1"]
    fresh(server)
    for _ in range(150):
        line = [source.choice(words) for _ in range(source.randrange(6))]
        done = subprocess.run([ADMIN, "-c", "/dev/null", *server.settings(), *line], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, start_new_session=True, timeout=60, check=False)
        assert done.returncode in (0, 1, 2) and "Sanitizer" not in done.stderr, (line, done.returncode, done.stderr)


@tap.test
def full_disk_is_noticed(server):
    if not os.path.exists("/dev/full"):
        tap.skip("no /dev/full")
    fresh(server)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([ADMIN, "user", "list", "-c", "/dev/null", *server.settings()], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    tap.equal(done.returncode, 1, done.stderr)


def main():
    with MariaDB() as server:
        tap.main(server)


if __name__ == "__main__":
    main()
