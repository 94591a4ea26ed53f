"""Answers of a provider's API, and the data formats of requests and answers.

:class:`OAuthResponse` is what ``remote.get(...)`` returns.  ``add_query``,
``parse_response`` and ``encode_request_data`` keep the names and the meaning of
2010, because old programs import them.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast
from urllib.parse import urljoin

from werkzeug.datastructures import Headers, MultiDict
from werkzeug.http import parse_options_header
from werkzeug.utils import cached_property  # that of functools takes a lock before Python 3.12

from ..errors import InvalidResponseError, OAuthException
from ..protocol.http import FORM_CONTENT_TYPE, HTTPResponse, form_text, parse_form
from ..protocol.http import add_query as append_query

JSON_TYPES = frozenset({"application/json", "text/javascript", "application/javascript"})
#: A path without a first segment that looks like a scheme, without dot segments; a query of visible ASCII may follow.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_~-]+(?:[/.][A-Za-z0-9_~-]+)*(?:\?[!-\"$-~]+)?")
_DIRECTORY = re.compile(r"https?://[A-Za-z0-9.:-]+/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/)*")
XML_TYPES = frozenset({"application/xml", "text/xml"})


class ClientResponse(dict[str, str]):
    """What the client of 2010 returned beside the content: header fields in lower case, and ``'status'`` as text."""

    @classmethod
    def of(cls, response: HTTPResponse) -> ClientResponse:
        fields = cls(response.headers.as_dict())
        fields["status"] = str(response.status)
        return fields

    @property
    def status(self) -> int:
        return int(self["status"])


class HeaderMapping(Protocol):
    """Any mapping of header names to values."""

    def get(self, name: str, default: str = "", /) -> str: ...


class OAuthResponse:
    """The answer of a provider's API.

    :param resp: a mapping with the header fields in lower case and ``'status'`` as text.
    :param content: the body, as ``bytes``.
    """

    def __init__(self, resp: Mapping[str, Any], content: bytes | str) -> None:
        self._header_fields = resp
        self._content = content

    @classmethod
    def of(cls, response: HTTPResponse) -> OAuthResponse:
        """The answer as the transport gave it."""
        return cls(ClientResponse.of(response), response.body)

    @cached_property
    def headers(self) -> Headers:
        """The header fields, without regard to case; ``headers['status']`` is the status as text."""
        return Headers({str(name): str(value) for name, value in self._header_fields.items()})

    @property
    def raw_data(self) -> bytes:
        """The body as it came."""
        return self._content if isinstance(self._content, bytes) else self._content.encode()

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return int(self._header_fields["status"])

    @property
    def ok(self) -> bool:
        """Whether the status says success (2xx)."""
        return 200 <= self.status < 300

    @cached_property
    def data(self) -> Any:
        """The parsed body: JSON as Python objects, XML as an ElementTree element, a form as a flat ``dict``.

        Other text is ``str``; what is no text at all stays ``bytes``.

        :raises OAuthException: the XML defines entities (a bomb), or the JSON is nested beyond measure.
        """
        return parse_response(self._header_fields, self._content, strict=True)

    @cached_property
    def text(self) -> str:
        """The body as text, in the declared charset, UTF-8 if there is none."""
        return _decode(self.raw_data, _content_type(self._header_fields)[1])

    def json(self) -> Any:
        """The body parsed as JSON, whatever its content type says.

        :raises OAuthException: it is not JSON.
        """
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise InvalidResponseError("The answer is not JSON", data=self.text, code="response_not_json") from error

    def raise_for_status(self) -> None:
        """Do nothing for an answer that says success.

        :raises OAuthException: the status is 400 or above; ``data`` holds the parsed body.
        """
        if self.status >= 400:
            raise InvalidResponseError(
                f"The API answered with status {self.status}",
                data=self.data,
                code="response_status",
                expected="below 400",
                got=self.status,
            )

    def __repr__(self) -> str:
        return f"<OAuthResponse {self.status} {_content_type(self._header_fields)[0]}>"


def parse_response(resp: Mapping[str, Any], content: bytes | str, strict: bool = False) -> Any:
    """Parse an answer by its content type.

    :param resp: a mapping with the header fields in lower case.
    :param content: the body.
    :param strict: whether a body of another type is returned as it is; otherwise it is taken for a form, as many
        token endpoints send forms as ``text/plain`` or ``text/html``.
    :raises OAuthException: the XML defines entities (a bomb), or the JSON is nested beyond measure.
    """
    content_type, charset = _content_type(resp)
    raw = content if isinstance(content, bytes) else content.encode()
    if content_type in JSON_TYPES or content_type.endswith("+json"):
        return _parse_json(_decode(raw, charset))
    if content_type in XML_TYPES or content_type.endswith("+xml"):
        return _parse_xml(raw, charset)
    if content_type != FORM_CONTENT_TYPE and strict:
        return _text_or_bytes(raw, content_type, charset)
    flat: dict[str, str] = {}
    for name, value in parse_form(_decode(raw, charset)):
        flat.setdefault(name, value)
    return flat


def _content_type(resp: Mapping[str, Any]) -> tuple[str, str]:
    declared, options = parse_options_header(str(resp.get("content-type") or ""))
    return declared.lower(), options.get("charset", "")


def _decode(raw: bytes, charset: str) -> str:
    try:
        # A byte order mark is no part of the text (RFC 8259 §8.1 lets a reader ignore it).
        if charset.lower() in ("", "utf-8", "utf8"):
            return raw.removeprefix(BOM_UTF8).decode("utf-8", "replace")
        return raw.decode(charset, "replace")
    except LookupError:  # a charset nobody knows
        return raw.decode("utf-8-sig", "replace")


def _text_or_bytes(raw: bytes, content_type: str, charset: str) -> str | bytes:
    if content_type.startswith("text/") or charset:
        return _decode(raw, charset)
    if not content_type or content_type.startswith("application/"):
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw
    return raw


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InvalidResponseError("The JSON answer is nested too deeply", code="response_too_deep") from error
    except ValueError:
        return text  # worth more to the caller than an error: proxies answer HTML as JSON


def _parse_xml(raw: bytes, charset: str) -> Any:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(_decode(raw, charset) if charset else raw)
    except DefusedXmlException as error:
        raise InvalidResponseError("The XML answer defines entities", code="response_xml") from error
    except (ParseError, ValueError):
        return _decode(raw, charset)


def pairs_of(data: Any) -> Iterator[tuple[str, str]]:
    """The names and values of form or query data, as text, in order.

    Takes a mapping, a ``MultiDict`` or pairs.  A list or tuple as a value repeats the name; ``None`` is left out.
    """
    if isinstance(data, MultiDict):
        items = cast("Any", data.items(multi=True))
    elif isinstance(data, Mapping):
        items = data.items()
    else:
        items = data or ()
    for name, value in items:
        for single in value if isinstance(value, (list, tuple)) else (value,):
            if single is not None:
                yield _as_text(name), _as_text(single)


def _as_text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def add_query(url: str, args: Any) -> str:
    """Append arguments to the query of a URL, which may have one already.

    :param args: a mapping, a ``MultiDict`` or pairs; ``None`` or empty leaves the URL as it is.
    """
    return append_query(url, pairs_of(args))


def encode_request_data(data: Any, format: str | None) -> tuple[Any, str | None]:
    """Encode the data of a request.

    :param format: ``'urlencode'`` or ``'urlencoded'``, ``'json'``, or ``None`` for data that is encoded already.
    :returns: the encoded data and its content type.
    :raises OAuthException: the format is unknown.
    """
    if format is None:
        return data, None
    if format == "json":
        return json.dumps(data or {}), "application/json"
    if format in ("urlencode", "urlencoded"):
        return form_text(pairs_of(data)), FORM_CONTENT_TYPE
    raise UnknownFormat(
        f"Unknown format {format!r}", hint="Use 'urlencode' or 'json', or encode the data and name its content_type."
    )


def joined(base: str, url: str) -> str:
    """A URL joined with a base (RFC 3986 §5.2); the usual case, a path below a directory, without parsing."""
    if _PLAIN_PATH.fullmatch(url) and _DIRECTORY.fullmatch(base):
        return base + url
    return urljoin(base, url)


class UnknownFormat(OAuthException, TypeError):
    """The format of outgoing data is not known."""

    default_type = "configuration"
    default_code = "configuration"
