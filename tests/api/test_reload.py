#!/usr/bin/env python3
"""Reload, retirement and stop under a load of pushes and reads through nginx: no answer is cut, no request refused."""
import contextlib
import os
import random
import re
import secrets
import signal
import socket
import time

import fcgi
import tap
from daemon import freeze, listening_socket, thaw, wait_for, with_socket_at
from fleet import Fleet, large_document
from mariadb import MariaDB
from stack import Stack

SEED = random.randrange(1 << 32)
SECONDS = 4
tap.note(f"seed {SEED}")


def everything(database, **settings):
    return Stack(database=database, **{"workers": 4, "snapshot_keep_last": 100000, "log_level": "info", **settings})


def load(server, **more):
    """Eight devices that push and read; a 503 is a fault."""
    return Fleet(server, devices=8, seed=SEED, document=large_document(), **{"strict": True, **more})


def all_is_well(server):
    for sign in ("worker was killed", "worker didn't finish in time"):
        tap.equal(server.daemon.log_lines(sign), [])
    with open(os.path.join(server.nginx.home, "error.log"), encoding="utf-8") as file:
        text = file.read()
    cut = [line for line in text.splitlines() if re.search("prematurely closed|reset by peer", line)]
    tap.equal(cut[:5], [], "answers that nginx missed")
    return text


@tap.test
def reloads_under_load_disturb_nobody(database):
    with everything(database) as server:
        fleet, reloads = load(server), 0
        with fleet:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                wait_for(fleet.more(5), "pushes go on", 30)
                old = server.daemon.settled()
                server.daemon.signal(signal.SIGHUP)
                server.daemon.settled(unlike=old)
                reloads += 1
            wait_for(fleet.more(20), "pushes go on", 30)
        tap.note(f"{reloads} reloads, {fleet.answers} answers")
        fleet.check()
        tap.equal(len(server.daemon.log_lines("reloaded")), reloads)
        all_is_well(server)


@tap.test
def reloads_without_pause_disturb_nobody(database):
    """A second HUP before the workers of the first have gone."""
    with everything(database) as server:
        fleet = load(server)
        with fleet:
            for _ in range(20):
                wait_for(fleet.more(1), "pushes go on", 30)
                server.daemon.signal(signal.SIGHUP)
            wait_for(fleet.more(20), "pushes go on", 30)
            server.daemon.settled()
        fleet.check()
        all_is_well(server)


@tap.test
def stopped_workers_are_replaced_unseen(database):
    chance = random.Random(SEED)
    with everything(database) as server:
        fleet = load(server)
        with fleet:
            for _ in range(20):
                wait_for(fleet.more(chance.randrange(1, 10)), "pushes go on", 30)
                workers = server.daemon.settled()
                gone = chance.sample(workers, chance.randrange(1, len(workers) + 1))
                for pid in gone:
                    os.kill(pid, signal.SIGTERM)
                server.daemon.settled(unlike=gone)
        fleet.check()
        all_is_well(server)


@contextlib.contextmanager
def on_passed_socket(server):
    """Stops the server; yields what starts it on a socket that stays open, as systemd's does."""
    server.stop()
    with contextlib.ExitStack() as cleanup:
        listener = cleanup.enter_context(listening_socket(server.nginx.socket))
        while listener.fileno() <= 3:  # descriptor 3 is where the child gets it
            os.dup(listener.fileno())
            listener = cleanup.enter_context(socket.socket(fileno=os.dup(listener.fileno())))
        yield with_socket_at(3, listener, True)


@tap.test
def restarts_on_a_passed_socket_disturb_nobody(database):
    with everything(database) as server, on_passed_socket(server) as passed:
        server.start(**passed)
        fleet = load(server)
        with fleet:
            for _ in range(5):
                wait_for(fleet.more(10), "pushes go on", 30)
                server.daemon.signal(signal.SIGTERM)
                tap.equal(server.daemon.wait(), 0, "exit status")
                server.stop()
                server.start(**passed)
            wait_for(fleet.more(20), "pushes go on", 30)
        fleet.check()
        all_is_well(server)


def push_for(device, base, row):
    body = ('{"opId":"%s","baseVersion":%d,"onStale":"rebase","delta":{"characters":[{"id":"%s"}]}}'
            % (secrets.token_hex(8), base, row)).encode()
    headers = {**device.headers, "Content-Type": "application/json"}
    return fcgi.encode(fcgi.variables("PUT", "/project", headers, body), body, keep=True)


@tap.test
def a_stop_answers_every_push_that_waits(database):
    with everything(database, workers=2) as server:
        device = server.account().device()
        base = device.push(base=0, projectData={"episodes": []}).expect(200)["updatedAt"]
        daemon, workers = server.daemon, server.daemon.settled()
        for worker in workers:
            freeze(worker)
        waiting = [fcgi.Connection(daemon.socket, 30) for _ in range(40)]
        for number, connection in enumerate(waiting):
            connection.send(push_for(device, base, f"row{number}"))
        daemon.signal(signal.SIGTERM)
        wait_for(lambda: not os.path.exists(daemon.socket), "the path is gone")
        for worker in workers:
            thaw(worker)
        for connection in waiting:
            tap.equal(connection.receive().status, 200)
            connection.close()
        tap.equal(daemon.wait(), 0, "exit status")
        server.stop()
        server.start()
        rows = {row["id"] for row in device.document()["context"]["characters"]}
        tap.equal(rows, {f"row{number}" for number in range(40)})


@tap.test
def a_stop_under_load_cuts_no_answer(database):
    """Its own socket goes with the server: what comes too late gets nginx's 503, what came in time is answered."""
    with everything(database) as server:
        fleet = load(server, strict=False)
        with fleet:
            for _ in range(4):
                wait_for(fleet.more(10), "pushes go on", 30)
                server.daemon.signal(signal.SIGTERM)
                tap.equal(server.daemon.wait(), 0, "exit status")
                wait_for(lambda: fleet.held.get(503), "it is really gone")
                tap.equal(server.daemon.log_lines("worker didn't finish in time"), [])
                server.stop()
                server.start()
            wait_for(fleet.more(20), "pushes go on", 30)
        fleet.check()
        assert "No such file or directory" in all_is_well(server)


def main():
    with MariaDB() as database:
        return tap.main(database)


if __name__ == "__main__":
    raise SystemExit(main())
