"""The authorization request and its answer through the browser.

Sections enforced here: RFC 6749 §3.1, §4.1.1, §4.1.2, §4.1.2.1; RFC 7636 §4.2, §4.3 (PKCE, always S256);
RFC 9207 §2.4 (issuer in the answer); RFC 9700 §2.1, §4.4, §4.7; OpenID Connect Core §3.1.2, §3.3.2;
OAuth 2.0 Multiple Response Type Encoding Practices §5.
The order of the checks matters: nothing in an answer counts, an error neither, before ``state`` and ``iss`` hold.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from ...errors import AccessDenied, AuthorizationResponseError, InvalidResponseError, ServerError
from ..http import add_query, parse_form, read_once
from .answers import one_line, redacted, server_error
from .client_authentication import Client
from .metadata import ServerMetadata, issuer_matches
from .parameters import Pairs, joined

#: What ties an answer to this browser and client; an application cannot send something else.
RESERVED: Final = frozenset(
    {
        "client_id",
        "redirect_uri",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "dpop_jkt",
        "request",
        "request_uri",
    }
)

#: What an answer may hold once (RFC 6749 §4.1.2, RFC 9207, OpenID Connect Core §3.3.2.5, Session Management §2, JARM).
ANSWER_PARAMETERS: Final = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "id_token", "session_state", "response"}
)


@dataclass(frozen=True, slots=True, repr=False)
class AuthorizationRequest:
    """Where to send the user.

    :param url: the whole URL.
    :param parameters: what the URL says, without what the endpoint's own query said already;
        for a pushed or signed request these are the parameters within it.
    """

    url: str
    parameters: Pairs

    def value(self, name: str) -> str | None:
        """The first value of a parameter."""
        return next((value for key, value in self.parameters if key == name), None)

    def __repr__(self) -> str:
        return f"<AuthorizationRequest {self.url.partition('?')[0]} {[name for name, _ in self.parameters]}>"


@dataclass(frozen=True, slots=True, repr=False)
class AuthorizationResponse:
    """An answer that passed its checks; only :func:`validate_authorization_response` makes one.

    :param code: the authorization code.
    :param id_token: the ID Token of the hybrid flow, not validated yet.
    :param issuer: the issuer that the answer named (RFC 9207), if it did.
    :param parameters: everything that came, unknown parameters too.
    """

    code: str
    id_token: str | None = None
    issuer: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<AuthorizationResponse {sorted(self.parameters)}>"


def code_challenge(code_verifier: str) -> str:
    """The S256 challenge for a verifier (RFC 7636 §4.2)."""
    return urlsafe_b64encode(sha256(code_verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def authorization_request(
    metadata: ServerMetadata,
    client: Client,
    *,
    redirect_uri: str,
    state: str,
    code_verifier: str,
    scope: str | None = None,
    nonce: str | None = None,
    response_type: str = "code",
    response_mode: str | None = None,
    dpop_jkt: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> AuthorizationRequest:
    """The URL that a user is sent to.

    :param redirect_uri: where the answer goes; the token request repeats it letter by letter.
    :param state: a new unpredictable value that the browser's sign-in is known by.
    :param code_verifier: a new unpredictable value, 43 to 128 characters; its S256 challenge is always sent.
    :param scope: the scope, space separated; empty or ``None`` sends none.
    :param nonce: a new unpredictable value, for OpenID Connect.
    :param dpop_jkt: the thumbprint of the key that the code and its token will be bound to (RFC 9449 §10).
    :param parameters: further parameters (``prompt``, ``max_age``, ``claims``, ``resource`` …), see
        :func:`~flask_oauth.protocol.oauth2.parameters.parameter_pairs`; they win over ``scope``,
        ``response_type`` and ``response_mode``.
    :raises ConfigurationError: no endpoint, or a parameter that the application cannot set.
    """
    own = {
        "response_type": response_type,
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope or None,
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge(code_verifier),  # RFC 9700 §2.1.1: sent though metadata is silent
        "code_challenge_method": "S256",
        "response_mode": response_mode,
        "dpop_jkt": dpop_jkt,
    }
    added = parameters or {}
    endpoint, already_there = _split_endpoint(metadata.endpoint("authorization_endpoint"), {*own, *added})
    pairs = joined(own, {**already_there, **added}, RESERVED)
    return AuthorizationRequest(add_query(endpoint, pairs), pairs)


def _split_endpoint(url: str, names: Collection[str]) -> tuple[str, dict[str, str]]:
    """An endpoint with its own query, which is kept (RFC 6749 §3.1), but for what would come twice."""
    address, _, query = url.partition("?")
    pairs = parse_form(query)
    clashing = {name: value for name, value in pairs if name in names}
    if not clashing:
        return url, {}
    return add_query(address, [(name, value) for name, value in pairs if name not in clashing]), clashing


def validate_authorization_response(
    parameters: Iterable[tuple[str, str]],
    *,
    state: str,
    issuer: str | None = None,
    iss_required: bool = False,
    response_type: str = "code",
) -> AuthorizationResponse:
    """The answer that the browser brought, checked.

    :param parameters: names and values as they came, repeated ones repeated.
    :param state: the state of this browser's sign-in.
    :param issuer: the issuer that the user was sent to; ``None`` if it is not known.
    :param iss_required: the server says that it names itself in each answer
        (``authorization_response_iss_parameter_supported``).
    :param response_type: what was asked for: ``code`` or ``code id_token``.
    :raises AuthorizationResponseError: the answer is not this sign-in's, or holds no code; see its ``code``.
    :raises AccessDenied: the user said no.
    :raises ServerError: the server ended the sign-in with another error.
    """
    values = _each_once(parameters)
    _check_state(values, state)
    # RFC 9207 §4: iss MAY be left out beside an ID Token, whose own iss is checked before the code is used.
    told_within = "id_token" in response_type.split() and bool(values.get("id_token"))
    _check_issuer(values, issuer, iss_required and not told_within)
    if "error" in values:
        raise _error(values)
    if not values.get("code"):
        raise AuthorizationResponseError("The answer holds no code", code="authorization_response_no_code")
    id_token = values.get("id_token") or None
    if "id_token" not in response_type.split():
        id_token = None  # it was not asked for, so it says nothing
    elif id_token is None:
        raise AuthorizationResponseError("The answer holds no ID Token", code="id_token_missing")
    return AuthorizationResponse(values["code"], id_token, values.get("iss"), values)


def _each_once(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    pairs = list(parameters)
    # A redirect URI may have a query of its own, whose names are no parameters of the answer.
    own = [(name, value) for name, value in pairs if name in ANSWER_PARAMETERS]
    others = [(name, value) for name, value in pairs if name not in ANSWER_PARAMETERS]
    try:
        values = dict(others) | read_once(own)  # RFC 6749 §3.1
    except InvalidResponseError as cause:
        raise AuthorizationResponseError(cause.message, code="authorization_response_repeated") from cause
    # RFC 6749 §4.1.2, §4.1.2.1: an answer is one or the other.
    if "code" in values and "error" in values:
        raise AuthorizationResponseError(
            "The answer holds both a code and an error", code="authorization_response_repeated"
        )
    return values


def _check_state(values: Mapping[str, str], state: str) -> None:
    stated = values.get("state")
    if not stated:
        raise AuthorizationResponseError("The answer holds no state", code="state_missing")
    # RFC 6749 §4.1.2: the exact value received from the client; compared in constant time.
    if not state or not compare_digest(stated.encode("utf-8", "replace"), state.encode()):
        raise AuthorizationResponseError("The state is not that of this browser's sign-in", code="state_mismatch")


def _check_issuer(values: Mapping[str, str], issuer: str | None, required: bool) -> None:
    stated = values.get("iss")
    if stated is None:
        if required:  # RFC 9207 §2.4
            raise AuthorizationResponseError("The answer names no issuer", code="issuer_missing", expected=issuer)
    elif issuer is not None and not issuer_matches(issuer, stated):
        raise AuthorizationResponseError(
            "The answer names another issuer than the one that the user was sent to",
            code="issuer_mismatch",
            expected=issuer,
            got=one_line(stated),
        )


def _error(values: Mapping[str, str]) -> AccessDenied | ServerError:
    """The error that the answer holds, by whose decision it was."""
    if values["error"] == "access_denied":
        return AccessDenied("The user said no at the provider", data=redacted(values))
    return server_error(values, place="The provider ended the sign-in", code="authorization_response_error")
