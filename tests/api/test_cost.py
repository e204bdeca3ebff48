#!/usr/bin/env python3
"""What requests cost the database: rows read and written follow the change, never the size of the project.

Counted by MariaDB's own handlers around one request, with a single worker and nothing else running; what it costs to
look at the counters is measured and taken off.
"""
import atexit
import itertools

import model
import stack
import tap

PREFIXES = ("Handler_read_", "Handler_write", "Handler_update", "Handler_delete", "Com_stmt_execute")
NOISE = 2  # rows: a range may look at the row behind its end, or not
_numbers = itertools.count()


class Meter:
    def __init__(self, server):
        self.database = server.database
        self.looking = self.of(lambda: None, False)

    def look(self):
        return {name: int(value) for name, value in self.database.sql("SHOW GLOBAL STATUS")
                if name.startswith(PREFIXES)}

    def of(self, action, net=True):
        """How much each counter rises while `action` runs."""
        self.database.sql("UPDATE user_project_meta SET history_rows = 0")  # no thinning now
        before = self.look()
        action()
        after = self.look()
        return {name: after[name] - before[name] - (self.looking[name] if net else 0) for name in after}


def total(cost, *names):
    return sum(value for name, value in cost.items() if name.startswith(names))


def reads(cost):
    return total(cost, "Handler_read_")


def writes(cost):
    return total(cost, "Handler_write", "Handler_update", "Handler_delete")


_server = None


def one_worker():
    """A server with one worker, and devices that hold the small and the large project."""
    global _server  # pylint: disable=global-statement
    if _server is None:
        documents = {name: stack.project_data(name) for name in ("tempest", "complete-works")}  # or the test is skipped
        _server = stack.Stack(workers=1).__enter__()
        atexit.register(_server.__exit__, None, None, None)
        _server.meter = Meter(_server)
        _server.devices = {name: _server.account().device() for name in documents}
        for name, device in _server.devices.items():
            device.push(base=0, projectData=documents[name]).expect(200)
    return _server


def rows_of(name, count):
    """Shots of a project to change, and its version."""
    server = one_worker()
    device = server.devices[name]
    changes = device.get("/project?since=0").expect(200)
    return device, changes["changes"]["shots"][:count], changes["updatedAt"]


def compare(what, request):
    """Costs of the same request on the small and on the large project. The large one's may not be higher; MariaDB may
    rather scan a table than use its index where it holds but a few rows of a project."""
    costs = {name: one_worker().meter.of(request(name)) for name in ("tempest", "complete-works")}
    small, large = costs.values()
    tap.note(f"{what}: reads {reads(small)} and {reads(large)}, writes {writes(small)} and {writes(large)}, statements "
             f"{small['Com_stmt_execute']} and {large['Com_stmt_execute']}")
    assert reads(large) <= reads(small) + NOISE, costs
    tap.equal(writes(large), writes(small), costs)
    tap.equal(large["Com_stmt_execute"], small["Com_stmt_execute"], costs)
    return small, large


def push_of(count, stale=False, **more):
    def push(name):
        device, shots, version = rows_of(name, count + 3)
        if stale:
            theirs = [{**row, "dialogue": f"theirs {next(_numbers)}"} for row in shots[count:]]
            device.push(base=version, delta={"shots": theirs,
                                             "meta": {"fileName": f"theirs {next(_numbers)}"}}).expect(200)
        delta = {"shots": [{**row, "dialogue": f"mine {next(_numbers)}"} for row in shots[:count]]}
        return lambda: device.push(base=version, delta=delta, **more).expect(200)
    return push


@tap.test
def a_push_of_one_shot_costs_one_shot():
    for cost in compare("one shot", push_of(1)):
        assert reads(cost) <= 20, cost
        tap.equal(total(cost, "Handler_update"), 2, "shot and head")
        tap.equal(total(cost, "Handler_write"), 3, "snapshot, operation, audit event")


@tap.test
def a_push_of_ten_shots_costs_ten():
    one, ten = (compare(f"{count} shots", push_of(count))[1] for count in (1, 10))
    tap.equal(writes(ten) - writes(one), 9, "writes")
    assert reads(ten) - reads(one) <= 9 * 5, (one, ten)
    tap.equal(ten["Com_stmt_execute"] - one["Com_stmt_execute"], 9, "statements: one for each row, sent in bulk")


@tap.test
def a_rebase_costs_what_both_sides_changed():
    for cost in compare("rebase", push_of(10, stale=True, onStale="rebase")):
        assert reads(cost) <= 120, cost


@tap.test
def new_and_deleted_rows_cost_themselves():
    def add(name):
        device, shots, version = rows_of(name, 1)
        delta = {"shots": [{"episodeId": shots[0]["episodeId"], "id": "added"}], "characters": [{"id": "added"}],
                 "scenes": [{"episodeId": shots[0]["episodeId"], "id": "added"}], "locations": [{"id": "added"}]}
        return lambda: device.push(base=version, delta=delta).expect(200)

    def remove(name):
        device, shots, version = rows_of(name, 1)
        delta = {"deleted": {"shots": [{"episodeId": shots[0]["episodeId"], "shotId": "added"}], "locations": ["added"],
                             "scenes": [{"episodeId": shots[0]["episodeId"], "sceneId": "added"}],
                             "characters": ["added"]}}
        return lambda: device.push(base=version, delta=delta).expect(200)
    compare("add", add)
    compare("delete", remove)


@tap.test
def a_replay_costs_one_look():
    def again(name):
        device, shots, version = rows_of(name, 1)
        body = {"opId": "again", "baseVersion": version, "delta": {"shots": [{**shots[0], "dialogue": "again"}]}}
        device.put(body).expect(200)
        return lambda: device.put(body).expect(200)
    for cost in compare("replay", again):
        tap.equal(writes(cost), 0)
        assert reads(cost) <= 10, cost


@tap.test
def an_unchanged_project_costs_a_look_at_its_head():
    def unchanged(name):
        device = one_worker().devices[name]
        tag = device.pull().headers["ETag"]
        return lambda: device.request("GET", "/project", headers={"If-None-Match": tag}).expect(304)
    for cost in compare("304", unchanged):  # the sign-in's look-up brings the version along
        tap.equal(writes(cost), 0)
        assert reads(cost) <= 6 and cost["Com_stmt_execute"] == 1, cost


@tap.test
def changes_since_a_version_cost_what_changed():
    def since(name):
        device, shots, version = rows_of(name, 5)
        device.push(base=version, delta={"shots": [{**row, "dialogue": "since"} for row in shots]}).expect(200)
        return lambda: device.get(f"/project?since={version}").expect(200)
    for cost in compare("since", since):
        assert reads(cost) <= 40, cost


@tap.test
def a_document_writes_only_rows_that_changed():
    def replace(name):
        device = one_worker().devices[name]
        pulled = device.pull().expect(200).json
        document, version = pulled["projectData"], pulled["updatedAt"]
        document["episodes"][0]["shots"][0]["dialogue"] = "by document"
        document["episodes"][0]["shots"].insert(0, document["episodes"][0]["shots"].pop(1))
        return lambda: device.push(base=version, projectData=document).expect(200)
    small, large = (one_worker().meter.of(replace(name)) for name in ("tempest", "complete-works"))
    tap.equal(writes(large), writes(small), "writes")
    tap.equal((total(large, "Handler_update"), total(large, "Handler_write")), (3, 3), "two shots and the head")


if __name__ == "__main__":
    raise SystemExit(tap.main())
