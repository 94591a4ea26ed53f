"""One connection: its socket, its TLS, and the deadline of each request.

The connections are urllib3's, for what it keeps right about TLS, host names and
tunnels on every Python.  Three things are done here instead: where the socket
goes (so that the address guard cannot be bypassed), reading against a deadline
(a timeout per ``recv`` alone lets a server drip one byte after another and hold
a worker for ever), and parsing the head, because urllib3 writes the URL with
its query into the log.

Imported when the first connection is opened: urllib3 takes a while to load.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection as PlainHTTPConnection
from http.client import HTTPResponse as RawResponse
from http.client import UnknownProtocol
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from ..errors import ConfigurationError, TransportError
from ..protocol.http import ClientCertificate, Headers, HTTPRequest, HTTPResponse
from .address import AddressInfo
from .body import ACCEPT_ENCODING, read_body
from .deadline import Deadline
from .target import BODYLESS, FRAMING

#: Larger bodies are written in pieces, so that the deadline is looked at in between.
_PIECE: Final = 16 * 1024
_INTERIM_LIMIT: Final = 8


class DeadlineSocket(socket.socket):
    """A socket that is read against a deadline."""

    deadline: Deadline | None = None

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        if self.deadline is not None:
            self.deadline.arm(self)
        return super().recv_into(buffer, nbytes, flags)


class DeadlineTLSSocket(ssl.SSLSocket):
    """The same with TLS."""

    deadline: Deadline | None = None

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        if self.deadline is not None:
            self.deadline.arm(self)
        return super().recv_into(buffer, nbytes, flags)


class Connection(HTTPConnection):
    """A connection without TLS: to this machine, to hosts allowed by name, and to a proxy."""

    open_socket: Callable[[], socket.socket]
    auto_open = 0  # never connect again behind our back
    #: Whether the head of the present request has left this machine whole.
    #: A request whose head is incomplete cannot be acted on.
    head_sent = False

    def _new_conn(self) -> socket.socket:
        return self.open_socket()

    def perform(
        self, request: HTTPRequest, request_target: str, host: str, user_agent: str, deadline: Deadline
    ) -> tuple[HTTPResponse, bool]:
        """Send a request, read its answer, and say whether the connection can be used again.

        :param request_target: path and query.
        :param host: the value of ``Host``.
        """
        self.head_sent = False
        sock: Any = self.sock  # one of the two classes above, which urllib3's types do not know
        sock.deadline = deadline
        deadline.arm(sock)
        _write_head(self, request, request_target, host, user_agent)
        self.head_sent = True
        complete = not request.body or _write_body(self, request.body, deadline)
        with _read_head(self) as response:
            headers = Headers(response.headers.items())
            body = read_body(response, headers, request.max_response_bytes)
            reusable = complete and response.isclosed() and not response.will_close
        return HTTPResponse(response.status, headers, body, request.url), reusable


class SecureConnection(Connection, HTTPSConnection):
    """A connection with TLS."""


def connect(addresses: Sequence[AddressInfo], timeout: float) -> socket.socket:
    """A connection to the first address that answers.

    :param timeout: seconds for all addresses together; each one gets an equal
        share of what is left, so a dead first address does not use it up.
    :raises OSError: none answered; the reason is that of the last one.
    """
    give_up = time.monotonic() + timeout
    failure: OSError | None = None
    for position, (family, kind, protocol, _, place) in enumerate(addresses):
        share = max(give_up - time.monotonic(), 0.001) / (len(addresses) - position)
        try:
            return _connect_one(family, kind, protocol, place, share)
        except OSError as error:
            failure = error
    try:
        raise failure or OSError("No address")
    finally:
        failure = None  # breaks the cycle error → traceback → frame → error


def _connect_one(family: int, kind: int, protocol: int, place: tuple[Any, ...], timeout: float) -> socket.socket:
    sock = DeadlineSocket(family, kind, protocol)
    try:
        # A request is written in one or two pieces; waiting to fill a packet would delay the second.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        sock.connect(place)
    except BaseException:  # a greenlet may be killed here: the socket goes with it
        sock.close()
        raise
    return sock


def make_context(ca_certs: str | None, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """What TLS needs to know: TLS 1.2 at least, host names checked, the system's trust unless told otherwise.

    :param ca_certs: path of a file or directory of trusted certificates.
    :param certificate: for mutual TLS (RFC 8705).
    :raises ConfigurationError: a file cannot be read.
    """
    context = create_urllib3_context()
    context.sslsocket_class = DeadlineTLSSocket
    try:
        _trust(context, ca_certs)
    except OSError as error:
        raise ConfigurationError("The file of ca_certs cannot be read", code="config_setting", got=ca_certs) from error
    if certificate is not None:
        try:
            # An empty password: the library would ask for one on the terminal and wait.
            context.load_cert_chain(certificate.certificate_file, certificate.key_file, password="")
        except OSError as error:
            raise ConfigurationError(
                "The client certificate or its key cannot be read",
                code="config_key_invalid",
                got=certificate.certificate_file,
            ) from error
    return context


def _trust(context: ssl.SSLContext, ca_certs: str | None) -> None:
    if ca_certs is not None:
        directory = os.path.isdir(ca_certs)
        context.load_verify_locations(None if directory else ca_certs, ca_certs if directory else None)
        return
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and paths.capath is None:  # a Python that was built for another machine
        try:
            import certifi
        except ImportError:
            return
        context.load_verify_locations(certifi.where())


def _write_head(connection: Connection, request: HTTPRequest, target: str, host: str, user_agent: str) -> None:
    unwritable = False
    try:
        _put_head(connection, request, target, host, user_agent)
    except ValueError:
        unwritable = True
    if unwritable:  # raised out here: the cause quotes the value, which may be a credential
        raise TransportError("Not sent: the method or a header field holds characters that cannot be sent")
    connection.endheaders()


def _put_head(connection: Connection, request: HTTPRequest, target: str, host: str, user_agent: str) -> None:
    if not request.method:
        raise ValueError("No method")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    headers = request.headers
    for name, value in headers.items_as_sent():
        if name.lower() not in FRAMING:
            connection.putheader(name, value)
    if "user-agent" not in headers:
        connection.putheader("User-Agent", user_agent)
    if "accept-encoding" not in headers:
        connection.putheader("Accept-Encoding", ACCEPT_ENCODING)
    # RFC 9110 §8.6: a method that is defined to have content states its length even when it is nothing.
    if request.body is not None or request.method not in BODYLESS:
        connection.putheader("Content-Length", str(len(request.body or b"")))


def _write_body(connection: Connection, body: bytes, deadline: Deadline) -> bool:
    """Send a body; false if the server stopped listening, which it may do after an answer such as 413."""
    view = memoryview(body)
    try:
        for start in range(0, len(body), _PIECE):
            if start:
                deadline.arm(connection.sock)
            connection.send(view[start : start + _PIECE])
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _read_head(connection: Connection) -> RawResponse:
    """Read the status line and the header fields of the final answer (RFC 9110 §15.2: others may come before it)."""
    # Not urllib3's getresponse(): it logs the URL, and decodes without a limit of ours.
    response = PlainHTTPConnection.getresponse(connection)
    try:
        for _ in range(_INTERIM_LIMIT):
            if response.status >= 200:
                return response
            if response.status == 101:
                break
            response.headers = None  # type: ignore[assignment]  # so that begin() reads the next head
            response.begin()
        raise UnknownProtocol("No final answer")
    except BaseException:
        response.close()
        raise
