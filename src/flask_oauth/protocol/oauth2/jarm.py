"""JARM: the authorization response as a signed, perhaps encrypted JWT.

Sections enforced here: JWT Secured Authorization Response Mode for OAuth 2.0 §2.1 (claims), §2.2 (encrypted),
§2.4 (processing rules: iss, aud, exp, signature; ``none`` never).
What comes out goes through :func:`~flask_oauth.protocol.oauth2.authorization.validate_authorization_response`
like any other answer.  Parameters beside ``response`` have no say (N41).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from ...errors import AuthorizationResponseError, IDTokenError
from ..jose import DecryptionKey, KeySet, decrypt_jwt, verify_jwt
from .jwt_claims import check_audience, check_expiry, check_issuer
from .parameters import Pairs

#: Response modes that ask for it (JARM §2.3).
RESPONSE_MODES: Final = ("jwt", "query.jwt", "form_post.jwt")
#: Claims about the JWT, not parameters of the answer; ``iss`` is both (RFC 9207).
_OWN_CLAIMS: Final = frozenset({"aud", "exp", "iat", "nbf", "jti"})


def process_jwt_authorization_response(
    parameters: Iterable[tuple[str, str]],
    *,
    issuer: str,
    client_id: str,
    keys: KeySet,
    algorithms: Collection[str],
    now: float,
    clock_skew: float = 60,
    secret: str | None = None,
    decryption_keys: Sequence[DecryptionKey] = (),
    decryption_algorithms: Collection[str] = (),
    decryption_encodings: Collection[str] = (),
) -> Pairs:
    """The parameters within a JWT answer, to be validated next.

    :param parameters: names and values as they came.
    :param issuer: the issuer that the user was sent to.
    :param client_id: our identifier there.
    :param keys: its public keys.
    :param algorithms: the signature algorithms that we take.
    :param now: the time, in seconds since the epoch.
    :param clock_skew: how far the two clocks may be apart, in seconds.
    :param secret: the client secret, if answers are signed with it.
    :param decryption_keys: our keys, if we registered for encrypted answers; a plain one is then refused.
    :param decryption_algorithms: the key management algorithms that we take.
    :param decryption_encodings: the content encryption algorithms that we take.
    :raises AuthorizationResponseError: there is no such JWT, or it does not hold; its ``code``
        says why (``issuer_mismatch``, ``id_token_audience``, ``id_token_signature`` …).
    """
    token = _response(parameters)
    try:
        if decryption_keys or decryption_algorithms:  # with the client secret there are algorithms alone
            token = decrypt_jwt(token, decryption_keys, decryption_algorithms, decryption_encodings, secret=secret)
        claims = verify_jwt(token, keys, algorithms, secret=secret).claims
        check_issuer(claims, issuer)
        check_audience(claims, client_id)
        check_expiry(claims, now, clock_skew)
    except IDTokenError as cause:
        raise _refused(cause) from cause
    return _parameters(claims)


def _response(parameters: Iterable[tuple[str, str]]) -> str:
    responses = [value for name, value in parameters if name == "response"]
    if len(responses) > 1:  # RFC 6749 §3.1
        raise AuthorizationResponseError("The answer came twice", code="authorization_response_repeated")
    if not responses or not responses[0]:
        # Also for an error: whoever can write a plain error could end sign-ins of others.
        raise AuthorizationResponseError("The answer holds no signed response", expected="response")
    return responses[0]


def _refused(cause: IDTokenError) -> AuthorizationResponseError:
    code = "issuer_mismatch" if cause.code == "id_token_issuer" else cause.code
    return AuthorizationResponseError(
        f"The signed response does not hold: {cause.message}", code=code, expected=cause.expected, got=cause.got
    )


def _parameters(claims: Mapping[str, Any]) -> Pairs:
    return tuple(
        (name, value if isinstance(value, str) else str(value))
        for name, value in claims.items()
        if name not in _OWN_CLAIMS and value is not None
    )
