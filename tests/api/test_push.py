#!/usr/bin/env python3
"""Pushing: deltas and documents, replays, the empty guard, places by rank, digests."""
import json
import random
import secrets

import model
import stack
import tap
from model import SHOT
from stack import other, stored


def check(device, delta, wanted):
    """Pushes a delta, and compares what is there then with the document that it makes of `wanted`."""
    wanted = model.apply(wanted, delta)
    answer = device.push(base=device.version(), delta=delta).expect(200)
    model.same(device.document(), wanted, delta)
    return wanted, answer


@tap.test
def deltas_add_change_and_delete_each_kind_of_row():
    device = stored()
    now = device.document()
    for delta in (
            {"episodes": [{"id": 3, "title": "new"}, {"id": 1, "title": "changed", "ours": {"a": 1}}]},
            {"scenes": [{"episodeId": 3, "id": "s", "x": 1}, {"episodeId": 1, "id": "1-1", "title": "only a title"}]},
            {"shots": [{"episodeId": 3, "id": "s", "difficulty": 10}, SHOT, {"episodeId": 2, "id": "1-1-1"}]},
            {"characters": [{"id": "c3", "forms": []}, {"id": "c1", "name": "ANNE"}],
             "locations": [{"id": "l3", "zones": [{"name": "z"}]}, {"id": "l1"}]},
            {"meta": {"fileName": "b", "shotGuide": None, "ours": [1],
                      "stats": {"context": {"total": 1, "success": 0, "error": 0}},
                      "context": {"projectSummary": None, "theirs": {"a": None},
                                  "episodeSummaries": [{"episodeId": 3}]}}},
            {"meta": {"ours": None, "context": {"theirs": None}}},
            {"deleted": {"shots": [{"episodeId": 3, "shotId": "s"}], "scenes": [{"episodeId": 1, "sceneId": "1-1"}],
                         "characters": ["c2"], "locations": ["l2"]}},
            {"deleted": {"episodes": [3, 1]}, "characters": [{"id": "c2", "name": "again"}]},
            {"episodes": [{"id": 1, "title": "again, and empty"}]},
            {"deleted": {"episodes": [99], "shots": [{"episodeId": 1, "shotId": "gone"}], "characters": ["nobody"]}}):
        now, answer = check(device, delta, now)
        tap.equal(set(answer.json), {"ok", "updatedAt", "digest", "epoch", "opId", "replayed", "rebased"},
                  delta)


@tap.test
def case_81_words_of_newer_apps_and_fields_that_say_nothing_come_back_as_sent():
    device = stored()
    now = device.document()
    for delta in (
            {"episodes": [{"id": 1, "status": "storyboarding", "summary": None, "shotGenUsage": ""}]},
            {"shots": [{**SHOT, "difficulty": 7.5, "videoStatus": "upscaling"},
                       {**SHOT, "id": "y", "difficulty": 11, "videoStatus": "", "isApproved": None}]},
            {"characters": [{"id": "c1", "name": None, "forms": None}],
             "locations": [{"id": "l1", "type": "studio", "zones": ""}]},
            {"meta": {"stats": {"shotGen": {"total": 0.5, "error": None}, "soraGen": None}}}):
        now, _ = check(device, delta, now)
    document = {**now, "rawScript": None, "contextUsage": ""}
    device.push(base=device.version(), projectData=document).expect(200)
    model.same(device.document(), {**now, "rawScript": "", "contextUsage": model.empty()["contextUsage"]})


@tap.test
def deleting_an_episode_takes_its_scenes_and_shots():
    device = stored(model.small(episodes=3))
    tables = model.Tables(device.account)
    device.push(base=device.version(), delta={"deleted": {"episodes": [2]}}).expect(200)
    counts = tables.counts()
    tap.equal([counts["user_project_" + name] for name in ("episodes", "scenes", "shots", "tombstones")], [2, 4, 6, 6])
    tap.equal(tables.value("SELECT COUNT(*) FROM user_project_shots WHERE {p} AND episode_id = 2"), "0")


@tap.test
def versions_rise_and_never_run_ahead_of_need():
    device = stored()
    seen = [device.version()]
    for n in range(20):
        seen.append(device.push(base=seen[-1], delta={"meta": {"fileName": str(n)}}).expect(200)["updatedAt"])
    assert seen == sorted(set(seen)), seen
    future = 4102444800000
    model.Tables(device.account).sql(f"UPDATE user_project_meta SET updated_at = {future} WHERE {{p}}")
    tap.equal(device.push(base=future, delta={"meta": {"fileName": "x"}}).expect(200)["updatedAt"], future + 1)


