"""A private MariaDB server for tests: temporary directory, Unix socket only, ended with the test.

    with MariaDB() as server:
        server.sql("SELECT 1")
        program(*server.settings())        # --set options for our programs
        server.kill(); server.start()      # as after a crash

Runs as root or as an ordinary user. Only processes that it started itself are ended.
"""
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

READY_SECONDS = 60
SBIN = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/libexec", "/usr/local/sbin"])


def _die_with_parent():
    """In the child: no server survives a test that is killed."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


def _program(*names):
    for name in names:
        path = shutil.which(name, path=SBIN)
        if path:
            return path
    raise FileNotFoundError("not installed: " + " or ".join(names))


class MariaDB:
    DATABASE = "slatesync_test"
    USER = "slatesync"
    PASSWORD = "let'me \"in\\"

    def __init__(self, **settings):
        """`settings` are server variables, and override the defaults below."""
        self.directory = tempfile.mkdtemp(prefix="slatesync-db-")
        self.data = os.path.join(self.directory, "data")
        self.socket = os.path.join(self.directory, "s")
        self.log = os.path.join(self.directory, "log")
        self.process = None
        self.variables = {
            "innodb_flush_log_at_trx_commit": 1,
            "innodb_rollback_on_timeout": "ON",
            "innodb_buffer_pool_size": "32M",
            "innodb_log_file_size": "64M",
            "character_set_server": "utf8mb4",
            "collation_server": "utf8mb4_nopad_bin",
            "max_allowed_packet": "64M",
            "performance_schema": "OFF",
            "tmpdir": self.directory,
            **settings,
        }

    def __enter__(self):
        try:
            self._install()
            self.start()
            self._create()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _user(self):
        return "--user=" + pwd.getpwuid(os.geteuid()).pw_name

    def _install(self):
        command = [_program("mariadb-install-db", "mysql_install_db"), "--no-defaults", self._user(),
                   "--datadir=" + self.data, "--auth-root-authentication-method=normal", "--skip-test-db", "--force"]
        # A server that starts clears its temporary directory of what others left there: not a shared one.
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              env={**os.environ, "TMPDIR": self.directory})
        if done.returncode != 0:
            raise RuntimeError("mariadb-install-db failed:\n" + done.stdout)

    def _create(self):
        password = self.PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        self.sql(f"CREATE DATABASE {self.DATABASE} CHARACTER SET utf8mb4;"
                 f"CREATE USER {self.USER}@localhost IDENTIFIED BY '{password}';"
                 f"GRANT ALL ON {self.DATABASE}.* TO {self.USER}@localhost", database="")

    def start(self):
        """Starts the server and waits until it answers."""
        assert self.process is None, "it is running"
        options = [f"--{name}={value}" for name, value in self.variables.items()]
        command = [_program("mariadbd", "mysqld"), "--no-defaults", self._user(), "--datadir=" + self.data,
                   "--socket=" + self.socket, "--pid-file=" + os.path.join(self.directory, "pid"), "--skip-networking",
                   *options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=_die_with_parent)
        self.wait()

    def wait(self):
        deadline = time.monotonic() + READY_SECONDS
        while self._client("SELECT 1", "").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    raise RuntimeError("mariadbd didn't start:\n" + log.read()[-4000:])
            time.sleep(0.05)

    def kill(self):
        """Ends the server as a crash does."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        """Shuts the server down in order."""
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _client(self, statements, database):
        command = [_program("mariadb", "mysql"), "--no-defaults", "--socket=" + self.socket, "--user=root", "--batch",
                   "--skip-column-names", "--default-character-set=utf8mb4"]
        return subprocess.run(command + ([database] if database else []), input=statements, capture_output=True,
                              text=True, check=False)

    def sql(self, statements, database=DATABASE):
        """Runs statements as root; returns the rows as lists of texts."""
        done = self._client(statements, database)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, statement):
        """The only value of the only row."""
        rows = self.sql(statement)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def session(self):
        """A connection of root that stays, for locks and open transactions."""
        return Session([_program("mariadb", "mysql"), "--no-defaults", "--socket=" + self.socket, "--user=root", "--batch",
                        "--skip-column-names", "--unbuffered", "--force", self.DATABASE])

    def reset(self):
        """An empty database again."""
        self.sql(f"DROP DATABASE {self.DATABASE}; CREATE DATABASE {self.DATABASE} CHARACTER SET utf8mb4", database="")

    def configuration(self, **more):
        """Our programs' settings that lead here."""
        return {"db_host": "localhost", "db_socket": self.socket, "db_user": self.USER, "db_password": self.PASSWORD,
                "db_name": self.DATABASE, "db_tls": "off", **more}

    def settings(self, **more):
        """The same as --set options."""
        return [part for key, value in self.configuration(**more).items() for part in ("--set", f"{key}={value}")]


class Session:
    """What is sent runs in order; `run` also waits until it is done."""

    DONE = "done."

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()

    def send(self, statements):
        self.process.stdin.write(f"{statements};\nSELECT '{self.DONE}';\n")
        self.process.stdin.flush()

    def wait(self):
        """The rows of what was sent before."""
        rows = []
        while (line := self.process.stdout.readline().rstrip("\n")) != self.DONE:
            assert self.process.poll() is None, "the session has ended"
            rows.append(line.split("\t"))
        return rows

    def run(self, statements):
        self.send(statements)
        return self.wait()
