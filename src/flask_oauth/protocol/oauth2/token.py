"""The token request and its answer: a code for a token, a refresh token for a new one.

Sections enforced here: RFC 6749 §3.2, §4.1.3, §5.1, §5.2, §6; RFC 7636 §4.5; RFC 6750 §4; RFC 8707 §2.2;
RFC 9449 §5 (a token bound to a key where one was asked for).
An answer becomes a :class:`~flask_oauth.protocol.token.Token` only here.  What some providers send
instead of JSON is read only where the remote app says so (``lenient_format``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ...errors import InvalidResponseError, TokenMissing, TokenResponseError
from ..http import HTTPRequest, HTTPResponse, parse_form, parse_json_object, read_once
from ..token import Token
from .answers import (
    failure,
    is_json,
    member_error,
    number_of_seconds,
    one_line,
    optional_text,
    read_json,
    redacted,
    server_error,
)
from .authorization import AuthorizationResponse
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined

#: Members of an answer that have a field of their own in a token.
OWN_MEMBERS: Final = frozenset({"access_token", "token_type", "refresh_token", "expires_in", "scope", "id_token"})
#: Statuses of success: RFC 6749 §5.1 knows 200 alone, some servers say 201.
SUCCESS: Final = (200, 201)


def authorization_code_request(
    metadata: ServerMetadata,
    client: Client,
    response: AuthorizationResponse | str,
    *,
    redirect_uri: str | None,
    code_verifier: str | None,
    now: float,
    jti: str,
    parameters: Mapping[str, Any] | None = None,
    method: str = "POST",
) -> HTTPRequest:
    """The request that exchanges an authorization code.

    :param response: the checked answer, or its code.
    :param redirect_uri: the one of the authorization request, letter by letter (RFC 6749 §4.1.3).
    :param code_verifier: the one whose challenge was sent (RFC 7636 §4.5).
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param parameters: further parameters; an application's own ``grant_type`` is sent instead of ours.
    :param method: ``POST``; ``GET`` only for servers that know nothing else (it puts the secret into the URL).
    :raises ConfigurationError: no endpoint, no usable client authentication, a parameter that cannot be set.
    """
    own = {
        "grant_type": "authorization_code",
        "code": response if isinstance(response, str) else response.code,
        "redirect_uri": redirect_uri,
        "code_verifier": code_verifier,
    }
    pairs = joined(own, parameters or {}, ("code", "redirect_uri", "code_verifier"))
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti, method=method)


def refresh_request(
    metadata: ServerMetadata,
    client: Client,
    token: Token,
    *,
    now: float,
    jti: str,
    scope: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    method: str = "POST",
) -> HTTPRequest:
    """The request that exchanges a refresh token.

    :param token: the token to renew.
    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param scope: less than was granted (RFC 6749 §6); ``None`` asks for the same again.
    :param parameters: further parameters; ``resource`` (RFC 8707 §2.2) is that of the token if it is not among them.
    :param method: ``POST``, or ``GET`` for old servers.
    :raises TokenMissing: the token has no refresh token.
    """
    if not token.refresh_token:
        raise TokenMissing("There is no refresh token", code="token_expired")
    own = {"grant_type": "refresh_token", "refresh_token": token.refresh_token, "scope": scope}
    # RFC 8707 §2.2: without it a server may give a token for another resource than before.
    same = {"resource": list(token.resource) or None}
    pairs = joined(own, {**same, **(parameters or {})}, ("grant_type", "refresh_token"))
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti, method=method)


def process_token_response(
    response: HTTPResponse,
    *,
    now: float,
    requested_scope: str | None = "",
    expected_type: str = "Bearer",
    default_type: str | None = None,
    lenient_format: bool = False,
) -> Token:
    """The token in an answer of the token endpoint.

    :param now: the time, in seconds since the epoch, for ``expires_at``.
    :param requested_scope: the scope that is granted where the answer names none (RFC 6749 §5.1).
    :param expected_type: the token type that was asked for; any other is refused (RFC 6749 §7.1).
    :param default_type: the type of an answer that names none; ``None`` refuses such an answer.
    :param lenient_format: also read form-encoded answers whatever their content type, and ``expires``.
    :raises ServerError: the server answered with an error, whatever the status.
    :raises TokenResponseError: the answer is neither a token nor an error.
    """
    answer = read_token_answer(response, lenient_format=lenient_format)
    return token_from_answer(
        answer,
        now=now,
        requested_scope=requested_scope,
        expected_type=expected_type,
        default_type=default_type,
        lenient_format=lenient_format,
    )


def read_token_answer(response: HTTPResponse, *, lenient_format: bool = False) -> dict[str, Any]:
    """Everything that a token endpoint sent with a status of success, not checked yet (an ``error`` may be in it).

    :param lenient_format: also read form-encoded answers.
    :raises ServerError: another status, with an error.
    :raises TokenResponseError: another status without one, or an answer that cannot be read.
    """
    if response.status not in SUCCESS:
        raise _failure(response, lenient_format)
    return _parsed(response) if lenient_format else read_json(response, TokenResponseError)


def _failure(response: HTTPResponse, lenient_format: bool) -> InvalidResponseError:
    error = failure(response, TokenResponseError, statuses=SUCCESS)
    if lenient_format and error.data is None:
        error.data = redacted(_parsed(response, strict=False)) or None
        if error.data and error.data.get("error"):
            return server_error(error.data)
    return error


def _parsed(response: HTTPResponse, *, strict: bool = True) -> dict[str, Any]:
    """JSON or form-encoded text, told apart by the content: some providers name the wrong content type, or none."""
    text = response.body.decode("utf-8-sig", "replace").strip()
    try:
        if is_json(response) or text.startswith("{"):
            return parse_json_object(response)
        values = read_once(parse_form(text))
    except InvalidResponseError as cause:
        if strict:
            raise TokenResponseError(cause.message, code=cause.code) from cause
        return {}
    # A page of HTML parses as a form too; a token answer has plain names.
    if strict and not values.keys() & {"access_token", "error"}:
        raise TokenResponseError("The answer is not a token", got=one_line(response.media_type))
    return {name: value for name, value in values.items() if name.isidentifier()}


def token_from_answer(
    answer: Mapping[str, Any],
    *,
    now: float,
    requested_scope: str | None = "",
    expected_type: str = "Bearer",
    default_type: str | None = None,
    lenient_format: bool = False,
) -> Token:
    """The token in an answer that was read; see :func:`process_token_response`."""
    if answer.get("error"):
        raise server_error(answer)  # some providers send errors with status 200
    access_token = answer.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        raise TokenResponseError(
            "The answer holds no access token", code="token_response_no_token", data=redacted(answer)
        )
    token_type = _token_type(answer, expected_type, default_type)
    seconds = number_of_seconds(answer, "expires_in", TokenResponseError)
    if seconds is None and lenient_format:
        seconds = number_of_seconds(answer, "expires", TokenResponseError)
    return Token(
        access_token=access_token,
        token_type=token_type,
        refresh_token=optional_text(answer, "refresh_token", TokenResponseError),
        expires_at=None if seconds is None else now + seconds,
        scope=_scope(answer, requested_scope),
        id_token=optional_text(answer, "id_token", TokenResponseError),
        extra={name: value for name, value in answer.items() if name not in OWN_MEMBERS},
    )


def _token_type(answer: Mapping[str, Any], expected: str, default: str | None) -> str:
    stated = answer.get("token_type")
    if stated is None or stated == "":
        stated = default
    if stated is None:  # RFC 6749 §5.1: REQUIRED
        raise TokenResponseError(
            "The answer holds no token_type", code="token_response_no_type", data=redacted(answer), expected=expected
        )
    # RFC 6749 §5.1: case insensitive; §7.1: a client MUST NOT use a token of a type it does not understand.
    if not isinstance(stated, str) or stated.casefold() != expected.casefold():
        raise TokenResponseError(
            "The answer is of another token type",
            code="token_response_type",
            data=redacted(answer),
            expected=expected,
            got=one_line(stated),
        )
    return expected


def _scope(answer: Mapping[str, Any], requested: str | None) -> str:
    scope = answer.get("scope")
    if scope is None:  # RFC 6749 §5.1: left out if identical to what was asked for
        return requested or ""
    if isinstance(scope, list) and all(isinstance(item, str) for item in scope):
        return " ".join(scope)
    if not isinstance(scope, str):
        raise member_error("scope", "a text", scope, TokenResponseError)
    return scope


def refreshed_token(old: Token, new: Token) -> Token:
    """The renewed token with what the answer left out: the old one's refresh token, ID Token and further members.

    RFC 6749 §6: where no new refresh token comes, the old one stays; RFC 9449 §5: and so does the key it is bound to.
    """
    return replace(
        new,
        refresh_token=new.refresh_token or old.refresh_token,
        id_token=new.id_token or old.id_token,
        extra={**old.extra, **new.extra},
        dpop_key=old.dpop_key,
        resource=old.resource,
    )


def process_refresh_response(
    response: HTTPResponse,
    token: Token,
    *,
    now: float,
    scope: str | None = None,
    default_type: str | None = None,
    lenient_format: bool = False,
) -> Token:
    """The renewed token in an answer to :func:`refresh_request`.

    The ID Token in it, if it is a new one, is not validated here.

    :param token: the token that was renewed; the new one is of its type.
    :param scope: what was asked for, if it was less.
    :raises ServerError: the server refused; ``error`` is ``invalid_grant`` when the refresh token is spent.
    :raises TokenResponseError: the answer is neither a token nor an error.
    """
    new = process_token_response(
        response,
        now=now,
        requested_scope=token.scope if scope is None else scope,
        expected_type=token.token_type,
        default_type=default_type,
        lenient_format=lenient_format,
    )
    return refreshed_token(token, new)
