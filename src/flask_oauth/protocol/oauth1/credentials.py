"""Redirection-based authorization: from temporary credentials to token credentials, and their renewal.

Sections enforced here: RFC 5849 §2.1 (temporary credentials, the callback
confirmed), §2.2 (the user's answer), §2.3 (token credentials).  Beyond the RFC:
the extensions "OAuth Session" (``oauth_session_handle``) and "OAuth Problem
Reporting" (``oauth_problem``).

One exchange is one pair of functions; the caller brings clock and nonce.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from ...errors import AccessDenied, AuthorizationResponseError, ConfigurationError, InvalidResponseError
from ..http import FORM_CONTENT_TYPE, Headers, HTTPRequest, HTTPResponse, add_query
from ..token import Token
from .answers import names_of, problem_error, read_credentials, without_secrets
from .signature import ClientCredentials, Placement, sign_request

#: The callback of a client that cannot receive one: the user types the verifier (RFC 5849 §2.1).
OUT_OF_BAND: Final = "oob"
TOKEN_TYPE: Final = "OAuth1"  # noqa: S105 - a name, not a secret
_SINGLE_ANSWERS: Final = frozenset({"oauth_token", "oauth_verifier", "oauth_problem", "oauth_problem_advice", "denied"})
_LONGEST_LIFE_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """Temporary credentials (RFC 5849 §2.1): the request token of 2010.

    :param token: ``oauth_token``.
    :param secret: ``oauth_token_secret``, which may be empty.
    :param extra: every further member of the answer, as the server sent it.
    """

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_token(self) -> Token:
        """In the shape that signs a request."""
        return Token(self.token, self.secret, TOKEN_TYPE)


def temporary_credentials_request(
    url: str,
    client: ClientCredentials,
    *,
    callback: str | None,
    timestamp: int,
    nonce: str,
    parameters: Mapping[str, Any] | None = None,
    placement: Placement = "header",
) -> HTTPRequest:
    """Ask for temporary credentials (RFC 5849 §2.1).

    :param url: the temporary credential request endpoint; it may have a query.
    :param client: the client's credentials.
    :param callback: absolute URL the user comes back to; ``None`` for out of band (PIN).
    :param timestamp: seconds since the epoch.
    :param nonce: a value never used before with this timestamp.
    :param parameters: further parameters, sent as text; those that are ``None`` are left out.  Those named
        ``oauth_…`` become protocol parameters and win over ours (so ``oauth_callback`` may stand here); the others,
        such as ``x_auth_access_type``, go into the form.
    :param placement: where the protocol parameters go.
    """
    own = {"oauth_callback": callback if callback is not None else OUT_OF_BAND}
    return _credentials_request("POST", url, client, None, own, parameters, timestamp, nonce, placement)


def process_temporary_credentials_response(response: HTTPResponse) -> TemporaryCredentials:
    """Take temporary credentials out of an answer.

    :raises OAuthException: of type ``token_generation_failed``, with the parsed answer in ``data``, if there are
        none, or the callback is not confirmed, or a problem is named.
    """
    members = read_credentials(
        response, "temporary credentials", type="token_generation_failed", status_code="token_generation_failed"
    )
    # §2.1: MUST be present and set to "true"; without it the server may be open to session fixation.
    if str(members.get("oauth_callback_confirmed")).lower() != "true":
        raise InvalidResponseError(
            "The server did not confirm the callback",
            "token_generation_failed",
            without_secrets(members),
            code="oauth1_callback_not_confirmed",
            expected="oauth_callback_confirmed=true",
            got=names_of(members),
        )
    return TemporaryCredentials(members["oauth_token"], members["oauth_token_secret"], _rest(members))


def authorization_url(url: str, temporary: TemporaryCredentials, parameters: Mapping[str, Any] | None = None) -> str:
    """Where to send the user (RFC 5849 §2.2).

    :param url: the resource owner authorization endpoint; it may have a query.
    :param temporary: the temporary credentials of this sign-in.
    :param parameters: further parameters of the server's, such as ``force_login``.
    :raises ConfigurationError: ``oauth_token`` is among the parameters.
    """
    further = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
    if "oauth_token" in further:
        raise ConfigurationError("oauth_token is set by Flask-OAuth", code="config_parameter_reserved")
    return add_query(url, [("oauth_token", temporary.token), *further.items()])


def validate_authorization_response(parameters: Iterable[tuple[str, str]], temporary: TemporaryCredentials) -> str:
    """The verifier in what came back through the browser (RFC 5849 §2.2).

    Names that are not the protocol's are left alone: a callback may have a query of its own.

    :param parameters: names and values of the callback's query, in order.
    :param temporary: the temporary credentials this browser was sent out with.
    :raises AccessDenied: the user said no (``denied``, or ``oauth_problem=user_refused`` or ``permission_denied``).
    :raises ServerError: another ``oauth_problem``.
    :raises AuthorizationResponseError: a parameter came twice, the token is another one, or there is no verifier.
    """
    values = _read_single(parameters)
    named = values.get("oauth_token")
    # §2.2: the client finds out by oauth_token which request was answered, so an answer about another is not ours.
    if named is not None and named != temporary.token:
        raise _other_token()
    if "denied" in values:
        raise AccessDenied("The user refused the access")
    if "oauth_problem" in values:
        report = {name: value for name, value in values.items() if name.startswith("oauth_problem")}
        raise problem_error("The server ended the sign-in", report)
    if named is None:
        raise _other_token()
    if not values.get("oauth_verifier"):
        raise AuthorizationResponseError(
            "The answer holds no oauth_verifier", code="oauth1_verifier_missing", expected="oauth_verifier"
        )
    return values["oauth_verifier"]


def token_credentials_request(
    url: str,
    client: ClientCredentials,
    temporary: TemporaryCredentials,
    *,
    verifier: str,
    timestamp: int,
    nonce: str,
    method: str = "POST",
    parameters: Mapping[str, Any] | None = None,
    placement: Placement = "header",
) -> HTTPRequest:
    """Trade temporary credentials and verifier for token credentials (RFC 5849 §2.3).

    :param url: the token request endpoint; it may have a query.
    :param client: the client's credentials.
    :param temporary: the temporary credentials of this sign-in.
    :param verifier: what :func:`validate_authorization_response` gave, or what the user typed (PIN).
    :param timestamp: seconds since the epoch.
    :param nonce: a value never used before with this timestamp and token.
    :param method: ``POST`` (which the RFC demands), or ``GET`` for servers of 2010.
    :param parameters: further parameters: named ``oauth_…`` in the protocol, others in form or query.
    :param placement: where the protocol parameters go.
    :raises ConfigurationError: another method.
    """
    own = {"oauth_verifier": verifier}
    return _credentials_request(method, url, client, temporary.as_token(), own, parameters, timestamp, nonce, placement)


def process_token_credentials_response(response: HTTPResponse, *, now: float | None = None) -> Token:
    """Take token credentials out of an answer.

    A session handle becomes the token's ``refresh_token``, so that it is renewed like any other; every member
    except token and secret is in ``extra`` too, as the server sent it.

    :param response: the answer of the token request endpoint.
    :param now: seconds since the epoch, to turn ``oauth_expires_in`` into a time; without it that stays unknown.
    :raises OAuthException: of type ``invalid_response``, with the parsed answer in ``data``, if there are no
        credentials or a problem is named.
    """
    members = read_credentials(response, "token credentials", type="invalid_response", status_code="response_status")
    handle = members.get("oauth_session_handle")
    return Token(
        members["oauth_token"],
        members["oauth_token_secret"],
        TOKEN_TYPE,
        refresh_token=handle if isinstance(handle, str) and handle else None,
        expires_at=_expiry(members.get("oauth_expires_in"), now),
        extra=_rest(members),
    )


def renewal_request(
    url: str,
    client: ClientCredentials,
    token: Token,
    *,
    timestamp: int,
    nonce: str,
    method: str = "POST",
    parameters: Mapping[str, Any] | None = None,
    placement: Placement = "header",
) -> HTTPRequest:
    """Renew token credentials by their session handle (OAuth Session §5).

    :param url: the token request endpoint.
    :param token: the credentials to renew, spent or not; ``refresh_token`` is their session handle.
    :raises ConfigurationError: the token has no session handle, or the method is another than POST and GET.

    The other parameters are those of :func:`token_credentials_request`.
    """
    if not token.refresh_token:
        raise ConfigurationError(
            "These token credentials have no oauth_session_handle, so they cannot be renewed", code="token_expired"
        )
    own = {"oauth_session_handle": token.refresh_token}
    return _credentials_request(method, url, client, token, own, parameters, timestamp, nonce, placement)


def process_renewal_response(response: HTTPResponse, token: Token, *, now: float | None = None) -> Token:
    """The renewed token credentials.

    What the answer does not repeat, such as the session handle or ``user_id``, stays as it was.

    :param token: the credentials that were renewed.
    :raises OAuthException: as :func:`process_token_credentials_response`; a :class:`ServerError` whose ``error`` is
        in :data:`~flask_oauth.protocol.oauth1.answers.SPENT_TOKEN_PROBLEMS` means that the user must sign in again.
    """
    renewed = process_token_credentials_response(response, now=now)
    # An old lifetime says nothing of the new token.
    kept = {name: value for name, value in token.extra.items() if name != "oauth_expires_in"}
    return replace(renewed, refresh_token=renewed.refresh_token or token.refresh_token, extra={**kept, **renewed.extra})


def answer_as_sent(token: Token | TemporaryCredentials) -> dict[str, Any]:
    """The members of the answer that the credentials were taken from, by the names the server gave them."""
    if isinstance(token, TemporaryCredentials):
        token = replace(token.as_token(), extra=token.extra)
    return {"oauth_token": token.access_token, "oauth_token_secret": token.token_secret, **token.extra}


def _credentials_request(
    method: str,
    url: str,
    client: ClientCredentials,
    token: Token | None,
    own: Mapping[str, str],
    parameters: Mapping[str, Any] | None,
    timestamp: int,
    nonce: str,
    placement: Placement,
) -> HTTPRequest:
    """A signed request to one of the two credential endpoints."""
    further = [(name, str(value)) for name, value in (parameters or {}).items() if value is not None]
    protocol = {**own, **{name: value for name, value in further if name.startswith("oauth_")}}
    plain = [(name, value) for name, value in further if not name.startswith("oauth_")]
    return sign_request(
        _plain_request(method, url, plain),
        client,
        token,
        timestamp=timestamp,
        nonce=nonce,
        placement=placement,
        parameters=protocol,
    )


def _plain_request(method: str, url: str, pairs: list[tuple[str, str]]) -> HTTPRequest:
    # Never sent twice: the server may have taken the verifier or the nonce the first time.
    if method.upper() == "GET":
        return HTTPRequest("GET", add_query(url, pairs), repeatable=False)
    if method.upper() != "POST":
        raise ConfigurationError(
            f"Credentials are asked for with GET or POST, not {method!r}", code="config_http_method"
        )
    form = urlencode(pairs).encode("ascii") if pairs else None
    fields = Headers({"Content-Type": FORM_CONTENT_TYPE} if form else {})
    return HTTPRequest("POST", url, fields, form, repeatable=False)


def _read_single(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parameters:
        if name in values:
            raise AuthorizationResponseError(
                f"The parameter {name!r} came more than once", code="authorization_response_repeated"
            )
        if name in _SINGLE_ANSWERS:
            values[name] = value
    return values


def _other_token() -> AuthorizationResponseError:
    return AuthorizationResponseError(
        "The answer is about other temporary credentials than this browser was sent out with",
        code="oauth1_callback_token",
    )


def _rest(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in ("oauth_token", "oauth_token_secret")}


def _expiry(life: object, now: float | None) -> float | None:
    """When credentials end; a lifetime that is no number of seconds above 0 says nothing."""
    text = str(life)
    if now is None or not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_LIFE_DIGITS or not int(text):
        return None
    return now + int(text)