@tap.test
def a_known_operation_is_answered_as_it_was():
    device = stored()
    base = device.version()
    body = {"opId": "op", "baseVersion": base, "delta": {"meta": {"fileName": "a", "shotGuide": "b"}, "shots": [SHOT]}}
    first = device.put(body).expect(200)
    tap.equal(first["replayed"], False)
    device.push(base=first["updatedAt"], delta={"meta": {"fileName": "later"}}).expect(200)
    again = device.put(body).expect(200)
    tap.equal(again.json, {**first.json, "replayed": True})
    shot = dict(reversed(list(SHOT.items())))
    turned = {"delta": {"shots": [shot], "meta": {"shotGuide": "b", "fileName": "a"}}, "baseVersion": base,
              "opId": "op"}
    tap.equal(device.put(turned).expect(200).json, again.json, "other key order")
    tap.equal(other(device).put(body).expect(200).json, again.json, "another device of the account")
    tap.equal(device.document()["fileName"], "later")
    for name, value in (("baseVersion", base - 1), ("onStale", "rebase"), ("allowEmpty", True), ("delta", {}),
                        ("delta", {**body["delta"], "deleted": {"episodes": [2]}}),
                        ("delta", {"meta": body["delta"]["meta"]})):
        device.put({**body, name: value}).expect(422, "op_reused")
    device.put({"opId": "op", "baseVersion": base, "projectData": device.document()}).expect(422, "op_reused")
    device.request("DELETE", "/project", {"opId": "op", "baseVersion": device.version()}).expect(422, "op_reused")
    device.restore(base, device.version(), op="op").expect(422, "op_reused")
    stranger = stack.shared().account().device()
    stranger.put({**body, "baseVersion": 0, "delta": {}}).expect(200)
    for op in ("OP", "op ", "ｏｐ", "o\u0301p", "óp"):
        device.push(base=device.version(), op=op, delta={"meta": {"fileName": op}}).expect(200)


@tap.test
def a_known_document_is_answered_as_it_was():
    device = stack.shared().account().device()
    document = model.small()
    body = {"opId": "first", "baseVersion": 0, "projectData": document}
    first = device.put(body).expect(200)
    device.push(base=first["updatedAt"], delta={"deleted": {"episodes": [1]}}).expect(200)
    turned = dict(reversed([(k, dict(reversed(v.items())) if isinstance(v, dict) else v) for k, v in document.items()]))
    tap.equal(device.put({**body, "projectData": turned}).expect(200).json, {**first.json, "replayed": True})
    device.put({**body, "projectData": {**document, "episodes": document["episodes"][::-1]}}).expect(422, "op_reused")


@tap.test
def a_refused_operation_may_be_sent_again_changed():
    device = stored()
    device.push(base=1, op="same", delta={"shots": [SHOT]}).expect(409, "conflict")
    device.push(base=1, op="same", delta={"shots": [{"episodeId": 9, "id": "x"}]}).expect(409, "conflict")
    device.push(base=device.version(), op="same", delta={"shots": [{"episodeId": 9, "id": "x"}]}).expect(422, "invalid")
    device.push(base=device.version(), op="same", delta={"shots": [SHOT]}).expect(200)


@tap.test
def nothing_empties_a_project_by_accident():
    device = stored()
    version = device.version()
    blank = {"episodes": [], "rawScript": " \n\t\r\n "}
    texts = ("rawScript", "shotGuide", "soraGuide", "dramaGuide", "globalStyleGuide")
    everything = {"meta": {**{name: None for name in texts}, "context": {"projectSummary": None}}, "deleted": {"episodes": [1, 2], "characters": ["c1", "c2"],
                                                           "locations": ["l1", "l2"]}}
    for body in ({"projectData": blank}, {"projectData": {"episodes": []}}, {"delta": everything},
                 {"projectData": blank, "allowEmpty": False}):
        device.push(base=version, **body).expect(422, "empty_overwrite")
        tap.equal(device.version(), version)
    for body in ({"projectData": {**blank, "rawScript": "x"}},
                 {"delta": {"meta": {"rawScript": " "}, "locations": [{"id": "l"}]}},
                 {"delta": {"meta": {"rawScript": "y"}, "deleted": {"locations": ["l"]}}}):
        version = device.push(base=version, **body).expect(200)["updatedAt"]
    device.push(base=version, delta={"meta": {"rawScript": None}}).expect(422, "empty_overwrite")
    version = device.push(base=version, delta={"meta": {"rawScript": None}}, allowEmpty=True).expect(200)["updatedAt"]
    device.push(base=version, delta={"meta": {"fileName": "an empty project may change"}}).expect(200)


