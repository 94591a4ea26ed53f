"""Who signed in: which answers of a provider's API are needed, asked for one after another, and what they say.

The hub loops until there is nothing more to ask::

    documents = {"token": token.extra, "id_token": id_token_claims}
    while step := next_request(provider, token, documents, client_id=…):
        name, request = step
        documents[name] = read_document(provider, name, transport.send(request))
    claims(provider, documents)

For OAuth 1.0a the requests are not signed here (RFC 5849 §3.4); the hub does
it.  Sections enforced here: RFC 6750 §2.1 (the token goes into the
``Authorization`` header, and elsewhere only where a preset says that the
provider will have it so).
"""

# ruff: noqa: S105 - words, not secrets
from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from ..errors import InvalidResponseError, ServerError
from ..protocol.http import (
    FORM_CONTENT_TYPE,
    RESOURCE_ANSWER_LIMIT,
    Headers,
    HTTPRequest,
    HTTPResponse,
    add_query,
    is_secure_url,
)
from ..protocol.token import Token
from .exchange import JSON_CONTENT_TYPE, at_location, find_error, read_members
from .model import PLACEHOLDER, Provider
from .profile import find
from .special import identity_jwt_claims

USERINFO: Final = "userinfo"
EMAILS: Final = "emails"


def document_names(provider: Provider) -> tuple[str, ...]:
    """The answers that a profile needs, in the order in which they are asked for."""
    first = [name for name, document in provider.documents.items() if document.first]
    then = [name for name, document in provider.documents.items() if not document.first]
    userinfo = [USERINFO] if provider.userinfo_endpoint else []
    return (*first, *userinfo, *then, *((EMAILS,) if provider.email_endpoint else ()))


def next_request(
    provider: Provider, token: Token, documents: Mapping[str, Any], *, client_id: str = "", client_secret: str = ""
) -> tuple[str, HTTPRequest] | None:
    """The next answer to ask for, by name; ``None`` if all are there.

    :param provider: a preset, resolved.
    :param token: the token of the person who signed in.
    :param documents: the answers so far.
    :param client_id: for providers that want it beside the token.
    :param client_secret: for Meta's proof; it is not sent.
    """
    for name in document_names(provider):
        if name not in documents:
            values = _Values(documents, token, client_id)
            return name, _request(provider, name, token, values, client_secret)
    return None


def read_document(
    provider: Provider,
    name: str,
    response: HTTPResponse,
    *,
    client_id: str = "",
    client_secret: str = "",
    now: float = 0.0,
) -> Any:
    """What an answer holds.

    :param client_id: for answers that are JWTs for the client (MediaWiki).
    :param client_secret: for answers that are signed with it (MediaWiki).
    :param now: seconds since the epoch, for the same.
    :returns: an object, or a list of e-mail addresses; an empty object for a
        refused answer that a profile can do without.
    :raises ServerError: the provider answered with an error.
    :raises InvalidResponseError: the answer is neither a document nor an error.
    """
    if not response.ok and _is_optional(provider, name):
        return {}
    if response.ok and response.body.lstrip()[:1] == b"[":
        # The wrapper lets the one strict reader do the work: depth, repeated members.
        return read_members(replace(response, body=b'{"list":' + response.body + b"}"))["list"]
    if response.ok and provider.quirks.userinfo_is_jwt and not response.body.lstrip().startswith(b"{"):
        text = response.body.decode("ascii", "replace").strip()
        return identity_jwt_claims(provider, text, client_id=client_id, client_secret=client_secret, now=now)
    members = read_members(response)
    error = find_error(members, provider.quirks.userinfo_error)
    if not response.ok or (error and (provider.quirks.errors_in_200 or provider.quirks.userinfo_is_jwt)):
        raise _server_error(provider, name, response, error or {})
    return members


def _is_optional(provider: Provider, name: str) -> bool:
    return name == EMAILS or (name in provider.documents and provider.documents[name].optional)


def _server_error(provider: Provider, name: str, response: HTTPResponse, error: Mapping[str, str]) -> ServerError:
    code = error.get("error", f"HTTP status {response.status}")
    return ServerError(
        f"{provider.title} did not answer the request for {name}: {code}",
        error=error.get("error", ""),
        error_description=error.get("error_description"),
        got=response.status,
    )


