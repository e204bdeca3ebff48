#!/usr/bin/env python3
"""The nginx files, in a real nginx on loopback, in front of an application that misbehaves on purpose."""
import atexit
import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time

import fastcgi
import tap
from nginx import NGINX, SOURCE, Nginx, free_port

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BIG = 19_000_000

def handler(params, body):
    path = params["PATH_INFO"]
    if path == "/die" or path.endswith("/die"):
        return None
    if path == "/big":
        return b"Content-Type: application/json\r\n\r\n" + b'"' + b"x" * (BIG - 2) + b'"'
    if path == "/cut":
        return b"Content-Type: application/json\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100000, False
    if path.startswith("/status/"):
        return fastcgi.answer_json({"error": "mine"}, int(path[8:]), ["Retry-After: 7"], "application/problem+json")
    if path == "/tagged":
        return fastcgi.answer_json("y" * 5000, 200, ['ETag: "17"'])
    return fastcgi.answer_json({"params": params, "bodyBytes": len(body)})


class Stand:
    """One nginx and one application for most tests, made when first asked for."""
    nginx = application = None


def stand():
    if not NGINX:
        tap.skip("nginx is not installed")
    if not Stand.nginx:
        Stand.nginx = Nginx()
        Stand.application = fastcgi.Application(Stand.nginx.socket, handler)
        Stand.nginx.start()
        atexit.register(Stand.nginx.stop)
    Stand.application.give_up_kept = False
    Stand.application.seen.clear()
    return Stand.nginx, Stand.application


def params_of(answer):
    status, _, body = answer
    assert status == 200, answer
    return json.loads(body)["params"]


def check_problem(answer, status, word):
    got, headers, body = answer
    assert got == status, (got, body)
    assert headers["Content-Type"] == "application/problem+json", headers.items()
    problem = json.loads(body)
    assert problem["status"] == status and problem["error"] == word, problem
    assert re.fullmatch("[0-9a-f]{32}", problem["traceId"]), problem
    assert headers["X-Trace-Id"] == problem["traceId"]
    assert "no-store" in headers["Cache-Control"]
    return problem


@tap.test
def path_below_the_prefix_arrives_decoded():
    nginx, _ = stand()
    params = params_of(nginx.request("GET", "/project/snapshots/%31%37/l%C3%A4bel%20x?limit=3&q=%2F"))
    assert params["PATH_INFO"] == "/project/snapshots/17/läbel x", params
    assert params["SCRIPT_NAME"] == "/api"
    assert params["QUERY_STRING"] == "limit=3&q=%2F"
    params = params_of(nginx.request("GET", "/a%0Ab"))
    assert params["PATH_INFO"] == "/a\nb", params


@tap.test
def dots_do_not_leave_the_prefix():
    nginx, application = stand()
    status, _, body = nginx.request("GET", "/../page")
    assert status == 200 and body == b"page" and not application.seen


@tap.test
def any_prefix_works():
    if not NGINX:
        tap.skip("nginx is not installed")
    for prefix in ("/sync", "/apps/slate-sync", ""):
        nginx = Nginx(prefix)
        config = os.path.join(nginx.home, "nginx.conf")
        if not prefix:
            with open(config) as text:
                text = text.read().replace('location / { return 200 "page"; }', "")
            with open(config, "w") as out:
                out.write(text)
        fastcgi.Application(nginx.socket, handler)
        try:
            nginx.start()
            params = params_of(nginx.request("GET", "/project"))
            assert (params["SCRIPT_NAME"], params["PATH_INFO"]) == (prefix, "/project"), params
            assert params_of(nginx.request("POST", "/auth/login", b"{}"))["PATH_INFO"] == "/auth/login"
            check_problem(nginx.request("PUT", "/other", b"x" * 65537), 413, "too_large")
        finally:
            nginx.stop()


@tap.test
def well_formed_traceparent_is_passed_on():
    nginx, _ = stand()
    given = f"00-{TRACE}-00f067aa0ba902b7-01"
    assert params_of(nginx.request("GET", "/x", headers={"traceparent": given}))["HTTP_TRACEPARENT"] == given


@tap.test
def garbage_in_traceparent_is_replaced():
    nginx, _ = stand()
    bad = ["", "x", f"00-{TRACE}-00f067aa0ba902b7-01 extra", f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
           f'00-{TRACE}-00f067aa0ba902b7-01","level":"fake', "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
           f"00-{TRACE}-{'0' * 16}-01", "\t\x1b[31m" + TRACE]
    seen = set()
    for value in bad:
        params = params_of(nginx.request("GET", "/x", headers={"traceparent": value}))
        found = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-00", params["HTTP_TRACEPARENT"])
        assert found and found[1] != TRACE, params["HTTP_TRACEPARENT"]
        seen.add(found[1])
    assert len(seen) == len(bad)


