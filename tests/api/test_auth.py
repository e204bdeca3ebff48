#!/usr/bin/env python3
"""Accounts: nobody gets in, finds out who has an account, or reads secrets in tables and logs."""
import concurrent.futures
import hashlib
import json
import shutil
import statistics
import subprocess
import time

import fcgi
import stack
import tap

PASSWORD = stack.PASSWORD
TOKENS, EMAILS = [], []  # all that must be nowhere


def shared():
    return stack.shared()


def sql(statement):
    return shared().database.sql(statement)


def post(path, body, headers=None):
    return shared().anonymous().request("POST", path, body, headers)


def new_account(server=None):
    account = (server or shared()).account()
    EMAILS.append(account.email)
    return account


def sign_in(email, password=PASSWORD, server=None, headers=None, **more):
    answer = (server or shared()).anonymous().request("POST", "/auth/login",
                                                      {"email": email, "password": password, **more}, headers)
    if answer.status == 200:
        TOKENS.append(answer["token"])
    return answer


def get(token, **headers):
    return shared().anonymous(Authorization=f"Bearer {token}").request("GET", "/project", headers=headers)


def without_trace(answer):
    return {k: v for k, v in answer.json.items() if k != "traceId"}


def alike(one, other):
    """Two answers that nobody can tell apart."""
    tap.equal((one.status, without_trace(one)), (other.status, without_trace(other)))
    names = [{name for name, _ in answer.headers.items()} for answer in (one, other)]
    tap.equal(names[0], names[1], "headers")


@tap.test
def an_account_signs_in_and_out():
    account = new_account()
    answer = sign_in(account.email, deviceId="laptop", deviceName="My \"laptop\" 🎬").expect(200)
    tap.equal((answer["deviceId"], answer["user"]["email"]), ("laptop", account.email))
    assert abs(answer["expiresAt"] / 1000 - time.time() - 30 * 86400) < 100
    first, second = answer["token"], sign_in(account.email).expect(200)
    assert len(first) == 43 and first != second["token"]
    tap.equal(second["deviceId"], None)
    for token in (first, second["token"]):
        get(token).expect(404, "no_project")
    name = sql(f"SELECT name FROM user_devices JOIN users USING (user_id) WHERE email = '{account.email}'")
    tap.equal(name, [["My \"laptop\" 🎬"]])
    shared().anonymous(Authorization=f"Bearer {first}").request("POST", "/auth/logout").expect(200)
    get(first).expect(401, "unauthenticated")
    get(second["token"]).expect(404, "no_project")
    assert sign_in(f"  {account.email.upper()}\t").expect(200)["user"]["email"] == account.email


@tap.test
def nothing_but_a_token_is_a_token():
    token = sign_in(new_account().email).expect(200)["token"]
    for value in (None, "", "Bearer", "Bearer ", f"Basic {token}", token, f"Bearer {token[:-1]}", f"Bearer {token}A",
                  "Bearer " + "A" * 43,
                  "Bearer " + "A" * 5000, f"Bearer {token[:-1]}=", f"Bearer {token[:20]} {token[20:]}",
                  "Bearer ' OR 1=1 -- " + "x" * 24,
                  "Bearer " + "ü" * 43, f"Bearer {token.swapcase()}"):
        headers = {} if value is None else {"Authorization": value.encode("utf-8").decode("latin-1")}
        answer = shared().anonymous(**headers).request("GET", "/project").expect(401, "unauthenticated")
        tap.equal(answer.headers["WWW-Authenticate"], "Bearer")
    for scheme in ("bearer", "BEARER"):
        shared().anonymous(Authorization=f"{scheme} {token}").request("GET", "/project").expect(404, "no_project")


@tap.test
def a_wrong_password_and_an_unknown_account_look_alike():
    account = new_account()
    wrong, unknown = sign_in(account.email, "not the password"), sign_in("nobody@example.test", "not the password")
    wrong.expect(401, "unauthenticated")
    alike(wrong, unknown)

    def seconds(email):
        begun = time.perf_counter()
        body = json.dumps({"email": email, "password": "wrong password"}).encode()
        answer = fcgi.request(shared().daemon.socket, "POST", "/auth/login", {"Content-Type": "application/json"}, body)
        assert answer.status == 401
        return time.perf_counter() - begun
    known, other = [], []
    for n in range(15):
        known.append(seconds(account.email))
        other.append(seconds(f"nobody-{n}@example.test"))
    ratio = statistics.median(known) / statistics.median(other)
    tap.note(f"known / unknown: {ratio:.2f}")
    assert 1 / 3 < ratio < 3, ratio


@tap.test
def registering_a_taken_address_looks_like_any_other():
    account = new_account()
    before = sql(f"SELECT user_id, password FROM users WHERE email = '{account.email}'")

    def register(email):
        EMAILS.append(email.strip())
        return post("/auth/register", {"email": email, "password": "another password"})
    free, taken = register("free-" + account.email), register(account.email)
    tap.equal(taken.expect(201).json, {"ok": True, "user": {"email": account.email}})
    tap.equal(list(free.expect(201).json), list(taken.json))
    tap.equal(set(free.headers), set(taken.headers))
    register(f" {account.email.upper()} ").expect(201)
    tap.equal(sql(f"SELECT user_id, password FROM users WHERE email = '{account.email}'"), before, "the account")
    sign_in(account.email, "another password").expect(401, "unauthenticated")
    sign_in(account.email).expect(200)


