#!/usr/bin/env python3
"""Memory of a worker: large projects come and go, many requests leave nothing behind, and a limit ends in an answer."""
import json
import os
import random
import secrets

import tap
from daemon import is_sanitized, wait_for
from fleet import empty_document
from mariadb import MariaDB
from stack import Stack, project_data

SEED = random.randrange(1 << 32)
MIXED = 200
tap.note(f"seed {SEED}")


def complete_works():
    """18.9 MB: the real thing, or as many scenes and shots of about its size."""
    try:
        return project_data("complete-works")
    except tap.Skip:
        scenes = [{"id": f"s{n}", "title": "Scene", "content": f"Line {n} of the scene.\n" * 200} for n in range(20)]
        shots = [{"id": f"h{n}", "duration": "3s", "description": f"Shot {n}. " * 60} for n in range(150)]
        return {"episodes": [{"id": n, "title": f"Part {n}", "scenes": scenes, "shots": shots} for n in range(105)]}


def resident_kib(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def the_only_worker(server):
    workers = server.daemon.settled()
    assert len(workers) == 1, workers
    return workers[0]


def mixed_requests(server, device, chance):
    """One of everything that a device does, good and bad."""
    base = device.version()
    kinds = [
        lambda: device.push(base=base, delta={"characters": [{"id": f"c{chance.randrange(50)}", "name": "x" * 200}]}),
        lambda: device.push(base=base, delta={"deleted": {"characters": [f"c{chance.randrange(50)}"]}}),
        lambda: device.push(base=1, delta={"characters": [{"id": "c0", "name": secrets.token_hex(8)}]}),
        lambda: device.push(base=base, onStale="rebase", delta={"meta": {"rawScript": secrets.token_hex(50000)}}),
        lambda: device.push(base=base, op="the same each time", delta={"meta": {"fileName": "x"}}),
        device.pull,
        lambda: device.get("/project", If_None_Match=f'"{base}"'),
        lambda: device.get("/project/snapshots"),
        lambda: device.get(f"/project/snapshots/{base}?diff=current"),
        lambda: device.restore(base, base, preview=True),
        lambda: device.put(b'{"opId": "x", "delta"'),
        lambda: device.put(b"[" * 5000),
        lambda: device.push(base=base, delta={"shots": [{"id": 5}], "scenes": 3, "meta": {"rawScript": []}}),
        lambda: server.anonymous().request("GET", "/project"),
        lambda: server.anonymous().request("GET", "/schema"),
    ]
    for _ in range(MIXED // 10):
        for kind in chance.choices(kinds, k=10):
            answer = kind()
            assert answer.status < 500, answer
        base = device.version()


@tap.test
def a_worker_gives_large_projects_back(database):
    if is_sanitized():
        tap.skip("AddressSanitizer keeps freed memory")
    document = complete_works()
    body = json.dumps({"baseVersion": 0, "opId": "works", "projectData": document}, ensure_ascii=False).encode()
    with Stack(database=database, workers=1, log_level="info") as server:
        worker = the_only_worker(server)
        start = resident_kib(worker)
        works, small = server.account().device(), server.account().device()
        small.push(base=0, projectData=empty_document()).expect(200)
        sizes = []
        stored = works.put(body).expect(200)["updatedAt"]
        got = works.pull().expect(200)["projectData"]
        assert {name: got[name] for name in document} == document
        del got
        sizes.append(resident_kib(worker))
        for number in range(3):
            changed = dict(document, fileName=f"take {number}")
            stored = works.push(base=stored, projectData=changed).expect(200)["updatedAt"]
            works.push(base=1, projectData=document).expect(409)
            works.get("/project").expect(200)
            sizes.append(resident_kib(worker))
        mixed_requests(server, small, random.Random(SEED))
        after_mixed = resident_kib(worker)
        mixed_requests(server, small, random.Random(SEED + 1))
        sizes += [after_mixed, resident_kib(worker)]
        tap.note(f"resident KiB: at start {start}; after PUT and GET of {len(body)} bytes, three more, {MIXED} and "
                 f"{2 * MIXED} mixed requests: {sizes}")
        tap.equal(the_only_worker(server), worker, "the worker")
        assert max(sizes) <= 2 * start, (start, sizes)


def value_bomb(count=4_000_000):
    return b'{"opId":"bomb","baseVersion":0,"projectData":{"episodes":[' + b"{}," * (count - 1) + b"{}]}}"


def bombs():
    """Bodies that need far more memory than their size."""
    yield value_bomb()
    yield b'{"opId":"bomb","baseVersion":0,"delta":{"characters":[' + b'{"id":"a"},' * 1_000_000 + b'{"id":"b"}]}}'
    yield b'{"opId":"bomb","baseVersion":0,"delta":{"meta":{"rawScript":"' + b"x" * 60_000_000 + b'"}}}'
    yield b"[" * 60_000_000
    episodes = b",".join(b'{"id":%d,"content":"%s"}' % (n, b"y" * 1_000_000) for n in range(60))
    yield b'{"opId":"bomb","baseVersion":0,"projectData":{"episodes":[' + episodes + b"]}}"


@tap.test
def a_memory_limit_ends_in_an_answer(database):
    if is_sanitized():
        tap.skip("AddressSanitizer needs the address space")
    with Stack(database=database, workers=1, worker_memory_limit="96m", log_level="info") as server:
        device = server.account().device()
        version = device.push(base=0, projectData=empty_document()).expect(200)["updatedAt"]
        worker = the_only_worker(server)
        refused = []
        for body in bombs():
            answer = device.put(body)
            tap.note(f"{len(body)} bytes {body[:60]!r}: {answer.status} {answer['error']}")
            assert answer.status in (400, 409, 413, 422, 503), answer
            answer.expect(answer.status, answer["error"])
            refused.append(answer.status)
            small = {"meta": {"fileName": secrets.token_hex(4)}}
            version = device.push(base=version, delta=small).expect(200)["updatedAt"]
        tap.equal(the_only_worker(server), worker, "the worker")
        assert 503 in refused, "nothing met the limit"


@tap.test
def a_worker_that_stays_large_is_replaced(database):
    if is_sanitized():
        tap.skip("AddressSanitizer needs the address space")
    with Stack(database=database, workers=1, worker_memory_retire="1m", log_level="info") as server:
        worker = the_only_worker(server)
        client = server.anonymous()

        def is_replaced():
            client.request("GET", "/readyz").expect(200)
            return server.daemon.log_lines("retiring: too much memory")
        wait_for(is_replaced, "the worker retires")
        server.daemon.settled(unlike=[worker])


def main():
    with MariaDB() as database:
        return tap.main(database)


if __name__ == "__main__":
    raise SystemExit(main())
