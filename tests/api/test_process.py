"""slatesyncd as a set of processes: start, reload, drain, respawn, sockets, without losing a request that reached it."""
import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

import daemon
import fcgi
import tap
from daemon import Daemon, freeze, listening_socket, thaw, wait_for, with_socket_at
from tap import equal, test


def whole_request():
    return fcgi.encode(fcgi.variables("GET", "/healthz"), keep=True)


class Load:
    """Threads that send requests until told to stop. A request is lost when the connection was refused, or when it was
    sent whole and no answer came. A kept connection that the server closed before the send is simply replaced."""

    def __init__(self, path, threads=4, keep=False):
        self.path, self.keep = path, keep
        self.stop, self.answered, self.lost = threading.Event(), 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.answered > 20, "the load runs")
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def once(self, connection):
        connection = connection or fcgi.Connection(self.path)
        try:
            connection.send(whole_request())
        except BrokenPipeError:
            connection.close()
            return None
        equal(connection.receive().status, 200)
        with self.lock:
            self.answered += 1
        if self.keep:
            return connection
        connection.close()
        return None

    def run(self):
        connection = None
        while not self.stop.is_set():
            try:
                connection = self.once(connection)
            except Exception as fault:  # pylint: disable=broad-except
                self.lost.append(repr(fault))
                connection = None
        if connection:
            connection.close()


@test
def idle_kept_connections_do_not_starve_new_ones():
    with Daemon(workers=2) as server:
        kept = [fcgi.Connection(server.socket) for _ in range(2)]
        for connection in kept:
            equal(connection.request("GET", "/healthz").status, 200)
        for _ in range(10):
            begun = time.monotonic()
            equal(server.get().status, 200)
            assert time.monotonic() - begun < 1, "a new connection waited behind an idle one"
        for connection in kept:
            connection.close()


@test
def more_kept_connections_than_workers_all_get_answers():
    with Daemon(workers=2) as server, Load(server.socket, threads=8, keep=True) as load:
        before = load.answered
        wait_for(lambda: load.answered > before + 400, "answers")
        equal(load.lost, [])


@test
def a_request_on_a_kept_connection_is_answered_before_it_is_given_up():
    with Daemon(workers=1) as server:
        for _ in range(20):
            with fcgi.Connection(server.socket) as kept, contextlib.ExitStack() as stack:
                equal(kept.request("GET", "/healthz").status, 200)
                freeze(server.settled()[0])
                stack.callback(thaw, server.settled()[0])
                kept.send(whole_request())
                with fcgi.Connection(server.socket) as other:
                    other.send(whole_request())
                    stack.close()
                    equal(other.receive().status, 200, "the new connection")
                equal(kept.receive().status, 200, "the kept connection")


@test
def a_reload_under_load_loses_nothing():
    for keep in (False, True):
        with Daemon(workers=2) as server, Load(server.socket, keep=keep) as load:
            for _ in range(6):
                old, before = server.settled(), load.answered
                server.signal(signal.SIGHUP)
                server.settled(unlike=old)
                wait_for(lambda: load.answered > before + 20, "answers after the reload")  # pylint: disable=W0640
            equal(load.lost, [], f"keep={keep}")


@test
def a_reload_takes_the_new_settings():
    with Daemon(configuration="log_level = info\n", log_level="info") as server:
        old = server.settled()
        server.workers_wanted = 2
        with open(server.configuration, "w", encoding="utf-8") as file:
            file.write("log_requests = no\nlisten_backlog = 2000\n")
        server.signal(signal.SIGHUP)
        server.settled(unlike=old)
        count = len(server.log_lines("request"))
        equal(server.get().status, 200)
        wait_for(lambda: server.log_lines("reloaded"), "the reload is logged")
        equal(len(server.log_lines("request")), count, "request lines")
        equal(server.log_lines("a changed setting needs a restart")[0]["key"], "listen_backlog")


@test
def a_reload_of_a_bad_file_keeps_the_old_settings():
    with Daemon() as server:
        old = server.settled()
        with open(server.configuration, "w", encoding="utf-8") as file:
            file.write("workers = 3\n\nwrokers = 4\n")
        server.signal(signal.SIGHUP)
        refusal = "the new configuration is not valid, the old one stays"
        lines = wait_for(lambda: server.log_lines(refusal), "the refusal")
        assert "slatesync.conf:3: unknown key 'wrokers'" in lines[0]["error"], lines
        equal(server.settled(), old, "workers")
        equal(server.get().status, 200)


@test
def a_stop_answers_what_waits_in_the_backlog():
    with Daemon(workers=2) as server:
        workers = server.settled()
        for worker in workers:
            freeze(worker)
        waiting = [fcgi.Connection(server.socket) for _ in range(30)]
        for connection in waiting:
            connection.send(whole_request())
        server.signal(signal.SIGTERM)
        wait_for(lambda: not os.path.exists(server.socket), "the path is gone")
        for worker in workers:
            thaw(worker)
        for connection in waiting:
            equal(connection.receive().status, 200)
            connection.close()
        equal(server.wait(), 0, "exit status")