@tap.test
def client_cannot_set_parameters():
    nginx, _ = stand()
    params = params_of(nginx.request("GET", "/x", headers={"Proxy": "http://evil", "Authorization": "Basic cm9vdDp4"}))
    assert params.get("HTTP_PROXY", "") == "" and "REMOTE_USER" not in params, params


@tap.test
def dead_application_is_a_503_problem():
    nginx, application = stand()
    answer = nginx.request("GET", "/die", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    problem = check_problem(answer, 503, "unavailable")
    assert answer[1]["Retry-After"] == "2" and problem["traceId"] == TRACE
    moved = nginx.socket + ".away"
    os.rename(nginx.socket, moved)
    try:
        Stand.application.give_up_kept = True  # so that only fresh connections count
        check_problem(nginx.request("POST", "/auth/login", b"{}"), 503, "unavailable")
    finally:
        os.rename(moved, nginx.socket)


@tap.test
def answers_of_the_application_pass_unchanged():
    nginx, _ = stand()
    for status in (400, 401, 403, 404, 409, 413, 422, 428, 429, 500, 503):
        got, headers, body = nginx.request("GET", f"/status/{status}")
        assert got == status and json.loads(body) == {"error": "mine"} and headers["Retry-After"] == "7", (got, body)


@tap.test
def request_on_a_given_up_connection_is_sent_again():
    nginx, application = stand()
    for method in ("GET", "PUT", "POST", "DELETE"):
        application.give_up_kept = False
        params_of(nginx.request("GET", "/warm"))
        application.give_up_kept = True
        application.seen.clear()
        before = application.given_up
        answer = nginx.request(method, "/project", None if method == "GET" else b"{}" * 40000)
        assert answer[0] == 200, answer
        assert application.given_up > before, "the connection was not kept: this proves nothing"
        assert application.seen == [(method, "/project")], application.seen


@tap.test
def request_without_operation_id_is_never_sent_twice():
    nginx, application = stand()
    for path in ("/auth/die", "/account/die", "/devices/die"):
        params_of(nginx.request("GET", "/warm"))
        application.seen.clear()
        check_problem(nginx.request("POST", path, b"{}"), 503, "unavailable")
        assert application.seen == [("POST", path)], application.seen


@tap.test
def crash_repeats_at_most_once_for_each_kept_connection():
    nginx, application = stand()
    params_of(nginx.request("GET", "/warm"))
    application.seen.clear()
    check_problem(nginx.request("PUT", "/die", b"{}"), 503, "unavailable")
    assert 1 <= len(application.seen) <= 5, application.seen


@tap.test
def connections_are_kept():
    nginx, application = stand()
    params_of(nginx.request("GET", "/warm"))
    before = application.connections
    for _ in range(20):
        params_of(nginx.request("GET", "/x"))
    assert application.connections == before, application.connections - before


@tap.test
def body_limits_are_problems_that_name_the_limit():
    nginx, application = stand()
    problem = check_problem(nginx.request("POST", "/sync", b"x" * 65537), 413, "too_large")
    assert problem["limit"] == 65536
    head = b"PUT /api/project HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 75497473\r\n\r\n"
    head, body = nginx.raw(head)
    assert b" 413 " in head.splitlines()[0] and json.loads(body)["limit"] == 75497472, body
    assert not application.seen
    status, _, body = nginx.request("PUT", "/project", b"x" * BIG)
    assert status == 200 and json.loads(body)["bodyBytes"] == BIG


@tap.test
def chunked_body_over_the_limit_is_refused():
    nginx, application = stand()
    chunks = (b"x" * 10000 for _ in range(8))
    check_problem(nginx.request("POST", "/sync", chunks), 413, "too_large")
    assert not application.seen


@tap.test
def requests_it_cannot_read_are_problems():
    nginx, _ = stand()
    for data in (b"GARBAGE\r\n\r\n", b"GET /api/x HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                 b"GET /api/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                 b"GET /api/x HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40000 + b"\r\n\r\n",
                 b"GET /api/" + b"y" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"PUT /api/project HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        head, body = nginx.raw(data)
        assert b" 400 " in head.splitlines()[0] and b"application/problem+json" in head, (data[:40], head)
        assert json.loads(body)["error"] == "malformed"


@tap.test
def large_answers_arrive_whole():
    nginx, _ = stand()
    status, headers, body = nginx.request("GET", "/big")
    assert status == 200 and len(body) == BIG and body[-1:] == b'"'
    status, headers, body = nginx.request("GET", "/big", headers={"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip" and len(gzip.decompress(body)) == BIG


@tap.test
def answer_that_breaks_off_is_noticed():
    nginx, _ = stand()
    try:
        nginx.request("GET", "/cut")
    except (http.client.IncompleteRead, ConnectionError):
        return
    raise AssertionError("a cut answer looked complete")


@tap.test
def compression_makes_the_tag_weak():
    nginx, _ = stand()
    assert nginx.request("GET", "/tagged")[1]["ETag"] == '"17"'
    _, headers, _ = nginx.request("GET", "/tagged", headers={"Accept-Encoding": "gzip"})
    assert headers["ETag"] == 'W/"17"' and headers["Vary"] == "Accept-Encoding", headers.items()


@tap.test
def security_headers_ride_on_every_answer():
    nginx, _ = stand()
    for _, headers, _ in (nginx.request("GET", "/x"), nginx.request("GET", "/../page")):
        assert headers["X-Content-Type-Options"] == "nosniff" and "frame-ancestors" in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers


@tap.test
def metrics_are_for_loopback():
    nginx, _ = stand()
    assert nginx.request("GET", "/metrics")[0] == 200
    path = os.path.join(nginx.home, "snippets", "slatesync-api.conf")
    with open(path) as text:
        text = text.read()
    with open(path, "w") as out:
        out.write(text.replace("allow 127.0.0.0/8;", ""))
    subprocess.run(nginx.command("-s", "reload"), check=True)
    deadline = time.monotonic() + 5
    while (answer := nginx.request("GET", "/metrics"))[0] == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    check_problem(answer, 403, "forbidden")


@tap.test
def signing_in_is_limited():
    nginx, _ = stand()
    answers = [nginx.request("POST", "/auth/login", b"{}") for _ in range(300)]
    allowed = [answer for answer in answers if answer[0] == 200]
    assert 200 <= len(allowed) < 300, len(allowed)
    refused = next(answer for answer in answers if answer[0] != 200)
    check_problem(refused, 429, "throttled")
    assert int(refused[1]["Retry-After"]) >= 1
    assert nginx.request("GET", "/project")[0] == 200


@tap.test
def log_is_json_without_injected_text():
    nginx, _ = stand()
    nginx.request("GET", "/a%22%0Ab?token=secret", headers={"X-Device-Id": 'd"x', "traceparent": 'q","level":"z'})
    time.sleep(0.1)
    with open(os.path.join(nginx.home, "access.log")) as lines:
        lines = [json.loads(line) for line in lines]
    assert lines[-1]["path"] == '/api/a"\nb' and lines[-1]["device"] == 'd"x'
    assert re.fullmatch("[0-9a-f]{32}", lines[-1]["traceId"]) and "secret" not in json.dumps(lines[-1])


@tap.test
def complete_site_is_accepted():
    """The site as it is apart from ports, certificate and log paths, in an http block like Debian's."""
    if not NGINX:
        tap.skip("nginx is not installed")
    if not shutil.which("openssl"):
        tap.skip("openssl is not installed")
    nginx = Nginx()
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1",
                        "-keyout", f"{nginx.home}/key.pem", "-out", f"{nginx.home}/cert.pem"],
                       check=True, capture_output=True)
        with open(os.path.join(SOURCE, "slatesync-site.conf")) as text:
            site = text.read()
        site = re.sub(r"listen (\[::\]:)?(80|443)", lambda found: f"listen 127.0.0.1:{free_port()}", site)
        site = site.replace("/etc/ssl/certs/ssl-cert-snakeoil.pem", f"{nginx.home}/cert.pem")
        site = site.replace("/etc/ssl/private/ssl-cert-snakeoil.key", f"{nginx.home}/key.pem")
        site = site.replace("/var/log/nginx", nginx.home)
        with open(f"{nginx.home}/site.conf", "w") as out:
            out.write(site)
        with open(f"{nginx.home}/nginx.conf", "w") as out:
            out.write(f"pid {nginx.home}/nginx.pid; error_log {nginx.home}/error.log; events {{}}\n"
                      f"http {{ sendfile on; gzip on; default_type application/octet-stream;\n"
                      f"access_log {nginx.home}/access.log; include site.conf; }}\n")
        done = subprocess.run(nginx.command("-t"), capture_output=True, text=True)
        assert done.returncode == 0 and "warn" not in done.stderr, done.stderr
    finally:
        nginx.stop()


if __name__ == "__main__":
    sys.exit(tap.main())
