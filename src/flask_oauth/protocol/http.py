"""HTTP as the protocols see it: a request, a response, and the few codings they share.

A request says for itself what is allowed to happen to it (how large the answer
may be, whether the URL came from a third party), so a transport needs no rules
of its own.

Sections enforced here: RFC 6749 §3.1, §3.2 (parameters at most once),
RFC 8259 §4 (unique member names, where the protocol depends on it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import isinf
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from ..errors import ConfigurationError, InvalidResponseError

KIB: Final = 1024
#: The most bytes an answer of the protocol itself (token, metadata, keys) may have.
PROTOCOL_ANSWER_LIMIT: Final = 1024 * KIB
#: The most bytes an answer of a provider's API may have.
RESOURCE_ANSWER_LIMIT: Final = 10 * 1024 * KIB
#: How deep JSON of the protocol may be nested.
JSON_DEPTH_LIMIT: Final = 32

FORM_CONTENT_TYPE: Final = "application/x-www-form-urlencoded"
LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f]")
#: A URL up to its path, where it holds no user name; what comes after says nothing about its origin.
_BEGINNING: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@]*(?=[/?#]|\Z)")
# A table of octets, which encodes in a tenth of the time that urllib.parse takes.
_FORM_ENCODED: Final = tuple(
    "+" if octet == 0x20 else chr(octet) if chr(octet) in _UNRESERVED else f"%{octet:02X}" for octet in range(256)
)
_USER_INFORMATION: Final = re.compile(r"(?<=//)[^/?#]*@")
# A string that is never closed reaches to the end, so that each character is looked at once.
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)


class Headers(Mapping[str, str]):
    """Header fields: names without regard to case, values as text, never changed after they are made."""

    __slots__ = ("_items", "_values")

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # Lists first: asking whether something is a Mapping takes longer than the rest.
        pairs = items.items() if not isinstance(items, (list, tuple)) and isinstance(items, Mapping) else items
        self._items = tuple([(str(name), str(value)) for name, value in pairs])
        values: dict[str, str] = {}
        for name, value in self._items:
            folded = name.lower()
            # RFC 9110 §5.2: fields of one name are one value, joined by commas.
            values[folded] = f"{values[folded]}, {value}" if folded in values else value
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def as_dict(self) -> dict[str, str]:
        """The fields by their names in lower case, in a mapping of their own."""
        return self._values.copy()

    def items_as_sent(self) -> tuple[tuple[str, str], ...]:
        """Every field in order, with its name as it was written, repeated fields repeated."""
        return self._items

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._values)}>"  # names only: values may be credentials


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate for mutual TLS (RFC 8705).

    :param certificate_file: path of a PEM file with the certificate and its chain.
    :param key_file: path of a PEM file with the private key.
    """

    certificate_file: str
    key_file: str


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """One request, complete: a transport sends it as it is and follows no redirect.

    :param method: ``GET``, ``POST``, …
    :param url: absolute URL.
    :param headers: header fields.
    :param body: bytes, or ``None`` for a request without a body.
    :param max_response_bytes: a longer answer is refused while it is read.
    :param public_hosts_only: the URL came from a third party, so private and
        loopback addresses are refused (the SSRF guard).
    :param insecure_hosts: hosts for which plain http was allowed by name; loopback hosts are allowed always.
    :param client_certificate: for mutual TLS.
    :param repeatable: a GET or HEAD may be sent once more if a kept connection
        turns out to be closed.  ``False`` for a request that must never arrive
        twice, such as one that redeems a code.
    """

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes | None = None
    max_response_bytes: int = PROTOCOL_ANSWER_LIMIT
    public_hosts_only: bool = False
    insecure_hosts: frozenset[str] = frozenset()
    client_certificate: ClientCertificate | None = None
    repeatable: bool = True

    def with_headers(self, extra: Mapping[str, str]) -> HTTPRequest:
        """The same request with further header fields."""
        # Not by replace(), which takes longer than all else here; each DPoP call comes this way.
        return HTTPRequest(
            self.method,
            self.url,
            Headers([*self.headers.items_as_sent(), *extra.items()]),
            self.body,
            self.max_response_bytes,
            self.public_hosts_only,
            self.insecure_hosts,
            self.client_certificate,
            self.repeatable,
        )

    def __repr__(self) -> str:
        # Neither headers nor body, nor user information, query or fragment: each may hold credentials.
        address = _USER_INFORMATION.sub("", self.url.partition("#")[0].partition("?")[0])
        return f"<HTTPRequest {self.method} {address}>"


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """One answer, read to its end.

    :param status: the HTTP status code.
    :param headers: header fields.
    :param body: the content, decompressed.
    :param url: the URL that was asked.
    """

    status: int
    headers: Headers
    body: bytes
    url: str = ""

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        return f"<HTTPResponse {self.status} {self.media_type} {len(self.body)} bytes>"


