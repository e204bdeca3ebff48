#!/usr/bin/env python3
"""Requests that are wrong as HTTP: headers, methods, paths, media types, parameters. None changes anything."""
import json
import re
import socket
import urllib.parse

import fcgi
import model
import stack
import tap

ALLOWED = {
    "/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/schema": "GET, HEAD", "/auth/register": "POST",
    "/auth/login": "POST",
    "/auth/logout": "POST", "/project": "GET, HEAD, PUT, DELETE", "/project/snapshots": "GET, HEAD, POST",
    "/project/snapshots/5": "GET, HEAD",
    "/project/snapshots/5/label": "DELETE", "/project/restore": "POST", "/project/audit": "GET, HEAD",
}
EMPTY = {"opId": "x", "baseVersion": 0, "delta": {"meta": {"fileName": "never"}}}


def stored():
    device = stack.shared().account().device()
    device.push(base=0, projectData=model.small()).expect(200)
    return device, model.Tables(device.account)


@tap.test
def wrong_methods_are_told_the_right_ones():
    device, tables = stored()
    before = tables.state()
    for path, allowed in ALLOWED.items():
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get"):
            if method in allowed.split(", "):
                continue
            answer = device.request(method, path, EMPTY)
            assert answer.status == (400 if method == "get" else 405), (method, path, answer)
            if method not in ("HEAD", "get"):
                tap.equal((answer.expect(405, "method_not_allowed").headers["Allow"]), allowed, (method, path))
    tap.equal(tables.state(), before)


@tap.test
def unknown_paths_hold_nothing():
    device, tables = stored()
    before = tables.state()
    for path in ("/", "/nothing", "/project/", "/projects", "/Project", "/project/x", "/project/snapshots/",
                 "/project/snapshots/5/", "/auth",
                 "/project/snapshots/5/labels", "/project%0d%0aX-Evil:1", "/project%20", "/project;x",
                 "/project%3Fsince=0", "/%F0%9F%8E%AC",
                 "/project%5Csnapshots", "/%ff%fe", "/" + "x" * 2000, "/project/%2e%2e/admin", "/.env"):
        for method in ("GET", "DELETE"):
            answer = device.request(method, path, EMPTY if method == "DELETE" else None)
            answer.expect(404, "not_found")
            assert "X-Evil" not in answer.headers
    for path in ("/pro%6Aect", "//project", "/./project", "/schema/../project"):
        device.get(path).expect(200)
    tap.equal(tables.state(), before)


@tap.test
def absurd_parameters_are_refused():
    device, _ = stored()
    for value in ("", "x", "-1", "+5", " 5", "1.0", "1e3", "0x10", "9007199254740992", "99999999999999999999",
                  "1 OR 1=1", "1%27--", "5%0a", "٣"):
        answer = device.get("/project?since=" + urllib.parse.quote(value, safe="%+")).expect(422, "invalid")
        tap.equal([fault["path"] for fault in answer["faults"]], ["/since"], value)
    for query in ("since=%zz", "since=%", "since=%0", "since=%00"):
        device.get("/project?" + query).expect(400, "malformed")
    for query in ("", "&&&", "since", "=5", "sinc=5", "SINCE=x", "x=%zz", "a[]=1&a[]=2", "x=" + "y" * 4000,
                  "since=0&since=x", "%73ince=x"):
        answer = device.get("/project?" + query)
        assert answer.status == (422 if query == "since" else 200), (query, answer)


@tap.test
def bodies_must_be_json_by_name():
    device, tables = stored()
    before = tables.state()
    for kind in (None, "", "text/plain", "application/jsonx", "application/json-patch+json",
                 "application/x-www-form-urlencoded", "json",
                 "multipart/form-data; boundary=x", "text/json", "application/problem+json",
                 "application/json, text/plain", "\"application/json\""):
        headers = {"Content-Type": kind}
        device.request("PUT", "/project", json.dumps(EMPTY).encode(), headers).expect(415, "unsupported_media_type")
    tap.equal(tables.state(), before)
    for n, kind in enumerate(("application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=y",
                              "application/json")):
        body = {"opId": f"kind-{n}", "baseVersion": device.version(), "delta": {"meta": {"n": n}}}
        device.request("PUT", "/project", body, {"Content-Type": kind}).expect(200)