@test
def a_stop_kills_workers_that_do_not_finish():
    with Daemon(workers=2, shutdown_timeout="1s") as server:
        freeze(server.settled()[0])
        server.signal(signal.SIGTERM)
        equal(server.wait(), 0, "exit status")
        assert server.log_lines("worker didn't finish in time")


@test
def a_stop_leaves_no_process_and_no_file():
    with Daemon(workers=3) as server:
        pid_file = os.path.join(server.directory, "pid")
        workers = server.settled()
        server.signal(signal.SIGINT)
        equal(server.wait(), 0, "exit status")
        assert not os.path.exists(server.socket) and not os.path.exists(pid_file)
        for worker in workers:
            assert not os.path.exists(f"/proc/{worker}"), "a worker is left"


@test
def the_pid_file_names_the_supervisor():
    directory = tempfile.mkdtemp(prefix="slatesync-test-")
    path = os.path.join(directory, "pid")
    with Daemon(directory, pid_file=path) as server:
        with open(path, encoding="ascii") as file:
            equal(int(file.read()), server.process.pid)
        server.signal(signal.SIGTERM)
        server.wait()
        assert not os.path.exists(path)
    shutil.rmtree(directory)


@test
def a_killed_worker_is_replaced():
    with Daemon(workers=2) as server:
        for _ in range(3):
            old = server.settled()
            os.kill(old[0], signal.SIGKILL)
            server.settled(unlike=old[:1])
            equal(server.get().status, 200)
        killed = wait_for(lambda: server.log_lines("worker was killed")[2:], "the deaths are logged")
        equal(killed[0]["signal"], 9)


@test
def workers_that_die_young_are_replaced_ever_more_slowly():
    with Daemon(workers=1) as server:
        deaths = []
        while len(deaths) < 5:
            worker = server.settled()[0]
            os.kill(worker, signal.SIGKILL)
            deaths.append(time.monotonic())
            server.settled(unlike=[worker])
        gaps = [time.monotonic() - death for death in deaths[-1:]]
        assert gaps[0] >= 0.7, f"the fifth replacement came after {gaps[0]} s"
        equal(server.get().status, 200)


@test
def a_worker_that_is_told_to_stop_is_replaced():
    with Daemon(workers=2) as server, Load(server.socket, threads=3) as load:
        for _ in range(5):
            old = server.settled()
            os.kill(old[0], signal.SIGTERM)
            server.settled(unlike=old[:1])
        equal(load.lost, [])
        equal(server.log_lines("worker was killed"), [])


@test
def workers_retire_after_their_requests():
    with Daemon(workers=2, worker_max_requests=7) as server:
        for keep in (False, True):
            with Load(server.socket, threads=3, keep=keep) as load:
                wait_for(lambda: load.answered > 200, "answers")  # pylint: disable=W0640
            equal(load.lost, [], f"keep={keep}")
        served = {}
        for line in server.log_lines("request"):
            served[line["pid"]] = served.get(line["pid"], 0) + 1
        assert len(served) > 20 and max(served.values()) <= 7 + 4, served


@test
def workers_end_when_the_supervisor_is_killed():
    with Daemon(workers=2) as server:
        workers = server.settled()
        server.process.kill()
        server.wait()
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "the workers are gone")
        assert os.path.exists(server.socket), "nobody removes the path of a killed server"
        with Daemon(server.directory) as successor:
            equal(successor.get().status, 200, "the successor takes the stale socket")


@test
def a_second_server_does_not_take_the_socket():
    with Daemon() as server:
        refused = daemon.run("-c", server.configuration, "--set", f"listen={server.socket}")
        equal(refused.returncode, 1, "exit status")
        assert "another server answers" in refused.stderr, refused.stderr
        equal(server.get().status, 200)


@test
def a_file_in_the_place_of_the_socket_stays():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "precious")
        with open(path, "w", encoding="ascii") as file:
            file.write("data")
        refused = daemon.run("-c", "/dev/null", "--set", f"listen={path}")
        equal(refused.returncode, 1)
        assert "is not a socket" in refused.stderr, refused.stderr
        assert os.path.getsize(path) == 4


@test
def the_socket_has_its_mode():
    with Daemon(listen_mode="0600") as server:
        equal(os.stat(server.socket).st_mode & 0o777, 0o600)


