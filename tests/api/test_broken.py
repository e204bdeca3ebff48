#!/usr/bin/env python3
"""Clients that are slow, leave in the middle or speak nonsense: workers live on, nothing leaks, others are served."""
import contextlib
import http.client
import os
import random
import socket
import struct
import time

import fcgi
import stack
import tap
from daemon import is_sanitized, wait_for

SEED = random.randrange(1 << 32)
BIG = 19_000_000
PATIENCE = 5.0  # seconds; who is starved waits for 20 or for ever
tap.note(f"seed {SEED}")


@contextlib.contextmanager
def nothing_leaks(server, may_die=False):
    """Workers that live through it hold as many descriptors at the end as at its beginning, and none may die."""
    def count():
        return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in server.daemon.settled()}

    def is_back():
        # A worker may hold one kept connection more, or one less.
        now = count()
        return all(now[pid] <= before[pid] + 1 for pid in now if pid in before)
    for _ in range(20):
        server.daemon.get("/readyz")  # everyone has its database connection
    before, killed = count(), len(server.daemon.log_lines("worker was killed"))
    yield
    wait_for(is_back, f"descriptors: {before} before, now {count()}")
    if not may_die:
        tap.equal(sorted(count()), sorted(before), "workers")
        tap.equal(len(server.daemon.log_lines("worker was killed")), killed, "killed workers")


def still_serves(server, device):
    begun = time.monotonic()
    client = stack.Client(server.port, headers=device.headers)
    client.request("GET", "/project/snapshots?limit=1").expect(200)
    client.close()
    assert time.monotonic() - begun < PATIENCE, f"an answer took {time.monotonic() - begun:.1f} s"


class Big:
    """A stack with a project of 19 MB in it, made once."""
    server = device = None


