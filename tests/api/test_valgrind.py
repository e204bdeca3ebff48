#!/usr/bin/env python3
"""A session of everything under valgrind (memcheck): no error, no lost memory, in supervisor and worker."""
import glob
import os
import re
import shutil
import time

import fcgi
import tap
from daemon import is_sanitized, wait_for
from mariadb import MariaDB
from stack import PASSWORD, Stack, project_data

START_SECONDS = 60


def memcheck(directory):
    return ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite", "--num-callers=30", f"--log-file={directory}/valgrind.%p"]


def document():
    """tempest, or something smaller where it is absent."""
    try:
        return project_data("tempest")
    except tap.Skip:
        scenes = [{"id": f"s{n}", "title": "t"} for n in range(9)]
        return {"fileName": "f", "episodes": [{"id": n, "title": "é", "content": "word " * 500, "shots": [{"id": "h"}],
                                               "scenes": scenes} for n in range(9)]}


def accounts(server):
    anonymous = server.anonymous()
    first = server.account()
    taken = {"email": first.email, "password": PASSWORD}
    for body in (taken, {"email": "no", "password": "short"}, {}, [], b"\xff", b""):
        answer = anonymous.request("POST", "/auth/register", body)
        assert answer.status < 500, (body, answer, server.daemon.log_text()[-3000:], reports(server.directory))
    anonymous.request("POST", "/auth/login", {"email": first.email, "password": "wrong horse battery"}).expect(401)
    anonymous.request("GET", "/project", Authorization="Bearer nonsense").expect(401)
    return first


def pushes(device, other, data):
    version = device.push(base=0, projectData=data).expect(200)["updatedAt"]
    got = device.pull().expect(200)["projectData"]
    assert {name: got[name] for name in data} == data
    device.get("/project", If_None_Match=f'"{version}"').expect(304)
    other.pull()
    first = version
    delta = {"characters": [{"id": "c", "name": "n", "extra": [1.5, None]}], "meta": {"rawScript": "text " * 100}}
    body = {"opId": "again", "baseVersion": version, "delta": delta}
    version = device.put(body).expect(200)["updatedAt"]
    assert device.put(body).expect(200)["replayed"]
    device.put({**body, "delta": {}}).expect(422, "op_reused")
    other.push(base=first, delta={"characters": [{"id": "c"}]}).expect(409, "conflict")
    other.push(base=first, delta={"characters": [{"id": "c"}]}, onStale="rebase").expect(409, "conflict")
    version = other.push(base=first, delta={"locations": [{"id": "l"}]}, onStale="rebase").expect(200)["updatedAt"]
    episode = data["episodes"][0]["id"]
    moved = {"scenes": [{"episodeId": episode, "id": "new", "title": "New"}], "deleted": {"characters": ["c"]}}
    version = device.push(base=version, delta=moved).expect(200)["updatedAt"]
    version = device.push(base=version, delta={"deleted": {"episodes": [episode]}}).expect(200)["updatedAt"]
    turned = {**data, "episodes": data["episodes"][::-1]}
    version = device.push(base=version, projectData=turned).expect(200)["updatedAt"]
    device.get(f"/project?since={first}").expect(200)
    return first, version


def history(device, first, version):
    device.get("/project/snapshots").expect(200)
    device.get(f"/project/snapshots/{first}").expect(200)
    device.get(f"/project/snapshots/{first}?diff=current").expect(200)
    device.request("POST", "/project/snapshots", {"label": "named"}).expect(200)
    device.request("DELETE", f"/project/snapshots/{version}/label").expect(200)
    device.restore(first, version, preview=True).expect(200)
    device.restore(12345, version).expect(404)
    version = device.restore(first, version).expect(200)["updatedAt"]
    device.get("/project/audit").expect(200)
    device.request("DELETE", "/project", {"baseVersion": 1, "opId": "no"}).expect(409)
    device.request("DELETE", "/project", {"baseVersion": version, "opId": "clear"}).expect(200)


def bad_input(server, device):
    deep = b'{"opId":"x","delta":' + b"[" * 100 + b"]" * 100 + b"}"
    for body in (b"{", b"\x00", b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b'{"a":1e999}', b"\xef\xbb\xbf{}", deep, b"nul",
                 b"[" * 3000, b'"' + b"x" * 100000,
                 b'{"opId":"x","baseVersion":0,"delta":{"shots":[{"episodeId":1,"id":"a\\u0000"}]}}',
                 b'{"opId":5,"baseVersion":-1,"delta":3,"projectData":[],"onStale":"maybe","allowEmpty":1}',
                 b'{"opId":"x","baseVersion":0,"delta":{"scenes":[{"episodeId":77,"id":"orphan"}]}}',
                 b'{"opId":"x","baseVersion":0,"projectData":{"episodes":[{"id":1},{"id":1}],"context":7}}'):
        answer = device.put(body)
        assert 400 <= answer.status < 500, (body[:80], answer)
    device.request("PUT", "/project", b"{}", {"Content-Type": "text/plain"}).expect(415)
    device.request("POST", "/project").expect(405)
    device.get("/nowhere").expect(404)
    device.get("/project?since=nonsense").expect(422, "invalid")
    for data in (b"\0" * 20, b"\xff" * 100, fcgi.encode(fcgi.variables("GET", "/project", device.headers))[:90],
                 fcgi.encode(fcgi.variables("PUT", "/project", device.headers, b"{}"), b"{}")[:-10]):
        with fcgi.Connection(server.daemon.socket, 30) as connection:
            connection.send(data)
    with fcgi.Connection(server.daemon.socket, 30) as connection:
        connection.send(fcgi.encode(fcgi.variables("GET", "/schema")))
        connection.socket.recv(10)


def losing_the_database(server, device):
    server.database.kill()
    device.pull().expect(503)
    server.database.start()
    wait_for(lambda: device.pull().status != 503, "the database is back", 30)


def reports(directory):
    found = {}
    for path in glob.glob(f"{directory}/valgrind.*"):
        with open(path, encoding="utf-8", errors="replace") as file:
            found[os.path.basename(path)] = file.read()
    return found


@tap.test
def a_session_of_everything_is_clean(database):
    if not shutil.which("valgrind"):
        tap.skip("valgrind is not installed")
    if is_sanitized():
        tap.skip("the program has AddressSanitizer")
    begun = time.monotonic()
    with Stack(database=database, workers=1, log_level="info") as server:
        server.stop()
        server.start(ready_seconds=START_SECONDS, command=memcheck(server.directory))
        account = accounts(server)
        device, other = account.device("laptop"), account.device("tablet")
        first, version = pushes(device, other, document())
        history(device, first, version)
        bad_input(server, device)
        losing_the_database(server, device)
        device.request("POST", "/auth/logout", {}).expect(200, None)
        server.stop()
        found = reports(server.directory)
        assert len(found) >= 2, found  # supervisor and worker
        faults = {name: text for name, text in found.items() if re.sub(r"==\d+== *", "", text).strip()}
        assert not faults, "\n".join(text[:4000] for text in faults.values())
    tap.note(f"{time.monotonic() - begun:.1f} s")


def main():
    with MariaDB() as database:
        return tap.main(database)


if __name__ == "__main__":
    raise SystemExit(main())
