"""A FastCGI application for tests of nginx itself: answers as told, and counts what really reached it.

It speaks just enough of the protocol (FastCGI 1.0, sections 3 and 6) on a unix socket, one thread for a connection.
"""
import json
import os
import socket
import struct
import threading

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
KEEP_CONN = 1


class Closed(Exception):
    pass


def read_exactly(peer, length):
    data = bytearray()
    while len(data) < length:
        piece = peer.recv(length - len(data))
        if not piece:
            raise Closed
        data += piece
    return bytes(data)


def read_record(peer):
    _, kind, request, length, padding = struct.unpack("!BBHHBx", read_exactly(peer, 8))
    return kind, request, read_exactly(peer, length + padding)[:length]


def write_record(peer, kind, request, content):
    peer.sendall(struct.pack("!BBHHBx", 1, kind, request, len(content), 0) + content)


def take_length(data, at):
    if data[at] < 128:
        return data[at], at + 1
    return struct.unpack_from("!I", data, at)[0] & 0x7fffffff, at + 4


def decode_params(data):
    params, at = {}, 0
    while at < len(data):
        name_length, at = take_length(data, at)
        value_length, at = take_length(data, at)
        name, value = data[at:at + name_length], data[at + name_length:at + name_length + value_length]
        params[name.decode()] = value.decode("utf-8", "surrogateescape")
        at += name_length + value_length
    return params


class Application:
    """`handler(params, body)` returns (head and body as bytes), or None to close without an answer, as a crash would.

    With give_up_kept, a connection that has served one request is closed when the next one arrives on it, unread: what
    nginx sees when a worker gives up a kept connection in that very moment.
    """

    def __init__(self, path, handler):
        self.handler = handler
        self.give_up_kept = False
        self.given_up = 0
        self.connections = 0
        self.seen = []  # (method, path) of every request that was read
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(511)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            served = 0
            while self.one_request(peer, served):
                served += 1
        except (Closed, OSError):
            pass
        finally:
            peer.close()

    def one_request(self, peer, served):
        if not peer.recv(1, socket.MSG_PEEK):
            return False
        if served and self.give_up_kept:
            self.given_up += 1
            return False
        params, body, keep = b"", bytearray(), False
        while True:
            kind, request, content = read_record(peer)
            if kind == BEGIN:
                keep = bool(content[2] & KEEP_CONN)
            elif kind == PARAMS:
                params += content
            elif kind == STDIN and content:
                body += content
            elif kind == STDIN:
                return self.answer(peer, request, decode_params(params), bytes(body)) and keep

    def answer(self, peer, request, params, body):
        self.seen.append((params["REQUEST_METHOD"], params["PATH_INFO"]))
        answer = self.handler(params, body)
        if answer is None:
            return False
        answer, whole = answer if isinstance(answer, tuple) else (answer, True)
        for at in range(0, len(answer), 65528):
            write_record(peer, STDOUT, request, answer[at:at + 65528])
        if not whole:
            return False
        write_record(peer, STDOUT, request, b"")
        write_record(peer, END, request, struct.pack("!IBxxx", 0, 0))
        return True


def answer_json(value, status=200, headers=(), content_type="application/json"):
    head = [f"Status: {status}", f"Content-Type: {content_type}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + json.dumps(value).encode()
