"""The other transport, for the extra ``[turbo]``: pyreqwest, an HTTP client in Rust.

It takes about two thirds of the default's time for a call and keeps the same
rules, with these differences:

- It does not survive a fork.  Its client is made at the first call in the
  worker, and a client used across a fork is an error that says so
  (``gunicorn --preload`` is fine, as long as nothing is sent while loading).
- It waits outside of Python, so under gevent every greenlet would wait with it;
  it refuses to run there.
- ``ca_certs`` is trusted in addition to the system's authorities.
- Header fields must be ASCII.

Requests that need the address guard or a client certificate are sent by the
default transport, which has the means for both.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from datetime import timedelta
from http.client import HTTPException, UnknownProtocol
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import ConfigurationError, TransportError
from ..protocol.http import Headers, HTTPRequest, HTTPResponse
from .body import decode, too_large
from .pool import IDLE_PER_HOST, IDLE_SECONDS
from .target import BODYLESS, FRAMING, TOKEN, Target, locate, refuse_insecure
from .urllib3_transport import TRUST_HINT, USER_AGENT, Urllib3Transport

if TYPE_CHECKING:
    from pyreqwest.client import SyncClient
    from pyreqwest.exceptions import PyreqwestError
    from pyreqwest.http import HeaderMap
    from pyreqwest.request import SyncStreamRequest
    from pyreqwest.response import SyncResponse

_END: Final = "-----END CERTIFICATE-----"


class PyreqwestTransport:
    """Sends requests through pyreqwest.

    :param connect_timeout: seconds for connecting, TLS included.
    :param read_timeout: seconds to wait for each piece of an answer.
    :param total_timeout: seconds for the whole request.
    :param ca_certs: path of a file of certificates to trust besides the system's.
    :param user_agent: sent unless a request brings its own.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        total_timeout: float = 60.0,
        ca_certs: str | None = None,
        user_agent: str = USER_AGENT,
    ) -> None:
        self._timeouts = connect_timeout, read_timeout, total_timeout
        self._ca_certs = ca_certs
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._client: SyncClient | None = None
        self._pid: int | None = None
        self._default = Urllib3Transport(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            total_timeout=total_timeout,
            ca_certs=ca_certs,
            user_agent=user_agent,
        )

    def send(self, request: HTTPRequest) -> HTTPResponse:
        """Send one request; see :meth:`flask_oauth.transport.Transport.send`.

        A GET or HEAD whose connection ends before an answer began is sent once
        more, if :attr:`HTTPRequest.repeatable` allows it.

        :raises TransportError: also if this process was forked from the one
            that made the client (``transport_forked``).
        :raises ConfigurationError: pyreqwest is not installed, or gevent is in use.
        """
        if request.public_hosts_only or request.client_certificate is not None:
            return self._default.send(request)
        target, request_target = locate(request.url)
        refuse_insecure(request, target)
        _refuse_unwritable(request)
        exchange = _Exchange(self._own_client(), request, target, request_target)
        outcome = exchange.attempt()
        if isinstance(outcome, _Failure) and outcome.may_repeat:
            outcome = exchange.attempt()
        if isinstance(outcome, _Failure):
            # Raised out here, where pyreqwest's error is not carried along: it quotes the URL with its query.
            raise outcome.error from outcome.cause
        return outcome

    def close(self) -> None:
        """Close the connections.  The transport can be used on."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._pid == os.getpid():
            client.close()
        self._default.close()

    def _own_client(self) -> SyncClient:
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client, self._pid = self._make_client(), os.getpid()
        if self._pid != os.getpid():
            raise _forked()
        return self._client

    def _make_client(self) -> SyncClient:
        _refuse_gevent()
        try:
            from pyreqwest.client import SyncClientBuilder
        except ImportError as error:
            raise ConfigurationError(
                "pyreqwest is not installed",
                code="config_extra_missing",
                hint="pip install 'Flask-OAuth[turbo]', or leave the transport out.",
            ) from error
        connect, read, total = (timedelta(seconds=seconds) for seconds in self._timeouts)
        builder = SyncClientBuilder().user_agent(self._user_agent)
        builder = builder.connect_timeout(connect).read_timeout(read).timeout(total)
        builder = builder.follow_redirects(False).referer(False).no_proxy().min_tls_version("TLSv1.2")
        builder = builder.brotli(False).zstd(False)
        builder = builder.pool_idle_timeout(timedelta(seconds=IDLE_SECONDS)).pool_max_idle_per_host(IDLE_PER_HOST)
        for certificate in _certificates(self._ca_certs):
            builder = builder.add_root_certificate_pem(certificate)
        try:
            return builder.build()
        except RuntimeError as error:  # another client was made before the fork
            raise _forked() from error


@functools.cache
def _their_error() -> type[PyreqwestError]:
    from pyreqwest.exceptions import PyreqwestError

    return PyreqwestError


class _Failure(NamedTuple):
    error: TransportError
    cause: Exception | None = None
    may_repeat: bool = False


class _Exchange:
    """One request on its way."""

    __slots__ = ("_client", "_host", "_request", "_url")

    def __init__(self, client: SyncClient, request: HTTPRequest, target: Target, request_target: str) -> None:
        self._client = client
        self._request = request
        self._host = target.host
        self._url = f"{target.scheme}://{target.authority}{request_target}"

    def attempt(self) -> HTTPResponse | _Failure:
        """The answer, or what went wrong."""
        try:
            with self._built() as response:
                return self._read(response)
        except _their_error() as error:
            return self._explained(error)
        except TransportError as error:
            return _Failure(error)
        except HTTPException as error:
            return _Failure(TransportError(f"The answer of {self._host} is not proper HTTP"), error)
        except ValueError:
            return _Failure(TransportError(f"Not sent: {self._host} is not in a URL that can be used"))

    def _built(self) -> SyncStreamRequest:
        request = self._request
        fields = [(name, value) for name, value in request.headers.items_as_sent() if name.lower() not in FRAMING]
        builder = self._client.request(request.method, self._url).headers(fields)
        if request.body is not None:
            builder = builder.body_bytes(request.body)
        elif request.method not in BODYLESS:
            builder = builder.header("Content-Length", "0")
        return builder.build_streamed()

    def _read(self, response: SyncResponse) -> HTTPResponse:
        request = self._request
        headers = Headers(_fields(response))
        if response.status < 200:
            raise UnknownProtocol("No final answer")
        body = _read_body(response, headers, request)
        if body and "content-encoding" in headers:  # what pyreqwest undid itself is not there any more
            body = decode(body, headers["content-encoding"], request.max_response_bytes)
        return HTTPResponse(response.status, headers, body, request.url)

    def _explained(self, error: PyreqwestError) -> _Failure:
        """What happened in our words, with the causes that do not quote the URL."""
        from pyreqwest.exceptions import NetworkError, RequestTimeoutError

        details = getattr(error, "details", None) or {}
        causes = [cause["message"] for cause in details.get("causes") or () if "://" not in cause["message"]]
        last = causes[-1] if causes else error.message
        safe = ConnectionError(f"{type(error).__name__}: {'; '.join(causes)}")
        if isinstance(error, RequestTimeoutError):
            return _Failure(TransportError(f"{self._host} did not answer in time", code="transport_timeout"), safe)
        if "certificate" in last:
            message = f"The certificate of {self._host} was not accepted: {last}"
            return _Failure(TransportError(message, hint=TRUST_HINT), safe)
        closed = isinstance(error, NetworkError) and last == "connection closed before message completed"
        failed = TransportError(f"The exchange with {self._host} failed: {last}")
        return _Failure(failed, safe, closed and self._is_repeatable())

    def _is_repeatable(self) -> bool:
        request = self._request  # RFC 9110 §9.2.2: only where the method is idempotent
        return request.repeatable and request.body is None and request.method in ("GET", "HEAD")


def _read_body(response: SyncResponse, headers: Headers, request: HTTPRequest) -> bytes:
    limit = request.max_response_bytes
    length = headers.get("content-length", "")
    if request.method != "HEAD" and length.isdigit() and int(length) > limit:
        raise too_large(limit)
    reader = response.body_reader
    pieces: list[bytes] = []
    total = 0
    while (piece := reader.read_chunk()) is not None:
        total += len(piece)
        if total > limit:
            raise too_large(limit)
        pieces.append(bytes(piece))
    return b"".join(pieces)


def _fields(response: SyncResponse) -> list[tuple[str, str]]:
    headers = response.headers
    try:
        return list(headers.items())
    except ValueError:  # a field that is not ASCII, which cannot be read: left out
        return [(name, value) for name in dict.fromkeys(headers) for value in _values(headers, name)]


def _values(headers: HeaderMap, name: str) -> list[str]:
    try:
        return headers.getall(name)
    except ValueError:
        return []


def _refuse_unwritable(request: HTTPRequest) -> None:
    """What pyreqwest would refuse too, but with an error that quotes it."""
    writable = bool(TOKEN.fullmatch(request.method))
    for name, value in request.headers.items_as_sent():
        printable = value.isprintable() or value.replace("\t", "").isprintable()
        writable = writable and printable and value.isascii() and bool(TOKEN.fullmatch(name))
    if not writable:
        raise TransportError("Not sent: the method or a header field holds characters that cannot be sent")


def _refuse_gevent() -> None:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("socket"):
        raise ConfigurationError(
            "The pyreqwest transport cannot be used under gevent: every greenlet would wait with it",
            hint="Use the default transport.",
        )


def _forked() -> TransportError:
    return TransportError(
        "This process was forked from one that had sent requests with pyreqwest, which cannot go on after a fork",
        code="transport_forked",
    )


def _certificates(ca_certs: str | None) -> list[bytes]:
    if ca_certs is None:
        return []
    try:
        with open(ca_certs, encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError as error:
        raise ConfigurationError("The file of ca_certs cannot be read", code="config_setting", got=ca_certs) from error
    return [f"{part}{_END}\n".encode() for part in text.split(_END)[:-1]]
