"""The API that is called: one JSON document on loopback, with TLS and without, from nginx or from a few threads.

Both keep connections open, so what is measured is the client.  A second server answers after ten milliseconds, as an
API at some distance does.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme

#: What an API says about a user: about 1 KiB.
DOCUMENT = {
    "login": "mona",
    "id": 1,
    "name": "Mona Lisa Octocat",
    "urls": {
        name: f"https://api.example.com/users/mona/{name}" for name in ("repos", "orgs", "events", "gists", "keys")
    },
    "bio": "There once was…",
    "plan": {"name": "Medium", "space": 400, "private_repos": 20, "collaborators": 0},
    "repositories": [{"id": number, "name": f"project-{number}", "private": False} for number in range(12)],
}

#: How long the slow one takes for an answer.
SLOW_SECONDS = 0.01

_NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    default_type application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        location / {{ return 200 '{document}'; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is.

    :param kind: ``nginx 1.x`` or ``threads``.
    :param slow: the one that takes :data:`SLOW_SECONDS`, without TLS.
    :param ca_certs: path of the authority's certificate.
    """

    kind: str
    plain: str
    secure: str
    slow: str
    ca_certs: str


@contextmanager
def running() -> Iterator[Api]:
    """The API, until the block ends."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        plain, secure, slow = _free_port(), _free_port(), _free_port()
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        command = _nginx(nginx, folder, plain, secure) if nginx else _threads(folder, plain, secure)
        with _process(command, plain), _process([sys.executable, __file__, str(slow)], slow):
            kind = _version(nginx) if nginx else "a threaded server"
            urls = (f"http://localhost:{plain}/", f"https://localhost:{secure}/", f"http://localhost:{slow}/")
            yield Api(kind, *urls, str(folder / "ca.pem"))


@contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.wait()


def _nginx(nginx: str, folder: Path, plain: int, secure: int) -> list[str]:
    document = json.dumps(DOCUMENT)
    path = folder / "nginx.conf"
    path.write_text(_NGINX.format(folder=folder, plain=plain, secure=secure, document=document))
    return [nginx, "-c", str(path), "-p", str(folder)]


def _threads(folder: Path, plain: int, secure: int) -> list[str]:
    return [sys.executable, __file__, str(folder / "server.pem"), str(plain), str(secure)]


def _version(nginx: str) -> str:
    said = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr
    return said.rpartition(":")[2].strip().replace("/", " ").partition(" (")[0]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError("The API server did not start")


_CONTENT = json.dumps(DOCUMENT).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_CONTENT)))
        self.end_headers()
        self.wfile.write(_CONTENT)

    def log_message(self, *args: object) -> None:
        """Nothing is logged."""


async def _answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_CONTENT)}\r\n\r\n"
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(SLOW_SECONDS)
            writer.write(head.encode() + _CONTENT)


async def _serve_slowly(port: int) -> None:
    server = await asyncio.start_server(_answer_slowly, "127.0.0.1", port)
    await server.serve_forever()


def _serve(certificate: str, plain: int, secure: int) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with_tls = http.server.ThreadingHTTPServer(("127.0.0.1", secure), _Handler)
    with_tls.socket = context.wrap_socket(with_tls.socket, server_side=True)
    threading.Thread(target=with_tls.serve_forever, daemon=True).start()
    http.server.ThreadingHTTPServer(("127.0.0.1", plain), _Handler).serve_forever()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        asyncio.run(_serve_slowly(int(sys.argv[1])))
    else:
        _serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
