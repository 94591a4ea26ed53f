"""Device authorization: the user signs in on another device with a short code.

Sections enforced here: RFC 8628 §3.1, §3.2 (its members), §3.3, §3.4, §3.5
(see :mod:`~flask_oauth.protocol.oauth2.polling`), §5.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import InvalidResponseError
from ..http import HTTPRequest, HTTPResponse, is_secure_url
from .answers import member_error, number_of_seconds, one_line, optional_text, read_answer, text_member
from .client_authentication import Client, endpoint_request
from .metadata import ServerMetadata
from .parameters import joined
from .polling import DEFAULT_INTERVAL

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True, repr=False)
class DeviceAuthorization:
    """What to show to the user, and what to ask the token endpoint with.

    :param device_code: the secret of this device; never shown.
    :param user_code: what the user types in.
    :param verification_uri: where.
    :param verification_uri_complete: the same with the code in it, for a QR code; ``None`` if there is none.
    :param expires_at: when both codes end, in seconds since the epoch.
    :param interval: how long to wait between two requests, in seconds.
    """

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_at: float
    interval: float = DEFAULT_INTERVAL

    def __repr__(self) -> str:
        return f"<DeviceAuthorization {self.verification_uri} expires_at={self.expires_at}>"


def device_authorization_request(
    metadata: ServerMetadata,
    client: Client,
    *,
    now: float,
    jti: str,
    scope: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request for a pair of codes (RFC 8628 §3.1).

    :param now: the time, in seconds since the epoch.
    :param jti: a new unpredictable identifier, for a client assertion.
    :param scope: the scope, space separated.
    :param parameters: further parameters, ``resource`` for example.
    :raises ConfigurationError: the server has no such endpoint, or the client cannot authenticate.
    """
    pairs = joined({"scope": scope or None}, parameters or {})
    return endpoint_request(client, metadata, "device_authorization_endpoint", pairs, now=now, jti=jti)


def process_device_authorization_response(
    response: HTTPResponse, *, now: float, metadata: ServerMetadata | None = None
) -> DeviceAuthorization:
    """The codes in an answer (RFC 8628 §3.2).

    :param now: the time, in seconds since the epoch.
    :param metadata: the server that was asked, for the hosts at which plain http is allowed.
    :raises ServerError: the server refused, with an error.
    :raises InvalidResponseError: a member is missing or of the wrong kind, or an address is not https.
    """
    answer = read_answer(response)
    seconds = number_of_seconds(answer, "expires_in")
    if seconds is None:
        raise member_error("expires_in", "a number of seconds", None, InvalidResponseError)
    uri = text_member(answer, "verification_uri")
    complete = optional_text(answer, "verification_uri_complete")
    for address in (uri, complete or uri):
        _check_address(address, metadata or ServerMetadata())
    return DeviceAuthorization(
        device_code=text_member(answer, "device_code"),
        user_code=_user_code(answer),
        verification_uri=uri,
        verification_uri_complete=complete,
        expires_at=now + seconds,
        interval=number_of_seconds(answer, "interval") or DEFAULT_INTERVAL,
    )


def _check_address(address: str, metadata: ServerMetadata) -> None:
    # The user is sent there, by a link or a QR code: RFC 8628 §5.4, no phishing over plain http.
    if not is_secure_url(address, metadata.insecure_hosts):
        raise InvalidResponseError(
            "The verification address is not an https URL", code="response_member", got=one_line(address)
        )


def _user_code(answer: Mapping[str, Any]) -> str:
    code = text_member(answer, "user_code")
    # It is printed on terminals and pages: no control characters, no novels.
    if not code.isprintable() or len(code) > 100:
        raise member_error("user_code", "a short printable text", code, InvalidResponseError)
    return code


def device_token_request(
    metadata: ServerMetadata,
    client: Client,
    device: DeviceAuthorization,
    *,
    now: float,
    jti: str,
    parameters: Mapping[str, Any] | None = None,
) -> HTTPRequest:
    """The request for the token (RFC 8628 §3.4), to be repeated while the user takes time.

    The answer is read with :func:`~flask_oauth.protocol.oauth2.token.process_token_response`;
    what to do about its errors says :func:`~flask_oauth.protocol.oauth2.polling.next_interval`.
    """
    own = {"grant_type": GRANT_TYPE, "device_code": device.device_code}
    pairs = joined(own, parameters or {}, own)
    return endpoint_request(client, metadata, "token_endpoint", pairs, now=now, jti=jti)
