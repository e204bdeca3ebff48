"""What the benchmark runs: the load generator, the floor, the PHP peer. Each side has an nginx of its own with the same
configuration, and all use the same MariaDB."""
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time

from daemon import children, wait_for
from nginx import Nginx
from stack import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = os.path.join(BUILD, "tests/bench/load")
FLOOR = os.path.join(BUILD, "tests/bench/floor")
PHP_FPM = next((path for name in ("php-fpm", "php-fpm8.4", "php-fpm8.3", "php-fpm8.2", "php-fpm8.1")
                if (path := shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"))), None)
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """CPU time that processes have taken, and their children that have ended."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
        except OSError:
            pass
    return total / TICKS


class Account:
    """Someone whom the load generator plays: a token, a device, and the version that the last answer gave."""

    def __init__(self, token, device, version=0):
        self.token, self.device, self.version = token, device, version


class Target:
    """Where load goes: an nginx, and the processes that work behind it."""

    def __init__(self, name, nginx, master, database):
        """`master`: gives the process whose children are the workers."""
        self.name, self.nginx, self.master, self.database = name, nginx, master, database

    def workers(self):
        return children(self.master().pid)

    def pids(self):
        return {"workers": [self.master().pid, *self.workers()], "nginx": [self.nginx.process.pid, *children(self.nginx.process.pid)],
                "mariadbd": [self.database.process.pid]}

    def load(self, accounts, what, seconds=0, count=0):
        """Runs the generator with a connection for each account; `what`: "get", "unchanged" or the path of a body."""
        with tempfile.NamedTemporaryFile("w", suffix=".accounts") as file:
            for account in accounts:
                file.write(f"{account.token} {account.device} {account.version}\n")
            file.flush()
            pids = self.pids()
            before = {name: cpu_seconds(group) for name, group in pids.items()}
            done = subprocess.run([LOAD, str(self.nginx.port), "/api/project", file.name, str(len(accounts)),
                                   str(seconds or 120), str(count), what], capture_output=True, text=True, check=False,
                                  timeout=400)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stderr}")
        result = json.loads(done.stdout)
        for account, version in zip(accounts, result.pop("versions")):
            account.version = version
        result["perSecond"] = result["requests"] / result["seconds"]
        result["cpuUs"] = {name: round((cpu_seconds(group) - before[name]) / max(result["requests"], 1) * 1e6, 1)
                           for name, group in self.pids().items()}
        return result


class Floor:
    """The bare responder behind an nginx of its own."""

    def __init__(self, database):
        self.database, self.nginx, self.process = database, Nginx(), None
        self.nginx.start()

    def start(self, workers, *arguments):
        self.stop()
        environment = {**os.environ, "FLOOR_DB_SOCKET": self.database.socket, "FLOOR_DB_USER": self.database.USER,
                       "FLOOR_DB_PASSWORD": self.database.PASSWORD, "FLOOR_DB_NAME": self.database.DATABASE}
        self.process = subprocess.Popen([FLOOR, self.nginx.socket, str(workers), *map(str, arguments)], env=environment)
        wait_for(lambda: os.path.exists(self.nginx.socket), "the floor listens")
        time.sleep(0.3)
        if self.process.poll() is not None:
            raise RuntimeError("the floor did not start")
        return Target("floor", self.nginx, lambda: self.process, self.database)

    def stop(self):
        if self.process:
            self.process.kill()  # its workers die with it
            self.process.wait()
            self.process = None
        if os.path.exists(self.nginx.socket):
            os.unlink(self.nginx.socket)

    def close(self):
        self.stop()
        self.nginx.stop()


API = """
location /api/ {{
	fastcgi_split_path_info "(?s)^(/api)(/.*)$";
	include snippets/slatesync-params.conf;
	fastcgi_param SCRIPT_FILENAME {script};
	fastcgi_param PEER_USER {user};
	fastcgi_param PEER_PASSWORD {password};
	fastcgi_param PEER_DATABASE {database};
	fastcgi_param PEER_SOCKET {socket};
	fastcgi_param PEER_SPLICE {splice};
	fastcgi_pass slatesync;
	client_max_body_size 72m;
	limit_req zone=slatesync_requests burst=1000 nodelay;
}}
location = /slatesync-malformed {{ internal; return 400; }}
"""
POOL = """
[global]
daemonize = no
error_log = {home}/php.log
log_level = warning
[peer]
user = {user}
group = {group}
listen = {socket}
listen.backlog = 1024
listen.mode = 0666
pm = static
pm.max_children = {workers}
pm.max_requests = 0
php_admin_value[memory_limit] = 1G
php_admin_value[post_max_size] = 128M
"""
TUNING = {"opcache.enable": 1, "opcache.validate_timestamps": 0, "opcache.memory_consumption": 64,
          "mysqli.allow_persistent": 1, "mysqli.max_persistent": -1, "expose_php": 0, "display_errors": 0, "log_errors": 1}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Peer:
    """peer.php in PHP-FPM behind an nginx of its own; a database of its own in the same MariaDB."""

    DATABASE = "peer"

    def __init__(self, database, workers):
        self.database, self.workers = database, workers
        self.nginx, self.process = Nginx(), None
        with open(os.path.join(HERE, "peer.sql"), encoding="utf-8") as file:
            database.sql(f"CREATE DATABASE {self.DATABASE} CHARACTER SET utf8mb4; GRANT ALL ON {self.DATABASE}.* TO "
                         f"{database.USER}@localhost; USE {self.DATABASE}; " + file.read(), database="")
        shutil.copy(os.path.join(HERE, "peer.php"), self.nginx.home)

    def start(self, splice):
        self.stop()
        who = pwd.getpwuid(os.geteuid())
        with open(os.path.join(self.nginx.home, "snippets", "slatesync-api.conf"), "w", encoding="utf-8") as file:
            file.write(API.format(script=os.path.join(self.nginx.home, "peer.php"), user=quoted(self.database.USER),
                                  password=quoted(self.database.PASSWORD), database=self.DATABASE,
                                  socket=quoted(self.database.socket), splice='"1"' if splice else '""'))
        pool = os.path.join(self.nginx.home, "php-fpm.conf")
        with open(pool, "w", encoding="utf-8") as file:
            file.write(POOL.format(home=self.nginx.home, user=who.pw_name, group=who.pw_gid, socket=self.nginx.socket,
                                   workers=self.workers))
        flags = [word for name, value in TUNING.items() for word in ("-d", f"{name}={value}")]
        root = ["--allow-to-run-as-root"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([PHP_FPM, "--fpm-config", pool, *root, *flags])
        wait_for(lambda: os.path.exists(self.nginx.socket), "PHP-FPM listens")
        self.nginx.start()
        return Target("peer", self.nginx, lambda: self.process, self.database)

    def account(self, number):
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.database.sql(f"INSERT INTO {self.DATABASE}.sessions VALUES (UNHEX('{digest}'), {number}, 99999999999999)")
        return Account(token, "peer")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
            self.nginx.process.send_signal(signal.SIGTERM)
            self.nginx.process.wait(10)
            self.nginx.process = None

    def close(self):
        self.stop()
        self.nginx.stop()
