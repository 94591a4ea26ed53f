"""Signing out: because the application asks for it, and because the provider says so.

OpenID Connect RP-Initiated Logout §2, §3; Back-Channel Logout §2.4.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from ...protocol.http import add_query
from .id_tokens import signed
from .keys import with_header
from .web import Answer, Asked, redirect_answer, text_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def end_session(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """Signs out and sends the browser back."""
    back, state = asked.value("post_logout_redirect_uri"), asked.value("state")
    if asked.value("client_id") != provider.client_id:
        provider.complain("end session request: client_id is not that of the registered client")
    pairs = provider.bend("signed_out", [("state", state)] if state else [])
    return redirect_answer(add_query(back, pairs)) if back else text_answer("You are signed out.")


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