@tap.test
def delete_clears_on_purpose():
    device = stored()
    version, document = device.version(), device.document()
    device.request("DELETE", "/project", {"opId": "c"}).expect(409, "conflict")
    device.request("DELETE", "/project", {"baseVersion": version - 1, "opId": "c"}).expect(409, "conflict")
    device.request("DELETE", "/project", {"baseVersion": version}).expect(422, "invalid")
    answer = device.request("DELETE", "/project", {"baseVersion": version, "opId": "c"}).expect(200)
    tap.equal((answer["digest"], device.document()), (model.NO_DIGEST, model.empty()))
    again = device.request("DELETE", "/project", {"baseVersion": version, "opId": "c"}).expect(200)
    tap.equal(again.json, {**answer.json, "replayed": True})
    tables = model.Tables(device.account)
    tap.equal(sum(tables.counts()["user_project_" + name] for name in model.ROW_TABLES), 0)
    tap.equal(device.get(f"/project/snapshots/{version}").expect(200)["projectData"], document)
    late = other(device).push(base=version, onStale="rebase", delta={"shots": [SHOT]}).expect(409, "conflict")
    tap.equal(late["reason"], "row_conflict")


@tap.test
def a_document_over_deltas_moves_only_rows_that_changed():
    device = stored(model.small(scenes=6, shots=30))
    tables = model.Tables(device.account)
    for n in range(5):
        device.push(base=device.version(), delta={"shots": [{"episodeId": 1, "id": f"new-{n}"}],
                                                  "scenes": [{"episodeId": 2, "id": f"new-{n}"}]}).expect(200)
    document, before = device.document(), tables.versions()
    document["episodes"][0]["shots"][7]["description"] = "changed"
    document["episodes"][1]["scenes"].insert(0, document["episodes"][1]["scenes"].pop())
    document["context"]["locations"].reverse()
    document["soraGuide"] = "new"
    version = device.push(base=device.version(), projectData=document).expect(200)["updatedAt"]
    model.same(device.document(), document)
    after = tables.versions()
    moved = {key for key, (_, updated) in after.items() if updated == version}
    tap.equal(moved - {("locations", "l1"), ("locations", "l2")},
              {("shots", "1/1-1-8"), ("scenes", "2/new-4"), ("meta_fields", "soraGuide")})
    tap.equal(len(moved), 4, "of two locations one moved")
    tap.equal({k: v for k, v in after.items() if k not in moved}, {k: v for k, v in before.items() if k not in moved})
    tap.equal(after["shots", "1/1-1-8"][0], before["shots", "1/1-1-8"][0], "its rank stays")


@tap.test
def a_delta_moves_rows_by_rank():
    device = stored(model.small(scenes=4))
    rows = {row["id"]: row for row in device.get("/project?since=0")["changes"]["scenes"] if row["episodeId"] == 1}
    ranks = [rows[f"1-{n}"]["rank"] for n in range(1, 5)]
    tap.equal(ranks, sorted(ranks))

    def order():
        return [scene["id"] for scene in device.document()["episodes"][0]["scenes"]]

    def push(*changed):
        device.push(base=device.version(), delta={"scenes": [{"episodeId": 1, **row} for row in changed]}).expect(200)
    push({"id": "1-4", "rank": "00001"})
    tap.equal(order(), ["1-4", "1-1", "1-2", "1-3"])
    push({"id": "1-1", "title": "stays where it is"}, {"id": "1-2", "rank": ranks[3]})
    tap.equal(order(), ["1-4", "1-1", "1-3", "1-2"])
    push({"id": "new", "rank": ranks[0]}, {"id": "last"})
    tap.equal(order(), ["1-4", "1-1", "new", "1-3", "1-2", "last"], "ties by id, and no rank means last")
    push({"id": "1-1", "rank": "z" * 64})
    tap.equal(order()[-1], "1-1")
    answer = device.push(base=device.version(), delta={"scenes": [{"episodeId": 1, "id": "behind"}]}).expect(200)
    tap.equal(order(), ["1-4", "new", "1-3", "1-2", "last", "1-1", "behind"])
    tap.equal(len(answer["changes"]["scenes"]), 7, "the sender learns the new ranks")
    tap.equal(device.pull()["digest"], answer["digest"])


