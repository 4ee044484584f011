"""A git server of a test's own: https with a certificate made for it, real repositories, a token that opens them."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.lacking import lacking


class Server(ThreadingHTTPServer):
    """`asked` are (path, Authorization) of all requests. `token` opens it ("" opens it to all); who comes without is
    told what he sent. `elsewhere` is where all are sent; `stalls` says that no pack is ever sent."""

    daemon_threads = True
    block_on_close = False
    root: Path
    token = ""
    elsewhere = ""
    stalls = False

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}/{path}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        sent = self.headers.get("Authorization", "")
        self.server.asked.append((self.path, sent))
        wanted = base64.b64encode(f"x-access-token:{self.server.token}".encode()).decode()
        if self.server.elsewhere:
            self._send(302, {"Location": self.server.elsewhere + self.path}, b"")
        elif self.server.token and sent != f"Basic {wanted}":
            told = f"You sent {sent}, {base64.b64decode(sent[6:]).decode()}\n"
            self._send(403, {"Content-Type": "text/plain"}, told.encode())
        elif self.server.stalls and b"command=fetch" in body:
            self.server.over.wait(60)
        else:
            self._serve(body)

    def _serve(self, body: bytes) -> None:
        address = urlsplit(self.path)
        env = os.environ | {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._send(int(fields.pop("Status", "200").split()[0]), fields, content)

    def _send(self, status: int, fields: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in (fields | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is its own."""


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key in one file."""
    file = folder / "certificate.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    try:
        made = subprocess.run(
            ["openssl", *words.split(), "-keyout", str(folder / "key.pem"), "-out", str(file)],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        lacking("openssl is not installed.")
    assert made.returncode == 0, made.stderr
    file.write_bytes(file.read_bytes() + (folder / "key.pem").read_bytes())
    return file


@contextmanager
def https_server(root: Path, certificate: Path) -> Iterator[Server]:
    """A server of the repositories below `root`."""
    server = Server(("127.0.0.1", 0), _Handler)
    server.root, server.asked, server.over = root, [], Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
