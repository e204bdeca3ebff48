"""Proxies between a program and MariaDB that break connections, for tests of what happens then."""
import itertools
import os
import random
import socket
import threading

COM_QUERY = 3
_numbers = itertools.count(1)


def _hang_up(*sockets):
    for each in sockets:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Connection:
    """One client and its connection to the server. `up` and `down` return what is to be forwarded; once `over` is set,
    the connection is cut after that."""

    over = False

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.upward = threading.Thread(target=self.pump, args=(client, server, self.up), daemon=True)
        self.upward.start()
        threading.Thread(target=self.pump_down, daemon=True).start()

    def up(self, data):
        return data

    def down(self, data):
        return data

    def pump(self, source, target, change):
        try:
            while not self.over and (data := source.recv(65536)):
                target.sendall(change(data))
        except OSError:
            pass
        _hang_up(self.client, self.server)

    def pump_down(self):
        self.pump(self.server, self.client, self.down)
        self.upward.join()
        self.client.close()
        self.server.close()


class Proxy:
    """Listens at `path` while it is entered, and forwards to `target`."""

    connection = Connection

    def __init__(self, target):
        self.target = target
        self.path = f"{target}.proxy{next(_numbers)}"
        self.listener = None

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.unlisten()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def unlisten(self):
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
                client.close()
                server.close()
                continue
            self.connection(self, client, server)


class CommitConnection(Connection):
    writing = silent = False

    def up(self, data):
        query = data[5:].upper() if data[4:5] == bytes([COM_QUERY]) else b""
        if query.startswith(b"START TRANSACTION"):
            self.writing = query.endswith(b"READ WRITE")
        elif query == b"COMMIT" and self.writing and self.proxy.is_to_lose():
            self.proxy.lose(self, data)
            self.over = True
            return b""
        return data

    def down(self, data):
        if not self.silent:
            return data
        self.proxy.answered.set()
        return b""


class CommitLoser(Proxy):
    """Forwards everything until a client sends the COMMIT of a writing transaction; then it forwards the COMMIT and
    waits for its answer ("answer"), or doesn't even forward it ("commit"), or forwards it and waits for nothing
    ("race"), calls `then` and hangs up. It loses one COMMIT unless it is armed again, and stays away for `away` seconds
    after that (None: until `listen` is called)."""

    connection = CommitConnection

    def __init__(self, target, loses, away=0.0, armed=True, then=None):
        super().__init__(target)
        self.loses, self.away, self.armed, self.then = loses, away, armed, then
        self.lost = 0
        self.lock, self.answered = threading.Lock(), threading.Event()

    def is_to_lose(self):
        with self.lock:
            armed, self.armed = self.armed, False
            self.lost += armed
            return armed

    def arm(self, loses):
        """Loses one more COMMIT."""
        self.loses = loses
        self.answered.clear()
        self.armed = True

    def lose(self, connection, data):
        self.unlisten()
        if self.loses != "commit":
            connection.silent = True
            connection.server.sendall(data)
        if self.loses == "answer":
            assert self.answered.wait(10)
        if self.then:
            self.then()
        if self.away is not None:
            threading.Timer(self.away, self.listen).start() if self.away else self.listen()


class ShortConnection(Connection):
    def __init__(self, proxy, client, server):
        self.left = proxy.bytes_to_live()
        super().__init__(proxy, client, server)

    def limited(self, data):
        if self.left is None:
            return data
        data = data[:max(0, self.left)]
        self.left -= len(data)
        if self.left == 0 and not self.over:
            self.over = True
            self.proxy.cut += 1
        return data

    up = down = limited


class Cutter(Proxy):
    """While `cutting`, new connections live for a random number of bytes, both directions together."""

    connection = ShortConnection

    def __init__(self, target, most_bytes, seed):
        super().__init__(target)
        self.most_bytes, self.random = most_bytes, random.Random(seed)
        self.cutting, self.cut = False, 0

    def bytes_to_live(self):
        return self.random.randrange(1, self.most_bytes) if self.cutting else None
