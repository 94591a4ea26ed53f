"""The userinfo endpoint: what is known about the person who signed in, and about nobody else.

Sections enforced here: OpenID Connect Core §5.3.1 (the access token in the
``Authorization`` field), §5.3.2 (``sub`` compared, content types), §5.3.4; RFC 8725 §3.8, §3.9.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import IDTokenError, InvalidResponseError, UserinfoError
from ..http import PROTOCOL_ANSWER_LIMIT, HTTPRequest, HTTPResponse, json_object
from ..jose import DecryptionKey, KeySet, decrypt_jwt, verify_jwt
from ..oauth2.answers import failure, read_json
from ..oauth2.resource import resource_request
from ..token import Token
from .id_token import check_audience, check_issuer, check_subject
from .times import check_expiry, check_not_before


@dataclass(frozen=True, slots=True, kw_only=True)
class UserinfoExpectation:
    """What the userinfo answer must be and say.

    :param subject: ``sub`` of the ID Token; ``None`` only where there was no ID Token.
    :param issuer: the issuer, for a signed answer; may hold ``{tenantid}``.
    :param client_id: this client, for a signed answer.
    :param algorithms: ``userinfo_signed_response_alg``; empty for an answer in plain JSON.
    :param encryption_algorithms: ``userinfo_encrypted_response_alg``; empty for an answer that is not encrypted.
    :param encryption_encodings: ``userinfo_encrypted_response_enc``.
    :param clock_skew: seconds by which the clocks may differ.
    """

    subject: str | None
    issuer: str
    client_id: str
    algorithms: Collection[str] = ()
    encryption_algorithms: Collection[str] = ()
    encryption_encodings: Collection[str] = ("A128CBC-HS256",)
    clock_skew: float = 60

    @property
    def media_type(self) -> str:
        """The content type of the answer (Core §5.3.2)."""
        return "application/jwt" if self.algorithms or self.encryption_algorithms else "application/json"


def userinfo_request(
    endpoint: str, token: Token | None, expected: UserinfoExpectation, *, insecure_hosts: Collection[str] = ()
) -> HTTPRequest:
    """Ask who signed in.

    :param endpoint: the userinfo endpoint.
    :param token: the access token of the sign-in; ``None`` if whoever sends the request adds it.
    :param expected: says which content type to ask for.
    :raises ConfigurationError: the endpoint is plain http on another machine.
    """
    return resource_request(
        "GET",
        endpoint,
        token,
        headers={"Accept": expected.media_type},
        insecure_hosts=insecure_hosts,
        max_response_bytes=PROTOCOL_ANSWER_LIMIT,
    )


def process_userinfo_response(
    response: HTTPResponse,
    expected: UserinfoExpectation,
    *,
    now: float,
    keys: KeySet | None = None,
    secret: str | None = None,
    decryption_keys: Sequence[DecryptionKey] = (),
) -> dict[str, Any]:
    """The claims in a userinfo answer.

    :param keys: the issuer's keys, for a signed answer.
    :param secret: the client secret, for HMAC algorithms and symmetric encryption.
    :param decryption_keys: our private keys, for an encrypted answer.
    :raises UserinfoError: ``userinfo_subject``, ``userinfo_content_type``, ``response_status``, and the codes of
        an answer that is not proper JSON.
    :raises IDTokenError: the signature, the encryption or a claim of the JWT does not hold.
    :raises ServerError: the endpoint answered with an OAuth error.
    """
    if response.status != 200:
        raise failure(response, UserinfoError)
    claims = _read(response, expected, now, keys or KeySet(), secret, decryption_keys)
    _check_subject(claims, expected.subject)
    return dict(claims)


def _read(
    response: HTTPResponse,
    expected: UserinfoExpectation,
    now: float,
    keys: KeySet,
    secret: str | None,
    decryption_keys: Sequence[DecryptionKey],
) -> Mapping[str, Any]:
    if response.media_type != expected.media_type:
        # A signed answer that is registered and comes unsigned has lost its protection; the reverse is refused too,
        # as nobody said with which algorithm it should be signed.
        raise UserinfoError(
            "The userinfo answer is not in the form that is registered",
            code="userinfo_content_type",
            expected=expected.media_type,
            got=response.media_type[:80],
        )
    if expected.media_type == "application/json":
        return read_json(response, UserinfoError)
    text = response.body.decode("ascii", "replace").strip()
    if expected.encryption_algorithms:
        text = decrypt_jwt(
            text, decryption_keys, expected.encryption_algorithms, expected.encryption_encodings, secret=secret
        )
    if not expected.algorithms:
        return _plain(text)
    claims = verify_jwt(text, keys, expected.algorithms, secret=secret).claims
    _check_signed(claims, expected, now)
    return claims


def _plain(text: str) -> dict[str, Any]:
    """Claims that were encrypted and not signed (Core §5.3.2)."""
    try:
        return json_object(text)
    except InvalidResponseError as error:
        raise UserinfoError(
            "What was encrypted is not a JSON object",
            code="userinfo_content_type",
            expected="JSON that is encrypted and not signed",
        ) from error


def _check_signed(claims: Mapping[str, Any], expected: UserinfoExpectation, now: float) -> None:
    # Core §5.3.2: iss and aud SHOULD be there; where they are, they must be right.
    if "iss" in claims:
        check_issuer(claims, expected.issuer)
    if "aud" in claims:
        check_audience(claims, expected.client_id)
    if "exp" in claims:
        check_expiry(claims, now, expected.clock_skew)
    check_not_before(claims, now, expected.clock_skew)


def _check_subject(claims: Mapping[str, Any], subject: str | None) -> None:
    try:
        got = check_subject(claims)
    except IDTokenError as error:
        # Core §5.3.2: sub MUST always be returned.
        raise UserinfoError(
            "The userinfo answer names nobody", code="userinfo_subject", expected="sub", got=error.got
        ) from error
    # Core §5.3.2: MUST be verified to match exactly; if not, the values MUST NOT be used.
    if subject is not None and got != subject:
        raise UserinfoError(
            "The userinfo answer speaks of another person", code="userinfo_subject", expected=subject, got=got
        )
