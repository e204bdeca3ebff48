#!/usr/bin/env python3
"""The history: every version that is kept comes back exactly, restores can be undone, thinning harms nothing kept."""
import copy
import random

import model
import stack
import tap

HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000


class Past:
    """A device whose project's versions are all remembered: version → document."""

    def __init__(self, device, document):
        self.device, self.random = device, random.Random(11)
        self.documents = {}
        self.note(device.push(base=0, projectData=document).expect(200), model.read(document))

    def note(self, answer, document):
        self.version, self.document = answer["updatedAt"], document
        self.documents[self.version] = copy.deepcopy(document)

    def push(self, delta, **more):
        self.note(self.device.push(base=self.version, delta=delta, **more).expect(200),
                  model.apply(self.document, delta))

    def replace(self, document):
        self.note(self.device.push(base=self.version, projectData=document).expect(200), document)

    def some_delta(self):
        """A few changes of any kind."""
        choose, delta = self.random, {}
        episode = choose.choice(self.document["episodes"])
        kinds = ("scenes", "shots", "add", "remove", "meta", "people")
        for name in sorted(choose.sample(kinds, choose.randint(1, 3)), key=kinds.index):
            rows = episode["scenes" if name == "scenes" else "shots"]
            if name in ("scenes", "shots") and rows:
                changed = choose.sample(rows, min(len(rows), choose.randint(1, 12)))
                field = "content" if name == "scenes" else "description"
                delta[name] = [{"episodeId": episode["id"], **row, field: self.edited(row.get(field) or "")}
                               for row in changed]
            elif name == "add":
                delta.setdefault("shots", []).append({"episodeId": episode["id"], "id": f"new-{choose.random()}",
                                                      "dialogue": "…"})
            elif name == "remove" and rows:
                kept = {row["id"] for row in delta.get("shots", [])}
                gone = [row["id"] for row in choose.sample(rows, min(len(rows), 5)) if row["id"] not in kept]
                delta["deleted"] = {"shots": [{"episodeId": episode["id"], "shotId": row_id} for row_id in gone]}
            elif name == "meta":
                delta["meta"] = {"rawScript": self.edited(self.document["rawScript"]), "extra": choose.random()}
            elif name == "people":
                delta["characters"] = [{"id": f"c{choose.randint(1, 5)}", "name": str(choose.random())}]
        return delta

    def edited(self, text):
        at = self.random.randint(0, len(text))
        return text[:at] + f"<{self.random.randint(0, 10**6)}>" + text[at + self.random.randint(0, 20):]

    def shuffled(self):
        document = copy.deepcopy(self.document)
        for rows in (document["episodes"], self.random.choice(document["episodes"])["shots"]):
            for _ in range(3):
                rows.insert(self.random.randrange(len(rows)),
                            rows.pop(self.random.randrange(len(rows)))) if rows else None
        return document

    def go_on(self, times):
        for n in range(times):
            if n % 6 == 5:
                self.replace(self.shuffled())
            else:
                self.push(self.some_delta())

    def listed(self):
        """The versions in the list, newest first."""
        return [entry["version"] for entry in self.device.get("/project/snapshots?limit=500").expect(200)["snapshots"]]

    def check(self):
        """Compares every version that is kept with the copy of it; returns the versions."""
        kept = self.listed()
        tap.equal((kept[0], self.device.document()), (self.version, self.document))
        for version in kept:
            answer = self.device.get(f"/project/snapshots/{version}").expect(200)
            assert answer["projectData"] == self.documents[version], f"{version} differs"
            tap.equal(answer["updatedAt"], version)
        for version in set(self.documents) - set(kept):
            self.device.get(f"/project/snapshots/{version}").expect(404, "no_snapshot")
        return kept


def small():
    return Past(stack.shared().account().device(), model.small())


def unordered(document):
    """The rows of a document by key, whatever their order."""
    rows = {("meta", k): v for k, v in document.items() if k not in ("context", "episodes")}
    for name in ("characters", "locations"):
        rows.update({(name, row["id"]): row for row in document["context"][name]})
    for episode in document["episodes"]:
        rows["episodes", episode["id"]] = {k: v for k, v in episode.items() if k not in ("scenes", "shots")}
        for name in ("scenes", "shots"):
            rows.update({(name, episode["id"], row["id"]): row for row in episode[name]})
    return rows


def without_ranks(delta):
    return {name: [{k: v for k, v in row.items() if k != "rank"} for row in rows] if isinstance(rows, list) else rows
            for name, rows in delta.items()}


