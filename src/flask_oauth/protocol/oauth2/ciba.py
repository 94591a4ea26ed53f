"""CIBA: the client asks, the server finds the user on another channel (poll and ping).

Sections enforced here: OpenID Connect Client-Initiated Backchannel Authentication Core 1.0 §7.1 (one hint,
``client_notification_token``), §7.1.1 (signed request), §7.3, §10.1 (token request), §10.2 (ping: bearer
token checked), §11; :mod:`~flask_oauth.protocol.oauth2.polling` for the waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from ...errors import ConfigurationError, InvalidResponseError
from ..http import HTTPRequest, HTTPResponse, json_object
from ..jose import SigningKey, sign_jwt
from .answers import member_error, number_of_seconds, read_answer, text_member
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined
from .polling import DEFAULT_INTERVAL

GRANT_TYPE: Final = "urn:openid:params:grant-type:ciba"
#: Exactly one of them says who is meant (CIBA §7.1).
HINTS: Final = ("login_hint", "login_hint_token", "id_token_hint")
#: How long a signed request lives, in seconds; CIBA for FAPI wants an hour at most.
SIGNED_REQUEST_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, repr=False)
class BackchannelAuthentication:
    """A request that waits for the user.

    :param auth_req_id: its reference, the client's secret.
    :param expires_at: when it ends, in seconds since the epoch.
    :param interval: how long to wait between two requests, in seconds.
    """

    auth_req_id: str
    expires_at: float
    interval: float = DEFAULT_INTERVAL

    def __repr__(self) -> str:
        return f"<BackchannelAuthentication expires_at={self.expires_at}>"


def backchannel_authentication_request(
    metadata: ServerMetadata,
    client: Client,
    *,
    now: float,
    jti: str,
    scope: str = "openid",
    binding_message: str | None = None,
    client_notification_token: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    key: SigningKey | None = None,
) -> HTTPRequest:
    """The request to find the user (CIBA §7.1).

    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion and a signed request.
    :param scope: the scope; ``openid`` is in it.
    :param binding_message: what both devices show.
    :param client_notification_token: for ping: a new unpredictable value, 1024 characters at most.
    :param parameters: further parameters: one of :data:`HINTS`, ``acr_values``, ``requested_expiry`` …
    :param key: sign the request with this key (CIBA §7.1.1).
    :raises ConfigurationError: none or several hints, or the server has no such endpoint.
    """
    own = {
        "scope": scope,
        "binding_message": binding_message,
        "client_notification_token": client_notification_token,
    }
    pairs = joined(own, parameters or {}, ("client_notification_token",))
    hints = [name for name, _ in pairs if name in HINTS]
    if len(hints) != 1:
        raise ConfigurationError(
            "A backchannel request needs exactly one hint", expected=" or ".join(HINTS), got=", ".join(hints) or "none"
        )
    if key is not None:
        pairs = (("request", _signed(metadata, client, pairs, key, now, jti)),)
    return endpoint_request(client, metadata, "backchannel_authentication_endpoint", pairs, now=now, jti=jti)


def _signed(
    metadata: ServerMetadata, client: Client, pairs: tuple[tuple[str, str], ...], key: SigningKey, now: float, jti: str
) -> str:
    claims = {
        **dict(pairs),
        "iss": client.client_id,
        "aud": metadata.issuer or metadata.endpoint("backchannel_authentication_endpoint"),
        "jti": f"{jti}.request",  # not that of the client assertion beside it
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + SIGNED_REQUEST_SECONDS,
    }
    return sign_jwt(claims, key)


def process_backchannel_authentication_response(response: HTTPResponse, *, now: float) -> BackchannelAuthentication:
    """The reference in an answer (CIBA §7.3).

    :param now: the time, in seconds since the epoch.
    :raises ServerError: the server refused, for example with ``unknown_user_id``.
    :raises InvalidResponseError: a member is missing or of the wrong kind.
    """
    answer = read_answer(response)
    seconds = number_of_seconds(answer, "expires_in")
    if not seconds:
        raise member_error("expires_in", "a positive number of seconds", answer.get("expires_in"), InvalidResponseError)
    return BackchannelAuthentication(
        auth_req_id=text_member(answer, "auth_req_id"),
        expires_at=now + seconds,
        interval=number_of_seconds(answer, "interval") or DEFAULT_INTERVAL,
    )


def ciba_token_request(
    metadata: ServerMetadata,
    client: Client,
    authentication: BackchannelAuthentication,
    *,
    now: float,
    jti: str,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request for the token (CIBA §10.1): while polling, or once after a ping."""
    own = {"grant_type": GRANT_TYPE, "auth_req_id": authentication.auth_req_id}
    pairs = joined(own, parameters or {}, own)
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti)


def validate_ping(headers: Mapping[str, str], body: bytes, *, client_notification_token: str, auth_req_id: str) -> None:
    """Whether a notification is the server's word about a request of ours (CIBA §10.2).

    :param headers: the header fields that came; their names in any letter case.
    :param body: the content that came.
    :param client_notification_token: what was sent out with the request.
    :param auth_req_id: the request's reference.
    :raises InvalidResponseError: ``notification_invalid``, to be answered with 401; or the content is not JSON.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    scheme, _, token = fields.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _same(token.strip(), client_notification_token):
        raise InvalidResponseError("The notification's bearer token is not ours", code="notification_invalid")
    stated = json_object(body).get("auth_req_id")
    if not isinstance(stated, str) or not _same(stated, auth_req_id):
        raise InvalidResponseError("The notification is about another request", code="notification_invalid")


def _same(stated: str, known: str) -> bool:
    return bool(known) and compare_digest(stated.encode("utf-8", "replace"), known.encode())
