"""Starts and watches slatesyncd for tests: its directory, its log, its processes. SLATESYNCD names the program."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import fcgi

PROGRAM = os.path.abspath(os.environ.get("SLATESYNCD", "src/server/slatesyncd"))
BAD_SIGNS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "Assertion")


def wait_for(condition, what, seconds=10.0, every=0.005):
    """Calls `condition` until it returns something true, which is returned; fails when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(every)


def is_sanitized():
    """Whether the program was built with AddressSanitizer, which needs memory and time of its own."""
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


def environment(**more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SLATESYNC_", "LISTEN_"))}
    return dict(clean, **more)


def children(pid):
    """Process ids of the living children of `pid`."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(entry))
    return sorted(found)


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0]


def run(*arguments, **more):
    """Runs the program to its end."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False,
                          env=environment(), **more)


class Daemon:
    """A running slatesyncd without a database. Leaving the block ends it and checks that no sanitizer complained."""

    def __init__(self, directory=None, ready=True, configuration=None, popen=None, command=(), **settings):
        self.own_directory = directory is None
        self.bad_signs = BAD_SIGNS
        self.directory = directory or tempfile.mkdtemp(prefix="slatesync-test-")
        self.socket = os.path.join(self.directory, "socket")
        self.log_path = os.path.join(self.directory, "log")
        settings = {"listen": self.socket, "workers": 2, "db_socket": os.path.join(self.directory, "no-database"),
                    "log_level": "debug", **settings}
        self.configuration = os.path.join(self.directory, "slatesync.conf")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(configuration or "")
        flags = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        self.log = open(self.log_path, "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([*command, PROGRAM, "-c", self.configuration, *flags], stderr=self.log,
                                        env=environment(), **{"stdin": subprocess.DEVNULL, **(popen or {})})
        self.workers_wanted = int(settings["workers"])
        if ready:
            wait_for(self.is_ready, "the server answers")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if self.process.poll() is None:
                for pid in self.workers():
                    os.kill(pid, signal.SIGCONT)
                self.process.terminate()
                self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.log.close()
            text = self.log_text()
            if self.own_directory:
                shutil.rmtree(self.directory)
        if kind in (None, SystemExit):
            for sign in self.bad_signs:
                assert sign not in text, text[text.index(sign) - 200:][:4000]

    def is_ready(self):
        assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log_text()}"
        try:
            return fcgi.request(self.socket, "GET", "/healthz").status == 200
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def workers(self):
        return children(self.process.pid)

    def settled(self, unlike=()):
        """The workers, once there are as many as wanted and none of `unlike` is left."""
        def look():
            now = self.workers()
            return now if len(now) == self.workers_wanted and not set(now) & set(unlike) else None
        return wait_for(look, "all workers are there")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=20):
        return self.process.wait(seconds)

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_lines(self, message=None):
        whole = self.log_text().rpartition("\n")[0]  # the last line may be half written
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if message is None or line["msg"] == message]

    def get(self, path="/healthz", headers=None, **more):
        return fcgi.request(self.socket, "GET", path, headers, **more)


def freeze(pid):
    """Stops a process and waits until the kernel says so."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state_of(pid) == "T", "the process is stopped")


def thaw(pid):
    os.kill(pid, signal.SIGCONT)


def listening_socket(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(511)
    return listener


def with_socket_at(descriptor, listener, listen_fds):
    """Arguments for Daemon that pass `listener` the way systemd (3) or spawn-fcgi (0) does."""
    def move():
        os.dup2(listener.fileno(), descriptor)
        os.set_inheritable(descriptor, True)
    more = {"preexec_fn": move, "pass_fds": [descriptor] if descriptor > 2 else []}
    if descriptor == 0:
        more["stdin"] = listener.fileno()
    command = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh"] if listen_fds else []
    return {"popen": more, "command": command}
