"""What slatesyncd answers to any request, whatever its route: headers, problems, ids, and peers that misbehave."""
import json
import sys

import daemon
import fcgi
import tap
from tap import equal, test

server = None


def problem(response):
    equal(response.headers["content-type"], "application/problem+json", "content type")
    body = json.loads(response.body)
    equal(body["status"], response.status, "status in the body")
    equal(body["traceId"], response.headers["x-trace-id"], "trace id in the body")
    equal(body["type"], "urn:slatesync:error:" + body["error"], "type")
    return body


@test
def healthz_answers_with_the_standard_headers():
    response = server.get("/healthz")
    equal(response.status, 200)
    body = json.loads(response.body)
    assert body["ok"] is True and body["version"], body
    equal(response.headers["content-length"], str(len(response.body)))
    equal(response.headers["content-type"], "application/json")
    equal(response.headers["cache-control"], "no-store, private")
    equal(response.headers["vary"], "Authorization, Cookie, X-Device-Id")
    equal(response.headers["x-content-type-options"], "nosniff")
    equal(len(response.headers["x-trace-id"]), 32)


@test
def the_mount_point_may_be_there_or_not():
    for where in ("PATH_INFO", "DOCUMENT_URI", "REQUEST_URI"):
        for path in ("/healthz", "/api/healthz"):
            equal(server.get(path, where=where).status, 200, f"{where}={path}")
    equal(server.get("/api/health%7A?x=/y", where="REQUEST_URI").status, 200, "encoded")
    equal(server.get("/api/health%7A").status, 404, "PATH_INFO is decoded already")
    equal(server.get("/apihealthz").status, 404, "the prefix ends at a slash")


@test
def bad_escapes_are_malformed():
    for path in ("/health%", "/health%7", "/health%zz", "/health%00"):
        response = server.get(path, where="REQUEST_URI")
        equal((response.status, problem(response)["error"]), (400, "malformed"), path)


@test
def unknown_addresses_are_not_found():
    for path in ("/", "/nothing", "/healthz/", "/healthz/x", "//healthz", "/api", "/api/"):
        response = server.get(path)
        equal((response.status, problem(response)["error"]), (404, "not_found"), path)


@test
def a_wrong_method_names_the_allowed_ones():
    for method in ("POST", "PUT", "DELETE", "PATCH", "get", "\u00e9"):
        response = fcgi.request(server.socket, method, "/healthz")
        equal((response.status, problem(response)["error"]), (405, "method_not_allowed"), method)
        equal(response.headers["allow"], "GET, HEAD")


@test
def head_has_the_length_but_no_body():
    get, head = server.get("/healthz"), fcgi.request(server.socket, "HEAD", "/healthz")
    equal((head.status, head.body), (200, b""))
    equal(head.headers["content-length"], get.headers["content-length"])


@test
def readyz_is_unavailable_without_the_database():
    response = server.get("/readyz")
    equal((response.status, problem(response)["error"]), (503, "unavailable"))
    assert int(response.headers["retry-after"]) >= 1


@test
def a_valid_traceparent_is_taken_over():
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    response = server.get(headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    equal(response.headers["x-trace-id"], trace)


@test
def an_invalid_traceparent_is_replaced():
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for header in (f"01-{trace}-00f067aa0ba902b7-01", f"00-{trace}-00f067aa0ba902b7-01-x", f"00-{trace}-{'0' * 16}-01",
                   f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{trace.upper()}-00f067aa0ba902b7-01", "", "x" * 5000):
        found = server.get(headers={"traceparent": header}).headers["x-trace-id"]
        assert found != trace and len(found) == 32 and int(found, 16) != 0, (header, found)
    assert server.get().headers["x-trace-id"] != server.get().headers["x-trace-id"]


@test
def a_bad_device_id_is_malformed():
    for device in ("", "a b", "\u00e9", "x" * 65, "a/b", "a\n"):
        response = server.get(headers={"X-Device-Id": device})
        equal((response.status, problem(response)["error"]), (400, "malformed"), repr(device))
    for device in ("a", "x" * 64, "A.z_0-9"):
        equal(server.get(headers={"X-Device-Id": device}).status, 200, device)


@test
def a_kept_connection_carries_many_requests():
    with fcgi.Connection(server.socket) as connection:
        for _ in range(50):
            equal(connection.request("GET", "/healthz").status, 200)


@test
def an_unread_body_leaves_a_kept_connection_in_step():
    with fcgi.Connection(server.socket) as connection:
        for size in (1, 8192, 100000, 3000000):
            equal(connection.request("GET", "/healthz", body=b"x" * size).status, 200, f"body of {size}")
            equal(connection.request("POST", "/nothing", body=b"x" * size).status, 404, f"body of {size}")


@test
def a_connection_that_is_not_kept_closes():
    with fcgi.Connection(server.socket) as connection:
        equal(connection.request("GET", "/healthz", keep=False).status, 200)
        assert connection.at_end()


@test
def the_access_line_has_its_fields():
    server.get("/healthz", headers={"X-Device-Id": "pad-7", "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-00"})
    server.get("/secret-path?token=x")

    def line_of(trace):
        return [line for line in server.log_lines("request") if line.get("traceId") == trace]
    line = daemon.wait_for(lambda: line_of("ab" * 16), "the access line")[0]
    for key, value in (("level", "info"), ("method", "GET"), ("route", "/healthz"), ("status", 200), ("cut", 0),
                       ("deviceId", "pad-7")):
        equal(line[key], value, key)
    assert line["bytes"] > 10 and line["latencyUs"] >= 0 and line["ts"].endswith("Z"), line
    assert "secret-path" not in server.log_text(), "the log holds a raw path"


@test
def hostile_peers_hurt_nobody():
    whole = fcgi.encode(fcgi.variables("PUT", "/project", {"Content-Type": "application/json"}, b"{" * 100), b"{" * 100)
    for sent in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, b"\xff" * 4096, whole[:5], whole[:20], whole[:-50],
                 fcgi.record(fcgi.BEGIN, b"\0\1\0"), fcgi.record(fcgi.BEGIN, b"\0\2\1\0\0\0\0\0") + whole[16:],
                 fcgi.record(fcgi.ABORT), fcgi.record(9, b"\x0e\0FCGI_MAX_CONNS", 0), whole[:16] + whole[:16],
                 whole[:16] + fcgi.record(fcgi.PARAMS, b"\x80\x00\x10\x00")):
        with fcgi.Connection(server.socket) as connection:
            try:
                connection.send(sent)
            except BrokenPipeError:
                pass
        equal(server.get().status, 200, f"after {sent[:40]!r}")
    equal(server.log_lines("worker was killed"), [], "killed workers")


if __name__ == "__main__":
    with daemon.Daemon() as server:
        sys.exit(tap.main())
