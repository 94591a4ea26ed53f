"""How the one registered client shows who it is, and which key its tokens are bound to."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from ...errors import OAuthException
from ...protocol.jose import ASYMMETRIC_ALGORITHMS, KeySet, unverified_jwt, verify_jwt
from .keys import encode
from .web import Asked

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def wrong_with_client(provider: MisbehavingProvider, asked: Asked) -> str | None:
    """What is wrong with a client's authentication, or ``None``."""
    if provider.agreed.get("token_endpoint_auth_method") == "private_key_jwt":
        return _wrong_with_assertion(provider, asked.value("client_assertion") or "")
    scheme, _, credentials = asked.headers.get("authorization", "").partition(" ")
    name, secret = asked.value("client_id"), asked.value("client_secret")
    if scheme.lower() == "basic":
        if secret is not None:
            return "the client authenticated in two ways (RFC 6749 §2.3)"
        name, _, secret = b64decode(credentials).decode().partition(":")
        name, secret = unquote_plus(name), unquote_plus(secret)
    known = (name, secret) == (provider.client_id, provider.client_secret)
    return None if known else "the client did not authenticate"


def _wrong_with_assertion(provider: MisbehavingProvider, assertion: str) -> str | None:
    """RFC 7523 §3: for this server alone, once, and not for long."""
    keys = KeySet.from_jwks({"keys": [provider.client_signing_key.public_jwk()]})
    try:
        claims = verify_jwt(assertion, keys, [provider.client_signing_key.algorithm]).claims
    except OAuthException as error:
        return f"the client assertion does not hold: {error}"
    now = time.time()
    if (claims.get("iss"), claims.get("sub")) != (provider.client_id, provider.client_id):
        return "the client assertion is another client's"
    if claims.get("aud") != provider.issuer:
        return "aud of the client assertion is not the issuer as one text"
    if not now - 60 < claims.get("exp", 0) <= now + 300:
        return "the client assertion lives longer than five minutes, or has ended"
    return None if provider.first_use(f"assertion {claims.get('jti')}") else "a client assertion was used twice"


# -- DPoP -----------------------------------------------------------------------------------------------------


def thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638, for the members that a DPoP proof shows."""
    return encode(hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest())


def wrong_with_proof(
    provider: MisbehavingProvider, asked: Asked, *, bound_to: str | None, access_token: str | None = None
) -> str | None:
    """What is wrong with a DPoP proof, or ``None`` (RFC 9449 §4.3).

    :param bound_to: the thumbprint of the key that it must be made with, if that is known.
    :param access_token: the token that it goes with, at a resource.
    """
    try:
        header = unverified_jwt(asked.headers.get("dpop", "")).header
        keys = KeySet.from_jwks({"keys": [header["jwk"]]})
        claims = verify_jwt(asked.headers["dpop"], keys, ASYMMETRIC_ALGORITHMS, types=["dpop+jwt"]).claims
    except (OAuthException, KeyError) as error:
        return f"the DPoP proof does not hold: {error}"
    expected = {"htm": asked.method, "htu": provider.issuer + asked.path, "ath": access_token and _hash(access_token)}
    wrong = [name for name, value in expected.items() if claims.get(name) != value]
    if wrong:
        return f"{', '.join(wrong)} of the DPoP proof is wrong"
    if abs(time.time() - claims.get("iat", 0)) > 60:
        return "the DPoP proof is not new"
    if bound_to is not None and thumbprint(header["jwk"]) != bound_to:
        return "the DPoP proof is made with another key"
    return None if provider.first_use(f"proof {claims.get('jti')}") else "a DPoP proof was used twice"


def proof_key(asked: Asked) -> str | None:
    """The thumbprint of the key in a request's proof."""
    if "dpop" not in asked.headers:
        return None
    return thumbprint(unverified_jwt(asked.headers["dpop"]).header["jwk"])


def proof_nonce(asked: Asked) -> str | None:
    """The nonce in a request's proof."""
    nonce = unverified_jwt(asked.headers["dpop"]).claims.get("nonce") if "dpop" in asked.headers else None
    return nonce if isinstance(nonce, str) else None


def _hash(access_token: str) -> str:
    return encode(hashlib.sha256(access_token.encode()).digest())
