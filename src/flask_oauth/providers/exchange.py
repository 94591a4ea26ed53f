"""Quirks at the authorization and token endpoints, taken away before the protocol looks.

The protocol's functions stay strict: they build standard requests and accept
standard answers.  Here a standard request is turned into what a provider
wants, and what it sends into a standard answer, as its preset says and no
further.  An answer that a preset's quirks do not explain goes on as it came,
so that the protocol's own check names what is wrong.

Sections that quirks bend: RFC 6749 §3.1, §3.2 (POST), §4.1.2, §4.1.3, §5.1
(token_type, scope), §5.2 (status 400).
"""

# ruff: noqa: S105 - words, not secrets
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..errors import AuthorizationResponseError, InvalidResponseError
from ..protocol.http import FORM_CONTENT_TYPE, Headers, HTTPRequest, HTTPResponse, add_query, json_object, read_once
from .model import ErrorShape, Provider, Quirks
from .profile import find

JSON_CONTENT_TYPE: Final = "application/json"
_FROM_CALLBACK_LIMIT: Final = 1024
_ERROR_CHARACTERS: Final = re.compile(r"[^\x20-\x21\x23-\x5B\x5D-\x7E]")


def authorization_parameters(provider: Provider, *, client_id: str, offline: bool = False) -> dict[str, str]:
    """The further parameters of the authorization request.

    :param provider: a preset, resolved.
    :param client_id: for providers that want it there too (MediaWiki).
    :param offline: whether a refresh token is wanted where it must be asked for.
    :returns: parameters; for OAuth 1.0a, which knows no scopes, ``scope`` among them if the preset has some.
    """
    parameters = {**provider.authorization_parameters, **(provider.offline_parameters if offline else {})}
    if provider.protocol == "oauth1" and provider.scopes:
        parameters["scope"] = scope_text(provider)
    return {name: value.replace("{client_id}", client_id) for name, value in parameters.items()}


def scope_text(provider: Provider, scopes: Iterable[str] | None = None, *, offline: bool = False) -> str:
    """The scope as this provider writes it.

    :param scopes: the scopes to ask for; by default those of the preset.
    :param offline: whether a refresh token is wanted where a scope asks for it.
    """
    wanted = [*(provider.scopes if scopes is None else scopes), *(provider.offline_scopes if offline else ())]
    return provider.scope_separator.join(dict.fromkeys(wanted))


def adapt_authorization_url(provider: Provider, url: str) -> str:
    """The authorization request as this provider wants it.

    :param provider: a preset, resolved.
    :param url: the standard authorization request.
    """
    quirks = provider.quirks
    omitted = {*quirks.authorization_omits, *_pkce_parameters(provider)}
    if not (omitted or quirks.authorization_names or quirks.authorization_fragment):
        return url
    parts = urlsplit(url)
    pairs = _renamed(parse_qsl(parts.query, keep_blank_values=True), quirks.authorization_names)
    kept = [(name, value) for name, value in pairs if name not in omitted]
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=quirks.authorization_fragment))


