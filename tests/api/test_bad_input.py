#!/usr/bin/env python3
"""Bad input is refused with the status, the word and the places that the protocol promises, and changes nothing."""
import json

import fcgi
import model
import stack
import tap

NOT_JSON = [
    b"", b"[", b"]", b"{", b"}", b"[1", b"[1,", b"[1,]", b"[,1]", b"[1 2]", b"[1,,2]", b"[1]]", b'{"a"', b'{"a":',
    b'{"a":1', b'{"a":1,',
    b'{"a":1,}', b"{,}", b"{a:1}", b"{'a':1}", b'{"a" 1}', b'{"a"::1}', b"{1:1}", b"{null:1}", b'{"a":1 "b":2}',
    b'{"a",1}', b'["a":1]',
    b'"', b'"a', b'"\\', b'"\\"', b"'a'", b'"\\a"', b'"\\x41"', b'"\\u"', b'"\\u12"', b'"\\u12G4"', b'"\\U0041"',
    b'"\\\n"',
    b'"\n"', b'"\t"', b'"\x00"', b'"\x1f"', b'"\\u0000"', b'{"\\u0000":1}', b'{"a\\u0000b":1}',
    b'"\\ud800"', b'"\\udc00"', b'"\\ud800\\ud800"', b'"\\udc00\\ud800"', b'"\\ud800x"', b'"\\uD800\\u0041"',
    b'{"\\udfff":1}',
    b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b'"\x80"', b'"\xfe\xff"',
    b'{"\xff":1}', b"\xff",
    b"\xef\xbb\xbf1", b"01", b"-01", b"+1", b".5", b"-.5", b"5.", b"1e", b"1e+", b"1.e5", b"0x10", b"1_000", b"-",
    b"--1", b"1-1", b"0e",
    b"NaN", b"Infinity", b"-Infinity", b"nan", b"1e400", b"-1e400", b"9" * 400, b"True", b"nul", b"truefalse", b"tru",
    b"null1",
    b"undefined", b"1//c", b"/*c*/1", b"1#", b"\x0b1", b"\x0c1", b"\xc2\xa01", b"1,1", b'1,"ours":2', b"1}}}", b"1}}}{",
    b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"":1,"":2}', b'[{"b":{"a":1,"a":2}}]',
    "{\"é\":1,\"\\u00e9\":1}".encode(),
    b"[" * 30 + b"]" * 30, b"[" * 100000, b"[" * 100000 + b"]" * 100000, b'{"a":' * 50000, b"]" * 100000,
    b'"' + b"a" * 100000,
]
JSON = [
    b" \t\r\n1 \n", b"-0", b"0.0", b"1E2", b"1e-400", b"0.1", b"-1.5e-9", b"9007199254740991", b"-9007199254740991",
    b"1.7976931348623157e2",
    b'""', b'"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\"\\\\"', b'"\x7f"', '"\u2028\uffff\U0010ffff"'.encode(),
    b'"\\uFFFF\\u2029"',
    '"e\u0301 \u00e9"'.encode(), b"[]", b"{}", b"[[[],{}],[{}]]", b'{"":{"":""}}', b"[true,false]",
    b"[" * 29 + b"]" * 29,
    b"[" + b",".join([b"0"] * 5000) + b"]", b'"' + b"x" * 200000 + b'"',
    b'{"b":1,"a":2,"\\ud83d\\ude00":3,"\xef\xbf\xbf":4}',
]
BEYOND = [b"9007199254740992", b"-9007199254740992", b"9007199254740993", b"1e16", b"1e300", b"[1,{\"a\":-1e18}]"]