@tap.test
def a_closed_registration_tells_nothing():
    account = new_account()
    with stack.Stack(shared().database, registration="closed", workers=1) as server:
        for email in (account.email, "free@example.test", "no address"):
            body = {"email": email, "password": PASSWORD}
            server.anonymous().request("POST", "/auth/register", body).expect(403, "forbidden")
        sign_in(account.email, server=server).expect(200)
    tap.equal(sql("SELECT COUNT(*) FROM users WHERE email = 'free@example.test'"), [["0"]])


@tap.test
def bad_credentials_name_their_faults():
    count = sql("SELECT COUNT(*) FROM users")
    emails = ("", " ", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@b\u0085", "x" * 250 + "@b.de", "a@\u00a0b",
              5, None, ["a@b"], {})
    passwords = ("", "short", "x" * 1025, "ü" * 600, 12345678, None, ["password"], True)
    for path in ("/auth/register", "/auth/login"):
        for email in emails:
            answer = post(path, {"email": email, "password": PASSWORD}).expect(422, "invalid")
            tap.equal([fault["path"] for fault in answer["faults"]], ["/email"], email)
        for password in passwords:
            answer = post(path, {"email": "a@b.de", "password": password}).expect(422, "invalid")
            tap.equal([fault["path"] for fault in answer["faults"]], ["/password"], password)
    bad = {"email": "x", "password": "y", "deviceId": "a b", "deviceName": "n" * 201, "cookie": "yes"}
    answer = post("/auth/login", bad).expect(422, "invalid")
    tap.equal([fault["path"] for fault in answer["faults"]],
              ["/email", "/password", "/deviceId", "/deviceName", "/cookie"])
    tap.equal(answer["faultCount"], 5)
    for body in ([], "text", 5, None, {}):
        text = json.dumps(body)
        paths = [fault["path"] for fault in post("/auth/login", text).expect(422, "invalid")["faults"]]
        tap.equal(paths, ["/email", "/password"] if body == {} else [""], text)
    post("/auth/login", bad, {"X-Device-Id": "a b"}).expect(400, "malformed")
    tap.equal(sql("SELECT COUNT(*) FROM users"), count)


@tap.test
def odd_passwords_work():
    for password in ("x" * 1024, "ü" * 8, "        ", "' OR ''='", "\\u0000 \\ \" %s %n", "pass\u0001word\t\n", "🎬🎬",
                     "ﬀ" * 8):
        account = new_account()
        email = "odd-" + account.email
        EMAILS.append(email)
        post("/auth/register", {"email": email, "password": password}).expect(201)
        sign_in(email, password).expect(200)
        if len(password.encode()) < 1024:
            sign_in(email, password + "x").expect(401, "unauthenticated")
    email = "o'neil+\"tag\"\\;--@exämple.test"
    EMAILS.append(email)
    post("/auth/register", {"email": email, "password": PASSWORD}).expect(201)
    assert sign_in(email).expect(200)["user"]["email"] == email


@tap.test
def a_session_ends_and_is_extended_by_use():
    token = sign_in(new_account().email).expect(200)["token"]
    digest = hashlib.sha256(token.encode()).hexdigest()

    def expiry():
        return int(sql(f"SELECT expires_at FROM user_sessions WHERE token_hash = X'{digest}'")[0][0])
    first = expiry()
    get(token)
    tap.equal(expiry(), first, "a fresh session isn't written to")
    soon = int((time.time() + 1000) * 1000)
    sql(f"UPDATE user_sessions SET expires_at = {soon} WHERE token_hash = X'{digest}'")
    get(token).expect(404, "no_project")
    assert expiry() > first - 1000
    sql(f"UPDATE user_sessions SET expires_at = {int(time.time() * 1000) - 1} WHERE token_hash = X'{digest}'")
    get(token).expect(401, "unauthenticated")
    sign_in(new_account().email).expect(200)
    tap.equal(sql(f"SELECT COUNT(*) FROM user_sessions WHERE token_hash = X'{digest}'"), [["0"]], "swept")