class _Values:
    """Placeholders of a running request: the client id, the token, and paths in earlier answers."""

    __slots__ = ("_client_id", "_documents", "_token")

    def __init__(self, documents: Mapping[str, Any], token: Token, client_id: str) -> None:
        self._documents, self._token, self._client_id = documents, token, client_id

    def fill(self, text: str, *, quoted: bool = False) -> str:
        return PLACEHOLDER.sub(lambda match: self._value(match[1], quoted), text)

    def document(self, name: str) -> Any:
        return self._documents.get(name)

    def _value(self, name: str, quoted: bool) -> str:
        value = {"client_id": self._client_id, "access_token": self._token.access_token}.get(name)
        if value is None:
            document, _, path = name.partition(":")
            holder = self._token.extra if document == "token" else self._documents.get(document)
            value = find(holder, path)
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise InvalidResponseError(
                f"An answer lacks {name}, which the next request needs", code="response_member", expected=name
            )
        return quote(str(value), safe="") if quoted else str(value)


def _request(provider: Provider, name: str, token: Token, values: _Values, client_secret: str) -> HTTPRequest:
    is_userinfo = name == USERINFO
    url = _address(provider, name)
    query = {key: values.fill(text) for key, text in provider.userinfo_parameters.items()} if is_userinfo else {}
    headers = {"Accept": JSON_CONTENT_TYPE, **{key: values.fill(text) for key, text in provider.headers.items()}}
    form = {key: values.fill(text) for key, text in provider.quirks.userinfo_form.items()} if is_userinfo else {}
    place_token(provider, token, headers, query, form)
    if provider.quirks.appsecret_proof and client_secret:
        query["appsecret_proof"] = appsecret_proof(token.access_token, client_secret)
    method = provider.quirks.userinfo_method if is_userinfo else "GET"
    body = _body(provider, form, headers) if method == "POST" else None
    where = values.document("callback") or token.extra
    address = add_query(at_location(provider, values.fill(url, quoted=True), where), query.items())
    return HTTPRequest(method, address, Headers(headers), body, max_response_bytes=RESOURCE_ANSWER_LIMIT)


def _address(provider: Provider, name: str) -> str:
    if name == USERINFO:
        return provider.userinfo_endpoint
    return provider.email_endpoint if name == EMAILS else provider.documents[name].url


def place_token(
    provider: Provider, token: Token, headers: dict[str, str], query: dict[str, str], form: dict[str, str]
) -> None:
    """Put the access token where this provider looks for it; for OAuth 1.0a nowhere, as those requests are signed."""
    quirks = provider.quirks
    if provider.protocol == "oauth1" or quirks.token_placement == "path":
        return
    if quirks.token_placement == "query":
        query[quirks.token_parameter] = token.access_token
    elif quirks.token_placement == "body":
        form[quirks.token_parameter] = token.access_token
    elif quirks.token_header:
        headers[quirks.token_header] = token.access_token
    else:
        headers["Authorization"] = f"{quirks.authorization_scheme} {token.access_token}".strip()


def adapt_api_request(
    provider: Provider, request: HTTPRequest, token: Token, *, client_id: str = "", client_secret: str = ""
) -> HTTPRequest:
    """A call of the API as this provider wants it: its headers, and the token where it looks for it.

    :param provider: a preset, resolved.
    :param request: the standard request, ``Authorization`` included; for OAuth 1.0a not signed yet.
    :param token: the token that the call is made with.
    """
    values = _Values({}, token, client_id)
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    if provider.protocol != "oauth1":
        place_token(provider, token, headers, query, {})
    if provider.quirks.appsecret_proof and client_secret:
        query["appsecret_proof"] = appsecret_proof(token.access_token, client_secret)
    kept = [pair for pair in request.headers.items_as_sent() if pair[0].lower() != "authorization"]
    given = {name.lower() for name, _ in kept}
    own = [(name, values.fill(text)) for name, text in provider.headers.items() if name.lower() not in given]
    url = add_query(request.url, query.items())
    return replace(request, url=url, headers=Headers([*kept, *own, *headers.items()]))


def api_base_url(provider: Provider, token: Token) -> str:
    """What relative URLs of API calls are joined to; where the provider says it with the token, from there.

    :raises InvalidResponseError: the token answer does not say it, or says no https address.
    """
    address = _Values({}, token, "").fill(provider.api_base_url)
    if address and not is_secure_url(address):
        raise InvalidResponseError("The address of the API is not https", code="response_member", got=address[:80])
    return address


def _body(provider: Provider, form: Mapping[str, str], headers: dict[str, str]) -> bytes:
    if provider.quirks.userinfo_json:
        headers["Content-Type"] = JSON_CONTENT_TYPE
        return json.dumps(json.loads(provider.quirks.userinfo_json)).encode()
    if form:
        headers["Content-Type"] = FORM_CONTENT_TYPE
    return urlencode(form).encode("ascii")


def appsecret_proof(access_token: str, client_secret: str) -> str:
    """Meta's proof that a call comes from the application: HMAC-SHA256 of the token under the secret, in hex."""
    return hmac.new(client_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
