"""A proxy between a program and MariaDB that loses COMMITs, for tests of what happens then."""
import itertools
import os
import socket
import threading

COM_QUERY = 3
_numbers = itertools.count(1)


class CommitLoser:
    """Forwards everything until a client sends the COMMIT of a writing transaction; then it forwards the COMMIT and waits
    for its answer ("answer"), or doesn't even forward it ("commit"), or forwards it and waits for nothing ("race"), calls
    `then` and hangs up. It loses one COMMIT unless it is armed again, and stays away for `away` seconds after that (None:
    until `listen` is called)."""

    def __init__(self, target, loses, away=0.0, armed=True, then=None):
        self.target = target
        self.loses = loses
        self.away = away
        self.then = then
        self.lost = 0
        self.armed = armed
        self.path = f"{target}.proxy{next(_numbers)}"
        self.listener = None
        self.lock = threading.Lock()
        self.holding, self.answered = None, threading.Event()

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self._unlisten()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _unlisten(self):
        if self.listener:
            os.unlink(self.path)
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                self._close(client, server)
                continue
            upward = threading.Thread(target=self._to_server, args=(client, server), daemon=True)
            upward.start()
            threading.Thread(target=self._to_client, args=(client, server, upward), daemon=True).start()

    def _to_client(self, client, server, upward):
        try:
            while data := server.recv(65536):
                if self.holding is not server:
                    client.sendall(data)
                else:
                    self.answered.set()
        except OSError:
            pass
        self._hang_up(client, server)
        upward.join()
        self._close(client, server)

    def _to_server(self, client, server):
        writing = False
        try:
            while data := client.recv(65536):
                query = data[5:].upper() if data[4:5] == bytes([COM_QUERY]) else b""
                if query.startswith(b"START TRANSACTION"):
                    writing = query.endswith(b"READ WRITE")
                elif query == b"COMMIT" and writing and self._is_to_lose():
                    self._lose(client, server, data)
                    return
                server.sendall(data)
        except OSError:
            pass
        self._hang_up(client, server)

    def _is_to_lose(self):
        with self.lock:
            armed, self.armed = self.armed, False
            self.lost += armed
            return armed

    def arm(self, loses):
        """Loses one more COMMIT."""
        self.loses, self.holding = loses, None
        self.answered.clear()
        self.armed = True

    def _lose(self, client, server, data):
        self._unlisten()
        if self.loses != "commit":
            self.holding = server
            server.sendall(data)
        if self.loses == "answer":
            assert self.answered.wait(10)
        if self.then:
            self.then()
        if self.away is not None:
            threading.Timer(self.away, self.listen).start() if self.away else self.listen()
        self._hang_up(client, server)

    @staticmethod
    def _hang_up(*sockets):
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def _close(*sockets):
        for each in sockets:
            each.close()
