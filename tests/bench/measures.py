"""What the benchmark measures. Each measure returns lines of the table; sides are run in turn (A B A B), medians count."""
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
    """One line of the table. `ratio` is compared with `target`, which begins with >= or <=."""

    def __init__(self, name, ours, floor, ratio, target, **more):
        self.name, self.ours, self.floor, self.ratio, self.target, self.more = name, ours, floor, ratio, target, more

    def met(self):
        if self.target is None:
            return None
        bound = float(self.target[2:])
        return self.ratio >= bound if self.target.startswith(">=") else self.ratio <= bound


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

    def throughput(self, name, target, runs):
        """A line for each side but ours, of requests per second."""
        medians, cpu = self.in_turn(runs, "perSecond")
        lines = []
        for other in [other for other in runs if other != "ours"]:
            lines.append(Line(f"{name}, against {other}", f"{medians['ours']:,.0f}/s", f"{medians[other]:,.0f}/s",
                              medians["ours"] / medians[other], target[other],
                              cpu={"ours": cpu["ours"], other: cpu[other]}))
        return lines


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


def hamlet(bench):
    """Reads and one-shot pushes of hamlet, against the floor and the PHP peer."""
    document = project_data("hamlet")
    body = bench.file("one-shot", one_shot_body(document))
    ours = [bench.account(document) for _ in range(CLIENTS)]
    floors = [bench.account(document) for _ in range(CLIENTS)]
    floor = bench.floor.start(WORKERS, *one_shot_of_floor(document))
    lines = []
    for name, what, target in (("unchanged GET (304)", "unchanged", ">=0.7"), ("full GET of hamlet", "get", ">=0.7"),
                               ("one-shot PUT, 8 clients", body, ">=0.6")):
        lines += bench.throughput(name, {"floor": target}, {
            "ours": lambda seconds, what=what: bench.ours.load(ours, what, seconds),
            "floor": lambda seconds, what=what: floor.load(floors, what, seconds)})
    return lines + (against_peer(bench, document, ours, body) if sides.PHP_FPM else [])


def against_peer(bench, document, ours, body):
    peer = sides.Peer(bench.database, WORKERS)
    lines = []
    try:
        accounts = []
        for number in range(1, CLIENTS + 1):
            token = secrets.token_urlsafe(32)
            accounts.append(peer.account(number, token, hashlib.sha256(token.encode()).hexdigest()))
        for splice in (False, True):
            target = peer.start(splice)
            if not splice:
                for account in accounts:
                    store_in_peer(peer, account, document)
            kind = "PHP, splicing" if splice else "PHP"
            for name, what in (("unchanged GET (304)", "unchanged"), ("full GET of hamlet", "get"),
                               ("one-shot PUT, 8 clients", body)):
                wanted = ">=3" if what != "unchanged" and not splice else None
                lines += bench.throughput(name, {kind: wanted}, {
                    "ours": lambda seconds, what=what: bench.ours.load(ours, what, seconds),
                    kind: lambda seconds, what=what: target.load(accounts, what, seconds)})
    finally:
        peer.close()
    return lines


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
    return [Line("flatness: one-shot PUT, complete-works over tempest", f"{big:.0f} us", f"{small:.0f} us", big / small,
                 "<=1.15", cpu=cpu)]


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
    return [Line(f"first PUT of complete-works ({size / 1e6:.1f} MB)",
                 f"{seconds['ours']:.2f} s, {size / 1e6 / seconds['ours']:.0f} MB/s", f"{seconds['floor']:.2f} s",
                 seconds["floor"] / seconds["ours"], None, cpu=cpu)]


SNAPSHOT_BYTES = ("SUM(8+8+2+8+8+COALESCE(LENGTH(device_id),0)+LENGTH(action)+COALESCE(LENGTH(label),0)+4+LENGTH(summary)"
                  "+16+COALESCE(LENGTH(undo_record),0))")


def second_daemon(bench, **settings):
    """Another slatesyncd with one worker, on a socket without nginx, on the same database."""
    return Daemon(ready=False, **{**CHEAP_HASHES, "workers": 1, "log_level": "info", "registration": "open",
                                  **bench.database.configuration(), **settings})


class Direct(sides.Target):
    """A second slatesyncd behind the floor's nginx."""

    def __init__(self, bench, **settings):
        bench.floor.stop()
        self.daemon = second_daemon(bench, listen=bench.floor.nginx.socket, **settings)
        self.daemon.socket = bench.floor.nginx.socket
        wait_for(self.daemon.is_ready, "slatesyncd answers")
        super().__init__("second", bench.floor.nginx, lambda: self.daemon.process, bench.database)

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
    target = Direct(bench, snapshot_keep_last=100000)
    try:
        before = int(bench.database.value(f"SELECT {SNAPSHOT_BYTES} {where}"))
        file_before = table_file(bench)
        result = target.load([account], body, count=edits)
        added = (int(bench.database.value(f"SELECT {SNAPSHOT_BYTES} {where}")) - before) / edits
        grown = (table_file(bench) - file_before) / edits
    finally:
        target.daemon.__exit__(None, None, None)
    return [Line(f"history of a one-word edit in 1 MB ({edits} edits)", f"{added:.0f} B", f"{grown:.0f} B on disk", added,
                 "<=1024", cpu=result["cpuUs"], p50Us=result["p50Us"])]


def table_file(bench):
    return int(bench.database.value("SELECT FILE_SIZE FROM information_schema.innodb_sys_tablespaces "
                                    f"WHERE NAME = '{bench.database.DATABASE}/user_project_snapshots'"))


def memory(bench):
    """Resident memory of the one worker that takes 18.9 MB and gives it back."""
    document = project_data("complete-works")
    body = bench.file("memory", '{"baseVersion":0,"opId":"@OP@","projectData":' + json.dumps(document) + "}")
    account = bench.account()
    target = Direct(bench)
    try:
        start = target.worker_memory()["VmRSS"]
        target.load([account], body, count=1)
        put = target.worker_memory()
        target.load([account], "get", count=1)
        got = target.worker_memory()
    finally:
        target.daemon.__exit__(None, None, None)
    return [Line("worker memory after the first PUT, over its start", f"{put['VmRSS']:.1f} MB", f"{start:.1f} MB",
                 put["VmRSS"] / start, "<=2", peakMb=round(put["VmHWM"], 1)),
            Line("worker memory after the full GET, over its start", f"{got['VmRSS']:.1f} MB", f"{start:.1f} MB",
                 got["VmRSS"] / start, "<=2"),
            Line("peak memory of a worker (PUT, then GET), over the body", f"{got['VmHWM']:.1f} MB",
                 f"{os.path.getsize(body) / 2**20:.1f} MB", got["VmHWM"] / (os.path.getsize(body) / 2**20), None)]


ALL = {"hamlet": hamlet, "flatness": flatness, "first-put": first_put, "history": history, "memory": memory}