@test
def a_start_as_root_gives_root_up():
    if os.geteuid() != 0:
        tap.skip("not root")
    nobody, users = pwd.getpwnam("nobody"), grp.getgrnam("users").gr_gid
    directory = tempfile.mkdtemp(prefix="slatesync-test-")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    pid_file = os.path.join(directory, "pid")
    with Daemon(directory, user="nobody", listen_group="users", pid_file=pid_file) as server:
        for pid in [server.process.pid] + server.settled():
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
            equal(status["Uid"].split(), [str(nobody.pw_uid)] * 4, "user ids")
            equal(status["Gid"].split(), [str(nobody.pw_gid)] * 4, "group ids")
            assert "0" not in status["Groups"].split(), status["Groups"]
        owner = os.stat(server.socket)
        equal((owner.st_uid, owner.st_gid, owner.st_mode & 0o777), (nobody.pw_uid, users, 0o660), "socket")
        server.signal(signal.SIGTERM)
        equal(server.wait(), 0)
        assert not os.path.exists(server.socket) and not os.path.exists(pid_file)
    shutil.rmtree(directory)


@test
def a_bad_configuration_refuses_to_start_and_names_the_line():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "conf")
        for text, place in (("# one\n\nwrokers = 4\n", ":3: unknown key 'wrokers'"), ("workers = 0\n", ":1: workers: "),
                            ("workers = 2\nworkers = 3\n", ":2: 'workers' was set at line 1"),
                            ("prefix = \"/api\n", ":1: the closing quote"), ("workers\n", ":1: expected key = value"),
                            ("db_tls = sometimes\n", ":1: db_tls: expected one of")):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            refused = daemon.run("-c", path)
            equal(refused.returncode, 1, text)
            assert path + place in refused.stderr, (text, refused.stderr)
        refused = daemon.run("-c", path + ".missing")
        equal(refused.returncode, 1, "missing file")
        assert "No such file" in refused.stderr, refused.stderr


@test
def options_behave():
    equal(daemon.run("--version").stdout.split()[0], "slatesyncd")
    assert "--dump-config" in daemon.run("-h").stdout
    equal(daemon.run("--nonsense").returncode, 2)
    equal(daemon.run("stray").returncode, 2)
    dump = daemon.run("-c", "/dev/null", "--set", "db_password=hunter2", "--set", "project_bytes=32m", "--dump-config")
    equal(dump.returncode, 0, dump.stderr)
    assert "hunter2" not in dump.stdout and "project_bytes = 32m" in dump.stdout, dump.stdout
    checked = daemon.run("-c", "/dev/null", "--set", "db_host=127.0.0.1", "--set", "db_port=1", "--check")
    equal(checked.returncode, 1, "a check without a database")


@test
def a_dump_can_be_read_again():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "conf")
        first = daemon.run("-c", "/dev/null", "--set", 'log_file=/x/"y" #\\z', "--dump-config")
        with open(path, "w", encoding="utf-8") as file:
            file.write(first.stdout)
        second = daemon.run("-c", path, "--dump-config")
        equal(second.stdout, first.stdout, second.stderr)


def hand_over(descriptor, listen_fds):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "socket")
        with listening_socket(path) as listener:
            while listener.fileno() <= 3:
                os.dup(listener.fileno())
                listener = socket.socket(fileno=os.dup(listener.fileno()))
            passed = with_socket_at(descriptor, listener, listen_fds)
            with Daemon(directory, **passed, listen="/nonexistent/other", ready=False) as server:
                equal(fcgi.request(path, "GET", "/healthz").status, 200)
                server.signal(signal.SIGTERM)
                equal(server.wait(), 0, "exit status")
            waiting = fcgi.Connection(path)
            waiting.send(whole_request())
            with Daemon(directory, **passed, listen="/nonexistent/other", ready=False):
                equal(waiting.receive().status, 200, "the request that waited between two servers")
            waiting.close()


@test
def a_socket_from_systemd_is_taken_and_left_open():
    hand_over(3, True)


@test
def a_socket_from_spawn_fcgi_is_taken_and_left_open():
    hand_over(0, False)


@test
def logs_are_opened_again():
    directory = tempfile.mkdtemp(prefix="slatesync-test-")
    path = os.path.join(directory, "app.log")
    with Daemon(directory, log_file=path, workers=2) as server:
        server.settled()
        equal(server.get().status, 200)
        os.rename(path, path + ".1")
        server.signal(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(path), "a new log")

        def used():
            server.get()
            with open(path, encoding="utf-8") as file:
                pids = {part.split(",")[0] for part in file.read().split('"pid":')[1:]}
            return len(pids) >= 2
        wait_for(used, "both workers write to the new log")
    shutil.rmtree(directory)


@test
def a_peer_that_stalls_holds_one_worker_only():
    with Daemon(workers=2) as server:
        with fcgi.Connection(server.socket) as stalled:
            stalled.send(whole_request()[:30])
            for _ in range(5):
                equal(server.get().status, 200)


if __name__ == "__main__":
    sys.exit(tap.main())
