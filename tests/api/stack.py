"""The whole server as its users have it: MariaDB, slatesyncd and nginx on loopback, and devices that talk to it.

    with Stack() as stack:
        device = stack.account().device("laptop")
        device.pull()
        answer = device.push(base=0, delta={...})
        assert answer.status == 200, answer

SLATESYNC_BUILD names the build directory (default: the current one). Only processes started here are ended.
"""
import gzip
import http.client
import itertools
import json
import os
import secrets
import shutil
import subprocess
import tempfile

BUILD = os.path.abspath(os.environ.get("SLATESYNC_BUILD", "."))
os.environ.setdefault("SLATESYNCD", os.path.join(BUILD, "src/server/slatesyncd"))

from daemon import Daemon, environment, wait_for  # noqa: E402  (reads SLATESYNCD)
from mariadb import MariaDB  # noqa: E402
from nginx import Nginx  # noqa: E402
import model  # noqa: E402
import tap  # noqa: E402

ADMIN = os.path.join(BUILD, "src/server/slatesync-admin")
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("SLATESYNC_DATA") or os.path.join(HERE, "..", "..", "..", "shared", "data")
PASSWORD = "correct horse battery"
CHEAP_HASHES = {"password_memory_kib": 8192, "password_iterations": 1, "password_hashes_at_once": 8}
_numbers = itertools.count(1)


def project_data(name):
    """A real project from the shared data; the test is skipped where it is absent."""
    for path, opener in ((os.path.join(DATA, name + ".json"), open), (os.path.join(DATA, name + ".json.gz"), gzip.open)):
        if os.path.exists(path):
            with opener(path, "rb") as file:
                return json.load(file)
    return tap.skip(f"{name} is not in {DATA}")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __getitem__(self, name):
        return self.json[name]

    def __repr__(self):
        return f"{self.status} {self.body[:1000]!r}"

    def expect(self, status, word=None):
        """Returns itself if it has the status and, for a problem, the word."""
        assert self.status == status, self
        if word is not None:
            assert self.headers["Content-Type"] == "application/problem+json", (self, self.headers.items())
            problem = self.json
            assert problem["error"] == word and problem["status"] == status, self
            assert len(problem["traceId"]) == 32 and self.headers["X-Trace-Id"] == problem["traceId"], self
        return self


class Client:
    """One HTTP connection, reopened when it was lost; a context of default headers."""

    def __init__(self, port, prefix="/api", headers=None, timeout=60):
        self.port, self.prefix, self.headers, self.timeout = port, prefix, dict(headers or {}), timeout
        self.connection = None

    def request(self, method, path, body=None, headers=None, **more):
        """`body`: bytes or text as they are, anything else as JSON. A header of None is left out."""
        sent = {**self.headers, **(headers or {}), **{k.replace("_", "-"): v for k, v in more.items()}}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            if isinstance(body, str):
                body = body.encode()
            elif not isinstance(body, bytes):
                body = json.dumps(body).encode()
        sent = {name: value for name, value in sent.items() if value is not None}
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            self.connection.request(method, self.prefix + path, body, sent)
            got = self.connection.getresponse()
            return Answer(got.status, got.headers, got.read())
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Device(Client):
    def __init__(self, account, device_id):
        super().__init__(account.stack.port, headers={"X-Device-Id": device_id})
        self.account, self.email, self.device_id = account, account.email, device_id
        answer = self.request("POST", "/auth/login", {
            "email": account.email, "password": PASSWORD, "deviceId": device_id, "deviceName": device_id.title()}).expect(200)
        self.token = answer["token"]
        self.headers["Authorization"] = "Bearer " + self.token

    def pull(self):
        return self.request("GET", "/project")

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def put(self, body, **headers):
        return self.request("PUT", "/project", body, headers)

    def push(self, base=None, op=None, headers=None, **body):
        """PUT with a fresh operation id unless `op` is given; `base` None: no baseVersion."""
        body = {"opId": op or "op-" + secrets.token_hex(8), **body}
        if base is not None:
            body["baseVersion"] = base
        return self.request("PUT", "/project", body, headers)

    def restore(self, version, base, op=None, **body):
        return self.request("POST", "/project/restore",
                            {"version": version, "baseVersion": base, "opId": op or secrets.token_hex(8), **body})

    def document(self):
        return self.pull().expect(200)["projectData"]

    def version(self):
        answer = self.pull()
        return answer["updatedAt"] if answer.status == 200 else 0


class Account:
    def __init__(self, stack, email=None):
        self.stack = stack
        self.email = email or f"writer-{next(_numbers)}-{secrets.token_hex(4)}@example.test"
        Client(stack.port).request("POST", "/auth/register", {"email": self.email, "password": PASSWORD}).expect(201)

    def device(self, device_id=None, pulled=True):
        """A signed-in device, by default one that has completed its initial pull."""
        device = Device(self, device_id or f"device-{next(_numbers)}")
        if pulled:
            device.pull()
        return device


class Stack:
    """Starts everything, or reuses what is passed in. `settings` are those of slatesyncd."""

    def __init__(self, database=None, nginx=True, **settings):
        self.database, self.own_database = database or MariaDB(), database is None
        self.settings = {"workers": 4, "registration": "open", **CHEAP_HASHES, **settings}
        self.directory = tempfile.mkdtemp(prefix="slatesync-stack-")
        self.daemon = None
        self.nginx = Nginx() if nginx else None

    def __enter__(self):
        try:
            if self.own_database:
                self.database.__enter__()
            self.admin("migrate")
            self.start()
            if self.nginx:
                self.nginx.start()
                wait_for(lambda: self.anonymous().request("GET", "/readyz").status == 200, "the server is ready", 20)
        except BaseException:
            self.__exit__(SystemError, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            if self.daemon:
                self.daemon.__exit__(kind, value, trace)
        finally:
            if self.nginx:
                self.nginx.stop()
            if self.own_database:
                self.database.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, ready_seconds=10.0, **more):
        """Starts slatesyncd on the socket that nginx knows; `more` are settings or arguments of Daemon."""
        settings = {**self.settings, **self.database.configuration(), **more}
        if self.nginx:
            settings["listen"] = self.nginx.socket
        self.daemon = Daemon(directory=self.directory, ready=False, **settings)
        if self.nginx:
            self.daemon.socket = self.nginx.socket
        wait_for(self.daemon.is_ready, "slatesyncd answers", ready_seconds)

    def stop(self):
        daemon, self.daemon = self.daemon, None
        daemon.__exit__(None, None, None)

    @property
    def port(self):
        return self.nginx.port

    def anonymous(self, **headers):
        return Client(self.port, headers=headers)

    def account(self, email=None):
        return Account(self, email)

    def admin(self, *arguments, status=0, **more):
        done = subprocess.run([ADMIN, *self.database.settings(), *arguments], capture_output=True, text=True, check=False,
                              env=environment(), timeout=120, **more)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr


_shared = None


def shared():
    """One stack for all tests of a program that don't harm it."""
    global _shared  # pylint: disable=global-statement
    if _shared is None:
        import atexit
        _shared = Stack().__enter__()
        atexit.register(_shared.__exit__, None, None, None)
    return _shared


def stored(document=None):
    """A device of an account of its own, whose project is `document`; by default a small one."""
    device = shared().account().device()
    device.push(base=0, projectData=model.small() if document is None else document).expect(200)
    return device


def other(device, name="other"):
    """Another device of the same account."""
    return device.account.device(name)