def adapt_callback(provider: Provider, parameters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parameters of the callback, the code under its standard name."""
    name = provider.quirks.code_parameter
    pairs = list(parameters)
    if name == "code":
        return pairs
    return [*((key, value) for key, value in pairs if key not in ("code", name))] + [
        ("code", value) for key, value in pairs if key == name
    ]


def callback_document(provider: Provider, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The callback as the document ``callback`` of a profile, JSON in it parsed; what is no JSON is left out.

    Nothing in it is signed, so a profile takes names from it and never a
    subject or an e-mail address.
    """
    document: dict[str, Any] = {
        name: value for name, value in parameters.items() if name not in provider.quirks.callback_json
    }
    for name in provider.quirks.callback_json:
        try:
            document[name] = json_object(parameters.get(name, ""))
        except InvalidResponseError:
            continue
    return document


def adapt_token_request(
    provider: Provider, request: HTTPRequest, *, client_id: str = "", callback: Mapping[str, Any] | None = None
) -> HTTPRequest:
    """The token request, or the refresh request, as this provider wants it.

    :param provider: a preset, resolved.
    :param request: the standard request, client authentication included.
    :param client_id: for headers that hold it.
    :param callback: the parameters of the callback, for those that are sent on; for a refresh request the further
        members of the token, in which those are that were kept.
    :raises AuthorizationResponseError: the callback names a server that the preset does not list.
    """
    quirks = provider.quirks
    address, pairs = _parameters(request)
    refresh = ("grant_type", "refresh_token") in pairs
    omitted = {*quirks.token_request_omits, *_pkce_parameters(provider)}
    pairs = _renamed([pair for pair in pairs if pair[0] not in omitted], quirks.token_request_names)
    added = {**provider.token_parameters, **(provider.refresh_parameters if refresh else {})}
    added |= _from_callback(quirks, callback or {}, quirks.callback_kept if refresh else None)
    pairs = [*((name, value) for name, value in pairs if name not in added), *added.items()]
    url = provider.refresh_endpoint if refresh and provider.refresh_endpoint else address
    url = at_location(provider, url, callback or {})
    shaped = _shaped(replace(request, method="POST", url=url), pairs, quirks)
    own = {name: value.replace("{client_id}", client_id) for name, value in provider.headers.items()}
    kept = [pair for pair in shaped.headers.items_as_sent() if pair[0].lower() not in {name.lower() for name in own}]
    return replace(shaped, headers=Headers([*kept, *own.items()]))


def _pkce_parameters(provider: Provider) -> tuple[str, ...]:
    """RFC 7636's parameters, for a provider that fails a sign-in that has them."""
    return ("code_challenge", "code_challenge_method", "code_verifier") if provider.pkce == "refused" else ()


def _parameters(request: HTTPRequest) -> tuple[str, list[tuple[str, str]]]:
    """The endpoint and the parameters of a token request, whether they are in its body or (for GET) in its query."""
    if request.method != "GET":
        return request.url, parse_qsl((request.body or b"").decode("ascii"), keep_blank_values=True)
    address, _, query = request.url.partition("?")
    return address, parse_qsl(query, keep_blank_values=True)


def _renamed(pairs: Iterable[tuple[str, str]], names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(names.get(name, name), value) for name, value in pairs]


def _from_callback(quirks: Quirks, callback: Mapping[str, Any], kept: tuple[str, ...] | None) -> dict[str, str]:
    """What the callback brought for the token request: sent back to where it came from, and bounded."""
    names = [name for name in quirks.token_request_from_callback if kept is None or name in kept]
    return {name: callback[name] for name in names if _is_short_text(callback.get(name))}


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _FROM_CALLBACK_LIMIT


def at_location(provider: Provider, url: str, where: Mapping[str, Any]) -> str:
    """An address at the server that the callback named: at Zoho the data centre in which the user's account lives.

    Only servers that the preset lists are taken; the ``accounts-server`` that comes beside it is not, because the
    client secret would go to any host that stands there.

    :param where: the parameters of the callback, or what was kept of them.
    :raises AuthorizationResponseError: it names a server that the preset does not list.
    """
    places, location = provider.quirks.callback_locations, where.get("location")
    if not places or not location:
        return url
    if location not in places:
        raise AuthorizationResponseError(
            f"{provider.title} named a data centre that is not known",
            expected=", ".join(places),
            got=str(location)[:20],
        )
    home = next((base for base in places.values() if url.startswith(f"{base}/")), None)
    return url if home is None else places[location] + url.removeprefix(home)


def _shaped(request: HTTPRequest, pairs: list[tuple[str, str]], quirks: Quirks) -> HTTPRequest:
    others = [pair for pair in request.headers.items_as_sent() if pair[0].lower() != "content-type"]
    if quirks.token_method == "GET":
        return replace(request, method="GET", url=add_query(request.url, pairs), body=None, headers=Headers(others))
    if quirks.token_request_json:
        body, content_type = json.dumps(dict(pairs)).encode(), JSON_CONTENT_TYPE
    else:
        body, content_type = urlencode(pairs).encode("ascii"), FORM_CONTENT_TYPE
    return replace(request, body=body, headers=Headers([*others, ("Content-Type", content_type)]))


def adapt_token_response(
    provider: Provider, response: HTTPResponse, *, callback: Mapping[str, Any] | None = None
) -> HTTPResponse:
    """The answer of the token endpoint as the standard has it (RFC 6749 §5.1, §5.2).

    :param provider: a preset.
    :param response: the answer as it came.
    :param callback: the parameters of the callback; those that are needed later are put beside the token.
    :returns: the same answer if there is nothing to do, or if it is not what the preset describes.
    """
    quirks = provider.quirks
    try:
        members = read_members(response, form_encoded=quirks.token_answer_form_encoded)
    except InvalidResponseError:
        return response
    error = find_error(members, quirks.token_error) if quirks.errors_in_200 or not response.ok else None
    if error is not None:
        return _json_response(response, max(response.status, 400), {**members, **error})
    if not response.ok:
        return response
    kept = {name: callback[name] for name in quirks.callback_kept if callback and _is_short_text(callback.get(name))}
    return _json_response(response, response.status, {**kept, **_standard_members(members, quirks)})


def read_members(response: HTTPResponse, *, form_encoded: bool = False) -> dict[str, Any]:
    """The members of an answer, JSON or (where a preset says so) form-encoded.

    :raises InvalidResponseError: neither, or a name twice.
    """
    try:
        return json_object(response.body)
    except InvalidResponseError as error:
        if not form_encoded or error.code != "response_not_json":
            raise
    values = read_once(parse_qsl(response.body.decode("utf-8", "replace"), keep_blank_values=True))
    if not values.keys() & {"access_token", "error"}:  # a page of HTML parses as a form, too
        raise InvalidResponseError("The answer is neither JSON nor a token answer in a form", code="response_not_json")
    return dict(values)


def find_error(members: Mapping[str, Any], shape: ErrorShape) -> dict[str, str] | None:
    """The error in an answer, under its standard names; ``None`` if there is none."""
    code = find(members, shape.code)
    if code is None or code == "" or code in shape.success or isinstance(code, (Mapping, list)):
        return None
    # RFC 6749 §5.2: characters outside these must not be in an error.
    text = _ERROR_CHARACTERS.sub("?", str(code))[:200]
    error = {"error": shape.names.get(text, text)}
    description = find(members, shape.description)
    return {**error, "error_description": description} if isinstance(description, str) else error


def _json_response(response: HTTPResponse, status: int, members: Mapping[str, Any]) -> HTTPResponse:
    replaced = ("content-type", "content-length")
    kept = [pair for pair in response.headers.items_as_sent() if pair[0].lower() not in replaced]
    headers = Headers([*kept, ("Content-Type", JSON_CONTENT_TYPE)])
    return replace(response, status=status, headers=headers, body=json.dumps(members).encode())


def _standard_members(members: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    standard = _unwrapped(members, quirks.token_answer_path)
    for theirs, name in quirks.token_answer_names.items():
        if theirs in standard:
            standard[name] = standard.pop(theirs)
    _set_type(standard, quirks)
    _set_scope(standard, quirks)
    _set_lifetime(standard, quirks)
    return standard


def _unwrapped(members: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What lies at a path, together with what lies around it; the inner one wins."""
    inner = find(members, path) if path else None
    if not isinstance(inner, Mapping):
        return dict(members)
    outermost = path.partition(".")[0]
    return {**{name: value for name, value in members.items() if name != outermost}, **inner}


def _set_type(members: dict[str, Any], quirks: Quirks) -> None:
    given = members.get("token_type")
    if (given is None and quirks.token_type_missing_ok) or (given is not None and given == quirks.token_type_is):
        members["token_type"] = "Bearer"


def _set_scope(members: dict[str, Any], quirks: Quirks) -> None:
    scope = members.get("scope")
    if isinstance(scope, list):
        members["scope"] = " ".join(str(value) for value in scope)
    elif isinstance(scope, str):
        members["scope"] = " ".join(part for part in scope.split(quirks.granted_scope_separator) if part)
    else:
        members.pop("scope", None)


def _set_lifetime(members: dict[str, Any], quirks: Quirks) -> None:
    lifetime = members.get("expires_in")
    if quirks.expires_in_text and isinstance(lifetime, str) and lifetime.isdecimal():
        lifetime = members["expires_in"] = int(lifetime)
    if lifetime is None or (lifetime == 0 and quirks.expires_in_zero_means_never):
        members.pop("expires_in", None)
