#!/usr/bin/env python3
"""Workers and MariaDB are killed in the middle of everything: what was acknowledged is there, once, and no more."""
import os
import random
import secrets
import signal
import threading
import time

import tap
from daemon import wait_for
from fleet import Fleet, empty_document, large_document
from mariadb import MariaDB
from proxy import CommitLoser, Cutter
from stack import Stack

SEED = random.randrange(1 << 32)
KILLS = 40
CUTS = 200
tap.note(f"seed {SEED}")


def everything(database, **settings):
    """A stack that thins no history, so that the history can be counted."""
    return Stack(database=database, **{"workers": 8, "snapshot_keep_last": 100000, "log_level": "info", **settings})


class Behind:
    """The database, as a program behind the proxy sees it."""

    def __init__(self, database, proxy):
        self.database, self.proxy = database, proxy

    def __getattr__(self, name):
        return getattr(self.database, name)

    def configuration(self, **more):
        return self.database.configuration(db_socket=self.proxy.path, **more)

    def settings(self):
        return self.database.settings()


def away(stack):
    """What everyone is told while MariaDB is away."""
    anonymous = stack.anonymous()
    tap.equal(anonymous.request("GET", "/healthz").status, 200)
    answer = anonymous.request("GET", "/readyz").expect(503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    anonymous.close()


def until_stored(device, body, seconds=30):
    """Sends as a client does; returns the answer that isn't a 503, and how many were."""
    refused = 0
    deadline = time.monotonic() + seconds
    while (answer := device.put(body)).status == 503 and time.monotonic() < deadline:
        answer.expect(503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        refused += 1
        time.sleep(0.05)
    return answer.expect(200), refused


def change(base, row="row"):
    return {"baseVersion": base, "opId": "op-" + secrets.token_hex(8),
            "delta": {"characters": [{"id": row, "name": secrets.token_hex(8)}]}}


def is_there_once(stack, device, body, answer):
    """The push is the last version, and the only one of its operation."""
    got = device.pull().expect(200).json
    tap.equal(got["updatedAt"], answer["updatedAt"])
    for row in body["delta"]["characters"]:
        assert row in got["projectData"]["context"]["characters"], got
    tap.equal(stack.database.value(f"SELECT COUNT(*) FROM user_sync_ops WHERE op_id = '{body['opId']}'"), "1")
    tap.equal(stack.database.value("SELECT COUNT(*) FROM user_project_snapshots JOIN user_sync_ops "
                                   f"USING (project_id, version) WHERE op_id = '{body['opId']}' AND part = 0"), "1")
    again = device.put(body).expect(200)
    assert again["replayed"] and again["updatedAt"] == answer["updatedAt"], again


@tap.test
def killed_workers_lose_and_repeat_nothing(database):
    chance = random.Random(SEED)
    with everything(database) as stack:
        fleet = Fleet(stack, devices=6, seed=SEED)
        with fleet:
            for _ in range(KILLS):
                wait_for(fleet.more(chance.randrange(2, 12)), "pushes go on", 60)
                time.sleep(chance.uniform(0, 0.005))
                workers = wait_for(stack.daemon.workers, "a worker lives")
                os.kill(chance.choice(workers), signal.SIGKILL)
            wait_for(fleet.more(50), "pushes go on", 60)
        fleet.check()
        wait_for(lambda: len(stack.daemon.log_lines("worker was killed")) >= KILLS * 3 // 4, "deaths are logged")


@tap.test
def mariadb_killed_between_pushes(database):
    with everything(database, workers=2) as stack:
        device = stack.account().device()
        version = device.push(base=0, projectData=empty_document()).expect(200)["updatedAt"]
        for _ in range(2):
            database.kill()
            body = change(version)
            for _ in range(4):
                refused = device.put(body).expect(503, "unavailable")
                assert int(refused.headers["Retry-After"]) >= 1
                away(stack)
            database.start()
            answer, refused = until_stored(device, body)
            tap.note(f"{refused} refusals after the restart")
            assert not answer["replayed"]
            is_there_once(stack, device, body, answer)
            wait_for(lambda: stack.anonymous().request("GET", "/readyz").status == 200, "ready again")
            version = answer["updatedAt"]
        tap.equal(stack.daemon.log_lines("worker was killed"), [])
        assert stack.daemon.log_lines("database back")


@tap.test
def mariadb_killed_under_load(database):
    chance = random.Random(SEED)
    with everything(database) as stack:
        fleet = Fleet(stack, devices=6, seed=SEED)
        with fleet:
            for _ in range(5):
                wait_for(fleet.more(chance.randrange(20, 80)), "pushes go on", 60)
                database.kill()
                wait_for(lambda: fleet.alive() and fleet.held.get(503, 0) > 10, "somebody notices", 60)
                away(stack)
                database.start()
            wait_for(fleet.more(50), "pushes go on", 60)
        fleet.check()
        tap.equal(stack.daemon.log_lines("worker was killed"), [])


@tap.test
def lost_commits_are_looked_up(database):
    """COMMIT was run and its answer lost, or it never arrived: the worker finds out, and the client sees 200."""
    with everything(database, workers=1) as stack:
        account = stack.account()
        device = account.device()
        version = device.push(base=0, projectData=empty_document()).expect(200)["updatedAt"]
        for loses, away_secs in (("answer", 0), ("commit", 0), ("answer", 1), ("commit", 1)):
            stack.stop()
            with CommitLoser(database.socket, loses, away_secs) as proxy:
                stack.start(db_socket=proxy.path)
                body = change(version)
                answer = device.put(body).expect(200)
                tap.equal((proxy.lost, answer["replayed"]), (1, loses == "answer"), loses)
                is_there_once(stack, device, body, answer)
                version = answer["updatedAt"]
                assert stack.daemon.log_lines("no answer to COMMIT")


def stays_unknown(database, loses):
    """The server stays away after COMMIT: 503 within bounds; the same operation settles it later."""
    with CommitLoser(database.socket, loses, None, armed=False) as proxy, \
            everything(Behind(database, proxy), workers=2) as stack:
        account = stack.account()
        device = account.device()
        version = device.push(base=0, projectData=empty_document()).expect(200)["updatedAt"]
        body = change(version)
        proxy.arm(loses)
        begun = time.monotonic()
        refused = device.put(body).expect(503, "unavailable")
        tap.note(f"{loses}: unknown after {time.monotonic() - begun:.1f} s")
        assert time.monotonic() - begun < 15 and int(refused.headers["Retry-After"]) >= 1
        away(stack)
        proxy.listen()
        answer, _ = until_stored(device, body)
        tap.equal(answer["replayed"], loses == "answer", loses)
        is_there_once(stack, device, body, answer)


@tap.test
def a_commit_that_stays_unknown_is_settled_by_its_operation(database):
    faults = []

    def run(loses):
        try:
            stays_unknown(database, loses)
        except BaseException as fault:  # pylint: disable=broad-except
            faults.append(fault)
    threads = [threading.Thread(target=run, args=(loses,)) for loses in ("answer", "commit")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for fault in faults:
        raise fault


@tap.test
def mariadb_killed_inside_commit(database):
    """A load of pushes, and MariaDB is killed just when one of them commits."""
    chance = random.Random(SEED)
    with CommitLoser(database.socket, "race", armed=False) as proxy:
        with everything(Behind(database, proxy)) as stack:
            fleet = Fleet(stack, devices=6, seed=SEED)
            proxy.then = database.kill
            with fleet:
                for number, loses in enumerate(("race", "answer", "commit", "race", "race", "race"), 1):
                    wait_for(fleet.more(chance.randrange(10, 40)), "pushes go on", 60)
                    proxy.arm(loses)
                    wait_for(lambda: proxy.lost == number and database.process is None,  # pylint: disable=W0640
                             "the COMMIT is lost", 20)
                    database.start()
                wait_for(fleet.more(50), "pushes go on", 60)
            fleet.check()
            unknown = stack.daemon.log_lines("no answer to COMMIT")
            tap.note(f"{len(unknown)} COMMITs without answer")
            assert len(unknown) >= 6
            tap.equal(stack.daemon.log_lines("worker was killed"), [])


@tap.test
def connections_cut_at_any_byte_lose_and_repeat_nothing(database):
    """In the middle of statements, of rows that stream, of COMMIT."""
    with Cutter(database.socket, 300_000, SEED) as proxy, everything(Behind(database, proxy)) as stack:
        fleet = Fleet(stack, devices=6, seed=SEED, document=large_document())
        with fleet:
            proxy.cutting = True
            stack.daemon.signal(signal.SIGHUP)
            wait_for(lambda: fleet.alive() and proxy.cut >= CUTS, "connections are cut", 60)
            proxy.cutting = False
            stack.daemon.signal(signal.SIGHUP)
            wait_for(fleet.more(50), "pushes go on", 60)
        fleet.check()
        tap.note(f"{proxy.cut} connections cut, {len(stack.daemon.log_lines('no answer to COMMIT'))} in COMMIT")
        tap.equal(stack.daemon.log_lines("database statement failed"), [])
        tap.equal(stack.daemon.log_lines("worker was killed"), [])


@tap.test
def killed_connections_are_replaced_unseen(database):
    """What an operator or wait_timeout does: no client notices."""
    with everything(database, workers=2) as stack:
        device = stack.account().device()
        version = device.push(base=0, projectData=empty_document()).expect(200)["updatedAt"]
        for _ in range(5):
            database.sql(f"KILL USER {database.USER}@localhost")
            body = change(version)
            answer = device.put(body).expect(200)
            is_there_once(stack, device, body, answer)
            version = answer["updatedAt"]


def main():
    with MariaDB() as database:
        return tap.main(database)


if __name__ == "__main__":
    raise SystemExit(main())