@tap.test
def a_cookie_reads_but_changes_nothing_without_the_header():
    answer = sign_in(new_account().email, cookie=True, deviceId="browser").expect(200)
    cookie = answer.headers["Set-Cookie"]
    parts = cookie.split("; ")
    name, value = parts[0].split("=", 1)
    tap.equal((value, {"Path=/", "HttpOnly", "SameSite=Strict"} - set(parts)), (answer["token"], set()))
    assert "Set-Cookie" not in sign_in(new_account().email).headers
    browser = shared().anonymous(Cookie=f"theme=dark; {name}={value}; x=y")
    browser.request("GET", "/project").expect(404, "no_project")
    body = {"baseVersion": 0, "opId": "a", "delta": {}}
    for headers in ({}, {"X-Requested-With": "XMLHttpRequest"}, {"X-Requested-With": ""}):
        browser.request("PUT", "/project", body, {"X-Device-Id": "browser", **headers}).expect(403, "forbidden")
        browser.request("POST", "/auth/logout", headers=headers).expect(403, "forbidden")
    ours = {"X-Requested-With": "slatesync"}
    browser.request("PUT", "/project", body, ours).expect(400, "malformed")
    browser.request("PUT", "/project", body, {"X-Device-Id": "browser", **ours}).expect(200)
    for other in (f"x{name}={value}", f"{name}={value}x", f"{name}=", "", f"{name.upper()}={value}"):
        shared().anonymous(Cookie=other).request("GET", "/project").expect(401, "unauthenticated")
    gone = browser.request("POST", "/auth/logout", headers=ours).expect(200)
    tap.contains(gone.headers["Set-Cookie"], f"{name}=; ")
    tap.contains(gone.headers["Set-Cookie"], "Max-Age=0")
    browser.request("GET", "/project").expect(401, "unauthenticated")


@tap.test
def a_revoked_device_is_out_whatever_it_calls_itself():
    account = new_account()
    lost, other = account.device("lost"), account.device("other")
    TOKENS.extend((lost.token, other.token))
    sql("UPDATE user_devices JOIN users USING (user_id) SET revoked_at = 1 "
        f"WHERE email = '{account.email}' AND device_id = 'lost'")
    for headers in ({}, {"X-Device-Id": None}, {"X-Device-Id": "other"}, {"X-Device-Id": "unheard-of"}):
        lost.request("GET", "/project", headers=headers).expect(403, "forbidden")
        other.request("GET", "/project", headers={"X-Device-Id": "lost"}).expect(403, "forbidden")
    lost.push(base=0, delta={}).expect(403, "forbidden")
    other.push(base=0, delta={}).expect(200)


@tap.test
def a_hash_is_renewed_when_its_cost_has_changed():
    account = new_account()
    query = f"SELECT password FROM users WHERE email = '{account.email}'"
    old = sql(query)[0][0]
    with stack.Stack(shared().database, password_memory_kib=9216, workers=1) as server:
        sign_in(account.email, "not the password", server=server).expect(401)
        tap.equal(sql(query)[0][0], old)
        sign_in(account.email, server=server).expect(200)
        new = sql(query)[0][0]
        tap.contains(old, "$m=8192,")
        tap.contains(new, "$m=9216,")
        sign_in(account.email, server=server).expect(200)
        tap.equal(sql(query)[0][0], new)


@tap.test
def hashes_at_once_are_bounded():
    account = new_account()
    settings = {"password_hashes_at_once": 1, "password_wait": 0, "password_memory_kib": 65536,
                "password_iterations": 3, "workers": 6}
    with stack.Stack(shared().database, **settings) as server:
        body = json.dumps({"email": account.email, "password": PASSWORD}).encode()

        def login(_):
            return fcgi.request(server.daemon.socket, "POST", "/auth/login", {"Content-Type": "application/json"}, body)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(login, range(24)))
        statuses = [answer.status for answer in answers]
        tap.note(f"{statuses.count(200)} in, {statuses.count(429)} told to wait")
        assert set(statuses) == {200, 429}, statuses
        for answer in answers:
            if answer.status == 429:
                tap.equal((json.loads(answer.body)["error"], int(answer.headers["retry-after"]) > 0),
                          ("throttled", True))
            else:
                TOKENS.append(json.loads(answer.body)["token"])
        assert login(0).status == 200, "the turn is free again"


@tap.test
def neither_tables_nor_logs_hold_secrets():
    dump = subprocess.run([shutil.which("mariadb-dump"), "--no-defaults", "--socket=" + shared().database.socket,
                           "--user=root",
                           "--skip-opt", "--default-character-set=utf8mb4", shared().database.DATABASE],
                          capture_output=True, check=True).stdout
    log = shared().daemon.log_text()
    assert len(dump) > 10000 and len(log) > 10000 and len(TOKENS) > 15 and len(EMAILS) > 15
    for token in TOKENS:
        assert token.encode() not in dump and token not in log, token
        assert token.encode().hex().upper().encode() not in dump.upper(), token
    for text in (PASSWORD, "another password", "wrong password", "not the password"):
        assert text.encode() not in dump and text not in log, text
    for email in EMAILS:
        assert email.lower().replace("\\", "\\\\").replace("'", "\\'").replace('"',
                                                                               '\\"').encode() in dump.lower(), email
        assert email not in log, email
    assert "@" not in log, log[log.index("@") - 200:][:400]
    digest = hashlib.sha256(sign_in(EMAILS[0]).expect(200)["token"].encode()).hexdigest()
    tap.equal(sql(f"SELECT COUNT(*) FROM user_sessions WHERE token_hash = X'{digest}'"), [["1"]])


if __name__ == "__main__":
    raise SystemExit(tap.main())
