"""slatesyncd as a set of processes: reload, drain, respawn, kept connections, no request that reached it lost."""
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time

import fcgi
import tap
from daemon import Daemon, freeze, thaw, wait_for
from fcgi import whole_request
from tap import equal, test


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
