"""The wire: a request goes out, and its answer comes back or a :class:`TransportError` says why not.

============================== ==================================================
:mod:`.urllib3_transport`      the default: what is sent, and what is refused
:mod:`.pool`                   connections that wait for their next request
:mod:`.connection`             one connection: sockets, TLS, deadlines
:mod:`.address`                names to addresses, and the guard against private ones
:mod:`.body`                   reading an answer to its end, and no further than allowed
:mod:`.pyreqwest_transport`    the other one, for the extra ``[turbo]``
============================== ==================================================

Rules kept here for every request: RFC 6749 §3.1, §3.2 and RFC 9700 §2.6 (TLS,
except on this machine), RFC 9700 §4.12 (no redirect is followed with
credentials), RFC 9112 §6.3 (an incomplete answer is no answer).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ..protocol.http import HTTPRequest, HTTPResponse
    from .urllib3_transport import Urllib3Transport

__all__ = ["Transport", "Urllib3Transport", "shared_transport"]


@runtime_checkable
class Transport(Protocol):
    """Anything that can send a request."""

    def send(self, request: HTTPRequest) -> HTTPResponse:
        """Send one request and read its answer to the end.

        A redirect is an answer like any other and is never followed.  An answer
        with an error status is returned, not raised.

        :param request: the request, complete.  Its ``max_response_bytes``,
            ``public_hosts_only``, ``insecure_hosts`` and ``client_certificate``
            are obeyed.
        :returns: the answer, its body decompressed.
        :raises TransportError: the request was refused before it was sent, or
            no complete answer came back.
        """
        ...


@functools.cache
def shared_transport() -> Urllib3Transport:
    """The one transport of this process, so that all remote apps share one pool of connections."""
    from .urllib3_transport import Urllib3Transport

    return Urllib3Transport()


def __getattr__(name: str) -> Any:
    if name == "Urllib3Transport":  # what sends is loaded when the first request is made
        from .urllib3_transport import Urllib3Transport

        return Urllib3Transport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
