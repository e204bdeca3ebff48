#!/usr/bin/env python3
"""Pushes on another version than the last: what the base decides, what is rebased, what conflicts, and what is told."""
import model
import stack
import tap
from model import SHOT
from stack import other, stored


@tap.test
def a_base_version_decides():
    device = stored()
    version, document = device.version(), device.document()
    change = {"meta": {"fileName": "changed"}}
    refusals = ((None, "missing_version"), (0, "version_mismatch"), (version - 1, "version_mismatch"),
                (version + 1, "version_mismatch"), (2**53 - 1, "version_mismatch"))
    for base, reason in refusals:
        answer = device.push(base=base, delta=change).expect(409, "conflict")
        tap.equal((answer["reason"], answer["updatedAt"], answer["projectData"]), (reason, version, document), base)
        assert ("changes" in answer.json) == (base in (0, version - 1)), (base, answer)
    for base, reason in refusals:
        answer = device.push(base=base, projectData={**document, "fileName": "x"}).expect(409, "conflict")
        tap.equal(answer["reason"], reason, base)
    device.push(updatedAt=version - 1, delta=change).expect(409, "conflict")
    device.push(base=version - 1, updatedAt=version, delta=change).expect(409, "conflict")
    tap.equal(device.version(), version)
    device.push(updatedAt=version, delta=change).expect(200)
    fresh = stack.shared().account().device()
    for base in (1, version):
        fresh.push(base=base, delta=change).expect(409, "conflict")
    tap.equal(fresh.pull().status, 404)
    fresh.push(delta=change).expect(200)


@tap.test
def reject_refuses_any_stale_push_and_tells_what_moved():
    device = stored()
    mine, base = other(device), device.version()
    theirs = device.push(base=base, delta={"shots": [SHOT], "deleted": {"characters": ["c2"]}}).expect(200)["updatedAt"]
    document = device.document()
    for more in ({}, {"onStale": "reject"}):
        answer = mine.push(base=base, delta={"meta": {"fileName": "mine"}}, **more).expect(409, "conflict")
        tap.equal((answer["reason"], answer["conflicts"]), ("version_mismatch", []))
        tap.equal((answer["updatedAt"], answer["projectData"]), (theirs, document))
        tap.equal(answer["changes"]["deleted"], {"characters": ["c2"]})
    answer = mine.push(base=base, delta={"shots": [{**SHOT, "duration": "1s"}]}).expect(409, "conflict")
    tap.equal(answer["conflicts"], [{"entity": "shots", "key": {"episodeId": 1, "shotId": "1-1-1"},
                                     "serverVersion": theirs,
                                     "deleted": False}])


@tap.test
def rebase_lets_disjoint_rows_through():
    device = stored()
    mine, base = other(device), device.version()
    device.push(base=base, delta={"shots": [SHOT], "meta": {"shotGuide": "g"},
                                  "deleted": {"locations": ["l2"]}}).expect(200)
    wanted = model.apply(device.document(), {"meta": {"fileName": "mine"}, "scenes": [{"episodeId": 1, "id": "new"}]})
    answer = mine.push(base=base, onStale="rebase", delta={
        "meta": {"fileName": "mine"}, "scenes": [{"episodeId": 1, "id": "new"}]}).expect(200)
    tap.equal((answer["rebased"], answer["replayed"]), (True, False))
    changes = answer["changes"]
    tap.equal(changes["meta"], {"shotGuide": "g"})
    tap.equal(([row["id"] for row in changes["shots"]], changes["deleted"]), (["1-1-1"], {"locations": ["l2"]}))
    assert "scenes" not in changes, "one's own rows aren't news"
    model.same(mine.document(), wanted)
    tap.equal(mine.pull()["digest"], answer["digest"])


@tap.test
def a_version_of_another_epoch_is_no_base():
    """After a restored backup the same numbers may stand for other rows."""
    device = stored()
    version, document, epoch = device.version(), device.document(), device.pull()["epoch"]
    change = {"meta": {"fileName": "changed"}}
    for body in ({"delta": change}, {"projectData": {**document, "fileName": "changed"}}):
        answer = device.push(base=version, epoch="another", onStale="rebase", **body).expect(409, "conflict")
        tap.equal((answer["reason"], answer["epoch"], answer["updatedAt"], answer["conflicts"]), ("epoch", epoch, version, []))
        tap.equal(answer["projectData"], document)
        assert "changes" not in answer.json, answer
    device.restore(version, version, epoch="another").expect(409, "conflict")
    device.request("DELETE", "/project", {"baseVersion": version, "opId": "d", "epoch": "another"}).expect(409, "conflict")
    tap.equal(device.version(), version)
    taken = device.push(base=version, epoch=epoch, op="mine", delta=change).expect(200)
    tap.equal(taken["epoch"], epoch)
    for wrong in (7, "", None, "x" * 64, [epoch]):
        answer = device.push(base=taken["updatedAt"], epoch=wrong, delta=change).expect(422, "invalid")
        tap.equal([fault["path"] for fault in answer["faults"]], ["/epoch"], wrong)


