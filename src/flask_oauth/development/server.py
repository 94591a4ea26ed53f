"""Serve a WSGI application on a loopback port for the time of a ``with`` block, in threads of this process."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from .provider import create_provider

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Writes no line for a request: query strings carry codes and tokens, and tests want silence."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def running_app(app: WSGIApplication, *, port: int = 0) -> Iterator[str]:
    """Serve ``app`` on ``127.0.0.1`` and give its base URL, without a trailing slash.

    :param port: the port; 0 for a free one
    :raises OSError: if the port is taken
    """
    with socket.create_server((LOOPBACK, port)) as listening:  # werkzeug would leave the process if the port is taken
        server = make_server(LOOPBACK, 0, app, threaded=True, request_handler=QuietHandler, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running_provider(app: Flask | None = None, *, port: int = 0, **options: Any) -> Iterator[str]:
    """A development provider on a loopback port; gives its base URL, which is its issuer too.

    :param app: a provider made before with ``create_provider``, to have its memory at hand
    :param port: the port; 0 for a free one
    :param options: for ``create_provider`` if ``app`` is not given
    """
    with running_app(app or create_provider(**options), port=port) as url:
        yield url


def wait_for_stop() -> None:
    """Wait for Ctrl-C or SIGTERM. Works too where a shell started the process with SIGINT ignored (``command &``)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
