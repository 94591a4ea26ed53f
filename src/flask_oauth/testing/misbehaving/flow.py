"""One sign-in as the provider knows it, and what it handed out for it."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Self

from .keys import encode
from .web import Asked


@dataclass(slots=True, repr=False)
class Flow:
    """One authorization request that was granted.

    :ivar used: whether the code was redeemed.
    :ivar refreshed: how often a refresh token of this sign-in was used.
    """

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str | None
    code_challenge: str
    response_type: str
    response_mode: str
    max_age: str | None
    acr_values: str
    authenticated_at: int
    dpop_jkt: str | None = None
    code: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    used: bool = False
    refreshed: int = 0
    access_token: str = ""
    refresh_token: str = ""

    @classmethod
    def of(cls, asked: Asked, now: int) -> Self:
        """The sign-in that a request asks for."""
        response_type = asked.value("response_type") or "code"
        return cls(
            client_id=asked.value("client_id") or "",
            redirect_uri=asked.value("redirect_uri") or "",
            scope=asked.value("scope") or "",
            state=asked.value("state") or "",
            nonce=asked.value("nonce"),
            code_challenge=asked.value("code_challenge") or "",
            response_type=response_type,
            response_mode=asked.value("response_mode") or ("query" if response_type == "code" else "fragment"),
            max_age=asked.value("max_age"),
            acr_values=asked.value("acr_values") or _acr_of_claims(asked),
            authenticated_at=now - 5,
            dpop_jkt=asked.value("dpop_jkt"),
        )

    def proves(self, code_verifier: str | None) -> bool:
        """Whether a verifier belongs to the challenge (RFC 7636 §4.6)."""
        digest = hashlib.sha256((code_verifier or "").encode()).digest()
        return encode(digest) == self.code_challenge

    def __repr__(self) -> str:
        return f"<Flow {self.response_type} used={self.used} refreshed={self.refreshed}>"


def _acr_of_claims(asked: Asked) -> str:
    """The authentication contexts that a ``claims`` parameter asks for (OpenID Connect Core §5.5.1.1)."""
    wanted = (json.loads(asked.value("claims") or "{}").get("id_token") or {}).get("acr") or {}
    return " ".join(wanted.get("values") or [])


def wrong_with(asked: Asked, client_id: str) -> str | None:
    """What is wrong with an authorization request, or ``None``: the provider is strict where it does not misbehave."""
    names = [name for name, _ in asked.query if name not in ("resource", "audience")]
    if len(set(names)) != len(names):
        return "a parameter was sent twice (RFC 6749 §3.1)"
    if asked.value("client_id") != client_id:
        return "client_id is not that of the registered client"
    if not (asked.value("redirect_uri") or "").startswith(("http://", "https://")):
        return "redirect_uri is not an absolute URL"
    if asked.value("response_type") not in ("code", "code id_token"):
        return "response_type is neither code nor code id_token"
    if asked.value("code_challenge_method") != "S256" or len(asked.value("code_challenge") or "") != 43:
        return "there is no S256 code_challenge (RFC 9700 §2.1.1)"
    if len(asked.value("state") or "") < 16:
        return "state is missing or short (RFC 9700 §4.7)"
    if "openid" in (asked.value("scope") or "").split() and len(asked.value("nonce") or "") < 16:
        return "nonce is missing or short (OpenID Connect Core §3.1.2.1)"
    return None
