"""WebFinger: from what a person types to the issuer who knows them.

Everything here comes from outside, so nothing is asked at private addresses,
and the issuer that is found counts only after its own metadata named it
(Discovery §4.3, enforced where metadata is read).

Sections enforced here: OpenID Connect Discovery §2, §2.1, §2.1.2; RFC 7033 §4.1, §4.2, §4.4.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from ...errors import MetadataError
from ..http import Headers, HTTPRequest, HTTPResponse, origin
from ..oauth2.answers import failure, read_json

ISSUER_RELATION: Final = "http://openid.net/specs/connect/1.0/issuer"
_ACCOUNT: Final = re.compile(r"acct:[^@/?#\s]+@(?P<host>[A-Za-z0-9.-]+)", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d+(?:[/?#]|$))")
_IDENTIFIER_LIMIT: Final = 2048


def normalize_identifier(text: str) -> str:
    """What a person typed, as a URI (Discovery §2.1.2): ``acct:`` for an address, ``https:`` for anything else.

    :raises MetadataError: ``webfinger_identifier``.
    """
    text = text.strip()
    # §2.1: an XRI begins with one of these and is not supported; spaces are in no identifier.
    if not text or text[0] in "=@!" or len(text) > _IDENTIFIER_LIMIT or not text.isprintable() or " " in text:
        raise _not_an_identifier(text)
    text = text.partition("#")[0]  # §2.1.2 step 4: the fragment is stripped off
    if not _SCHEME.match(text):
        text = f"acct:{text}" if _ACCOUNT.fullmatch(f"acct:{text}") else f"https://{text}"
    return _with_path(text)


def webfinger_request(identifier: str) -> HTTPRequest:
    """Ask the host of an identifier for the issuer.

    :param identifier: as a person typed it.
    :raises MetadataError: ``webfinger_identifier``.
    """
    resource = normalize_identifier(identifier)
    query = urlencode([("resource", resource), ("rel", ISSUER_RELATION)])
    return HTTPRequest(
        "GET",
        f"https://{_host(resource)}/.well-known/webfinger?{query}",
        Headers({"Accept": "application/jrd+json"}),
        public_hosts_only=True,
    )


def process_webfinger_response(response: HTTPResponse) -> str:
    """The issuer that a host named; to be confirmed by its metadata.

    :raises MetadataError: ``webfinger_no_issuer``, or the code of an answer that is not proper JSON.
    """
    if response.status != 200:
        raise failure(response, MetadataError)
    links = read_json(response, MetadataError).get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == ISSUER_RELATION:
            return _issuer(link.get("href"))
    raise MetadataError("The WebFinger answer names no issuer", code="webfinger_no_issuer", expected=ISSUER_RELATION)


def _issuer(href: Any) -> str:
    # Discovery §2: https, host, optionally port and path; no query, no fragment.
    if isinstance(href, str) and origin(href)[0] == "https" and origin(href)[1] and not {"?", "#"} & set(href):
        return href
    raise MetadataError(
        "The WebFinger answer names an issuer that is no https URL", code="webfinger_no_issuer", expected="an https URL"
    )


def _with_path(uri: str) -> str:
    """A URL without a path gets the empty one, ``/``, as in the examples of Discovery §2.2."""
    if _ACCOUNT.fullmatch(uri):
        return uri
    parts = urlsplit(uri) if origin(uri)[1] else None
    if parts is None or parts.scheme not in ("https", "http") or not parts.netloc.isascii():
        raise _not_an_identifier(uri)
    return urlunsplit(parts._replace(path=parts.path or "/"))


def _host(resource: str) -> str:
    """Host and port to ask (RFC 7033 §4): after the last ``@`` of an account, else the URL's authority."""
    account = _ACCOUNT.fullmatch(resource)
    return account["host"] if account else urlsplit(resource).netloc.rpartition("@")[2]


def _not_an_identifier(text: str) -> MetadataError:
    return MetadataError(
        "That is neither an e-mail address nor a URL", code="webfinger_identifier", got=f"{len(text)} characters"
    )
