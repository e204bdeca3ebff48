#!/usr/bin/env python3
"""Reading projects: what is stored comes back as it was, whole or as changes since a version; tags, HEAD, the gate."""
import random

import model
import stack
import tap
from stack import stored


@tap.test
def real_projects_come_back_value_for_value():
    for name in ("tempest", "hamlet", "complete-works"):
        document = stack.project_data(name)
        device = stack.shared().account().device()
        answer = device.push(base=0, projectData=document).expect(200)
        got = device.pull().expect(200)
        assert got["projectData"] == document, name
        tap.equal(got["digest"], answer["digest"])
        tap.equal(device.get("/project", If_None_Match=got.headers["ETag"]).status, 304)


@tap.test
def absent_fields_read_as_their_empty_values():
    for document in ({"episodes": []}, {"episodes": [], "context": {}}, {**model.empty()},
                     {"episodes": [], "rawScript": ""}):
        device = stack.shared().account().device()
        answer = device.push(base=0, projectData=document).expect(200)
        tap.equal(answer["digest"], model.NO_DIGEST, document)
        assert answer["updatedAt"] > 0
        model.same(device.document(), model.empty())


@tap.test
def array_order_is_data():
    order = random.Random(7)
    shots = [{"id": f"1-1-{n:02d}", "duration": str(n)} for n in range(1, 261)]
    document = {"episodes": [{"id": e, "scenes": [], "shots": []} for e in (10, 9, -3, 1, 2)]}
    document["episodes"][0]["shots"] = shots
    device, version = stored(document), None
    model.same(device.document(), model.read(document))
    for step in range(4):
        order.shuffle(shots)
        order.shuffle(document["episodes"])
        version = device.push(base=version or device.version(), projectData=document).expect(200)["updatedAt"]
        model.same(device.document(), model.read(document), f"shuffle {step}")
    shots.reverse()
    device.push(base=version, projectData=document).expect(200)
    model.same(device.document(), model.read(document), "reversed")


@tap.test
def unknown_fields_and_odd_values_survive():
    odd = {"深い": [1, -0.5, 1e-7, 9007199254740991, None, True, {"a": {"b": []}}, ""], "": "empty name",
           "emoji": "🎬 e\u0301",
           "text": "\\ \" ' % _ \u2028 \x7f \t\n", "rank": "kept in a document? no: it is the order's"}
    row = {k: v for k, v in odd.items() if k != "rank"}
    document = {"ours": odd, "episodes": [{"id": 1, "x": odd, **row, "scenes": [{"id": "s", **row}],
                                           "shots": [{"id": "t", **row}]}],
                "context": {"theirs": odd, "characters": [{"id": "c", **row, "forms": [{"formName": "f", **row}]}],
                            "locations": [{"id": "l", **row, "zones": [{"name": "z", "more": odd}]}]}}
    device = stored(document)
    model.same(device.document(), model.read(document))
    fields = {"fileName": "a", "context": {"projectSummary": "b"}}
    device.push(base=device.version(), delta={"meta": fields}).expect(200)
    document["fileName"], document["context"]["projectSummary"] = "a", "b"
    model.same(device.document(), model.read(document), "after a delta of other fields")


@tap.test
def a_tag_answers_304_in_every_form():
    device = stored(model.small())
    tag = device.pull().headers["ETag"]
    tap.equal(tag, f'"{device.version()}"')
    for form in (tag, f"W/{tag}", f'"1", {tag}', f'"a,b",W/"2" ,\t{tag}', f'W/"x", W/{tag}', "*", f"{tag}, *"):
        answer = device.get("/project", If_None_Match=form)
        tap.equal((answer.status, answer.body, answer.headers["ETag"]), (304, b"", tag), form)
    for form in ('"1"', f"W/\"{tag[1:-1]}0\"", tag[1:-1], tag[:-1], '""', '"', "W/", ",", "x", f'"{tag[1:-1]}x"',
                 f'"-{tag[1:]}'):
        tap.equal(device.get("/project", If_None_Match=form).status, 200, form)
    device.push(base=device.version(), delta={"meta": {"fileName": "other"}}).expect(200)
    assert device.get("/project", If_None_Match=tag).expect(200).headers["ETag"] != tag


