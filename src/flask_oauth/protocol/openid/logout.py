"""Signing out: at the provider by our wish, and here by the provider's.

Sections enforced here: OpenID Connect RP-Initiated Logout §2, §3; Back-Channel Logout §2.4, §2.6;
Front-Channel Logout §2, §3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...errors import ConfigurationError, InvalidResponseError, LogoutTokenError
from ..http import add_query, read_once
from ..jose import DecryptionKey, KeySet, decrypt_jwt, shown, verify_jwt
from ..oauth2.metadata import ServerMetadata
from .id_token import IDTokenExpectation, check_audience, check_issuer, check_subject
from .times import check_expiry, check_issued_at, check_not_before

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
#: How long ago a logout token may have been issued, in seconds.  For so long its ``jti`` has to be remembered.
LOGOUT_TOKEN_AGE: Final = 300
_TYPES: Final = ("logout+jwt", "jwt", "")


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """A logout token that holds.

    :param issuer: whose sessions are to end.
    :param jti: names the token; one that was seen before must be refused (Back-Channel Logout §2.6 item 8).
    :param subject: the person, all of whose sessions are to end if there is no ``sid``.
    :param sid: the session that is to end.
    """

    issuer: str
    jti: str
    subject: str | None = None
    sid: str | None = None


def end_session_url(
    metadata: ServerMetadata,
    *,
    client_id: str,
    id_token_hint: str | None = None,
    post_logout_redirect_uri: str | None = None,
    state: str | None = None,
    logout_hint: str | None = None,
    ui_locales: str | None = None,
) -> str:
    """Where to send the browser so that the user is signed out at the provider too.

    :param client_id: this client; named beside the hint, which may be encrypted (§2).
    :param id_token_hint: the ID Token as it was received.
    :param post_logout_redirect_uri: where the browser comes back to; registered at the provider.
    :param state: comes back with it.
    :raises ConfigurationError: the server has no end session endpoint.
    """
    if not metadata.end_session_endpoint:
        raise ConfigurationError(
            "The server has no end_session_endpoint, so nobody can be signed out there",
            code="config_endpoint_missing",
        )
    parameters = {
        "id_token_hint": id_token_hint,
        "client_id": client_id,
        "post_logout_redirect_uri": post_logout_redirect_uri,
        "state": state if post_logout_redirect_uri else None,
        "logout_hint": logout_hint,
        "ui_locales": ui_locales,
    }
    return add_query(metadata.end_session_endpoint, [(name, value) for name, value in parameters.items() if value])


def is_logout_return(parameters: Iterable[tuple[str, str]], state: str | None) -> bool:
    """Whether the browser came back from the sign-out that we began.

    The user is signed out here in any case; the answer only decides whether
    to trust the return.  Never raises.

    :param parameters: the query, as pairs.
    :param state: the state that was sent; ``None`` if none is pending.
    """
    try:
        return state is not None and read_once(parameters).get("state") == state
    except InvalidResponseError:
        return False


def validate_logout_token(
    token: str,
    keys: KeySet,
    expected: IDTokenExpectation,
    *,
    now: float,
    secret: str | None = None,
    decryption_keys: Sequence[DecryptionKey] = (),
) -> LogoutToken:
    """Validate a logout token (Back-Channel Logout §2.6); whether its ``jti`` is new is for the caller to ask.

    :param expected: as for ID Tokens; issuer, client, algorithms, encryption, tenants and clock skew count.
    :param now: seconds since the epoch.
    :raises IDTokenError: signature, issuer, audience or times do not hold.
    :raises LogoutTokenError: it is not a logout token.
    """
    if expected.encryption_algorithms:
        token = decrypt_jwt(
            token, decryption_keys, expected.encryption_algorithms, expected.encryption_encodings, secret=secret
        )
    claims = verify_jwt(token, keys, expected.algorithms, secret=secret, types=_TYPES).claims
    check_issuer(claims, expected.issuer, expected.tenants)
    check_audience(claims, expected.client_id, expected.trusted_audiences)
    check_issued_at(claims, now, expected.clock_skew, LOGOUT_TOKEN_AGE)
    # REQUIRED since the final specification; tokens of servers older than that end by their iat.
    if "exp" in claims:
        check_expiry(claims, now, expected.clock_skew)
    check_not_before(claims, now, expected.clock_skew)
    _check_events(claims)
    return LogoutToken(
        str(claims["iss"]), _text(claims, "jti", required=True), _subject(claims), _text(claims, "sid") or None
    )


def is_frontchannel_logout(
    parameters: Iterable[tuple[str, str]], *, issuer: str | None, sid: str | None, session_required: bool = True
) -> bool:
    """Whether a front-channel logout request is about the session of this browser (Front-Channel Logout §2).

    Anyone can embed its URL, so it ends a session only by naming it.  Never raises.

    :param parameters: the query, as pairs.
    :param issuer: the issuer of this browser's session; ``None`` if nobody is signed in.
    :param sid: ``sid`` of its ID Token.
    :param session_required: ``frontchannel_logout_session_required``; if
        False, a request that names no session ends any session of that provider.
    """
    try:
        named = read_once(parameters)
    except InvalidResponseError:
        return False
    if "iss" not in named and "sid" not in named:
        return issuer is not None and not session_required
    # §2: if either is there, both MUST be; §3: both are compared with the ID Token's.
    return issuer is not None and sid is not None and (named.get("iss"), named.get("sid")) == (issuer, sid)


def _check_events(claims: Mapping[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise _refused("events does not name a logout", LOGOUT_EVENT, events)
    # §2.4: nonce MUST NOT be there, so that no logout token can pass for an ID Token.
    if "nonce" in claims:
        raise _refused("It holds a nonce", "no nonce", "a nonce")
    if "sub" not in claims and "sid" not in claims:
        raise _refused("It names neither a person nor a session", "sub or sid", None)


def _subject(claims: Mapping[str, Any]) -> str | None:
    return check_subject(claims) if "sub" in claims else None


def _text(claims: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = claims.get(name, None if required else "")
    if not isinstance(value, str) or (name in claims and not value):
        raise _refused(f"{name} is not a text", f"{name} as a text", value)
    return value


def _refused(reason: str, expected: object, got: object) -> LogoutTokenError:
    return LogoutTokenError(f"The logout token does not hold: {reason}", expected=expected, got=shown(got))
