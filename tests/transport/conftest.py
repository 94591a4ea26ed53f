"""What the tests of transports share: an authority, servers that are stopped again, and both transports."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.transport.servers import Handler, Server

from flask_oauth.protocol.http import Headers, HTTPRequest
from flask_oauth.transport import Transport, Urllib3Transport

Serve = Callable[..., Server]
Make = Callable[..., Transport]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server; it is stopped when the test is over."""
    servers: list[Server] = []

    def start(handler: Handler, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(handler, context))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def urllib3_transport() -> Iterator[Callable[..., Urllib3Transport]]:
    made: list[Urllib3Transport] = []

    def make(**options: Any) -> Urllib3Transport:
        made.append(Urllib3Transport(**{"read_timeout": 5.0, "total_timeout": 10.0, **options}))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture(params=["urllib3", "pyreqwest"])
def make_transport(request: pytest.FixtureRequest, urllib3_transport: Make) -> Make:
    """Either transport, with short timeouts."""
    if request.param == "urllib3":
        return urllib3_transport
    pytest.importorskip("pyreqwest", reason="the extra [turbo] is not installed")
    from flask_oauth.transport.pyreqwest_transport import PyreqwestTransport

    def make(**options: Any) -> Transport:
        transport = PyreqwestTransport(**{"read_timeout": 5.0, "total_timeout": 10.0, **options})
        request.addfinalizer(transport.close)
        return transport

    return make


@pytest.fixture
def get() -> Callable[..., HTTPRequest]:
    """Make a GET request."""

    def make(url: str, headers: dict[str, str] | None = None, **options: Any) -> HTTPRequest:
        return HTTPRequest("GET", url, Headers(headers or {}), **options)

    return make
