"""Servers that do as they are told, misbehaviour included: raw sockets on a free loopback port."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Peer:
    """The server's end of one connection."""

    sock: socket.socket
    server: Server
    number: int
    buffer: bytes = b""

    def read(self) -> Received | None:
        """The next request, or ``None`` at the end."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            if not (more := self.sock.recv(65536)):
                return None
            self.buffer += more
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        request = Received(method, target, headers, body, self.number)
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes = b"{}", status: str = "200 OK", **headers: str) -> None:
        """A proper answer with its length."""
        fields = {
            "Content-Length": str(len(body)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)

    def wait(self, seconds: float = 10.0) -> None:
        """Do nothing until the server is stopped."""
        self.server.stopping.wait(seconds)

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self.buffer:
            if not (more := self.sock.recv(65536)):
                return None
            self.buffer += more
        head, _, self.buffer = self.buffer.partition(mark)
        return head


Handler = Callable[[Peer], None]


@dataclass
class Server:
    """A server whose connections are each handled by a function in a thread of their own."""

    handler: Handler
    context: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def url(self, path: str = "/", host: str = "localhost") -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def stop(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        # What a client does to a server (hanging up, refusing the certificate) is not this server's failure.
        with sock, contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context is None:
                self.handler(Peer(sock, self, number))
                return
            with self.context.wrap_socket(sock, server_side=True) as secure:
                self._sockets.append(secure)
                self.handler(Peer(secure, self, number))


def echo(peer: Peer) -> None:
    """Answer every request on a connection with its own number."""
    while (request := peer.read()) is not None:
        peer.answer(f'{{"connection": {request.connection}}}'.encode(), Content_Type="application/json")


def after_request(action: Callable[[Peer], None]) -> Handler:
    """Read one request, then do something and hang up."""

    def handler(peer: Peer) -> None:
        if peer.read() is not None:
            action(peer)

    return handler


def sending(data: bytes) -> Handler:
    """Read one request, send these bytes, and hang up."""
    return after_request(lambda peer: peer.send(data))