@tap.test
def a_write_names_its_device():
    device, tables = stored()
    before = tables.state()
    for method, path in (("PUT", "/project"), ("DELETE", "/project"), ("POST", "/project/snapshots"),
                         ("POST", "/project/restore"),
                         ("DELETE", "/project/snapshots/5/label")):
        device.request(method, path, EMPTY, {"X-Device-Id": None}).expect(400, "malformed")
        device.request(method, path, EMPTY, {"Authorization": None}).expect(401, "unauthenticated")
        device.request(method, path, EMPTY, {"Authorization": None, "X-Device-Id": None}).expect(401, "unauthenticated")
    for path in ("/project", "/project/snapshots", "/project/audit"):
        device.get(path, X_Device_Id=None).expect(200)
        device.get(path, Authorization=None).expect(401, "unauthenticated")
    tap.equal(tables.state(), before)


@tap.test
def a_body_without_declared_length_works_through_nginx():
    device, _ = stored()
    body = json.dumps({"opId": "chunks", "baseVersion": device.version(),
                       "delta": {"meta": {"fileName": "in chunks"}}}).encode()
    device.request("GET", "/healthz")
    headers = {**device.headers, "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    device.connection.request("PUT", "/api/project", iter([body[:10], body[10:]]), headers, encode_chunked=True)
    answer = device.connection.getresponse()
    tap.equal((answer.status, answer.read() and device.document()["fileName"]), (200, "in chunks"))


@tap.test
def lengths_that_lie_are_refused():
    device, tables = stored()
    before = tables.state()
    body = json.dumps({"opId": "x", "baseVersion": device.version(), "delta": {"meta": {"fileName": "y"}}}).encode()
    headers = {"Authorization": device.headers["Authorization"], "X-Device-Id": device.device_id,
               "Content-Type": "application/json"}
    for length in (0, 1, len(body) - 1, len(body) + 1, -1, "x", "", "1e3", "99999999999999999999", " 5",
                   str(len(body)) + " "):
        values = fcgi.variables("PUT", "/project", headers, body)
        values["CONTENT_LENGTH"] = str(length)
        with fcgi.Connection(stack.shared().daemon.socket) as connection:
            connection.send(fcgi.encode(values, body))
            answer = connection.receive()
        wanted = 413 if length == "99999999999999999999" else 400
        assert answer.status == wanted, (length, answer.status, answer.body)
    tap.equal(tables.state(), before)


@tap.test
def nothing_is_injected_into_headers_or_logs():
    device, _ = stored()
    evil = "x\r\nX-Evil: 1\r\n\r\n<html>"
    headers = {"Authorization": device.headers["Authorization"], "X-Device-Id": device.device_id}
    for name in ("traceparent", "If-None-Match", "Prefer", "Cookie", "X-Requested-With", "X-Device-Id", "Authorization",
                 "Content-Type", "User-Agent"):
        for path in ("/project", "/project" + evil, "/project/snapshots/" + evil):
            answer = fcgi.request(stack.shared().daemon.socket, "GET", path, {**headers, name: evil})
            assert answer.status in (200, 400, 401, 404), (name, answer.status)
            assert "x-evil" not in answer.headers, answer.headers
            assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-trace-id"]), answer.headers
    answer = fcgi.request(stack.shared().daemon.socket, "GET", "/project", headers, query="since=" + evil)
    tap.equal(answer.status, 422)
    for line in stack.shared().daemon.log_text().splitlines():
        json.loads(line)


@tap.test
def a_trace_is_continued_or_begun():
    device, _ = stored()
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = device.get("/nothing", traceparent=f"00-{trace}-b7ad6b7169203331-01").expect(404, "not_found")
    tap.equal(answer.headers["X-Trace-Id"], trace)
    for value in ("", "x", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{trace.upper()}-b7ad6b7169203331-01",
                  f"ff-{trace}-b7ad6b7169203331-01",
                  f"00-{trace}-0000000000000000-01", f"00-{trace}"):
        got = device.get("/nothing", traceparent=value).expect(404, "not_found").headers["X-Trace-Id"]
        assert got != trace and re.fullmatch("[0-9a-f]{32}", got) and got != "0" * 32, (value, got)
    tap.wait_for(lambda: [line for line in stack.shared().daemon.log_lines("request") if line["traceId"] == trace],
                 "the trace in the log")


@tap.test
def requests_that_are_no_http_are_problems_too():
    for data in (b"GET /api/project HTTP/1.1\r\n\r\n", b"GET /api/%00 HTTP/1.1\r\nHost: a\r\n\r\n", b"BAD\r\n\r\n",
                 b"GET /api/project HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                 b"PUT /api/project HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
        try:
            head, body = stack.shared().nginx.raw(data)
        except socket.timeout:
            raise AssertionError(data) from None
        status = int(head.split()[1])
        tap.equal((status, json.loads(body)["error"]), (400, "malformed"), data)


if __name__ == "__main__":
    raise SystemExit(tap.main())
