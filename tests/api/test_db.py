#!/usr/bin/env python3
"""The database rooms against a real MariaDB: runs the scenarios of db_test. Usage: test_db.py [NAME]...
SLATESYNC_BUILD names the build directory (default: the current one), where `make check` has built db_test."""
import os
import subprocess

import tap
from mariadb import MariaDB
from proxy import CommitLoser

BUILD = os.path.abspath(os.environ.get("SLATESYNC_BUILD", "."))
DB_TEST = os.environ.get("DB_TEST", os.path.join(BUILD, "tests/api/db_test"))
ADMIN = os.environ.get("SLATESYNC_ADMIN", os.path.join(BUILD, "src/server/slatesync-admin"))
TABLE = """CREATE OR REPLACE TABLE db_test (id BIGINT PRIMARY KEY, note VARCHAR(255), amount BIGINT, data LONGTEXT,
    raw LONGBLOB) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"""

HEAD = "INSERT INTO db_test (id, amount) VALUES (1, 0)"


def command(server, scenario, **more):
    settings = [f"{key}={value}" for key, value in server.configuration(**more).items()]
    return [DB_TEST, scenario, *settings]


def run(server, scenario, prepare="", **more):
    server.sql(TABLE + ";" + prepare)
    done = subprocess.run(command(server, scenario, **more), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def begin(server, scenario):
    server.sql(TABLE)
    return subprocess.Popen(command(server, scenario), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def step(process, wanted):
    tap.equal(process.stdout.readline().strip(), wanted)


def go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def migrate(server):
    subprocess.run([ADMIN, "migrate", "-c", "/dev/null", *server.settings()], check=True, stdout=subprocess.DEVNULL)


def small_packets(server, scenario):
    """With max_allowed_packet at 1 MiB."""
    server.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        return run(server, scenario)
    finally:
        server.sql("SET GLOBAL max_allowed_packet = 67108864")


def define(name, runner=run, **more):
    def scenario(server):
        runner(server, name, **more)
    scenario.__name__ = name
    tap.test(scenario)


for each in ["bulk_updates_and_deletes", "bulk_refuses_misuse", "large_values_stream", "reading_can_end_early",
             "affected_counts_changes", "session_is_set_up", "deadlock_is_repeated",
             "lost_before_commit_is_repeated_once", "lost_while_reading_is_repeated", "killed_while_idle_is_noticed",
             "commit_only_what_worked", "reads_see_one_snapshot"]:
    define(each)
define("bulk_writes_what_it_is_given", small_packets)
define("too_large_is_told", small_packets)
define("lock_timeout_is_repeated", db_lock_wait_timeout=1)
define("lock_timeout_ends_at_last", db_lock_wait_timeout=1)


@tap.test
def opening_is_fast(server):
    tap.note(run(server, "open_time"))


def lose_commit(server, loses, away):
    with CommitLoser(server.socket, loses, away) as proxy:
        run(server, "lost_commit_is_looked_up", HEAD, db_socket=proxy.path)
        tap.equal(proxy.lost, 1)
    tap.equal(server.sql("SELECT id, amount FROM db_test ORDER BY id"), [["1", "1"], ["2", "0"]])


@tap.test
def lost_answer_to_commit_is_looked_up(server):
    lose_commit(server, "answer", 0)


@tap.test
def lost_commit_is_run_again(server):
    lose_commit(server, "commit", 0)


@tap.test
def lost_commit_waits_for_the_server(server):
    lose_commit(server, "answer", 4)


@tap.test
def lost_commit_stays_uncertain_without_server(server):
    with CommitLoser(server.socket, "answer", None) as proxy:
        run(server, "lost_commit_stays_uncertain", HEAD, db_socket=proxy.path)
    tap.equal(server.value("SELECT amount FROM db_test WHERE id = 1"), "1")


@tap.test
def altered_tables_are_noticed(server):
    with begin(server, "altered_tables_are_noticed") as process:
        step(process, "ready")
        server.sql("ALTER TABLE db_test ADD COLUMN more INT, MODIFY COLUMN amount VARCHAR(20)")
        go_on(process)
    tap.equal(process.returncode, 0)


@tap.test
def settings_are_read_afresh(server):
    with begin(server, "settings_are_read_afresh") as process:
        step(process, "ready")
        server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
        go_on(process)
    server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    tap.equal(process.returncode, 0)


@tap.test
def wrong_statement_fails_at_open(server):
    server.sql(TABLE + "; ALTER TABLE users RENAME COLUMN email TO mail")
    try:
        done = subprocess.run(command(server, "open_fails"), capture_output=True, text=True, check=False)
    finally:
        server.sql("ALTER TABLE users RENAME COLUMN mail TO email")
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stdout, "user_add")


@tap.test
def wrong_schema_fails_at_open(server):
    for change, undo, wanted in [
            ("UPDATE schema_migrations SET version = version + 100",
             "UPDATE schema_migrations SET version = version - 100", "install the newer program"),
            ("RENAME TABLE schema_migrations TO elsewhere", "RENAME TABLE elsewhere TO schema_migrations", "migrate"),
    ]:
        server.sql(change)
        try:
            tap.contains(run(server, "open_fails"), wanted)
        finally:
            server.sql(undo)


@tap.test
def wrong_password_and_database_fail_at_open(server):
    tap.contains(run(server, "open_fails", db_password="wrong"), "Access denied")
    tap.contains(run(server, "open_fails", db_user="root", db_password="", db_name="nowhere"), "CREATE DATABASE")
    tap.contains(run(server, "open_fails", db_socket="/nonexistent"), "can't connect")


@tap.test
def missing_encryption_is_refused(server):
    if server.value("SELECT @@have_ssl") == "YES":
        tap.skip("this server encrypts by itself")
    tap.equal(run(server, "session_is_set_up", db_tls="preferred"), "plain")
    for level in ["required", "verify"]:
        message = run(server, "open_fails", db_tls=level)
        assert "SSL" in message or "encryption" in message, message


@tap.test
def encryption_is_verified(server):
    with_tls(server.directory)


def with_tls(directory):
    key, certificate = os.path.join(directory, "key.pem"), os.path.join(directory, "certificate.pem")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate, "-days", "2"],
                       check=True, capture_output=True)
    except FileNotFoundError:
        tap.skip("no openssl")
    with MariaDB(ssl_key=key, ssl_cert=certificate) as server:
        migrate(server)
        for level in ["preferred", "required"]:
            tap.equal(run(server, "session_is_set_up", db_tls=level), "encrypted", level)
        tap.equal(run(server, "session_is_set_up", db_tls="verify", db_tls_ca=certificate), "encrypted")
        tap.equal(run(server, "session_is_set_up", db_tls="off"), "plain")
        message = run(server, "open_fails", db_tls="verify")
        assert "certificate" in message.lower(), message


@tap.test
def server_away_is_survived(server):
    with begin(server, "server_away_is_survived") as process:
        step(process, "ready")
        server.kill()
        go_on(process)
        step(process, "away")
        server.start()
        go_on(process)
    tap.equal(process.returncode, 0)


def main():
    with MariaDB() as server:
        migrate(server)
        tap.main(server)


if __name__ == "__main__":
    main()