def form_request(
    url: str,
    parameters: Iterable[tuple[str, str]],
    headers: Mapping[str, str] | None = None,
    *,
    may_repeat: Container[str] = (),
) -> HTTPRequest:
    """A POST with form parameters that asks for a JSON answer.

    :param url: absolute URL of an endpoint.
    :param parameters: names and values in order; each name once (RFC 6749 §3.2).
    :param headers: further header fields.
    :param may_repeat: names that may come more than once (``resource``, RFC 8707 §2).
    """
    pairs = list(parameters)
    names = [name for name, _ in pairs if name not in may_repeat]
    if len(set(names)) != len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ConfigurationError(
            f"Parameters given more than once: {', '.join(repeated)}", code="config_parameter_reserved"
        )
    fields = {"Content-Type": FORM_CONTENT_TYPE, "Accept": "application/json", **(headers or {})}
    return HTTPRequest("POST", url, Headers(fields), form_text(pairs).encode("ascii"))


def form_text(parameters: Iterable[tuple[str, str]]) -> str:
    """Parameters as ``application/x-www-form-urlencoded`` text."""
    return "&".join([f"{form_encoded(name)}={form_encoded(value)}" for name, value in parameters])


def form_encoded(text: str) -> str:
    """One name or value of such a text (RFC 6749 appendix B: UTF-8, then form-encoded)."""
    octets = text if text.isascii() else text.encode("utf-8").decode("latin-1")
    return octets.translate(_FORM_ENCODED)


def add_query(url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Append parameters to a URL, whether or not it has a query already; a fragment stays at the end."""
    query = form_text(parameters)
    if not query:
        return url
    address, hash_mark, fragment = url.partition("#")
    if "?" not in address:
        glue = "?"
    else:
        glue = "" if address.endswith(("?", "&")) else "&"
    return f"{address}{glue}{query}{hash_mark}{fragment}"


def read_once(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters as a mapping.

    :raises InvalidResponseError: one of them came twice (RFC 6749 §3.1: MUST NOT be included more than once).
    """
    values: dict[str, str] = {}
    for name, value in parameters:
        if name in values:
            raise InvalidResponseError(
                f"The parameter {name[:40]!r} came more than once", code="authorization_response_repeated"
            )
        values[name] = value
    return values


def parse_form(text: str) -> list[tuple[str, str]]:
    """Form-encoded text as pairs, empty values kept."""
    return parse_qsl(text, keep_blank_values=True)


def parse_json_object(response: HTTPResponse) -> dict[str, Any]:
    """The JSON object in an answer of the protocol.

    :raises InvalidResponseError: not JSON, not an object, one member name
        twice, or nested deeper than :data:`JSON_DEPTH_LIMIT`.
    """
    return json_object(response.body)


def json_object(content: bytes | str) -> dict[str, Any]:
    """A JSON object, each of its members named once; see :func:`parse_json_object`."""
    text = content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else content
    # The depth is looked at before parsing: the parser itself recurses.
    if _depth_bound(text) > JSON_DEPTH_LIMIT:
        raise InvalidResponseError("The JSON answer is nested too deeply", code="response_too_deep")
    try:
        value = _decode_json(text)
        if "\\u" in text:  # RFC 8259 §8.2: a lone surrogate is no character, and could be sent nowhere
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        # Without the cause, which holds the whole text; its message only says where reading stopped.
        raise InvalidResponseError(
            "The answer is not JSON", code="response_not_json", expected="JSON", got=str(error)[:100]
        ) from None
    if not isinstance(value, dict):
        raise InvalidResponseError(
            "The answer is not a JSON object", code="response_not_json", expected="object", got=type(value).__name__
        )
    return value


def _depth_bound(text: str) -> int:
    """How deep the brackets outside strings are nested."""
    if text.count("[") + text.count("{") <= JSON_DEPTH_LIMIT:
        return 0  # most answers end here: so few brackets cannot be nested too deeply
    depth = deepest = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if token[0] in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in ("]", "}"):
            depth -= 1
    return deepest


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidResponseError("The JSON answer names a member twice", code="response_duplicate_member")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if isinf(value):
        raise ValueError("a number is larger than any that can be held")
    return value


# Made once: json.loads() with hooks builds a decoder for each call, which takes longer than decoding.
_decode_json: Final = json.JSONDecoder(
    object_pairs_hook=_unique_members, parse_constant=_no_constant, parse_float=_finite
).decode


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL (RFC 6454 §4), default ports filled in.

    :returns: ``("", "", None)`` for what is no URL, or a URL of which two readers may see two hosts: with a
        backslash before its path (``https://a.example\\@b.example/``) or a control character.  No secure URL has
        that origin.
    """
    beginning = _BEGINNING.match(url)
    if beginning is None or _CONTROL_CHARACTER.search(url):
        return _read_origin(url)
    return _known_origin(beginning[0])


def _read_origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # such as https://[ or a port that is not a number
        return "", "", None
    if "\\" in parts.netloc or _CONTROL_CHARACTER.search(url):
        return "", "", None
    if port is None:
        port = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


# A program speaks to few servers and asks for their origins all the time.
_known_origin: Final = lru_cache(maxsize=1024)(_read_origin)


def is_secure_url(url: str, insecure_hosts: Iterable[str] = ()) -> bool:
    """Whether credentials may be sent to a URL: https, a loopback host, or a host that was allowed by name."""
    scheme, host, _ = origin(url)
    if scheme == "http":
        return host in LOOPBACK_HOSTS or host in insecure_hosts
    return scheme == "https" and bool(host)