@tap.test
def every_version_that_is_kept_is_exact():
    past = Past(stack.shared().account().device(), stack.project_data("hamlet"))
    past.go_on(62)
    kept = past.check()
    assert 50 <= len(kept) <= 66, len(kept)
    for version in past.random.sample(kept, 8) + [past.version]:
        answer = past.device.get(f"/project/snapshots/{version}?diff=current").expect(200)
        tap.equal((answer["since"], answer["updatedAt"]), (version, past.version))
        there = model.apply(past.documents[version], without_ranks(answer["changes"]))
        assert unordered(there) == unordered(past.document), version
    tap.equal(past.device.get(f"/project/snapshots/{past.version}?diff=current")["changes"], {})
    middle = kept[len(kept) // 2]
    answer = past.device.restore(middle, past.version).expect(200)
    past.note(answer, past.documents[middle])
    tap.equal(past.device.get(f"/project/snapshots/{middle}")["digest"], answer["digest"])
    past.go_on(3)
    past.check()


@tap.test
def the_list_tells_who_did_what_and_comes_in_pages():
    past = small()
    phone = past.device.account.device("phone")
    past.device.get("/project/snapshots/1").expect(404, "no_snapshot")
    phone.push(base=past.version, delta={"shots": [{"episodeId": 1, "id": "a"}, {"episodeId": 1, "id": "1-1-1"}],
                                         "deleted": {"locations": ["l1"]}}).expect(200)
    phone.restore(past.version, phone.version()).expect(200)
    phone.request("DELETE", "/project", {"baseVersion": phone.version(), "opId": "x"}).expect(200)
    answer = past.device.get("/project/snapshots").expect(200)
    entries = answer["snapshots"]
    assert "next" not in answer.json
    tap.equal([e["action"] for e in entries], ["clear", "restore", "push", "replace"])
    tap.equal((entries[2]["deviceId"], entries[2]["deviceName"]), ("phone", "Phone"))
    tap.equal(entries[2]["summary"], {"shots": {"added": 1, "changed": 1}, "locations": {"deleted": 1}})
    tap.equal((entries[2]["rowsChanged"], "label" in entries[2]), (3, False))
    assert all(abs(e["createdAt"] - e["version"]) < 1000 for e in entries)
    for limit in (1, 2, 3, 4, 500):
        pages, more = [], ""
        while more is not None:
            page = past.device.get(f"/project/snapshots?limit={limit}{more}").expect(200).json
            pages += page["snapshots"]
            more = f"&before={page['next']}" if "next" in page else None
        tap.equal(pages, entries, f"limit {limit}")
    for query in ("limit=0", "limit=501", "limit=x", "limit=-1", "limit=", "before=x", "before=1.5",
                  "limit=1&before=-1",
                  "limit=99999999999999999999"):
        past.device.get("/project/snapshots?" + query).expect(422, "invalid")
    tap.equal(past.device.get("/project/snapshots?before=0")["snapshots"], [])
    tap.equal(stack.shared().account().device().get("/project/snapshots")["snapshots"], [])


@tap.test
def what_was_never_there_is_no_snapshot():
    past, stranger = small(), small()
    past.push({"deleted": {"episodes": [2]}})
    for version in (0, 1, past.version + 1, 2**53, stranger.version, "x", "-1", "1.0", "9" * 30, "%31x"):
        for more in ("", "?diff=current"):
            past.device.get(f"/project/snapshots/{version}{more}").expect(404, "no_snapshot")
        past.device.request("DELETE", f"/project/snapshots/{version}/label").expect(404, "no_snapshot")
    past.device.get(f"/project/snapshots/{past.version}?diff=yesterday").expect(422, "invalid")
    before = model.Tables(past.device.account).state()
    for version in (0, 1, past.version + 1, stranger.version):
        for more in ({}, {"preview": True}):
            past.device.restore(version, past.version, **more).expect(404, "no_snapshot")
    tap.equal(model.Tables(past.device.account).state(), before)
    fresh = stack.shared().account().device()
    fresh.get(f"/project/snapshots/{past.version}").expect(404, "no_snapshot")
    fresh.restore(past.version, 0).expect(404, "no_snapshot")


@tap.test
def a_restore_can_be_previewed_and_undone():
    past = small()
    past.push({"episodes": [{"id": 7, "title": "seventh"}], "shots": [{"episodeId": 7, "id": "a"}]})
    first, second = sorted(past.documents)
    past.push({"deleted": {"episodes": [1, 2, 7]}, "meta": {"rawScript": None, "extra": 1}})
    tables = model.Tables(past.device.account)
    before = tables.state()
    preview = past.device.restore(second, past.version, preview=True).expect(200)
    tap.equal((preview["preview"], preview["version"], preview["updatedAt"]), (True, second, past.version))
    there = model.apply(past.document, without_ranks(preview["delta"]))
    tap.equal(unordered(there), unordered(past.documents[second]))
    past.device.request("POST", "/project/restore", {"version": second, "preview": True}).expect(200)
    tap.equal(tables.state(), before, "a preview writes nothing")
    past.device.restore(second, past.version - 1).expect(409, "conflict")
    past.device.request("POST", "/project/restore", {"version": second, "opId": "x"}).expect(409, "conflict")
    tap.equal(tables.state()[1], before[1])
    third = past.version
    for version in (second, third, first, third, second):
        body = {"version": version, "baseVersion": past.version, "opId": f"restore-{past.version}"}
        answer = past.device.request("POST", "/project/restore", body).expect(200)
        past.note(answer, past.documents[version])
        tap.equal(past.device.document(), past.document, "restored")
        again = past.device.request("POST", "/project/restore", body).expect(200)
        tap.equal(again.json, {**answer.json, "replayed": True})
    same = past.device.restore(past.version, past.version).expect(200)
    tap.equal(same["updatedAt"], past.version, "restoring what is there changes nothing")
    past.check()


@tap.test
def a_label_comes_and_goes():
    past = small()
    name = "Ende — \"v1\" \\ ' 🎬 %s"
    answer = past.device.request("POST", "/project/snapshots", {"label": name}).expect(200)
    tap.equal((answer["version"], answer["label"]), (past.version, name))
    labelled = past.version
    past.push({"meta": {"fileName": "x"}})
    past.device.request("POST", "/project/snapshots", {"label": "second"}).expect(200)
    tap.equal([e.get("label") for e in past.device.get("/project/snapshots")["snapshots"]], ["second", name])
    past.device.request("DELETE", f"/project/snapshots/{labelled}/label").expect(200)
    past.device.request("DELETE", f"/project/snapshots/{labelled}/label").expect(200)
    tap.equal([e.get("label") for e in past.device.get("/project/snapshots")["snapshots"]], ["second", None])
    for label in ("", "x" * 201, 5, None):
        fault = past.device.request("POST", "/project/snapshots", {"label": label}).expect(422, "invalid")
        tap.equal(fault["faults"][0]["path"], "/label")
    past.device.request("POST", "/project/snapshots", {"label": "é" * 200}).expect(200)
    stack.shared().account().device().request("POST", "/project/snapshots", {"label": "a"}).expect(404, "no_project")


@tap.test
def big_inverses_come_in_parts():
    past = Past(stack.shared().account().device(), stack.project_data("complete-works"))
    first = past.version
    past.note(past.device.request("DELETE", "/project", {"baseVersion": first, "opId": "clear"}).expect(200),
              model.empty())
    parts = model.Tables(past.device.account).value("SELECT MAX(part) FROM user_project_snapshots WHERE {p}")
    assert int(parts) >= 1, parts
    past.push({"episodes": [{"id": 1, "title": "another"}]})
    assert past.device.get(f"/project/snapshots/{first}").expect(200)["projectData"] == past.documents[first]
    past.note(past.device.restore(first, past.version).expect(200), past.documents[first])
    past.check()


@tap.test
def damage_is_noticed_and_told():
    past = small()
    past.push({"meta": {"fileName": "x"}})
    first, _ = sorted(past.documents)
    log = stack.shared().daemon
    assert not log.log_lines("the stored rows do not match the digest of their version")
    tables = model.Tables(past.device.account)
    tables.sql("UPDATE user_project_shots SET data = '{\"duration\":\"4s\"}' "
               "WHERE {p} AND episode_id = 1 AND shot_id = '1-1-1'")
    past.device.get(f"/project/snapshots/{first}").expect(500, "internal")
    past.device.get(f"/project/snapshots/{first}?diff=current").expect(500, "internal")
    lines = log.log_lines("a past version does not match its recorded digest")
    tap.equal([(line["level"], line["project"], line["version"]) for line in lines],
              [("error", tables.project, first)] * 2)
    past.device.pull().expect(200)
    lines = log.log_lines("the stored rows do not match the digest of their version")
    tap.equal([(line["level"], line["project"], line["version"]) for line in lines],
              [("error", tables.project, past.version)])
    before = tables.state()
    tables.sql(f"UPDATE user_project_snapshots SET undo_record = NULL WHERE {{p}} AND version = {past.version}")
    past.device.restore(first, past.version).expect(500, "internal")
    past.device.restore(first, past.version, preview=True).expect(500, "internal")
    tables.sql(f"UPDATE user_project_snapshots SET undo_record = X'01FF00' WHERE {{p}} AND version = {past.version}")
    past.device.restore(first, past.version).expect(500, "internal")
    past.device.get(f"/project/snapshots/{first}").expect(500, "internal")
    tables.sql(f"UPDATE user_project_snapshots SET previous_version = {first - 1} "
               f"WHERE {{p}} AND version = {past.version}")
    past.device.restore(first, past.version).expect(500, "internal")
    tap.equal(tables.state(), before)


@tap.test
def the_history_thins_itself():
    with stack.Stack(stack.shared().database, snapshot_keep_last=5, snapshot_keep_hourly=0,
                     snapshot_keep_daily=0) as server:
        past = Past(server.account().device(), model.small(episodes=3))
        past.go_on(9)
        labelled = past.version
        past.device.request("POST", "/project/snapshots", {"label": "kept"}).expect(200)
        most = 0
        for _ in range(30):
            past.go_on(1)
            most = max(most, len(past.listed()))
        assert most <= 5 + 1 + 16, most
        tap.wait_for(lambda: server.daemon.log_lines("history thinned"), "a thinned history")
        kept = past.check()
        assert labelled in kept and past.version in kept and len(kept) < 25, kept
        past.note(past.device.restore(labelled, past.version).expect(200), past.documents[labelled])
        server.admin("snapshots", "gc", "--set", "snapshot_keep_last=5", "--set", "snapshot_keep_hourly=0",
                     "--set", "snapshot_keep_daily=0")
        tap.equal(past.check(), [v for v in sorted(past.documents, reverse=True)][:5] + [labelled])
        past.device.request("DELETE", f"/project/snapshots/{labelled}/label").expect(200)


@tap.test
def what_was_put_aside_goes_with_the_history():
    past = small()
    tables = model.Tables(past.device.account)
    item = {"entity": "characters", "key": "c", "path": "/name", "mine": "words"}
    for number in range(4):
        answer = past.device.push(base=past.device.version(), delta={"meta": {"fileName": str(number)}}, setAside=[item])
        answer.expect(200)
    count = "SELECT COUNT(*) FROM user_project_set_aside WHERE {p}"
    tap.equal(tables.value(count), "4")
    stack.shared().admin("snapshots", "gc", "--set", "snapshot_keep_last=2", "--set", "snapshot_keep_hourly=0",
                         "--set", "snapshot_keep_daily=0")
    tap.equal(tables.value(count), "2")


@tap.test
def one_version_stays_for_each_hour_and_day():
    past = small()
    past.go_on(40)
    tables, now = model.Tables(past.device.account), past.version
    old = sorted(past.documents, reverse=True)
    ages = sorted({0, 1, 2, *(past.random.randrange(5 * HOUR) for _ in range(18)),
                   *(past.random.randrange(6 * DAY) for _ in range(60))})
    times = [now - age for age in ages[:len(old)]]
    renamed = dict(zip(old, times))
    tables.sql("UPDATE user_project_snapshots SET version = -version WHERE {p};" + ";".join(
        f"UPDATE user_project_snapshots SET version = {renamed[v]}, previous_version = "
        f"{renamed[old[i + 1]] if i + 1 < len(old) else 0} WHERE {{p}} AND version = -{v}" for i, v in enumerate(old)))
    past.documents = {renamed[v]: document for v, document in past.documents.items()}
    tap.equal(past.check(), times)
    settings = {"snapshot_keep_last": 4, "snapshot_keep_hourly": 3, "snapshot_keep_daily": 2}
    flags = [word for item in settings.items() for word in ("--set", "%s=%s" % item)]
    stack.shared().admin("snapshots", "gc", "--dry-run", *flags)
    tap.equal(past.listed(), times, "a dry run removes nothing")
    wanted = times[:4]
    for period, periods in ((HOUR, 3), (DAY, 2)):
        newest = {}
        for version in times[4:]:
            newest.setdefault(version // period, version)
        wanted += [newest[key] for key in sorted(newest, reverse=True)[:periods]]
    stack.shared().admin("snapshots", "gc", *flags)
    tap.equal(past.check(), sorted(set(wanted), reverse=True))


if __name__ == "__main__":
    raise SystemExit(tap.main())