class Project:
    """A stored project that must stay as it is."""

    def __init__(self):
        self.device = stack.shared().account().device()
        self.version = self.device.push(base=0, projectData=model.small()).expect(200)["updatedAt"]
        self.tables = model.Tables(self.device.account)
        self.before = self.tables.state(), self.device.pull().body

    def raw(self, value):
        """Pushes `value`, bytes, as a project-level field."""
        head = b'{"opId":"raw","baseVersion":%d,"delta":{"meta":{"ours":' % self.version
        return self.device.request("PUT", "/project", head + value + b"}}}")

    def faults(self, **body):
        """The paths of the faults of a push, which must have some."""
        body = {"opId": "faulty", "baseVersion": self.version, **body}
        answer = self.device.put({k: v for k, v in body.items() if v is not ...}).expect(422, "invalid")
        assert all(fault["reason"] for fault in answer["faults"])
        return [fault["path"] for fault in answer["faults"]]

    def check(self):
        tap.equal((self.tables.state(), self.device.pull().body), self.before, "a refused request changed something")


@tap.test
def what_is_not_json_is_malformed():
    project = Project()
    for value in NOT_JSON:
        answer = project.raw(value)
        assert answer.status == 400, (value[:100], answer)
        answer.expect(400, "malformed")
    for body in (b"", b" ", b"\n", b"\xef\xbb\xbf{}", b"{} {}", b"{}x", b"\x00", b"{}\x00", "{}".encode("utf-16"),
                 b"opId=1&delta=2", b"<a/>"):
        project.device.request("PUT", "/project", body).expect(400, "malformed")
    project.check()


@tap.test
def every_truncation_is_malformed():
    project = Project()
    body = json.dumps({"opId": "cut", "baseVersion": project.version,
                       "delta": {"meta": {"a": [1.5e3, "é\n", {"b": None}, True]}}}).encode()
    for length in range(1, len(body)):
        answer = project.device.request("PUT", "/project", body[:length])
        assert answer.status == 400, (body[:length], answer)
    project.check()
    project.device.request("PUT", "/project", body).expect(200)


@tap.test
def all_that_is_json_is_kept():
    project = Project()
    for value in JSON:
        head = b'{"opId":"%s","baseVersion":%d,"delta":{"meta":{"ours":' % (b"op-%d" % hash(value), project.version)
        answer = project.device.request("PUT", "/project", head + value + b"}}}")
        assert answer.status == 200, (value[:100], answer)
        project.version = answer["updatedAt"]
        got = project.device.document()["ours"]
        assert got == json.loads(value), (value[:100], str(got)[:100])


@tap.test
def numbers_that_browsers_would_round_are_refused():
    project = Project()
    for value in BEYOND:
        answer = project.raw(value).expect(422, "invalid")
        tap.equal(answer["faults"][0]["path"], "/delta/meta/ours" + ("/1/a" if b"[" in value else ""), value)
    project.check()


@tap.test
def members_of_a_push_are_checked():
    project, delta = Project(), {"meta": {"fileName": "x"}}
    for text in ("[]", "null", "5", '"text"', "true"):
        answer = project.device.request("PUT", "/project", text).expect(422, "invalid")
        tap.equal([fault["path"] for fault in answer["faults"]][:1], [""], text)
    for body, paths in (
            ({"delta": delta, "opId": ...}, ["/opId"]), ({"delta": delta, "opId": ""}, ["/opId"]),
            ({"delta": delta, "opId": 5}, ["/opId"]),
            ({"delta": delta, "opId": "é" * 129}, ["/opId"]), ({"delta": delta, "opId": None}, ["/opId"]),
            ({}, ["/delta"]),
            ({"delta": delta, "projectData": {"episodes": []}}, ["/projectData"]),
            ({"delta": delta, "onStale": "merge"}, ["/onStale"]),
            ({"delta": delta, "onStale": True}, ["/onStale"]), ({"delta": delta, "allowEmpty": "no"}, ["/allowEmpty"]),
            ({"delta": delta, "allowEmpty": 0}, ["/allowEmpty"]),
            ({"delta": 5, "opId": 5, "onStale": "", "allowEmpty": {}},
                                                                  ["/delta", "/opId", "/onStale", "/allowEmpty"])):
        tap.equal(project.faults(**body), paths, body)
    for base in ("1", -1, 1.5, 2**53, None, [], True, 1e300):
        tap.equal(project.faults(delta=delta, baseVersion=base), ["/baseVersion"], base)
        tap.equal(project.faults(delta=delta, baseVersion=..., updatedAt=base), ["/updatedAt"], base)
    for body in ({}, {"version": "1"}, {"version": 1.5, "opId": 1, "preview": "x", "baseVersion": "x"}):
        answer = project.device.request("POST", "/project/restore", body).expect(422, "invalid")
        tap.equal({fault["path"] for fault in answer["faults"]}, {"/version", "/opId", *("/" + name for name in body)},
                  body)
    project.check()