@tap.test
def answers_are_never_cached():
    device = stored(model.small())
    for answer in (device.pull(), device.get("/project", If_None_Match="*"), device.get("/nothing")):
        tap.equal(answer.headers["Cache-Control"], "no-store, private")
        tap.contains(", ".join(answer.headers.get_all("Vary")), "Authorization, Cookie, X-Device-Id")


@tap.test
def head_is_get_without_a_body():
    device = stored(model.small())
    got = device.pull()
    for path in ("/project", "/project?since=0", "/project/snapshots", "/schema", "/healthz"):
        head, get = device.request("HEAD", path), device.get(path)
        tap.equal((head.status, head.body), (200, b""), path)
        tap.equal(head.headers["Content-Length"], get.headers["Content-Length"], path)
    tap.equal(device.request("HEAD", "/project").headers["ETag"], got.headers["ETag"])
    tap.equal(device.request("HEAD", "/project", If_None_Match="*").status, 304)


@tap.test
def since_brings_changes_and_deletions():
    device = stored(model.small())
    first = device.version()
    empty = device.get(f"/project?since={first}").expect(200)
    tap.equal((empty["changes"], empty["since"], empty["updatedAt"]), ({}, first, first))
    before = device.document()
    second = device.push(base=first, delta={
        "meta": {"shotGuide": None, "dramaGuide": "d", "context": {"projectSummary": "other"}},
        "shots": [{"episodeId": 1, "id": "1-1-2", "duration": "9s"}],
        "deleted": {"episodes": [2], "characters": ["c2"], "locations": ["l1"],
                    "scenes": [{"episodeId": 1, "sceneId": "1-1"}]}}).expect(200)["updatedAt"]
    again = {"characters": [{"id": "c2", "name": "BOB is back"}]}
    third = device.push(base=second, delta=again).expect(200)["updatedAt"]
    answer = device.get(f"/project?since={first}").expect(200)
    assert "projectData" not in answer.json and "full" not in answer.json
    changes = answer["changes"]
    tap.equal(changes["meta"], {"dramaGuide": "d", "shotGuide": None, "context": {"projectSummary": "other"}})
    gone = changes["deleted"]
    tap.equal((gone["episodes"], gone["locations"]), ([2], ["l1"]))
    assert "characters" not in gone, "a row that came back is a change, not a deletion"
    tap.equal(sorted(gone["scenes"], key=str), [{"episodeId": 1, "sceneId": "1-1"}, {"episodeId": 2, "sceneId": "2-1"},
                                                {"episodeId": 2, "sceneId": "2-2"}])
    tap.equal(len(gone["shots"]), 3)
    for row in changes["shots"] + changes["characters"]:
        row.pop("rank")
    after = model.apply(before, changes)
    now = device.document()
    before["context"]["characters"].sort(key=lambda row: row["id"])
    tap.equal(after, now)
    later = device.get(f"/project?since={second}").expect(200)["changes"]
    tap.equal(list(later), ["characters"])
    tap.equal(device.get(f"/project?since={third}")["changes"], {})


@tap.test
def since_zero_brings_everything():
    device = stored(model.small())
    answer = device.get("/project?since=0").expect(200)
    changes = answer["changes"]
    for name in ("episodes", "scenes", "shots", "characters", "locations"):
        changes[name].sort(key=lambda row: (row.get("episodeId", 0), row["rank"]))
        for row in changes[name]:
            row.pop("rank")
    tap.equal(model.apply(model.empty(), changes), device.document())


@tap.test
def the_whole_state_tells_what_was_deleted_after_a_version():
    """Case 101: a device that has seen a later version than the server holds has to know what was deleted since, and not lost."""
    device = stored(model.small())
    first = device.version()
    second = device.push(base=first, delta={"deleted": {"episodes": [2]}}).expect(200)["updatedAt"]
    device.push(base=second, delta={"deleted": {"characters": ["c2"]}}).expect(200)
    everything = device.get("/project?since=0").expect(200)
    assert "known" not in everything.json
    rows = everything["changes"]
    gone = rows.pop("deleted")
    tap.equal((gone["episodes"], gone["characters"]), ([2], ["c2"]))
    later = device.get(f"/project?since=0&known={second}").expect(200)
    tap.equal((later["since"], later["known"]), (0, second))
    tap.equal(later["changes"], dict(rows, deleted={"characters": ["c2"]}))
    nothing = device.get(f"/project?since=0&known={2**53 - 1}").expect(200)
    assert "deleted" not in nothing["changes"]
    device.get("/project?since=0&known=x").expect(422, "invalid")


