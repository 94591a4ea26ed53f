"""What a client proves: who it is (RFC 6749 §2.3, RFC 7523, RFC 8705), and that it holds a key (RFC 9449 §4.3)."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from ..misbehaving.keys import decode, encode
from ..misbehaving.web import Asked
from .refusal import RefusalError

if TYPE_CHECKING:
    from .provider import StrictProvider

ALGORITHMS: Final = ("ES256", "PS256", "EdDSA")
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION: Final = 300


def known_client(provider: StrictProvider, asked: Asked) -> None:
    """The registered client, authenticated in the registered way and in no other.

    :raises RefusalError: ``invalid_client``.
    """
    checks = {"client_secret_basic": _basic, "private_key_jwt": _assertion, "tls_client_auth": _certificate}
    if not checks.get(provider.authentication, _named)(provider, asked):
        raise RefusalError("invalid_client", f"the client did not authenticate by {provider.authentication}", 401)


def _named(provider: StrictProvider, asked: Asked) -> bool:
    return asked.value("client_id") == provider.client_id


def _basic(provider: StrictProvider, asked: Asked) -> bool:
    scheme, _, credentials = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or asked.value("client_secret") is not None:
        return False
    name, _, secret = b64decode(credentials).decode().partition(":")
    return (unquote_plus(name), unquote_plus(secret)) == (provider.client_id, provider.client_secret)


def _assertion(provider: StrictProvider, asked: Asked) -> bool:
    text = asked.value("client_assertion") or ""
    if asked.value("client_assertion_type") != ASSERTION_TYPE:
        return False
    claims = signed_claims(text, provider.client_key.native)
    if claims is None or claims.get("iss") != provider.client_id or claims.get("sub") != provider.client_id:
        return False
    if claims.get("aud") != provider.url:  # FAPI 2.0 §5.3.3.1: the issuer, as one text
        return False
    lives = claims.get("exp", 0) - provider.now()
    return 0 < lives <= LONGEST_ASSERTION and provider.first_use(f"assertion {claims.get('jti')}")


def _certificate(provider: StrictProvider, asked: Asked) -> bool:
    return bool(asked.certificate) and asked.value("client_id") == provider.client_id


def signed_claims(token: str, key: Any, typ: str | None = None) -> dict[str, Any] | None:
    """The claims of a JWT that this key signed; ``None`` if it did not."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    try:
        found = jwt.decode(token, key, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError):
        return None
    return dict(found.claims) if typ is None or found.header.get("typ") == typ else None


def thumbprint(asked: Asked) -> str | None:
    """``x5t#S256`` of the client's certificate (RFC 8705 §3.1)."""
    if not asked.certificate:
        return None
    body = "".join(line for line in asked.certificate.splitlines() if "-----" not in line)
    return encode(hashlib.sha256(b64decode(body)).digest())


def proved_key(provider: StrictProvider, asked: Asked, role: str, access_token: str | None = None) -> str | None:
    """The thumbprint of the key that a request proves to hold; ``None`` without a proof.

    :param role: ``server`` or ``resource``: each has nonces of its own.
    :raises RefusalError: ``invalid_dpop_proof`` or ``use_dpop_nonce``.
    """
    proof = asked.headers.get("dpop")
    if proof is None:
        return None
    key = _key_within(proof)
    claims = signed_claims(proof, key, "dpop+jwt") or {}
    wanted = {"htm": asked.method, "htu": provider.url + asked.path}
    if access_token is not None:
        wanted["ath"] = encode(hashlib.sha256(access_token.encode()).digest())
    wrong = [name for name, value in wanted.items() if claims.get(name) != value]
    if wrong or abs(claims.get("iat", 0) - provider.now()) > LONGEST_ASSERTION:
        raise _bad_proof(role, f"the proof does not hold: {wrong or 'iat'}")
    if provider.nonces or provider.nonce_storm:
        _check_nonce(provider, claims.get("nonce"), role)
    if not provider.first_use(f"proof {claims.get('jti')}"):
        raise _bad_proof(role, "the jti was used before")
    text: str = key.thumbprint()
    return text


def _key_within(proof: str) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry

    try:
        jwk = json.loads(decode(proof.partition(".")[0]))["jwk"]
        if "d" in jwk:
            raise RefusalError("invalid_dpop_proof", "the proof holds a private key")
        return JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, KeyError) as error:
        raise RefusalError("invalid_dpop_proof", f"the proof holds no key: {error}") from None


def _check_nonce(provider: StrictProvider, nonce: object, role: str) -> None:
    current = provider.current_nonces.get(role)
    if current is None or nonce != current or provider.nonce_storm:
        provider.current_nonces[role] = secrets.token_urlsafe(12)
        raise _refused_proof(role, "use_dpop_nonce", "a nonce is needed", provider.current_nonces[role])


def _bad_proof(role: str, reason: str) -> RefusalError:
    return _refused_proof(role, "invalid_dpop_proof", reason)


def _refused_proof(role: str, error: str, reason: str, nonce: str | None = None) -> RefusalError:
    headers = {"DPoP-Nonce": nonce} if nonce else {}
    if role == "resource":
        return RefusalError(error, reason, 401, {**headers, "WWW-Authenticate": f'DPoP error="{error}", algs="ES256"'})
    return RefusalError(error, reason, 400, headers)
