"""A FastCGI client: what nginx says to slatesyncd, byte by byte, over its Unix socket (FastCGI specification 1.0)."""
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
KEEP = 1


class Closed(Exception):
    """The server closed the connection before the end of an answer; `received` tells whether any byte of it had come."""

    def __init__(self, received):
        super().__init__("connection closed after %d bytes of the answer" % received)
        self.received = received


class Response:
    def __init__(self, stdout):
        head, _, self.body = stdout.partition(b"\r\n\r\n")
        self.headers = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        self.status = int(self.headers.get("status", "200").split()[0])


def record(kind, content=b"", request_id=1):
    return struct.pack("!BBHHBB", 1, kind, request_id, len(content), 0, 0) + content


def stream(kind, content):
    """Records of a stream, and its end."""
    pieces = [record(kind, content[i:i + 65528]) for i in range(0, len(content), 65528)]
    return b"".join(pieces) + record(kind)


def length(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 0x80000000)


def params(values):
    out = b""
    for name, value in values.items():
        name, value = name.encode(), value.encode("utf-8", "surrogateescape")
        out += length(len(name)) + length(len(value)) + name + value
    return out


def variables(method, path, headers=None, body=b"", query="", where="PATH_INFO"):
    values = {"REQUEST_METHOD": method, where: path, "QUERY_STRING": query,
              "CONTENT_LENGTH": str(len(body)) if body else ""}
    for name, value in (headers or {}).items():
        name = name.upper().replace("-", "_")
        values[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
    return values


def encode(values, body=b"", keep=False):
    """A whole request."""
    begin = struct.pack("!HB5x", 1, KEEP if keep else 0)
    return record(BEGIN, begin) + stream(PARAMS, params(values)) + stream(STDIN, body)


def whole_request():
    """A request that any server answers, on a connection that is kept."""
    return encode(variables("GET", "/healthz"), keep=True)


class Connection:
    def __init__(self, path, timeout=10.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _read(self, count, received):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise Closed(received + len(data))
            data += piece
        return data

    def receive(self):
        """The answer to the request that was sent."""
        stdout, received = b"", 0
        while True:
            _, kind, _, size, padding, _ = struct.unpack("!BBHHBB", self._read(8, received))
            content = self._read(size + padding, received + 8)[:size]
            received += 8 + size + padding
            if kind == STDOUT:
                stdout += content
            elif kind == END:
                return Response(stdout)

    def at_end(self):
        """Whether the server has closed the connection; waits for that or for bytes."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def request(self, method, path, headers=None, body=b"", keep=True, **more):
        self.send(encode(variables(method, path, headers, body, **more), body, keep))
        return self.receive()


def request(socket_path, method, path, headers=None, body=b"", **more):
    """One request on a connection of its own."""
    with Connection(socket_path) as connection:
        return connection.request(method, path, headers, body, keep=False, **more)
