#!/usr/bin/env python3
"""Text that means something to SQL, JSON, shells or people's eyes is only text, wherever it stands."""
import itertools

import model
import stack
import tap

ODD = [
    "'; DROP TABLE users; --", '" OR ""="', "\\", "\\'", "\\\\", "%", "_", "`", "``", "?", "??", ":id", "@@version",
    "$(id)", "${x}", "{{7*7}}",
    "NULL", "null", "0x27", "-- x", "/* x", "' UNION SELECT password FROM users -- ", "\\0", "\\u0000", "\\u0041",
    "&#39;", "<script>", "%00",
    "%27", "%s%n", "../../etc/passwd", "$[0]", "$.a", "[1,2]", "{}", "[", '["', "true", "1", "1.0", "-1", "1e3", "😀",
    "👩‍👩‍👧", "\u202eabc", "\u200b",
    "\u00a0", " ", "  ", "a b", "日本語", "e\u0301", "é", "\ufffd", "\uffff", "\U0010ffff", "ß", "İ", "😀" * 128, "'" * 128,
]
ALIKE = ["a", "A", "a ", " a", "a  ", "a\u00a0", "á", "a\u0301", "ａ", "ª", "а", "a\u200b", "a\u00ad", "ss", "ß", "ẞ",
         "i", "I", "ı", "İ", "i\u0307"]


def shared():
    return stack.shared()


@tap.test
def ids_that_look_alike_are_distinct_rows():
    device = shared().account().device()
    people = [{"id": i, "name": f"c{n}"} for n, i in enumerate(ALIKE)]
    places = [{"id": i, "name": f"l{n}"} for n, i in enumerate(ALIKE)]
    document = {**model.small(episodes=1), "context": {"characters": people, "locations": places}}
    document["episodes"][0].update(scenes=[{"id": i, "title": str(n)} for n, i in enumerate(ALIKE)],
                                   shots=[{"id": i, "movement": str(n)} for n, i in enumerate(ALIKE)])
    document["ours"], document["Ours"], document["ours "] = 1, 2, 3
    version = device.push(base=0, projectData=document).expect(200)["updatedAt"]
    now = device.document()
    tap.equal(now, model.read(document))
    for change, remove in itertools.pairwise(ALIKE):
        delta = {"characters": [{"id": change, "role": "changed"}], "locations": [{"id": change, "type": "core"}],
                 "scenes": [{"episodeId": 1, "id": change, "content": "changed"}],
                 "shots": [{"episodeId": 1, "id": change}],
                 "deleted": {"characters": [remove], "locations": [remove],
                             "scenes": [{"episodeId": 1, "sceneId": remove}],
                             "shots": [{"episodeId": 1, "shotId": remove}]}}
        now = model.apply(now, delta)
        answer = device.push(base=version, delta=delta).expect(200)
        changes = device.get(f"/project?since={version}").expect(200)["changes"]
        tap.equal((changes["characters"][0]["id"], changes["deleted"]), (change, delta["deleted"]))
        model.same(device.document(), now, (change, remove))
        version = device.push(base=answer["updatedAt"], delta={
            "characters": [{"id": remove}], "locations": [{"id": remove}], "scenes": [{"episodeId": 1, "id": remove}],
            "shots": [{"episodeId": 1, "id": remove}]}).expect(200)["updatedAt"]
        now = device.document()
    for name in ("characters", "locations"):
        tap.equal({row["id"] for row in now["context"][name]}, set(ALIKE))


