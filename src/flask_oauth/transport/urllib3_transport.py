"""The default transport: urllib3's connections, kept for the life of the process.

What is refused, and where:

- plain http, except to this machine or a host allowed by name: before anything is sent
- private addresses, for URLs that a third party supplied: before a socket is opened
- an answer that is too large, too slow, or incomplete: while it is read

No redirect is followed (RFC 9700 §4.12) and no request is repeated, except one
that certainly was not acted on: see :meth:`Urllib3Transport.send`.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPException, IncompleteRead
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError, TransportError
from ..protocol.http import ClientCertificate, HTTPRequest, HTTPResponse
from .address import Resolver, resolve, system_resolver
from .deadline import Deadline
from .pool import IDLE_SECONDS, ConnectionPool
from .target import Target, locate, refuse_insecure

if TYPE_CHECKING:
    from .connection import Connection

USER_AGENT: Final = "Flask-OAuth/1.0"
TRUST_HINT: Final = "If a private authority signed it, give the path of that authority's certificate as ca_certs."

_Key: TypeAlias = tuple[str, str, int, ClientCertificate | None, bool]
#: What writing to, or reading from, a connection raises that the other side had closed already.
_CLOSED: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class _StaleError(Exception):
    """A kept connection was closed before the request was acted on: it may be sent again."""


class Urllib3Transport:
    """Sends requests over pooled connections.

    One object serves all threads and greenlets.  In a process forked from the
    one that made it, it starts with an empty pool: no socket is ever shared.

    :param connect_timeout: seconds for connecting, all addresses together, and again for the TLS handshake.
    :param read_timeout: seconds to wait for each piece of an answer.
    :param total_timeout: seconds for the whole request.  Looking up a name is
        the operating system's and cannot be cut short.
    :param ca_certs: path of a file or directory of certificates to trust
        instead of the system's.
    :param proxy_url: ``http://[user:password@]host:port`` of a proxy that
        tunnels (CONNECT).  This machine is reached without it.
    :param resolver: looks up names instead of the operating system.
    :param user_agent: sent unless a request brings its own.
    :param idle_seconds: how long a connection is kept after its last request.
    :param clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        total_timeout: float = 60.0,
        ca_certs: str | None = None,
        proxy_url: str | None = None,
        resolver: Resolver = system_resolver,
        user_agent: str = USER_AGENT,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._total_timeout = total_timeout
        self._ca_certs = ca_certs
        self._proxy = _Proxy(proxy_url) if proxy_url else None
        self._resolver = resolver
        self._user_agent = user_agent
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._contexts: dict[ClientCertificate | None, tuple[object, ssl.SSLContext]] = {}
        self._pool: ConnectionPool[Connection] = ConnectionPool(idle_seconds)

    def send(self, request: HTTPRequest) -> HTTPResponse:
        """Send one request; see :meth:`flask_oauth.transport.Transport.send`.

        A connection that was kept may have been closed by the server just now.
        Then the request goes out once more on a new one, if the first did not
        leave this machine whole, or if it is a GET or HEAD that
        :attr:`HTTPRequest.repeatable` allows to repeat (RFC 9110 §9.2.2).
        """
        target, request_target = locate(request.url)
        refuse_insecure(request, target)
        call = _Call(request, target, request_target, Deadline(self._clock, self._total_timeout, self._read_timeout))
        try:
            return self._send(call)
        except (OSError, HTTPException) as error:
            if isinstance(error, TransportError):
                raise
            raise _explained(error, target.host) from error

    def close(self) -> None:
        """Close the idle connections.  The transport can be used on and opens new ones."""
        pool, self._pool = self._pool, ConnectionPool(self._idle_seconds)
        pool.close()

    def _send(self, call: _Call) -> HTTPResponse:
        pool = self._own_pool()
        kept = pool.take(call.key, self._clock())
        if kept is not None:
            try:
                return self._exchange(call, pool, kept, kept=True)
            except _StaleError:
                pass
        return self._exchange(call, pool, self._open(call), kept=False)

    def _own_pool(self) -> ConnectionPool[Connection]:
        """The pool of this process.  Asked for each request, since not every server tells Python that it forked."""
        pool = self._pool
        if pool.pid != os.getpid():
            pool.abandon()
            pool = self._pool = ConnectionPool(self._idle_seconds)
        return pool

    def _exchange(
        self, call: _Call, pool: ConnectionPool[Connection], connection: Connection, *, kept: bool
    ) -> HTTPResponse:
        try:
            answer, reusable = connection.perform(
                call.request, call.request_target, call.target.authority, self._user_agent, call.deadline
            )
        except BaseException as error:
            # Whatever happened, a killed greenlet included: half an answer must never meet the next request.
            connection.close()
            if kept and isinstance(error, _CLOSED) and (not connection.head_sent or call.may_repeat):
                raise _StaleError from error
            raise
        if reusable:
            pool.give(call.key, connection, self._clock())
        else:
            connection.close()
        return answer

    def _open(self, call: _Call) -> Connection:
        target, request = call.target, call.request
        timeout = min(self._connect_timeout, call.deadline.wait())
        connection = self._new_connection(target, request, timeout)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _new_connection(self, target: Target, request: HTTPRequest, timeout: float) -> Connection:
        from .connection import Connection, SecureConnection

        host, port = target.host, target.port
        proxy = None if target.is_loopback else self._proxy
        to_host, to_port = (proxy.host, proxy.port) if proxy else (host, port)
        connection: Connection
        if target.scheme == "https":
            context = self._context(request.client_certificate)
            connection = SecureConnection(to_host, to_port, timeout=timeout, ssl_context=context, server_hostname=host)
        else:
            connection = Connection(to_host, to_port, timeout=timeout)
        if proxy:
            if request.public_hosts_only:  # the proxy is given an address that was judged, not a name
                host = str(resolve(host, port, self._resolver, public_only=True)[0][4][0])
            connection.set_tunnel(host, port, proxy.headers)
        guarded = request.public_hosts_only and not proxy
        connection.open_socket = partial(self._open_socket, to_host, to_port, guarded, timeout)
        return connection

    def _open_socket(self, host: str, port: int, public_only: bool, timeout: float) -> socket.socket:
        from .connection import connect

        sock = connect(resolve(host, port, self._resolver, public_only=public_only), timeout)
        sock.settimeout(timeout)  # for the handshake
        return sock

    def _context(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """The TLS settings for a client certificate, read again when its files have changed."""
        from .connection import make_context

        version = _version(certificate)
        known = self._contexts.get(certificate)
        if known is None or known[0] != version:
            known = self._contexts[certificate] = (version, make_context(self._ca_certs, certificate))
        return known[1]


class _Call:
    """One request on its way."""

    __slots__ = ("deadline", "key", "request", "request_target", "target")

    def __init__(self, request: HTTPRequest, target: Target, request_target: str, deadline: Deadline) -> None:
        self.request = request
        self.target = target
        self.request_target = request_target
        self.deadline = deadline
        # Connections made for a guarded request went through the guard; others did not, and are kept apart.
        self.key: _Key = (
            target.scheme,
            target.host,
            target.port,
            request.client_certificate,
            request.public_hosts_only,
        )

    @property
    def may_repeat(self) -> bool:
        """Whether the request may arrive twice (RFC 9110 §9.2.2: only where the method is idempotent)."""
        request = self.request
        return request.repeatable and request.body is None and request.method in ("GET", "HEAD")


class _Proxy:
    """A proxy that tunnels."""

    __slots__ = ("headers", "host", "port")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ConfigurationError(
                "The proxy's URL is not http://host:port", code="config_setting", expected="http://host:port"
            )
        self.host = parts.hostname
        self.port = parts.port or 80
        self.headers = {}
        if parts.username is not None:
            from urllib3.util import make_headers

            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.headers = make_headers(proxy_basic_auth=pair)


def _version(certificate: ClientCertificate | None) -> object:
    """Something that changes when the files of a certificate do."""
    if certificate is None:
        return None
    try:
        return [os.stat(path).st_mtime_ns for path in (certificate.certificate_file, certificate.key_file)]
    except OSError:
        return None  # reading them says what is wrong


def _explained(error: OSError | HTTPException, host: str) -> TransportError:
    """The error in our words: the host, never the path or the query."""
    if isinstance(error, TimeoutError):
        return TransportError(f"{host} did not answer in time", code="transport_timeout")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TransportError(
            f"The certificate of {host} was not accepted: {error.verify_message}",
            hint=TRUST_HINT,
        )
    if isinstance(error, ssl.SSLError):
        return TransportError(f"TLS with {host} failed: {error.reason}")
    if isinstance(error, socket.gaierror):
        return TransportError(f"The name {host} could not be resolved")
    if isinstance(error, IncompleteRead):
        return TransportError(f"The answer of {host} ended too early")
    if isinstance(error, HTTPException):
        return TransportError(f"The answer of {host} is not proper HTTP")
    return TransportError(f"The connection to {host} failed: {error.strerror or type(error).__name__}")
