#!/usr/bin/env python3
"""MariaDB in trouble: full disk, locks held by others, deadlocks, no connections left, read-only, frozen. Pushes fail
in plain sight, within bounds, and leave nothing half written; everything recovers by itself."""
import contextlib
import ctypes
import os
import secrets
import tempfile
import threading
import time

import tap
from daemon import freeze, thaw, wait_for
from fleet import empty_document
from mariadb import MariaDB
from stack import Stack

MNT_DETACH = 2
COUNTED = ("user_project_characters", "user_project_snapshots", "user_sync_ops", "user_project_tombstones")


def everything(database, **settings):
    return Stack(database=database, **{"workers": 2, "log_level": "info", **settings})


class Project:
    def __init__(self, server):
        self.database, self.account = server.database, server.account()
        self.device = self.account.device()
        self.version = self.device.push(base=0, projectData=empty_document()).expect(200)["updatedAt"]
        self.id = self.database.value("SELECT p.project_id FROM user_project_meta p JOIN users u USING (user_id) "
                                      f"WHERE u.email = '{self.account.email}'")

    def body(self, row="row", size=8):
        character = {"id": row, "name": secrets.token_hex(8), "bio": secrets.token_hex(size // 2)}
        return {"baseVersion": self.version, "opId": "op-" + secrets.token_hex(8), "delta": {"characters": [character]}}

    def stored(self):
        """What a push would change: version, digest, rows; history and operations."""
        counts = [self.database.value(f"SELECT COUNT(*) FROM {table} WHERE project_id = {self.id}")
                  for table in COUNTED]
        return self.device.pull().expect(200).body, counts

    def settle(self, body, seconds=20):
        """Sends until it is stored, as a client does."""
        deadline = time.monotonic() + seconds
        while (answer := self.device.put(body)).status == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.version = answer.expect(200)["updatedAt"]
        return answer


def refused(answer, *statuses):
    assert answer.status in (statuses or (503,)), answer
    answer.expect(answer.status, "unavailable" if answer.status == 503 else "internal")
    if answer.status == 503:
        assert int(answer.headers["Retry-After"]) >= 1
    return answer


class Later(threading.Thread):
    """A request that is on its way while the test goes on."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.answer, self.seconds = call, None, None
        self.start()

    def run(self):
        begun = time.monotonic()
        self.answer = self.call()
        self.seconds = time.monotonic() - begun

    def get(self):
        self.join(60)
        assert self.answer is not None, "no answer"
        return self.answer


def wait_for_lock_wait(database):
    """Asks seldom: MariaDB renews this table only when nobody has read it for 0.1 s."""
    waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    wait_for(lambda: database.value(waiting) != "0", "the push waits", every=0.2)


@tap.test
def a_lock_that_another_holds_ends_in_503(database):
    with everything(database, db_lock_wait_timeout="1s") as server:
        project = Project(server)
        before, body = project.stored(), project.body()
        with database.session() as other:
            other.run(f"START TRANSACTION; SELECT 1 FROM user_project_meta WHERE project_id = {project.id} FOR UPDATE")
            push = Later(lambda: project.device.put(body))
            wait_for_lock_wait(database)
            tap.equal(server.anonymous().request("GET", "/readyz").status, 200, "others are served meanwhile")
            refused(push.get())
            tap.note(f"refused after {push.seconds:.1f} s")
            assert push.seconds < 15
            other.run("ROLLBACK")
        tap.equal(project.stored(), before)
        assert not project.settle(body)["replayed"]


@tap.test
def a_lock_that_is_released_in_time_costs_no_error(database):
    with everything(database) as server:
        project = Project(server)
        with database.session() as other:
            other.run(f"START TRANSACTION; SELECT 1 FROM user_project_meta WHERE project_id = {project.id} FOR UPDATE")
            push = Later(lambda: project.device.put(project.body()))
            wait_for_lock_wait(database)
            other.run("COMMIT")
            push.get().expect(200)


@tap.test
def a_deadlock_is_run_again(database):
    """Another session holds a row that the push wants, then wants the head row, which the push holds."""
    with everything(database) as server:
        project = Project(server)
        project.settle(project.body())
        for _ in range(5):
            body = project.body()
            with database.session() as other:
                # Many changes make the other one the more expensive victim.
                other.run("START TRANSACTION;"
                          f"UPDATE user_project_characters SET data = data WHERE project_id = {project.id};"
                          "INSERT INTO user_sync_audit"
                          " (project_id, user_id, action, status, version, created_at, trace_id, detail)"
                          " SELECT 0, 0, 'test', 'test', 0, 0, '', '' FROM seq_1_to_500")
                push = Later(lambda: project.device.put(body))  # pylint: disable=cell-var-from-loop
                wait_for_lock_wait(database)
                other.send(f"SELECT 1 FROM user_project_meta WHERE project_id = {project.id} FOR UPDATE; ROLLBACK")
                assert ["1"] in other.wait(), "the other one was the victim"
                project.version = push.get().expect(200)["updatedAt"]
            assert project.device.put(body).expect(200)["replayed"]
            tap.equal(project.database.value(f"SELECT COUNT(*) FROM user_sync_ops WHERE op_id = '{body['opId']}'"), "1")
        deadlocks = database.value("SELECT VARIABLE_VALUE FROM information_schema.global_status "
                                   "WHERE VARIABLE_NAME = 'INNODB_DEADLOCKS'")
        tap.note(f"{deadlocks} deadlocks")
        assert int(deadlocks) >= 5


@tap.test
def a_killed_statement_is_refused_or_done(database):
    with everything(database) as server:
        project = Project(server)
        before, body = project.stored(), project.body()
        with database.session() as other:
            other.run(f"START TRANSACTION; SELECT 1 FROM user_project_meta WHERE project_id = {project.id} FOR UPDATE")
            push = Later(lambda: project.device.put(body))
            wait_for_lock_wait(database)
            database.sql("KILL QUERY " + database.value(
                "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"))
            refused(push.get())
            other.run("ROLLBACK")
        tap.equal(project.stored(), before)
        project.settle(body)


@contextlib.contextmanager
def no_connections_left(database, server):
    """Takes every connection that an ordinary user can get, those of the workers too."""
    root = database.session()
    with root, contextlib.ExitStack() as cleanup:
        root.run("SET GLOBAL max_connections = 10")
        root.run(f"KILL USER {database.USER}@localhost")
        for _ in range(20):
            session = cleanup.enter_context(database.session())
            session.process.stdin.write("SELECT 1;\n")
            with contextlib.suppress(BrokenPipeError):
                session.process.stdin.flush()
            if session.process.stdout.readline() == "":
                break
        else:
            raise AssertionError("there are connections without end")
        wait_for(lambda: server.anonymous().request("GET", "/readyz").status == 503, "no worker has one")
        try:
            yield
        finally:
            root.run("SET GLOBAL max_connections = 151")


@tap.test
def too_many_connections_end_in_503(database):
    with everything(database) as server:
        project = Project(server)
        body = project.body()
        with no_connections_left(database, server):
            for _ in range(4):
                refused(project.device.put(body))
                tap.equal(server.anonymous().request("GET", "/healthz").status, 200)
        assert not project.settle(body)["replayed"]
        reasons = [line["reason"] for line in server.daemon.log_lines("database away")]
        assert any("Too many connections" in reason for reason in reasons), reasons


@tap.test
def a_read_only_database_still_reads(database):
    with everything(database) as server:
        project = Project(server)
        before, body = project.stored(), project.body()
        database.sql("SET GLOBAL read_only = 1")
        try:
            for _ in range(3):
                refused(project.device.put(body))
                tap.equal(project.device.pull().expect(200).body, before[0])
        finally:
            database.sql("SET GLOBAL read_only = 0")
        tap.equal(project.stored(), before)
        project.settle(body)


@tap.test
def a_frozen_database_is_not_waited_for_without_end(database):
    with everything(database, db_read_timeout="1s", db_connect_timeout="1s") as server:
        project = Project(server)
        body = project.body()
        freeze(database.process.pid)
        try:
            begun = time.monotonic()
            refused(project.device.put(body))
            tap.note(f"refused after {time.monotonic() - begun:.1f} s")
            assert time.monotonic() - begun < 15
            tap.equal(server.anonymous().request("GET", "/healthz").status, 200)
        finally:
            thaw(database.process.pid)
        project.settle(body)


@contextlib.contextmanager
def small_disk(megabytes):
    """A file system of that size, or a skip where none can be mounted."""
    with tempfile.TemporaryDirectory(prefix="slatesync-disk-") as path:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"none", path.encode(), b"tmpfs", 0, f"size={megabytes}m".encode()) != 0:
            tap.skip("mounting a small file system needs root: " + os.strerror(ctypes.get_errno()))
        try:
            yield path
        finally:
            libc.umount2(path.encode(), MNT_DETACH)  # the kernel may still be closing files of the killed server


def fill(path, leave):
    free = os.statvfs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(b"x" * (free.f_bavail * free.f_bsize - leave))


class SmallMariaDB(MariaDB):
    """Keeps its data on a file system of its own."""

    def __init__(self, path):
        super().__init__(innodb_log_file_size="4M", innodb_data_file_path="ibdata1:5M:autoextend",
                         innodb_temp_data_file_path="ibtmp1:2M:autoextend", tmpdir=path, aria_log_file_size=8 << 20)
        self.data = os.path.join(path, "data")


@tap.test
def a_full_disk_is_told_and_leaves_nothing_half_written(_):
    with small_disk(220) as path, SmallMariaDB(path) as database, everything(database) as server:
        project = Project(server)
        ballast = os.path.join(path, "ballast")
        fill(ballast, 3 << 20)
        for number in range(5000):
            body = project.body(f"row{number}", 3000)
            answer = project.device.put(body)
            if answer.status != 200:
                break
            project.version = answer["updatedAt"]
        tap.note(f"full after {number} pushes: {answer}")
        refused(answer, 503, 500)
        before = project.stored()
        for _ in range(3):
            refused(project.device.put(body), 503, 500)
        tap.equal(project.stored(), before)
        tap.equal(server.anonymous().request("GET", "/healthz").status, 200)
        os.unlink(ballast)
        assert not project.settle(body)["replayed"]
        rows = project.device.document()["context"]["characters"]
        tap.equal({row["id"] for row in rows}, {f"row{n}" for n in range(number + 1)})


def main():
    with MariaDB() as database:
        return tap.main(database)


if __name__ == "__main__":
    raise SystemExit(main())