@tap.test
def odd_text_is_kept_in_every_place():
    device = shared().account().device()
    rows = [{"id": i, "name": i, i: i} for i in ODD]
    shots = [{"id": i, "dialogue": i, i + "x": [i]} for i in ODD]
    document = {"episodes": [{"id": e, "title": ODD[e], "scenes": list(shots), "shots": list(shots)} for e in (1, 2)],
                "rawScript": "\n".join(ODD),
                "context": {"characters": list(rows), "locations": list(rows),
                            **{"in " + i: i for i in ODD if len(i) < 100}},
                **{i + "y"[len(i) // 128:]: i for i in ODD}}
    wanted = model.read(document)
    device.push(base=0, projectData=document).expect(200)
    model.same(device.document(), wanted)
    by_delta = shared().account().device()
    changes = device.get("/project?since=0").expect(200)["changes"]
    tap.equal(by_delta.push(base=0, delta=changes).expect(200)["digest"], device.pull()["digest"])
    model.same(by_delta.document(), wanted)
    version = by_delta.version()
    for i in ODD:
        delta = {"meta": {i: [i]}, "characters": [{"id": i, "role": i}],
                 "deleted": {"shots": [{"episodeId": 1, "shotId": i}], "locations": [i]}}
        wanted = model.apply(wanted, delta)
        version = by_delta.push(base=version, op=i, delta=delta).expect(200)["updatedAt"]
    model.same(by_delta.document(), wanted)
    assert by_delta.get(f"/project/snapshots/{version}").expect(200)["projectData"] == wanted
    conflicts = by_delta.push(base=1, delta={"characters": [{"id": i, "bio": i} for i in ODD]}).expect(409)["conflicts"]
    tap.equal([conflict["key"] for conflict in conflicts], ODD)


@tap.test
def odd_operation_ids_are_answered_again():
    device = shared().account().device()
    device.push(base=0, delta={}).expect(200)
    answers = {}
    for n, op in enumerate(dict.fromkeys([*ODD, *ALIKE, "\x7f", "\u0001", "\t", "a\nb"])):
        body = {"opId": op, "baseVersion": device.version(), "delta": {"meta": {"n": n}}}
        answers[op] = body, device.put(body).expect(200)
    for body, answer in answers.values():
        tap.equal(answer["opId"], body["opId"])
        tap.equal(device.put(body).expect(200).json, {**answer.json, "replayed": True})


@tap.test
def odd_names_of_devices_and_labels_are_kept():
    account = shared().account()
    device = account.device()
    for n, text in enumerate(text for text in ODD if text.strip()):
        shared().anonymous().request("POST", "/auth/login", {
            "email": account.email, "password": stack.PASSWORD, "deviceId": device.device_id,
            "deviceName": text}).expect(200)
        device.push(base=device.version(), delta={"meta": {"n": n}}).expect(200)
        device.request("POST", "/project/snapshots", {"label": text}).expect(200)
        entry = device.get("/project/snapshots?limit=1").expect(200)["snapshots"][0]
        tap.equal((entry["deviceName"], entry["label"]), (text, text))
    for text in ("' OR 1=1 --", "a/b", "a b", "é", "%27", "a;b", "x" * 65, ""):
        for path in ("/project", "/auth/login"):
            headers = {"X-Device-Id": text.encode().decode("latin-1")}
            device.request("GET" if path == "/project" else "POST", path, headers=headers).expect(400, "malformed")
    assert all(line for line in shared().daemon.log_lines())


@tap.test
def episode_numbers_may_be_any_whole_number():
    device = shared().account().device()
    ids = [0, -1, 1, 2**53 - 1, -(2**53 - 1), 2**31, 2**32, -2**31 - 1, 10]
    document = {"episodes": [{"id": i, "scenes": [{"id": "s"}], "shots": [{"id": "s"}]} for i in ids]}
    version = device.push(base=0, projectData=document).expect(200)["updatedAt"]
    model.same(device.document(), model.read(document))
    titled = [{"episodeId": i, "id": "s", "title": str(i)} for i in ids]
    version = device.push(base=version, delta={"scenes": titled}).expect(200)["updatedAt"]
    tap.equal([e["scenes"] for e in device.document()["episodes"]], [[{"id": "s", "title": str(i)}] for i in ids])
    device.push(base=version, delta={"deleted": {"episodes": ids[1:]}}).expect(200)
    tap.equal([e["id"] for e in device.document()["episodes"]], [0])
    changes = device.get(f"/project?since={version}")["changes"]["deleted"]
    tap.equal((sorted(changes["episodes"]), len(changes["scenes"])), (sorted(ids[1:]), len(ids) - 1))


if __name__ == "__main__":
    raise SystemExit(tap.main())