@tap.test
def rebase_stops_rows_that_moved():
    device = stored(model.small(episodes=3))
    mine, base = other(device), device.version()
    moved = device.push(base=base, delta={
        "meta": {"fileName": "theirs", "context": {"projectSummary": "theirs"}}, "shots": [SHOT],
        "characters": [{"id": "both", "name": "theirs"}],
        "deleted": {"episodes": [2], "locations": ["l1"],
                    "scenes": [{"episodeId": 1, "sceneId": "1-2"}]}}).expect(200)["updatedAt"]
    document = device.document()
    shot = {"entity": "shots", "key": {"episodeId": 1, "shotId": "1-1-1"}, "serverVersion": moved, "deleted": False}
    scene = {"entity": "scenes", "key": {"episodeId": 1, "sceneId": "1-2"}, "serverVersion": moved, "deleted": True}
    episode = {"entity": "episodes", "key": 2, "serverVersion": moved, "deleted": True}
    cases = (
        ({"shots": [{**SHOT, "duration": "1s"}]}, [shot]),
        ({"deleted": {"shots": [{"episodeId": 1, "shotId": "1-1-1"}]}}, [shot]),
        ({"deleted": {"episodes": [1]}}, [shot]),
        ({"scenes": [{"episodeId": 1, "id": "1-2", "title": "kept"}]}, [scene]),
        ({"episodes": [{"id": 2, "title": "kept"}]}, [episode]),
        ({"locations": [{"id": "l1", "name": "kept"}]},
         [{"entity": "locations", "key": "l1", "serverVersion": moved, "deleted": True}]),
        ({"characters": [{"id": "both", "name": "mine"}]},
         [{"entity": "characters", "key": "both", "serverVersion": moved, "deleted": False}]),
        ({"meta": {"fileName": "mine"}}, [{"entity": "meta", "key": "fileName", "serverVersion": moved,
                                           "deleted": False}]),
        ({"meta": {"context": {"projectSummary": "mine"}}},
         [{"entity": "meta", "key": "context.projectSummary", "serverVersion": moved, "deleted": False}]),
        ({"shots": [{"episodeId": 2, "id": "new-1"}, {"episodeId": 2, "id": "new-2"}],
          "scenes": [{"episodeId": 2, "id": "new"}]},
         [episode]),
    )
    for delta, conflicts in cases:
        answer = mine.push(base=base, onStale="rebase",
                           delta={**delta, "episodes": delta.get("episodes", []) + [{"id": 77}]})
        answer.expect(409, "conflict")
        tap.equal((answer["reason"], answer["conflicts"]), ("row_conflict", conflicts), delta)
        tap.equal((answer["updatedAt"], answer["projectData"]), (moved, document))
    mine.push(base=base, onStale="rebase", delta={"scenes": [{"episodeId": 55, "id": "s"}]}).expect(422, "invalid")
    model.same(mine.document(), document)


@tap.test
def prefer_minimal_leaves_the_document_out():
    device = stored()
    base = device.version()
    device.push(base=base, delta={"shots": [SHOT]}).expect(200)
    change = {"meta": {"fileName": "x"}}
    for value in ("return=minimal", "respond-async, return=minimal", "wait=5,return=minimal"):
        answer = device.push(base=base, headers={"Prefer": value}, delta=change).expect(409, "conflict")
        assert "projectData" not in answer.json
        tap.equal([row["id"] for row in answer["changes"]["shots"]], ["1-1-1"])
    for value in ("return=representation", "return=minimalist", ""):
        answer = device.push(base=base, headers={"Prefer": value}, delta=change).expect(409, "conflict")
        assert "projectData" in answer.json, value


@tap.test
def identical_content_is_no_conflict():
    device = stored()
    mine, base = other(device), device.version()
    delta = {"shots": [SHOT], "meta": {"fileName": "same"}, "deleted": {"episodes": [2], "characters": ["nobody"]}}
    version = device.push(base=base, delta=delta).expect(200)["updatedAt"]
    tables = model.Tables(device.account)
    before = tables.versions(), tables.value("SELECT COUNT(*) FROM user_project_snapshots WHERE {p}")
    answers = [mine.push(base=base, delta=delta), mine.push(base=base, delta=delta, onStale="rebase"),
               mine.push(base=base, projectData=device.document()), mine.push(base=0, projectData=device.document()),
               mine.push(base=version, delta=delta), mine.push(base=version, projectData=device.document())]
    for i, answer in enumerate(answers):
        tap.equal((answer.expect(200)["updatedAt"], answer["digest"]), (version, device.pull()["digest"]), i)
    tap.equal(tables.value("SELECT COUNT(*) FROM user_project_snapshots WHERE {p}"), before[1])
    tap.equal(tables.versions(), before[0])
    assert answers[0]["changes"]["shots"], "what others changed comes along"
    mine.push(delta=delta).expect(409, "conflict")


@tap.test
def case_91_identical_rows_beside_others_changes_are_no_success():
    device = stored()
    mine, base = other(device), device.version()
    version = device.push(base=base, delta={"shots": [SHOT], "meta": {"fileName": "theirs"}}).expect(200)["updatedAt"]
    answer = mine.push(base=base, delta={"shots": [SHOT]}).expect(409, "conflict")
    tap.equal((answer["reason"], answer["updatedAt"], answer["conflicts"]), ("version_mismatch", version, []))
    tap.equal(answer["changes"]["meta"], {"fileName": "theirs"})
    answer = mine.push(base=base, delta={"shots": [SHOT]}, onStale="rebase").expect(200)
    tap.equal((answer["updatedAt"], answer["changes"]["meta"]), (version, {"fileName": "theirs"}))


@tap.test
def case_91_what_two_devices_counted_is_a_conflict():
    device = stored()
    mine, base = other(device), device.version()
    delta = {"meta": {"stats": {"context": {"total": 99, "success": 99, "error": 0}}}}
    device.push(base=base, delta=delta).expect(200)
    answer = mine.push(base=base, delta=delta, onStale="rebase").expect(409, "conflict")
    tap.equal((answer["reason"], [row["key"] for row in answer["conflicts"]]), ("row_conflict", ["stats"]))


if __name__ == "__main__":
    raise SystemExit(tap.main())
