"""A proxy between a program and MariaDB that loses COMMITs, for tests of what happens then."""
import os
import socket
import threading

COM_QUERY = 3


class CommitLoser:
    """Forwards everything until a client sends COMMIT; then it forwards the COMMIT and waits for its answer ("answer"),
    or doesn't even forward it ("commit"), and hangs up. It loses one COMMIT, and stays away for `away` seconds
    after that (None: for ever)."""

    def __init__(self, target, loses, away=0.0):
        self.target = target
        self.loses = loses
        self.away = away
        self.lost = 0
        self.path = target + ".proxy"
        self.listener = None
        self.doomed = None  # the server's end of the connection whose answer is lost
        self.answered = threading.Event()

    def __enter__(self):
        self._listen()
        return self

    def __exit__(self, *_):
        self._unlisten()

    def _listen(self):
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
            server.connect(self.target)
            for work in (self._to_server, self._to_client):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _to_client(self, client, server):
        try:
            while data := server.recv(65536):
                if server is self.doomed:
                    self.answered.set()
                else:
                    client.sendall(data)
        except OSError:
            pass
        self._hang_up(client, server)

    def _to_server(self, client, server):
        try:
            while data := client.recv(65536):
                if self.lost == 0 and data[4:5] == bytes([COM_QUERY]) and data[5:].upper() == b"COMMIT":
                    self._lose(client, server, data)
                    return
                server.sendall(data)
        except OSError:
            pass
        self._hang_up(client, server)

    def _lose(self, client, server, data):
        self.lost += 1
        self._unlisten()
        if self.loses == "answer":
            self.doomed = server
            server.sendall(data)
            assert self.answered.wait(10)
        if self.away is not None:
            threading.Timer(self.away, self._listen).start()
        self._hang_up(client, server)

    @staticmethod
    def _hang_up(*sockets):
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
