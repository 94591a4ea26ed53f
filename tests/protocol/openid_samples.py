"""An issuer for tests: its keys, right claims, and ID Tokens that are wrong in one respect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask_oauth.protocol.jose import KeySet, SigningKey, b64url_encode, generate_signing_key, sign_jwt
from flask_oauth.protocol.openid.id_token import IDTokenExpectation

NOW = 1_700_000_000
ISSUER = "https://id.example.com"
CLIENT_ID = "s6BhdRkqt3"
NONCE = "n-0S6_WzA2Mj"
SUBJECT = "248289761001"
SECRET = "an application's secret of sufficient length, sixty-four bytes!!"

VECTORS = Path(__file__).parent.parent / "vectors"


@cache
def key(algorithm: str = "ES256", kid: str = "k1") -> SigningKey:
    """One key per name for the whole run."""
    return generate_signing_key(algorithm, kid=kid)


def key_set(*keys: SigningKey | Mapping[str, Any]) -> KeySet:
    jwks = [one.public_jwk() if isinstance(one, SigningKey) else one for one in keys or (key(),)]
    return KeySet.from_jwks({"keys": jwks})


def right_claims(**changes: Any) -> dict[str, Any]:
    """Claims of a right ID Token; a change to ``None`` takes a claim away."""
    claims = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": CLIENT_ID,
        "exp": NOW + 600,
        "iat": NOW,
        "nonce": NONCE,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def id_token(*, signed_with: SigningKey | None = None, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    return sign_jwt(right_claims(**changes), signed_with or key(), headers=header)


def expectation(**changes: Any) -> IDTokenExpectation:
    values = {"issuer": ISSUER, "client_id": CLIENT_ID, "nonce": NONCE, "algorithms": ("ES256",), **changes}
    return IDTokenExpectation(**values)


def segment(value: object) -> str:
    """Anything as one segment of a JWT."""
    text = value if isinstance(value, str) else json.dumps(value)
    return b64url_encode(text.encode("utf-8", "surrogatepass")).decode()


def forged(header: object, claims: object, signature: bytes = b"") -> str:
    """A JWT put together by hand."""
    return f"{segment(header)}.{segment(claims)}.{b64url_encode(signature).decode()}"


def resigned(header: object, claims: object, signing_key: SigningKey | None = None) -> str:
    """A JWT with any header and claims whatever, signed properly."""
    signing_input = f"{segment(header)}.{segment(claims)}"
    signature = (signing_key or key()).sign(signing_input.encode())
    return f"{signing_input}.{b64url_encode(signature).decode()}"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))