@tap.test
def faults_of_a_delta_have_their_places():
    project = Project()
    shot = {"episodeId": 1, "id": "a"}
    for delta, paths in (
            (5, [""]), ([], [""]), ("x", [""]), (None, [""]), ({"shot": []}, ["/shot"]),
            ({"projectData": {}}, ["/projectData"]),
            ({"meta": []}, ["/meta"]), ({"meta": {"context": 5}}, ["/meta/context"]),
            ({"meta": {"fileName": 5}}, ["/meta/fileName"]),
            ({"meta": {"rawScript": [], "stats": 5}}, ["/meta/rawScript", "/meta/stats"]),
            ({"meta": {"stats": {"context": {"total": "1"}}}}, ["/meta/stats/context/total"]),
            ({"meta": {"phase1Usage": {"charList": {"promptTokens": "1.5"}}}},
             ["/meta/phase1Usage/charList/promptTokens"]),
            ({"meta": {"context": {"episodeSummaries": [{"episodeId": "1"}, 5]}}},
             ["/meta/context/episodeSummaries/0/episodeId", "/meta/context/episodeSummaries/1"]),
            ({"meta": {"context": {"characters": []}}}, ["/meta/context/characters"]),
            ({"meta": {"episodes": []}}, ["/meta/episodes"]),
            ({"meta": {"context.projectSummary": "x"}}, ["/meta/context.projectSummary"]),
            ({"meta": {"": 1}}, ["/meta/"]),
            ({"meta": {"a/b~c": 1e300}}, ["/meta/a~1b~0c"]), ({"meta": {"x" * 129: 1}}, ["/meta/" + "x" * 129]),
            ({"meta": {"x\u0001": 1}}, ["/meta/x\u0001"]),
            ({"shots": {}}, ["/shots"]), ({"shots": [5, None, []]}, ["/shots/0", "/shots/1", "/shots/2"]),
            ({"shots": [{}]}, ["/shots/0/id", "/shots/0/episodeId"]),
            ({"shots": [{"episodeId": "1", "id": 1}]}, ["/shots/0/id", "/shots/0/episodeId"]),
            ({"scenes": [{"episodeId": 1.5, "id": ""}]}, ["/scenes/0/id", "/scenes/0/episodeId"]),
            ({"scenes": [{"episodeId": 2**53, "id": "x" * 129}]}, ["/scenes/0/id", "/scenes/0/episodeId"]),
            ({"characters": [{"id": "a\u0000b".replace("\0", "\u0085")}, {"id": "\n"}, {"id": "\x7f"}, {"id": None}]},
             [f"/characters/{n}/id" for n in range(4)]),
            ({"episodes": [{"id": "1"}, {"id": 1.5}, {"title": "x"}, {"id": 3, "scenes": []}]},
             ["/episodes/0/id", "/episodes/1/id", "/episodes/2/id", "/episodes/3/scenes"]),
            ({"shots": [shot, {**shot, "x": 1}]}, ["/shots/1/id"]),
            ({"characters": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, ["/characters/2/id"]),
            *(({"shots": [{**shot, "difficulty": value}]}, ["/shots/0/difficulty"])
              for value in ("5", True, [], {"of": 10})),
            *(({"shots": [{**shot, "rank": value}]}, ["/shots/0/rank"])
              for value in ("", "a-b", "x" * 65, 5, None, "é")),
            ({"shots": [{**shot, "isApproved": "true", "videoStatus": 5, "dialogue": [],
                         "videoStartTime": "now"}]},
             ["/shots/0/isApproved", "/shots/0/videoStatus", "/shots/0/dialogue", "/shots/0/videoStartTime"]),
            ({"episodes": [{"id": 1, "status": ["pending"], "shotGenUsage": [], "title": 1}]},
             ["/episodes/0/status", "/episodes/0/shotGenUsage", "/episodes/0/title"]),
            ({"characters": [{"id": "c", "forms": {}, "isMain": 1}]}, ["/characters/0/forms", "/characters/0/isMain"]),
            ({"characters": [{"id": "c", "forms": [{"formName": 5}, "x"]}]},
             ["/characters/0/forms/0/formName", "/characters/0/forms/1"]),
            ({"locations": [{"id": "l", "type": 1, "zones": [[]]}]},
             ["/locations/0/type", "/locations/0/zones/0"]),
            ({"deleted": []}, ["/deleted"]), ({"deleted": {"meta": ["fileName"]}}, ["/deleted/meta"]),
            ({"deleted": {"shot": []}}, ["/deleted/shot"]),
            ({"deleted": {"episodes": ["1", 1.5, None], "shots": ["x", {"episodeId": 1}], "characters": [5]}},
             ["/deleted/episodes/0", "/deleted/episodes/1", "/deleted/episodes/2", "/deleted/shots/0",
              "/deleted/shots/1/shotId",
              "/deleted/characters/0"]),
            ({"deleted": {"scenes": [{"episodeId": 1, "sceneId": "s", "shotId": "x"}]}}, ["/deleted/scenes/0/shotId"]),
            ({"deleted": {"episodes": [1, 1]}}, ["/deleted/episodes/1"]),
            ({"characters": [{"id": "x"}], "deleted": {"characters": ["x"]}},
                                                                        ["/deleted/characters/0"]),
            ({"shots": [{"episodeId": 9, "id": "o"}, shot], "scenes": [{"episodeId": 9, "id": "o"}]},
             ["/scenes/0/episodeId", "/shots/0/episodeId"]),
            ({"deleted": {"episodes": [1]}, "shots": [shot]}, ["/shots/0/episodeId"])):
        tap.equal(sorted(project.faults(delta=delta)), sorted("/delta" + path for path in paths), delta)
    project.check()


@tap.test
def faults_of_a_document_have_their_places():
    project = Project()
    for document, paths in (
            ({}, ["/episodes"]), ([], [""]), (None, [""]), ({"episodes": {}}, ["/episodes"]),
            ({"episodes": [5]}, ["/episodes/0"]),
            ({"episodes": [{}]}, ["/episodes/0/id"]), ({"episodes": [{"id": 1}, {"id": 1.0}]}, ["/episodes/1/id"]),
            ({"episodes": [{"id": 1, "scenes": {}, "shots": [{"id": "a", "episodeId": 2}]}]},
             ["/episodes/0/scenes", "/episodes/0/shots/0/episodeId"]),
            ({"episodes": [{"id": 1, "shots": [{"id": "a"}, {"id": "a"}]}, {"id": 2, "shots": [{"id": "a"}]}]},
             ["/episodes/0/shots/1/id"]),
            ({"episodes": [], "context": []}, ["/context"]),
            ({"episodes": [], "context": {"characters": 5, "locations": [{}]}},
                                                              ["/context/characters", "/context/locations/0/id"]),
            ({"episodes": [], "ours": None, "context": {"x": None}}, ["/ours", "/context/x"]),
            ({"episodes": [], "fileName": 5, "context.projectSummary": ""},
             ["/fileName", "/context.projectSummary"])):
        tap.equal(sorted(project.faults(projectData=document)), sorted("/projectData" + path for path in paths),
                  document)
    project.check()


@tap.test
def fifty_faults_are_told_and_all_are_counted():
    project = Project()
    shots = [{"episodeId": 1, "id": f"s{n}", "difficulty": "hard"} for n in range(73)]
    answer = project.device.push(base=project.version, delta={"shots": shots}).expect(422, "invalid")
    tap.equal([fault["path"] for fault in answer["faults"]], [f"/delta/shots/{n}/difficulty" for n in range(50)])
    tap.equal(answer["faultCount"], 73)
    orphans = [{"episodeId": 100 + n, "id": "s"} for n in range(60)]
    answer = project.device.push(base=project.version, delta={"shots": orphans}).expect(422, "invalid")
    tap.equal(len(answer["faults"]), 50)
    project.check()


@tap.test
def what_is_too_large_is_413_with_its_limit():
    with stack.Stack(stack.shared().database, request_bytes=131072, row_bytes=4096, project_bytes=65536,
                     workers=1) as server:
        device = server.account().device()
        version = device.push(base=0, projectData=model.small()).expect(200)["updatedAt"]
        tables = model.Tables(device.account)
        before = tables.state()
        body = json.dumps({"opId": "x", "baseVersion": version, "delta": {}}).encode()
        headers = {"Authorization": device.headers["Authorization"], "X-Device-Id": device.device_id,
                   "Content-Type": "application/json"}
        for length, status in ((131072, 200), (131073, 413), (2 * 131072, 413)):
            got = fcgi.request(server.daemon.socket, "PUT", "/project", headers, body + b" " * (length - len(body)))
            tap.equal((got.status, json.loads(got.body).get("limit")), (status, 131072 if status == 413 else None))
        tap.equal(device.push(base=version, delta={"meta": {"ours": "x" * 131072}}).expect(413, "too_large")["limit"],
                  131072)
        for name, delta in (("shots/0", {"shots": [{"episodeId": 1, "id": "a", "dialogue": "x" * 4096}]}),
                            ("meta/a", {"meta": {"a": "x" * 4095}})):
            answer = device.push(base=version, delta=delta).expect(422, "invalid")
            tap.equal(answer["faults"][0]["path"], "/delta/" + name)
        device.push(base=version, delta={"meta": {"a": "\u0001" * 682}}).expect(200)
        version = device.push(base=device.version(), delta={"meta": {"a": "x" * 4094}}).expect(200)["updatedAt"]
        shots = [{"episodeId": 1, "id": f"a{n}", "dialogue": "x" * 4000} for n in range(20)]
        tap.equal(device.push(base=version, delta={"shots": shots}).expect(413, "too_large")["limit"], 65536)
        tap.equal(device.push(base=version, projectData={"episodes": [{"id": 1, "shots": shots}]}).expect(413)["limit"],
                  65536)
        tap.equal(tables.counts()["user_project_shots"], before[0]["user_project_shots"])
        version = device.push(base=version, delta={"shots": shots[:13]}).expect(200)["updatedAt"]
        tables.sql("UPDATE user_project_meta SET data_bytes = data_bytes + 30000 WHERE {p}")
        device.push(base=version, delta={"deleted": {"shots": [{"episodeId": 1, "shotId": "a1"}]}}).expect(200)
    device = stack.shared().account().device()
    many = b'{"opId":"x","baseVersion":0,"delta":{"meta":{"a":[' + b"{}," * 700000 + b"{}]}}}"
    assert device.request("PUT", "/project", many).expect(413, "too_large")["limit"] > 1
    for path, size, limit in (("/project", 76 * 1024 * 1024, 75497472), ("/project/restore", 65537, 65536),
                              ("/auth/login", 65537, 65536)):
        answer = device.request("PUT" if path == "/project" else "POST", path, b"{}", {"Content-Length": str(size)})
        tap.equal((answer.expect(413, "too_large")["limit"], device.close()), (limit, None), path)


if __name__ == "__main__":
    raise SystemExit(tap.main())
