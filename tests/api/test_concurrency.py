#!/usr/bin/env python3
"""Devices that push at once: one wins, nothing is lost, nothing is stored twice."""
import concurrent.futures
import random
import secrets
import threading
import time

import stack
import tap

RACES = 200
PAIRS = 4  # 8 connections
SEED = random.randrange(1 << 32)
tap.note(f"seed {SEED}")


def document(rows=6):
    episode = {"id": 1, "title": "One", "scenes": [{"id": "s1", "title": "Scene"}], "shots": []}
    return {"fileName": "race.txt", "episodes": [episode],
            "context": {"characters": [{"id": f"c{n}", "name": "start"} for n in range(rows)], "locations": []}}


def at_once(*calls):
    """Runs the calls in threads that start together; returns what they return."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class Project:
    """A project and its devices, each with its own connection. `version` and `data` are what it holds now."""

    def __init__(self, devices=2, data=None):
        account = stack.shared().account()
        self.devices = [account.device(f"device{n}") for n in range(devices)]
        self.data = data or document()
        self.version = self.devices[0].push(base=0, projectData=self.data).expect(200)["updatedAt"]

    def pull(self):
        got = self.devices[0].pull().expect(200).json
        self.version, self.data = got["updatedAt"], got["projectData"]
        return got

    def characters(self):
        return {row["id"]: row["name"] for row in self.data["context"]["characters"]}

    def race(self, deltas, **more):
        """Every device pushes its delta on the same version, at the same moment."""
        return at_once(*[lambda d=device, x=delta: d.push(base=self.version, delta=x, **more)
                         for device, delta in zip(self.devices, deltas)])

    def count(self, table):
        return int(stack.shared().database.value(
            f"SELECT COUNT(*) FROM {table} JOIN user_project_meta USING (project_id) JOIN users USING (user_id) "
            f"WHERE email = '{self.devices[0].email}'"))


def of_all_pairs(races):
    """Runs `races` for several projects at once, each with two devices."""
    projects = [Project() for _ in range(PAIRS)]
    at_once(*[lambda n=number, p=project: races(p, random.Random(SEED + n)) for number, project in enumerate(projects)])


def name(row, value):
    return {"characters": [{"id": row, "name": value}]}


def one_race(project, deltas):
    """Exactly one wins; the others are told everything."""
    before = project.version
    answers = project.race(deltas)
    winners = [answer for answer in answers if answer.status == 200]
    assert len(winners) == 1, answers
    won = winners[0].json
    assert won["updatedAt"] > before and not won["rebased"] and not won["replayed"], won
    project.pull()
    tap.equal(project.version, won["updatedAt"])
    winner = answers.index(winners[0])
    for row in deltas[winner]["characters"]:
        assert row in project.data["context"]["characters"], (row, project.data)
    for answer in answers:
        if answer is winners[0]:
            continue
        lost = answer.expect(409, "conflict").json
        tap.equal((lost["reason"], lost["updatedAt"], lost["digest"]),
                  ("version_mismatch", won["updatedAt"], won["digest"]))
        tap.equal(lost["projectData"], project.data, "the state that the loser got")
        tap.equal([row["id"] for row in lost["changes"]["characters"]], [deltas[winner]["characters"][0]["id"]])


@tap.test
def of_two_pushes_on_one_version_exactly_one_wins():
    def races(project, chance):
        for _ in range(RACES // PAIRS):
            rows = chance.choices([f"c{n}" for n in range(6)], k=2)  # at times the same row
            one_race(project, [name(row, secrets.token_hex(4)) for row in rows])
        tap.equal(project.count("user_sync_ops"), RACES // PAIRS + 1)
    of_all_pairs(races)


@tap.test
def of_eight_pushes_on_one_version_exactly_one_wins():
    project = Project(devices=8)
    for _ in range(25):
        one_race(project, [name(f"c{n % 6}", secrets.token_hex(4)) for n in range(8)])


@tap.test
def of_eight_first_pushes_exactly_one_creates():
    for _ in range(5):
        account = stack.shared().account()
        devices = [account.device(f"device{n}") for n in range(8)]
        answers = at_once(*[lambda d=device: d.push(base=0, projectData=dict(document(), fileName=d.device_id))
                            for device in devices])
        tap.equal(sorted(answer.status for answer in answers), [200] + [409] * 7)
        winner = next(device for device, answer in zip(devices, answers) if answer.status == 200)
        tap.equal(devices[0].document()["fileName"], winner.device_id)


@tap.test
def rebase_lets_disjoint_rows_through():
    def races(project, chance):
        for _ in range(25):
            before = project.version
            rows = chance.sample([f"c{n}" for n in range(6)], 2)
            values = [secrets.token_hex(4) for _ in rows]
            answers = [answer.expect(200).json for answer in
                       project.race([name(*pair) for pair in zip(rows, values)], onStale="rebase")]
            project.pull()
            for row, value in zip(rows, values):
                tap.equal(project.characters()[row], value)
            first, second = sorted((0, 1), key=lambda i: answers[i]["updatedAt"])
            assert before < answers[first]["updatedAt"] < answers[second]["updatedAt"] == project.version
            assert not answers[first]["rebased"] and answers[second]["rebased"], answers
            tap.equal([(row["id"], row["name"]) for row in answers[second]["changes"]["characters"]],
                      [(rows[first], values[first])], "what the second one is told")
    of_all_pairs(races)


@tap.test
def rebase_of_eight_keeps_all_eight():
    project = Project(devices=8, data=document(rows=8))
    for _ in range(10):
        values = [secrets.token_hex(4) for _ in range(8)]
        answers = [answer.expect(200).json for answer in
                   project.race([name(f"c{n}", value) for n, value in enumerate(values)], onStale="rebase")]
        project.pull()
        tap.equal(project.characters(), {f"c{n}": value for n, value in enumerate(values)})
        order = sorted(range(8), key=lambda i: answers[i]["updatedAt"])
        for place, i in enumerate(order):
            told = {row["id"] for row in answers[i].get("changes", {}).get("characters", [])}
            tap.equal(told, {f"c{j}" for j in order[:place]}, f"what number {place} is told")


@tap.test
def rebase_stops_pushes_that_touch_the_same_row():
    project = Project()
    for _ in range(25):
        values = [secrets.token_hex(4) for _ in range(2)]
        answers = project.race([name("c0", value) for value in values], onStale="rebase")
        tap.equal(sorted(answer.status for answer in answers), [200, 409])
        winner = 0 if answers[0].status == 200 else 1
        project.pull()
        tap.equal(project.characters()["c0"], values[winner])
        lost = answers[1 - winner].expect(409, "conflict").json
        tap.equal((lost["reason"], lost["updatedAt"]), ("row_conflict", project.version))
        tap.equal(lost["projectData"], project.data)
        moved = {"entity": "characters", "key": "c0", "serverVersion": project.version, "deleted": False}
        tap.equal(lost["conflicts"], [moved])


@tap.test
def identical_pushes_at_once_are_no_conflict():
    project = Project()
    for _ in range(25):
        value = secrets.token_hex(4)
        answers = [answer.expect(200).json for answer in project.race([name("c0", value)] * 2)]
        tap.equal(answers[0]["updatedAt"], answers[1]["updatedAt"])
        project.pull()


@tap.test
def the_same_operation_fifty_times_at_once_applies_once():
    project = Project()
    source = project.devices[0]
    clients = [stack.shared().anonymous(**source.headers) for _ in range(50)]
    for rebase in ("reject", "rebase"):
        body = {"opId": "op-" + secrets.token_hex(8), "baseVersion": project.version, "onStale": rebase,
                "delta": name("c1", secrets.token_hex(4))}
        operations = project.count("user_sync_ops")
        answers = [answer.expect(200).json for answer in
                   at_once(*[lambda c=client: c.request("PUT", "/project", body) for client in clients])]
        tap.equal(len({(answer["updatedAt"], answer["digest"]) for answer in answers}), 1, "versions")
        tap.equal(sorted(answer["replayed"] for answer in answers), [False] + [True] * 49)
        project.pull()
        tap.equal((project.version, project.count("user_sync_ops")), (answers[0]["updatedAt"], operations + 1))
        other = dict(body, delta=name("c1", "other"))
        for client in clients[:2]:
            client.request("PUT", "/project", other).expect(422, "op_reused")
        tap.equal(source.version(), project.version)


@tap.test
def of_two_contents_under_one_operation_id_one_is_stored():
    project = Project()
    clients = [stack.shared().anonymous(**project.devices[0].headers) for _ in range(20)]
    for _ in range(5):
        first = {"opId": "op-" + secrets.token_hex(8), "baseVersion": project.version,
                 "delta": name("c2", secrets.token_hex(4))}
        bodies = [first, dict(first, delta=name("c2", secrets.token_hex(4)))]
        answers = at_once(*[lambda c=client, b=bodies[n % 2]: c.request("PUT", "/project", b)
                            for n, client in enumerate(clients)])
        tap.equal(sorted(answer.status for answer in answers), [200] * 10 + [422] * 10)
        winner = 0 if answers[0].status == 200 else 1
        project.pull()
        tap.equal(project.characters()["c2"], bodies[winner]["delta"]["characters"][0]["name"])
        for answer in answers[1 - winner::2]:
            answer.expect(422, "op_reused")


@tap.test
def readers_see_whole_versions_only():
    """Every push writes two rows; no reader may ever see one of them without the other."""
    project = Project(devices=4)
    stop, seen = threading.Event(), []

    def write():
        for number in range(60):
            delta = {"characters": [{"id": row, "name": str(number)} for row in ("c0", "c5")]}
            project.version = project.devices[0].push(base=project.version, delta=delta).expect(200)["updatedAt"]
        stop.set()

    def read(device):
        while not stop.is_set():
            got = device.get("/project" if len(seen) % 2 else f"/project?since={project.version - 1}").expect(200).json
            context = got["projectData"]["context"] if "projectData" in got else got["changes"]
            rows = context.get("characters", [])
            names = {row["name"] for row in rows if row["id"] in ("c0", "c5")}
            assert len(names) <= 1, got
            seen.append(got["updatedAt"])
    begun = time.monotonic()
    at_once(write, *[lambda d=device: read(d) for device in project.devices[1:]])
    tap.note(f"{len(seen)} reads beside 60 pushes in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    raise SystemExit(tap.main())