@tap.test
def equal_content_has_equal_digests_however_it_came_about():
    order, document = random.Random(3), model.small(episodes=4)
    by_document = stored(document)
    changes = by_document.get("/project?since=0")["changes"]
    digest = by_document.pull()["digest"]
    by_delta = stack.shared().account().device()
    tap.equal(by_delta.push(base=0, delta=changes).expect(200)["digest"], digest)
    by_parts = stack.shared().account().device()
    version, names = by_parts.push(base=0, projectData=model.small(episodes=1)).expect(200)["updatedAt"], list(changes)
    names.remove("episodes")
    order.shuffle(names)
    for part in ["episodes"] + names:
        answer = by_parts.push(base=version, delta={part: changes[part]}).expect(200)
        assert answer["digest"] != digest or part == names[-1]
        version = answer["updatedAt"]
    model.same(by_parts.document(), by_document.document())
    tap.equal(answer["digest"], digest)
    seen = {digest}
    base = by_document.version()
    for delta in ({"meta": {"fileName": "x"}}, {"meta": {"fileName": "small.txt", "rawScript": "x"}},
                  {"characters": [{"id": "C1", "name": "ANN"}]}, {"characters": [{"id": "c1 ", "name": "ANN"}]},
                  {"scenes": [{"episodeId": 1, "id": "x"}]}, {"shots": [{"episodeId": 1, "id": "x"}]},
                  {"scenes": [{"episodeId": 2, "id": "x"}]}, {"locations": [{"id": "l1", "rank": "00001"}]}):
        answer = by_document.push(base=base, delta=delta, op=secrets.token_hex(4)).expect(200)
        seen.add(answer["digest"])
        base = answer["updatedAt"]
    tap.equal(len(seen), 9)
    back = by_document.push(base=base, projectData=document).expect(200)
    by_document.push(base=back["updatedAt"], delta={"locations": changes["locations"]}).expect(200)
    tap.equal(by_document.pull()["digest"], digest)


ASIDE = [
    {"entity": "shots", "key": {"episodeId": 1, "shotId": "1-1-1"}, "path": "/description", "base": "was", "mine": "🎬 mine",
     "theirs": "theirs"},
    {"entity": "meta", "key": "rawScript", "path": "", "mine": "a line", "theirs": ""},
    {"entity": "episodes", "key": 7, "path": "/title", "mine": "of an episode that is gone"}]


def kept_aside(tables):
    rows = tables.sql("SELECT entity, episode_id, row_id, version, device_id, item FROM user_project_set_aside WHERE {p} "
                      "ORDER BY version, position")
    return [(int(entity), int(episode), row, int(version), device, json.loads(item))
            for entity, episode, row, version, device, item in rows]


@tap.test
def what_merges_put_aside_is_kept_with_the_version():
    device = stored()
    tables = model.Tables(device.account)
    base = device.version()
    body = {"opId": "aside", "baseVersion": base, "delta": {"meta": {"fileName": "a"}}, "setAside": ASIDE}
    version = device.put(body).expect(200)["updatedAt"]
    device.put(body).expect(200)
    device.put({**body, "opId": "late", "delta": {"meta": {"fileName": "b"}}}).expect(409)
    def words(item):
        return {name: item[name] for name in ("path", "base", "mine", "theirs") if name in item}
    tap.equal(kept_aside(tables), [(3, 1, "1-1-1", version, device.device_id, words(ASIDE[0])),
                                   (0, 0, "rawScript", version, device.device_id, words(ASIDE[1])),
                                   (1, 7, "", version, device.device_id, words(ASIDE[2]))])
    unchanged = device.put({**body, "opId": "again", "baseVersion": version}).expect(200)
    tap.equal(unchanged["updatedAt"], version, "nothing changed")
    tap.equal(len(kept_aside(tables)), 6, "also of a push that changes nothing")


@tap.test
def what_is_put_aside_is_checked():
    device = stored()
    base = device.version()
    for aside, path in (({}, "/setAside"), ([{**ASIDE[0], "entity": "props"}], "/setAside/0/entity"),
                        ([{**ASIDE[0], "mine": "w" * 65536}], "/setAside")):
        answer = device.push(base=base, delta={}, setAside=aside).expect(422)
        tap.equal([fault["path"] for fault in answer["faults"]], [path])
    tap.equal(kept_aside(model.Tables(device.account)), [])


if __name__ == "__main__":
    raise SystemExit(tap.main())
