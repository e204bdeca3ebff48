"""What the benchmark measures. Each measure yields lines of the table; sides are run in turn (A B A B), medians count."""
import hashlib
import json
import os
import secrets
import statistics
import tempfile

import sides
from daemon import Daemon, wait_for
from stack import CHEAP_HASHES, Client, project_data

WORKERS = 8
CLIENTS = 8


class Line:
    """One line of the table. `ratio` is compared with `target`, which begins with >= or <=. `cpu`: microseconds of one
    request, by side and part."""

    def __init__(self, name, ours, other, ratio, target, cpu=None, **more):
        self.name, self.ours, self.other, self.ratio, self.target = name, ours, other, ratio, target
        self.cpu, self.more = cpu or {}, more

    def met(self):
        if self.target is None:
            return None
        bound = float(self.target[2:])
        return self.ratio >= bound if self.target.startswith(">=") else self.ratio <= bound

    def cpu_ratio(self):
        """CPU time of all that serve one request, the other side's over ours: what a machine busy with other work distorts
        least. None where there is no other side."""
        totals = [sum(parts.values()) for parts in self.cpu.values()]
        return totals[1] / totals[0] if len(totals) == 2 and "ours" in self.cpu and totals[0] else None


class Bench:
    """The stack, the floor and the accounts of a run."""

    def __init__(self, stack, floor, options):
        self.stack, self.floor, self.options = stack, floor, options
        self.database = stack.database
        self.files = tempfile.mkdtemp(prefix="slatesync-bench-")
        self.ours = sides.Target("ours", stack.nginx, lambda: stack.daemon.process, stack.database)

    def file(self, name, text):
        path = os.path.join(self.files, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def account(self, document=None):
        """A new account of ours, with a project if one is given."""
        device = self.stack.account().device("bench")
        version = 0
        if document is not None:
            version = device.push(base=0, projectData=document).expect(200)["updatedAt"]
        return sides.Account(device.token, "bench", version)

    def project(self, account):
        digest = hashlib.sha256(account.token.encode()).hexdigest()
        return int(self.database.value("SELECT m.project_id FROM user_sessions s JOIN user_project_meta m USING (user_id) "
                                       f"WHERE s.token_hash = UNHEX('{digest}')"))

    def in_turn(self, runs, key):
        """Runs {name: function giving a result} in turn; returns the median of `key` and the last CPU times by name."""
        for run in runs.values():
            run(0.3)
        results = {name: [] for name in runs}
        for _ in range(self.options.rounds):
            for name, run in runs.items():
                results[name].append(run(self.options.seconds))
        medians = {name: statistics.median(result[key] for result in some) for name, some in results.items()}
        cpu = {name: {part: statistics.median(result["cpuUs"][part] for result in some) for part in some[0]["cpuUs"]}
               for name, some in results.items()}
        return medians, cpu

    def throughput(self, name, target, ours, other, run):
        """A line of requests per second: two functions of seconds, the second one of the side called `other`."""
        medians, cpu = self.in_turn({"ours": ours, other: run}, "perSecond")
        return Line(f"{name}, against {other}", f"{medians['ours']:,.0f}/s", f"{medians[other]:,.0f}/s",
                    medians["ours"] / medians[other], target, cpu)


def first_shot(document):
    episode = document["episodes"][0]
    return episode["id"], episode["shots"][len(episode["shots"]) // 2]


def one_shot_body(document):
    """A delta that changes one shot's description, differently each time."""
    episode, shot = first_shot(document)
    changed = {**shot, "episodeId": episode, "description": shot["description"] + " @NUMBER@"}
    return '{"baseVersion":@BASE@,"opId":"@OP@","delta":' + json.dumps({"shots": [changed]}) + "}"


def one_shot_of_floor(document):
    """The same for the floor: the row's key and data."""
    episode, shot = first_shot(document)
    data = {key: value for key, value in shot.items() if key != "id"}
    data["description"] += " 0000000000"
    return episode, shot["id"], json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def kinds(body, targets):
    """The requests that are measured on hamlet: name, what the generator is told, target."""
    return zip(("unchanged GET (304)", "full GET of hamlet", "one-shot PUT, 8 clients"), ("unchanged", "get", body), targets)


def hamlet(bench):
    """Reads and one-shot pushes of hamlet, against the floor and the PHP peer."""
    document = project_data("hamlet")
    body = bench.file("one-shot", one_shot_body(document))
    ours = [bench.account(document) for _ in range(CLIENTS)]
    floors = [bench.account(document) for _ in range(CLIENTS)]
    floor = bench.floor.start(WORKERS, *one_shot_of_floor(document))
    for name, what, target in kinds(body, (">=0.7", ">=0.7", ">=0.6")):
        yield bench.throughput(name, target, lambda seconds, what=what: bench.ours.load(ours, what, seconds), "floor",
                               lambda seconds, what=what: floor.load(floors, what, seconds))
    if sides.PHP_FPM:
        yield from against_peer(bench, document, ours, body)


def against_peer(bench, document, ours, body):
    peer = sides.Peer(bench.database, WORKERS)
    try:
        accounts = [peer.account(number) for number in range(1, CLIENTS + 1)]
        for other in ("PHP", "PHP, splicing"):
            target = peer.start(splice=other != "PHP")
            for account in accounts:
                if account.version == 0:
                    store_in_peer(peer, account, document)
            for name, what, wanted in kinds(body, (None, ">=3", ">=3") if other == "PHP" else (None, None, None)):
                yield bench.throughput(name, wanted, lambda seconds, what=what: bench.ours.load(ours, what, seconds), other,
                                       lambda seconds, what=what: target.load(accounts, what, seconds))
    finally:
        peer.close()


def store_in_peer(peer, account, document):
    client = Client(peer.nginx.port, headers={"Authorization": "Bearer " + account.token})
    answer = client.request("PUT", "/project", {"baseVersion": 0, "opId": secrets.token_hex(8), "projectData": document})
    account.version = answer.expect(200)["updatedAt"]
    assert client.request("GET", "/project").expect(200)["projectData"]["episodes"] == document["episodes"]


def flatness(bench):
    """The latency of a one-shot push must not depend on the size of the project."""
    runs = {}
    for name in ("tempest", "complete-works"):
        document = project_data(name)
        account = bench.account(document)
        body = bench.file("one-shot-" + name, one_shot_body(document))
        runs[name] = lambda seconds, account=account, body=body: bench.ours.load([account], body, seconds)
    medians, cpu = bench.in_turn(runs, "p50Us")
    big, small = medians["complete-works"], medians["tempest"]
    yield Line("flatness: one-shot PUT, complete-works over tempest", f"{big:.0f} us", f"{small:.0f} us", big / small,
               "<=1.15", cpu)


def first_put(bench):
    """The first push of 18.9 MB, one at a time, each to an account of its own."""
    document = project_data("complete-works")
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    body = bench.file("first", '{"baseVersion":0,"opId":"@OP@","projectData":' + text + "}")
    size = os.path.getsize(body)
    seed = bench.account(document)
    floor = bench.floor.start(1, bench.project(seed))
    times = {"ours": [], "floor": []}
    for _ in range(2 if bench.options.quick else 5):
        for name, target in (("ours", bench.ours), ("floor", floor)):
            times[name].append(target.load([bench.account()], body, count=1))
    seconds = {name: statistics.median(result["p50Us"] for result in some) / 1e6 for name, some in times.items()}
    cpu = {name: some[-1]["cpuUs"] for name, some in times.items()}
    yield Line(f"first PUT of complete-works ({size / 1e6:.1f} MB), against floor",
               f"{seconds['ours']:.2f} s, {size / 1e6 / seconds['ours']:.0f} MB/s", f"{seconds['floor']:.2f} s",
               seconds["floor"] / seconds["ours"], None, cpu)


SNAPSHOT_BYTES = ("SUM(8+8+2+8+8+COALESCE(LENGTH(device_id),0)+LENGTH(action)+COALESCE(LENGTH(label),0)+4+LENGTH(summary)"
                  "+16+COALESCE(LENGTH(undo_record),0))")


class Second(sides.Target):
    """A slatesyncd with one worker and settings of its own, in the floor's place."""

    def __init__(self, bench, **settings):
        bench.floor.stop()
        self.daemon = Daemon(ready=False, **{**CHEAP_HASHES, "workers": 1, "log_level": "info",
                                             "listen": bench.floor.nginx.socket, **bench.database.configuration(), **settings})
        self.daemon.socket = bench.floor.nginx.socket
        wait_for(self.daemon.is_ready, "slatesyncd answers")
        super().__init__("second", bench.floor.nginx, lambda: self.daemon.process, bench.database)

    def close(self):
        self.daemon.__exit__(None, None, None)

    def worker_memory(self):
        with open(f"/proc/{self.daemon.workers()[0]}/status", encoding="utf-8") as file:
            fields = dict(line.split(":", 1) for line in file)
        return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def history(bench):
    """What a one-word edit of a 1 MB script adds to the table of snapshots."""
    words = project_data("complete-works")["rawScript"].split(" ")
    while sum(map(len, words)) + len(words) < 1_000_000:
        words = words + words
    script = " ".join(words)[:1_000_000].rsplit(" ", 1)[0]
    middle = script.index(" ", len(script) // 2)
    end = script.index(" ", middle + 1)
    account = bench.account({"episodes": [], "rawScript": script})
    body = bench.file("one-word", '{"baseVersion":@BASE@,"opId":"@OP@","delta":{"meta":{"rawScript":' +
                      json.dumps(script[:middle] + " @NUMBER@" + script[end:]) + "}}}")
    edits = 100 if bench.options.quick else 1000
    where = f"FROM user_project_snapshots WHERE project_id = {bench.project(account)}"
    target = Second(bench, snapshot_keep_last=100000)
    try:
        before = int(bench.database.value(f"SELECT {SNAPSHOT_BYTES} {where}"))
        pages_before = table_bytes(bench)
        result = target.load([account], body, count=edits)
        added = (int(bench.database.value(f"SELECT {SNAPSHOT_BYTES} {where}")) - before) / edits
        grown = (table_bytes(bench) - pages_before) / edits
    finally:
        target.close()
    yield Line(f"history of a one-word edit in 1 MB ({edits} edits)", f"{added:.0f} B", f"{grown:.0f} B of pages", added,
               "<=1024", {"ours": result["cpuUs"]}, p50Us=result["p50Us"])


def table_bytes(bench):
    """Pages of the table of snapshots, in bytes."""
    bench.database.sql("ANALYZE TABLE user_project_snapshots")
    return int(bench.database.value("SELECT DATA_LENGTH FROM information_schema.tables WHERE TABLE_NAME = "
                                    f"'user_project_snapshots' AND TABLE_SCHEMA = '{bench.database.DATABASE}'"))


def memory(bench):
    """Resident memory of the one worker that takes 18.9 MB and gives it back."""
    document = project_data("complete-works")
    body = bench.file("memory", '{"baseVersion":0,"opId":"@OP@","projectData":' + json.dumps(document) + "}")
    account = bench.account()
    target = Second(bench)
    try:
        start = target.worker_memory()["VmRSS"]
        target.load([account], body, count=1)
        put = target.worker_memory()
        target.load([account], "get", count=1)
        got = target.worker_memory()
    finally:
        target.close()
    size = os.path.getsize(body) / 2**20
    yield Line("worker memory after the first PUT, over its start", f"{put['VmRSS']:.1f} MB", f"{start:.1f} MB",
               put["VmRSS"] / start, "<=2")
    yield Line("worker memory after the full GET, over its start", f"{got['VmRSS']:.1f} MB", f"{start:.1f} MB",
               got["VmRSS"] / start, "<=2")
    yield Line("peak memory of that PUT, over the body", f"{put['VmHWM']:.1f} MB", f"{size:.1f} MB", put["VmHWM"] / size, None)
    yield Line("peak memory of both, over the body", f"{got['VmHWM']:.1f} MB", f"{size:.1f} MB", got["VmHWM"] / size, None)


ALL = {"hamlet": hamlet, "flatness": flatness, "first-put": first_put, "history": history, "memory": memory}
