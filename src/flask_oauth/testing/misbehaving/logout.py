"""Logout tokens: by them the provider says that somebody has signed out (OpenID Connect Back-Channel Logout)."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from .id_tokens import signed
from .keys import with_header

if TYPE_CHECKING:
    from .provider import MisbehavingProvider

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def logout_token(provider: MisbehavingProvider, sid: str | None) -> str:
    """A logout token about the person who signs in here (Back-Channel Logout §2.4).

    :param sid: names one of their sessions; ``None`` for all of them.
    """
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": provider.issuer,
        "sub": provider.person["sub"],
        "aud": provider.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_urlsafe(16),
        "events": {LOGOUT_EVENT: {}},
        **({"sid": sid} if sid is not None else {}),
    }
    claims = provider.bend("logout_claims", claims)
    token: str = provider.bend("logout_sign", claims, otherwise=lambda claims: _signed(provider, claims))
    return token


def _signed(provider: MisbehavingProvider, claims: dict[str, Any]) -> str:
    algorithm = provider.agreed.get("id_token_signed_response_alg", "RS256")
    if algorithm.startswith("HS"):
        return signed(provider, claims, algorithm)
    return with_header(provider.keys.for_algorithm(algorithm), claims, typ="logout+jwt")
