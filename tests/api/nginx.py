"""nginx on loopback with the project's own snippets, in a temporary directory."""
import http.client
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import fastcgi

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "nginx")
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
MAIN = """
user {user};
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 256; }}
http {{
	client_body_temp_path {home}/body;
	fastcgi_temp_path {home}/fastcgi;
	proxy_temp_path {home}/proxy;
	uwsgi_temp_path {home}/uwsgi;
	scgi_temp_path {home}/scgi;
	include snippets/slatesync-upstream.conf;
	access_log {home}/access.log slatesync;
	server {{
		listen 127.0.0.1:{port};
		error_page 400 414 494 =400 /slatesync-malformed;
		include snippets/slatesync-headers.conf;
		include snippets/{api};
		location / {{ return 200 "page"; }}
	}}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """nginx with the snippets as they are, apart from the socket's path and, if asked for, the prefix. `app`: the socket
    of an application that runs already. `edits`: {text in a snippet: its replacement}."""

    def __init__(self, prefix="/api", app=None, edits=None):
        self.home = tempfile.mkdtemp(prefix="slatesync-nginx.")
        os.chmod(self.home, 0o755)
        self.prefix, self.port = prefix, free_port()
        self.socket = app or os.path.join(self.home, "app.sock")
        self.edits = edits or {}
        snippets = os.path.join(self.home, "snippets")
        os.mkdir(snippets)
        for name in os.listdir(SOURCE):
            if name.endswith(".conf"):
                self.copy(name, snippets)
        config = MAIN.format(home=self.home, port=self.port, api="slatesync-api.conf",
                             user=pwd.getpwuid(os.geteuid()).pw_name)
        with open(os.path.join(self.home, "nginx.conf"), "w") as out:
            out.write(config)
        self.process = None

    def copy(self, name, snippets):
        with open(os.path.join(SOURCE, name)) as text:
            text = text.read().replace("/run/slatesync/slatesync.sock", self.socket)
        for old, new in self.edits.items():
            text = text.replace(old, new)
        if name == "slatesync-api.conf":
            text = re.sub(r"/api\b", self.prefix, text)
        with open(os.path.join(snippets, name), "w") as out:
            out.write(text)

    def command(self, *more):
        return [NGINX, "-p", self.home, "-c", os.path.join(self.home, "nginx.conf"), "-e", "stderr", *more]

    def start(self):
        self.process = subprocess.Popen(self.command())
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise RuntimeError("nginx did not start")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, self.prefix + path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def raw(self, data):
        """Sends bytes as they are, returns head and body. nginx may linger, so the length says when it is all here."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
            peer.sendall(data)
            head, body = b"", b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(65536) or b"\r\n\r\n"
            head, _, body = head.partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
            while len(body) < length:
                body += fastcgi.read_exactly(peer, length - len(body))
            return head, body