@tap.test
def since_gives_all_when_deletions_are_forgotten_or_the_version_is_unknown():
    device = stored(model.small())
    first = device.version()
    second = device.push(base=first, delta={"deleted": {"episodes": [2]}}).expect(200)["updatedAt"]
    document = device.document()
    tables = model.Tables(device.account)
    tables.sql(f"UPDATE user_project_meta SET tombstones_from = {second} WHERE {{p}}; "
               "DELETE FROM user_project_tombstones WHERE {p}")
    for since in (first, 1, second + 1, 2**53 - 1):
        answer = device.get(f"/project?since={since}").expect(200)
        tap.equal((answer["full"], answer["projectData"], answer["updatedAt"]), (True, document, second), since)
        assert "changes" not in answer.json
    tap.equal(device.get(f"/project?since={second}")["changes"], {})
    tap.equal(list(device.get("/project?since=0")["changes"])[0], "meta")
    answer = device.push(base=first, onStale="rebase", delta={"meta": {"fileName": "x"}}).expect(409, "conflict")
    tap.equal((answer["reason"], answer["projectData"]), ("version_mismatch", document))
    assert "changes" not in answer.json


@tap.test
def nothing_stored_is_404_until_the_first_push():
    device = stack.shared().account().device()
    for path in ("/project", "/project?since=0", "/project?since=5"):
        device.get(path).expect(404, "no_project")
    device.get("/project", If_None_Match="*").expect(404, "no_project")
    device.push(base=0, delta={}).expect(200)
    model.same(device.document(), model.empty())


@tap.test
def a_device_pushes_only_after_its_first_pull():
    account = stack.shared().account()
    first = account.device("first", pulled=False)
    body = {"meta": {"fileName": "a"}}
    first.push(base=0, delta=body).expect(428, "pull_required")
    first.request("DELETE", "/project", {"baseVersion": 0, "opId": "x"}).expect(428, "pull_required")
    first.restore(1, 0).expect(428, "pull_required")
    first.restore(1, 0, preview=True).expect(428, "pull_required")
    first.pull().expect(404, "no_project")
    version = first.push(base=0, delta=body).expect(200)["updatedAt"]
    for opens, headers in ((200, {}), (304, {"If-None-Match": f'"{version}"'})):
        device = account.device(f"opens-{opens}", pulled=False)
        device.request("HEAD", "/project").expect(200)
        device.get("/project/snapshots").expect(200)
        device.push(base=version, delta=body).expect(428, "pull_required")
        device.request("GET", "/project", headers=headers).expect(opens)
        device.push(base=version, delta=body).expect(200)
    stranger = {"X-Device-Id": "never-seen"}
    first.push(base=version, delta=body, headers=stranger).expect(428, "pull_required")
    first.request("GET", "/project?since=0", headers=stranger).expect(200)
    first.push(base=version, delta=body, headers=stranger).expect(200)
    other = stack.shared().account().device("first", pulled=False)
    other.push(base=0, delta=body).expect(428, "pull_required")


@tap.test
def case_92_a_known_operation_is_answered_though_the_gate_is_shut():
    account = stack.shared().account()
    device, late = account.device("first"), account.device("late", pulled=False)
    body = {"op": "lost", "base": 0, "delta": {"meta": {"fileName": "a"}}}
    first = device.push(**body).expect(200)
    device.push(base=first["updatedAt"], delta={"meta": {"fileName": "b"}}).expect(200)
    stack.shared().database.sql("UPDATE user_devices SET pulled_at = NULL WHERE device_id = 'first' AND user_id = "
                                f"(SELECT user_id FROM users WHERE email = '{account.email}')")
    again = device.push(**body).expect(200)
    tap.equal((again["replayed"], again["updatedAt"]), (True, first["updatedAt"]))
    device.push(base=first["updatedAt"], delta={"meta": {"fileName": "c"}}).expect(428, "pull_required")
    device.push(base=0, delta={"shots": [{"id": 7}]}).expect(428, "pull_required")
    late.push(base=0, delta={"meta": {"fileName": "c"}}).expect(428, "pull_required")


if __name__ == "__main__":
    raise SystemExit(tap.main())
