"""Where a URL leads, parsed once: scheme, host, port, and what goes into the head of a request.

Sections enforced here: RFC 9112 §3.2 (request target, Host), RFC 3986 §3.2.1
(no user name in a URL).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from ..errors import TransportError
from ..protocol.http import LOOPBACK_HOSTS, HTTPRequest, is_secure_url

_NAME: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+(%[a-z0-9._-]+)?")
_SENDABLE: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")
#: What RFC 3986 §2 lets stand as it is; ``%`` too, for what was encoded before.
_KEEP: Final = "._~:/?#[]@!$&'()*+,;=%-"

#: A method or the name of a header field (RFC 9110 §5.6.2).
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Header fields that say where a request goes and how it ends: the transport's to write, not the caller's.
FRAMING: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"})
#: Methods whose requests have no content unless they bring it (RFC 9110 §8.6).
BODYLESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})


@dataclass(frozen=True, slots=True)
class Target:
    """A URL up to its query.

    :param host: as a name is resolved and a certificate checked; IPv6 without brackets.
    :param authority: the value of ``Host``.
    :param path: percent-encoded, ``/`` at least.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK_HOSTS


def locate(url: str) -> tuple[Target, str]:
    """The target of a URL, and the request target with its query.

    :raises TransportError: it is not an absolute http or https URL.
    """
    address, _, _ = url.partition("#")
    base, mark, query = address.partition("?")
    target = _parse(base)
    return target, f"{target.path}?{_encoded(query)}" if mark else target.path


def refuse_insecure(request: HTTPRequest, target: Target) -> None:
    """Nothing is sent without TLS, except to this machine and to hosts allowed by name (RFC 6749 §3.1, §3.2).

    :raises TransportError: it would be (``transport_insecure_url``).
    """
    if target.scheme != "https" and not is_secure_url(request.url, request.insecure_hosts):
        raise TransportError(
            f"Not sent: {target.host} would be reached without TLS",
            code="transport_insecure_url",
            expected="https",
            got=target.scheme,
        )


# The query is left out of the key: it may hold credentials, and would fill the cache.
@lru_cache(maxsize=512)
def _parse(base: str) -> Target:
    try:
        scheme, host, port, path = _split(base)
    except ValueError:
        raise TransportError("Not sent: the URL is not an absolute http or https URL, or holds a user name") from None
    name = f"[{host}]" if ":" in host else host
    default = 443 if scheme == "https" else 80
    authority = name if port in (None, default) else f"{name}:{port}"
    return Target(scheme, host, port or default, authority, _encoded(path) or "/")


def _split(base: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(base)
    host, port = _ascii(parts.hostname or ""), parts.port
    if not _NAME.fullmatch(host) or parts.scheme not in ("http", "https") or "@" in parts.netloc or port == 0:
        raise ValueError
    return parts.scheme, host, port, parts.path


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _encoded(text: str) -> str:
    return text if _SENDABLE.fullmatch(text) else quote(text, safe=_KEEP)
