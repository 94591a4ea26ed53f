"""What the provider signs: ID Tokens and signed userinfo answers, encrypted where that was agreed on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ...protocol.jose import KeySet, encrypt_jwt, sign_jwt, sign_jwt_with_secret
from .flow import Flow
from .keys import half_hash

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def id_token(provider: MisbehavingProvider, flow: Flow, place: str = "") -> str:
    """The ID Token of a sign-in.

    :param place: ``front_`` beside the code, ``refresh_`` at a refresh, and empty beside the first access token.
    """
    claims = provider.bend(f"{place}claims", _honest_claims(provider, flow, place), flow)
    algorithm = provider.agreed.get("id_token_signed_response_alg", "RS256")
    token: str = provider.bend(
        f"{place}sign", claims, flow, otherwise=lambda claims: signed(provider, claims, algorithm)
    )
    if "id_token_encrypted_response_alg" not in provider.agreed:
        return token
    encrypted: str = provider.bend(f"{place}encrypt", token, flow, otherwise=lambda text: sealed(provider, text))
    return encrypted


def _honest_claims(provider: MisbehavingProvider, flow: Flow, place: str) -> dict[str, Any]:
    now = int(time.time())
    algorithm = provider.agreed.get("id_token_signed_response_alg", "RS256")
    claims: dict[str, Any] = {
        "iss": provider.issuer,
        "sub": provider.person["sub"],
        "aud": provider.client_id,
        "exp": now + 300,
        "iat": now,
        "auth_time": flow.authenticated_at,
        "sid": flow.sid,
    }
    if flow.acr_values:
        claims["acr"] = flow.acr_values.split()[0]
    if place != "refresh_" and flow.nonce is not None:  # Core §12.2: better left out at a refresh
        claims["nonce"] = flow.nonce
    if place == "front_":
        return claims | {"c_hash": half_hash(flow.code, algorithm), "s_hash": half_hash(flow.state, algorithm)}
    return claims | {"at_hash": half_hash(flow.access_token, algorithm)}


def signed(provider: MisbehavingProvider, claims: dict[str, Any], algorithm: str) -> str:
    """A JWT with a right signature."""
    if algorithm.startswith("HS"):
        return sign_jwt_with_secret(claims, provider.client_secret, algorithm)
    return sign_jwt(claims, provider.keys.for_algorithm(algorithm))


def sealed(provider: MisbehavingProvider, text: str) -> str:
    """A text encrypted to the client."""
    public = {"keys": [provider.client_key.public_jwk()]}
    return encrypt_jwt(text, KeySet.from_jwks(public), "RSA-OAEP-256", "A128CBC-HS256")