def big():
    if Big.server is None:
        import atexit
        Big.server = stack.Stack(workers=3, log_level="info")
        Big.server.__enter__()
        atexit.register(Big.server.__exit__, None, None, None)
        Big.device = Big.server.account().device()
        text = "A line of the script, as it was typed in the first draft.\n" * 10000
        episodes = [{"id": n, "title": f"Part {n}", "content": text} for n in range(BIG // len(text))]
        Big.device.push(base=0, projectData={"episodes": episodes}).expect(200)
    return Big.server, Big.device


def head_of(device, length, method="PUT"):
    lines = [f"{method} /api/project HTTP/1.1", "Host: x", "Content-Type: application/json",
             f"Content-Length: {length}", *(f"{name}: {value}" for name, value in device.headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def peer(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


@tap.test
def half_a_body_reaches_nobody():
    server, device = big()
    body = b'{"opId":"half","baseVersion":0,"delta":{"meta":{"rawScript":"' + b"x" * 100000 + b'"}}}'
    version = device.version()
    with nothing_leaks(server):
        for part in (0, 1, len(body) // 2, len(body) - 1):
            with peer(server) as client:
                client.sendall(head_of(device, len(body)) + body[:part])
        still_serves(server, device)
    tap.equal(device.version(), version)
    puts = [line for line in server.daemon.log_lines("request") if line["method"] == "PUT"]
    tap.equal([line for line in puts if line["status"] != 200], [])


@tap.test
def slow_uploads_hold_no_worker():
    server, device = big()
    with nothing_leaks(server), contextlib.ExitStack() as cleanup:
        slow = [cleanup.enter_context(peer(server)) for _ in range(12)]
        body = b'{"opId":"slow upload","baseVersion":0}'
        for client in slow:
            client.sendall(head_of(device, len(body)))
        for at in range(len(body) - 1):
            for client in slow:
                client.sendall(body[at:at + 1])
            if at % 8 == 0:
                still_serves(server, device)
        for client in slow:
            client.sendall(body[-1:])
            assert client.recv(4096).startswith(b"HTTP/1.1 422"), "a slow upload is answered like any other"


@tap.test
def readers_that_leave_hold_no_worker():
    server, device = big()
    chance = random.Random(SEED)
    with nothing_leaks(server):
        for _ in range(12):
            with peer(server) as client:
                client.sendall(head_of(device, 0, "GET"))
                assert client.recv(12) == b"HTTP/1.1 200", "an answer that another reader left costs this one"
                left = chance.choice((1, 1000, 1 << 20, 8 << 20))
                while left > 0:
                    left -= len(client.recv(min(left, 65536)))
            still_serves(server, device)
        assert len(device.pull().expect(200).body) > BIG * 9 // 10


@tap.test
def slow_readers_hold_no_worker():
    """They read nothing while more of them than workers wait: nginx takes the answers."""
    server, device = big()
    with nothing_leaks(server), contextlib.ExitStack() as cleanup:
        slow = [cleanup.enter_context(peer(server)) for _ in range(5)]
        done = len(server.daemon.log_lines("request"))
        for client in slow:
            client.sendall(head_of(device, 0, "GET"))
        wait_for(lambda: len(server.daemon.log_lines("request")) >= done + 5, "workers have finished", 30)
        still_serves(server, device)


@tap.test
def a_direct_peer_that_leaves_in_mid_answer_hurts_nobody():
    server, device = big()
    with nothing_leaks(server):
        for keep in (False, True, False, True):
            with fcgi.Connection(server.daemon.socket) as connection:
                connection.send(fcgi.encode(fcgi.variables("GET", "/project", device.headers), keep=keep))
                connection.socket.recv(1000)
            still_serves(server, device)


def send_raw(server, data):
    """Whatever comes back, or nothing, is right; a hanging worker isn't."""
    with fcgi.Connection(server.daemon.socket, 30) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            while connection.socket.recv(65536):
                pass


def header(version=1, kind=fcgi.PARAMS, request=1, size=0, padding=0):
    return struct.pack("!BBHHBB", version, kind, request, size, padding, 0)


def well_formed(device, body=b"{}"):
    headers = {**device.headers, "Content-Type": "application/json"}
    return fcgi.encode(fcgi.variables("PUT", "/project", headers, body), body)


def begin(role=1, flags=0):
    return fcgi.record(fcgi.BEGIN, struct.pack("!HB5x", role, flags))


def wrong_lengths():
    """Parameters whose lengths lie."""
    for name, value in ((0, 0), (127, 127), (0x7fffffff, 0x7fffffff), (0x7fffffff, 0), (0, 0x7fffffff), (0x7ffffffe, 1),
                        (0x40000000, 0x40000000), (65536, 65536), (5, 0x7ffffff0)):
        pair = struct.pack("!II", name | 0x80000000, value | 0x80000000)
        yield begin() + fcgi.stream(fcgi.PARAMS, pair) + fcgi.stream(fcgi.STDIN, b"")
        yield begin() + fcgi.stream(fcgi.PARAMS, pair + b"x" * 70000) + fcgi.stream(fcgi.STDIN, b"")
        yield begin() + fcgi.record(fcgi.PARAMS, pair[:5])
    yield begin() + fcgi.stream(fcgi.PARAMS, b"\x0e\x04REQUEST_METHOD")
    yield begin() + fcgi.stream(fcgi.PARAMS, b"\x80")


def wrong_records(device):
    good = well_formed(device)
    yield b""
    yield b"\0" * 64
    yield b"\xff" * 4096
    yield b"GET / HTTP/1.1\r\n\r\n"
    for role in (0, 2, 3, 65535):
        yield begin(role) + good[16:]
    for version in (0, 2, 255):
        yield header(version) + good
    for kind in (0, 2, 3, 6, 7, 8, 9, 10, 11, 255):
        yield begin() + fcgi.record(kind, b"junk") + good[16:]
    yield begin() * 3 + good[16:]
    yield begin() + header(size=65535, padding=255) + b"x" * 10
    yield begin() + header(request=7, size=4) + b"junk" + good[16:]
    yield begin() + fcgi.record(fcgi.ABORT) + good[16:]
    yield begin() + fcgi.stream(fcgi.STDIN, b"{}")
    yield good + b"\x01" * 1000
    yield well_formed(device, b"{}").replace(b"CONTENT_LENGTH2", b"CONTENT_LENGTH9")


def giant_params():
    values = {f"HTTP_X_{n}": "v" * 10000 for n in range(500)}
    yield fcgi.encode({**fcgi.variables("GET", "/healthz"), **values})
    yield fcgi.encode({**fcgi.variables("GET", "/healthz"), "HTTP_X": "v" * 20_000_000})
    yield fcgi.encode({**fcgi.variables("GET", "/healthz"), **{f"N{n}": "" for n in range(50000)}})


def damaged(device, chance, count):
    """A whole request, cut somewhere or with some bytes changed: none of the parameters' where lengths must not lie."""
    body = b'{"opId":"damaged","baseVersion":0,"delta":{}}'
    good = well_formed(device, body)
    behind = len(good) - len(fcgi.stream(fcgi.STDIN, body))
    places = [*range(len(begin())), *range(behind, len(good))] if is_sanitized() else range(len(good))
    for _ in range(count):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            data[places[chance.randrange(min(len(places), chance.choice((40, len(places)))))]] = chance.randrange(256)
        yield bytes(data[:chance.choice((len(data), chance.randrange(len(data))))])


@tap.test
def nonsense_on_the_socket_ends_in_nothing():
    """libfcgi 2.4.2 asserts that it gets the memory for lengths that lie: such a worker ends and is replaced. A sanitizer would
    report the size itself, so there no lengths lie. Only who can open the socket can send them: nginx, and users of its group."""
    server, device = big()
    chance = random.Random(SEED)
    server.daemon.bad_signs = [sign for sign in server.daemon.bad_signs if sign != "Assertion"]
    with nothing_leaks(server, may_die=True):
        for kind in ([] if is_sanitized() else wrong_lengths(), wrong_records(device), giant_params(),
                     damaged(device, chance, 150), (chance.randbytes(chance.randrange(1, 3000)) for _ in range(50))):
            for data in kind:
                send_raw(server, data)
            still_serves(server, device)
        killed = server.daemon.log_lines("worker was killed")
        tap.note(f"workers that libfcgi took down: {len(killed)} {sorted({line['signal'] for line in killed})}")


@tap.test
def a_request_cut_anywhere_changes_nothing():
    """The peer dies after any number of bytes of a push that would be valid."""
    server = big()[0]
    device = server.account().device()
    version = device.push(base=0, projectData={"episodes": []}).expect(200)["updatedAt"]
    body = ('{"opId":"cut","baseVersion":%d,"delta":{"characters":[{"id":"cut"}]}}' % version).encode()
    whole = well_formed(device, body)
    with nothing_leaks(server):
        for size in [*range(0, len(whole) - 8, 7), len(whole) - 9]:
            send_raw(server, whole[:size])
    tap.equal(device.version(), version)
    send_raw(server, whole)
    assert device.version() > version


@tap.test
def http_clients_that_break_off_are_forgotten():
    server, device = big()
    with nothing_leaks(server):
        for data in (b"PUT /api/project HT", b"PUT /api/project HTTP/1.1\r\nContent-Le", head_of(device, 1 << 40),
                     head_of(device, 100)[:-2], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            with peer(server) as client:
                client.sendall(data)
        chunked = head_of(device, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        with peer(server) as client:
            client.sendall(chunked + b"ffff\r\n{")
        answer = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        answer.request("PUT", "/api/project", iter([b'{"opId":"c",', b'"baseVersion":0}']),
                       {**device.headers, "Content-Type": "application/json"})
        tap.equal(answer.getresponse().status, 422, "a chunked body that ends well")
        answer.close()
        still_serves(server, device)


if __name__ == "__main__":
    raise SystemExit(tap.main())
