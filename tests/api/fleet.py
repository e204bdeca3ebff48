"""Devices that push without pause while a test breaks things, and what must hold once the dust has settled.

    fleet = Fleet(stack, devices=4, seed=7)
    with fleet:
        break_things()
    fleet.check()

Each device changes rows of its own (onStale: rebase) and increments a counter that all share (onStale: reject, after
reading it). A push goes out again under the same operation id and with the same content until its outcome is known; so
every acknowledged push must be there, once: the counter equals the acknowledged increments, the rows are those that
were acknowledged last, and the history has one version for each acknowledged operation.
"""
import http.client
import random
import secrets
import threading
import time

import tap

OWN_ROWS = 5
GIVE_UP_SECONDS = 60


def with_counter(document):
    """Adds the row that all devices increment."""
    context = document.setdefault("context", {})
    context.setdefault("locations", []).append({"id": "counter", "description": "0"})
    return document


def empty_document():
    return with_counter({"episodes": [], "context": {"characters": []}})


def large_document():
    """Some 200 KB, so that it takes many records and can be cut."""
    scenes = [{"id": f"s{n}", "title": f"Scene {n}", "content": f"Line {n} of what is said. " * 20} for n in range(20)]
    episodes = [{"id": n, "title": f"Part {n}", "scenes": scenes, "shots": []} for n in range(20)]
    return with_counter({"episodes": episodes, "context": {"characters": []}})


class Writer(threading.Thread):
    def __init__(self, fleet, device, seed):
        super().__init__(daemon=True)
        self.fleet, self.device, self.random = fleet, device, random.Random(seed)
        self.rows, self.version = {}, fleet.created
        self.acknowledged = []  # versions, in order
        self.fault = None

    def run(self):
        try:
            while not self.fleet.stop.is_set():
                self.random.choice((self.change_row, self.change_row, self.increment))()
        except BaseException as fault:  # pylint: disable=broad-except
            self.fault = fault

    def until_answered(self, send):
        """Sends until a whole answer comes from the server itself. A worker that is killed while it answers cuts the
        answer short: the client sees that, and asks again."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                answer = send()
                self.fleet.note(answer)
                if answer.status != 503:
                    return answer
            except http.client.IncompleteRead as cut:
                answer = cut
            assert not self.fleet.strict, answer
            assert time.monotonic() < deadline, answer
            time.sleep(self.random.uniform(0.01, 0.1))

    def push(self, base, delta, stale):
        body = {"baseVersion": base, "opId": "op-" + secrets.token_hex(8), "delta": delta, "onStale": stale}
        answer = self.until_answered(lambda: self.device.put(body))
        if answer.status == 200:
            got = answer.json
            assert got["updatedAt"] > self.version, f"{got['updatedAt']} after {self.version}"
            self.acknowledged.append(got["updatedAt"])
            self.version = got["updatedAt"]
            return True
        assert stale == "reject" and answer.status == 409 and answer["reason"] == "version_mismatch", answer
        return False

    def change_row(self):
        name = f"{self.device.device_id}-{self.random.randrange(OWN_ROWS)}"
        if name in self.rows and self.random.random() < 0.2:
            self.push(self.version, {"deleted": {"characters": [name]}}, "rebase")
            del self.rows[name]
            return
        row = {"id": name, "name": secrets.token_hex(8), "bio": "word " * self.random.randrange(100)}
        self.push(self.version, {"characters": [row]}, "rebase")
        self.rows[name] = row

    def increment(self):
        seen = self.until_answered(self.device.pull).expect(200).json
        counter = next(row for row in seen["projectData"]["context"]["locations"] if row["id"] == "counter")
        # The name differs each time: pushing what is there already is no conflict, even if two devices mean it.
        counter = {**counter, "description": str(int(counter["description"]) + 1), "name": secrets.token_hex(8)}
        if self.push(seen["updatedAt"], {"locations": [counter]}, "reject"):
            self.fleet.count_increment()


class Fleet:
    """`strict`: no answer may be 503. What is neither 200 nor the 409 of a lost race is a fault in any case."""

    def __init__(self, stack, devices=4, seed=None, strict=False, document=None):
        self.seed = random.randrange(1 << 32) if seed is None else seed
        tap.note(f"seed {self.seed}")
        self.stack, self.strict, self.stop, self.lock = stack, strict, threading.Event(), threading.Lock()
        self.increments, self.answers, self.held = 0, 0, {}
        self.account = stack.account()
        self.main = self.account.device("main")
        self.created = self.main.push(base=0, projectData=document or empty_document()).expect(200)["updatedAt"]
        self.writers = [Writer(self, self.account.device(f"w{n}"), self.seed + n) for n in range(devices)]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for writer in self.writers:
            writer.join(GIVE_UP_SECONDS + 60)

    def note(self, answer):
        if answer.status == 503:
            answer.expect(503, "unavailable")
            assert int(answer.headers["Retry-After"]) >= 1, answer.headers.items()
        with self.lock:
            self.answers += 1
            self.held[answer.status] = self.held.get(answer.status, 0) + 1

    def count_increment(self):
        with self.lock:
            self.increments += 1

    def acknowledged(self):
        return sum(len(writer.acknowledged) for writer in self.writers)

    def alive(self):
        """True, or the first writer's fault is raised: for conditions that would never come true after it."""
        for writer in self.writers:
            if writer.fault:
                raise writer.fault
        return True

    def more(self, count):
        """A condition: so many pushes have been acknowledged from now on."""
        goal = self.acknowledged() + count
        return lambda: self.alive() and self.acknowledged() >= goal

    def check(self):
        self.alive()
        assert not any(writer.is_alive() for writer in self.writers), "a device hangs"
        versions = sorted(v for writer in self.writers for v in writer.acknowledged)
        tap.note(f"{len(versions)} pushes acknowledged, {self.increments} of them increments; answers {self.held}")
        now = self.main.pull().expect(200).json
        self.check_rows(now["projectData"]["context"])
        assert len(set(versions)) == len(versions), "two pushes share a version"
        tap.equal(now["updatedAt"], versions[-1], "the last version")
        self.check_history([self.created] + versions)

    def check_rows(self, context):
        counter = next(row for row in context["locations"] if row["id"] == "counter")
        tap.equal(int(counter["description"]), self.increments, "the counter")
        wanted = {name: row for writer in self.writers for name, row in writer.rows.items()}
        devices = {writer.device.device_id for writer in self.writers}
        got = {row["id"]: row for row in context["characters"] if row["id"].partition("-")[0] in devices}
        tap.equal(got, wanted, "rows")

    def check_history(self, versions):
        database = self.stack.database
        project = database.value("SELECT p.project_id FROM user_project_meta p JOIN users u USING (user_id) "
                                 f"WHERE u.email = '{self.account.email}'")
        for table, column in (("user_project_snapshots", "version"), ("user_sync_ops", "version")):
            stored = [int(row[0]) for row in database.sql(
                f"SELECT {column} FROM {table} WHERE project_id = {project} ORDER BY {column}")]
            assert stored == versions, (table, sorted(set(stored) ^ set(versions))[:10], len(stored), len(versions))
        for version in random.Random(self.seed).sample(versions, min(5, len(versions))):
            self.main.get(f"/project/snapshots/{version}").expect(200)  # the server compares the digest
        assert not self.stack.daemon.log_lines("the stored rows do not match the digest of their version")
