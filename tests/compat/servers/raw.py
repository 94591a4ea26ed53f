"""A server that answers any request with bytes given beforehand, well-formed or not.

For what a WSGI server would never send: chunked answers, answers cut short,
answers without end, no answer at all.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from threading import Event, Thread
from typing import Self


class RawServer:
    """A listener on a free port of 127.0.0.1.

    :param pieces: what every connection is answered with, piece by piece.
    :param hang: after the pieces, keep the connection open until the server is stopped.
    """

    def __init__(self, pieces: Iterable[bytes] = (), *, hang: bool = False) -> None:
        self.pieces = pieces
        self.requests: list[bytes] = []
        self._hang = hang
        self._stopped = Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        with suppress(OSError):
            socket.create_connection(self._socket.getsockname(), 1).close()  # wakes accept()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        asked = connection.recv(65536)
        if not asked:
            return
        self.requests.append(asked)
        for piece in self.pieces:
            if self._stopped.is_set():
                return
            connection.sendall(piece)
        if self._hang:
            self._stopped.wait(10)


def chunked(body: bytes, content_type: str = "application/json") -> list[bytes]:
    """An answer in chunks of three bytes (RFC 9112 §7.1)."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    parts = [body[i : i + 3] for i in range(0, len(body), 3)]
    return [head.encode(), *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n"]


def plain(body: bytes, content_type: str = "application/json", *, length: int | None = None) -> list[bytes]:
    """An answer whose Content-Length may be a lie."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return [head.encode(), body]
