#!/usr/bin/env python3
"""Kept FastCGI connections: they save time, and never cost another client its turn."""
import contextlib
import re
import shutil
import signal
import subprocess
import threading
import time

import fcgi
import tap
from daemon import wait_for
from fleet import Fleet
from mariadb import MariaDB
from nginx import Nginx
from stack import Client, Stack

WRK_SECONDS = 3
PATIENCE = 5.0  # seconds; who is starved waits for 20 or for ever
MANY_KEPT = {"keepalive 4;": "keepalive 32;"}
KEPT_OFF = {"keepalive 4;": "", "fastcgi_keep_conn on;": "fastcgi_keep_conn off;"}


@contextlib.contextmanager
def another_nginx(server, **edits):
    other = Nginx(app=server.daemon.socket, **edits)
    try:
        yield other.start()
    finally:
        other.stop()


class Readers:
    """Clients of one nginx, each with its own kept connection, that ask without pause."""

    def __init__(self, device, port, count):
        self.stop, self.answers, self.faults = threading.Event(), [0] * count, []
        clients = [Client(port, headers=device.headers) for _ in range(count)]
        self.threads = [threading.Thread(target=self.run, args=(n, client)) for n, client in enumerate(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.faults or min(self.answers) > 3, "everyone gets answers")
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, number, client):
        try:
            while not self.stop.is_set():
                client.request("GET", "/project").expect(200)
                self.answers[number] += 1
        except BaseException as fault:  # pylint: disable=broad-except
            self.faults.append(repr(fault))
        client.close()


def project(server):
    device = server.account().device()
    device.push(base=0, projectData={"fileName": "kept.txt", "episodes": []}).expect(200)
    return device


def worst_of(requests, count=30):
    """The longest of `count` calls, in seconds."""
    worst = 0.0
    for _ in range(count):
        begun = time.monotonic()
        requests()
        worst = max(worst, time.monotonic() - begun)
    return worst


def directly(server, device):
    def request():
        tap.equal(fcgi.request(server.daemon.socket, "GET", "/project", device.headers).status, 200)
    return request


def through(port, device):
    def request():
        client = Client(port, headers=device.headers)
        client.request("GET", "/project").expect(200)
        client.close()
    return request


@tap.test
def busy_kept_connections_starve_nobody(database):
    """Sixteen clients keep sixteen connections busy on two workers; a second nginx and a direct client get turns."""
    with Stack(database, workers=2, log_level="info") as server, another_nginx(server, edits=MANY_KEPT) as first, \
            another_nginx(server) as second:
        device = project(server)
        with Readers(device, first.port, 16) as readers:
            waits = [worst_of(directly(server, device)), worst_of(through(second.port, device))]
            before = list(readers.answers)
            wait_for(lambda: readers.faults or all(b > a for a, b in zip(before, readers.answers)),
                     "nobody is left out")
        tap.equal(readers.faults, [])
        tap.note(f"longest waits beside the load: direct {waits[0]:.3f} s, second nginx {waits[1]:.3f} s")
        assert max(waits) < PATIENCE, waits


@tap.test
def idle_kept_connections_starve_nobody(database):
    with Stack(database, workers=2, log_level="info") as server, another_nginx(server, edits=MANY_KEPT) as first, \
            another_nginx(server) as second:
        device = project(server)
        for _ in range(3):
            with Readers(device, first.port, 16):
                pass  # leaves kept connections behind
            for request in (directly(server, device), through(second.port, device), through(first.port, device)):
                assert worst_of(request, 5) < PATIENCE
        kept = []
        for _ in range(6):
            kept.append(fcgi.Connection(server.daemon.socket))
            tap.equal(kept[-1].request("GET", "/project", device.headers).status, 200)
            assert worst_of(through(first.port, device), 3) < PATIENCE
        for connection in kept:
            connection.close()


@tap.test
def silent_connections_hold_no_worker_for_long(database):
    """More of them than workers, connected before a real client."""
    with Stack(database, workers=2, log_level="info") as server:
        device = project(server)
        silent = [fcgi.Connection(server.daemon.socket, 30) for _ in range(3)]
        assert worst_of(directly(server, device), 1) < 8
        for connection in silent:
            assert connection.at_end()
            connection.close()
        with fcgi.Connection(server.daemon.socket):
            begun = time.monotonic()
            server.daemon.signal(signal.SIGTERM)
            tap.equal(server.daemon.wait(), 0)
            assert time.monotonic() - begun < 8, "a stop waited for a silent connection"


@tap.test
def workers_that_retire_often_disturb_nobody(database):
    with Stack(database, workers=3, worker_max_requests=20, snapshot_keep_last=100000, log_level="info") as server:
        fleet = Fleet(server, devices=6, strict=True)
        with fleet:
            wait_for(lambda: fleet.alive() and len(server.daemon.log_lines("worker ended")) > 40, "workers retire", 60)
        fleet.check()
        tap.equal({line["exitStatus"] for line in server.daemon.log_lines("worker ended")}, {0})
        tap.equal(server.daemon.log_lines("worker was killed"), [])


def measure(port, device):
    """Unchanged projects (304) a second with 16 connections."""
    tag = device.pull().headers["ETag"]
    done = subprocess.run(["wrk", "-t1", "-c16", f"-d{WRK_SECONDS}s", "-H", f"If-None-Match: {tag}", "-H",
                           f"Authorization: {device.headers['Authorization']}", "-H",
                           f"X-Device-Id: {device.device_id}", f"http://127.0.0.1:{port}/api/project"],
                          capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in done and "Socket errors" not in done, done
    return float(re.search(r"Requests/sec:\s*([\d.]+)", done)[1])


@tap.test
def unchanged_projects_a_second_with_and_without_keepalive(database):
    if not shutil.which("wrk"):
        tap.skip("wrk is not installed")
    with Stack(database, workers=4, log_level="warn", log_requests="no") as server, \
            another_nginx(server, edits=KEPT_OFF) as off:
        device = project(server)
        rates = {"on": measure(server.port, device), "off": measure(off.port, device)}
        tap.note(f"304s a second: keepalive on {rates['on']:.0f}, off {rates['off']:.0f}")


def main():
    with MariaDB() as database:
        return tap.main(database)


if __name__ == "__main__":
    raise SystemExit(main())
