"""How slatesyncd starts: its options and configuration, its sockets and files, the rights it gives up."""
import grp
import os
import pwd
import shutil
import signal
import socket
import sys
import tempfile

import daemon
import fcgi
import tap
from daemon import Daemon, listening_socket, with_socket_at
from fcgi import whole_request
from tap import equal, test


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


if __name__ == "__main__":
    sys.exit(tap.main())
