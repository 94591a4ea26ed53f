"""One sign-in as the provider knows it: what was asked for, and what it handed out."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from ...errors import OAuthException
from ...protocol.jose import KeySet, verify_jwt
from .keys import encode

if TYPE_CHECKING:
    from .provider import MisbehavingProvider
    from .web import Pairs

#: Parameters that may come more than once (RFC 8707 §2).
REPEATABLE = ("resource", "audience")


@dataclass(slots=True, repr=False)
class Flow:
    """One authorization request that was granted.

    :ivar used: whether the code was redeemed.
    :ivar refreshed: how often a refresh token of this sign-in was used.
    :ivar sid: the session at the provider.
    :ivar bound_to: the thumbprint of the key that its tokens are bound to (DPoP).
    """

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str | None
    code_challenge: str
    response_type: str
    response_mode: str
    acr_values: str
    authenticated_at: int
    bound_to: str | None = None
    sid: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    code: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    used: bool = False
    refreshed: int = 0
    access_token: str = ""
    refresh_token: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str], now: int) -> Self:
        """The sign-in that a request asks for."""
        response_type = parameters.get("response_type", "code")
        return cls(
            client_id=parameters["client_id"],
            redirect_uri=parameters["redirect_uri"],
            scope=parameters.get("scope", ""),
            state=parameters["state"],
            nonce=parameters.get("nonce"),
            code_challenge=parameters["code_challenge"],
            response_type=response_type,
            response_mode=parameters.get("response_mode") or ("query" if response_type == "code" else "fragment"),
            acr_values=parameters.get("acr_values") or _acr_of_claims(parameters),
            authenticated_at=now - 5,
            bound_to=parameters.get("dpop_jkt"),
        )

    def proves(self, code_verifier: str | None) -> bool:
        """Whether a verifier belongs to the challenge (RFC 7636 §4.6)."""
        digest = hashlib.sha256((code_verifier or "").encode()).digest()
        return encode(digest) == self.code_challenge

    def __repr__(self) -> str:
        return f"<Flow {self.response_type} used={self.used} refreshed={self.refreshed}>"


def _acr_of_claims(parameters: Mapping[str, str]) -> str:
    """The authentication contexts that a ``claims`` parameter asks for (OpenID Connect Core §5.5.1.1)."""
    wanted = (json.loads(parameters.get("claims", "{}")).get("id_token") or {}).get("acr") or {}
    return " ".join(wanted.get("values") or [])


class WrongRequestError(Exception):
    """What is wrong with an authorization request."""


def read_request(provider: MisbehavingProvider, pairs: Pairs) -> dict[str, str]:
    """The parameters of an authorization request: plain, or within a request object.

    :raises WrongRequestError: the provider is strict where it does not misbehave.
    """
    names = [name for name, _ in pairs if name not in REPEATABLE]
    if len(set(names)) != len(names):
        raise WrongRequestError("a parameter was sent twice (RFC 6749 §3.1)")
    parameters = dict(pairs)
    if parameters.get("client_id") != provider.client_id:
        raise WrongRequestError("client_id is not that of the registered client")
    if "request" in parameters:
        parameters = _within(provider, parameters["request"])
    wrong = next((reason for reason, holds in _RULES if not holds(parameters)), None)
    if wrong is not None:
        raise WrongRequestError(wrong)
    return parameters


def _within(provider: MisbehavingProvider, request_object: str) -> dict[str, str]:
    """RFC 9101 §6: what is outside does not count."""
    key = provider.client_signing_key
    keys = KeySet.from_jwks({"keys": [key.public_jwk()]})
    try:
        claims = verify_jwt(request_object, keys, [key.algorithm], types=["oauth-authz-req+jwt"]).claims
    except OAuthException as error:
        raise WrongRequestError(f"the request object does not hold: {error}") from error
    if (claims.get("iss"), claims.get("aud")) != (provider.client_id, provider.issuer):
        raise WrongRequestError("iss or aud of the request object is wrong (RFC 9101 §4)")
    return {name: _text(value) for name, value in claims.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _long(parameters: Mapping[str, str], name: str) -> bool:
    return len(parameters.get(name, "")) >= 16


_RULES: tuple[tuple[str, Callable[[Mapping[str, str]], bool]], ...] = (
    ("redirect_uri is not an absolute URL",
     lambda given: given.get("redirect_uri", "").startswith(("http://", "https://"))),
    ("response_type is neither code nor code id_token",
     lambda given: given.get("response_type") in ("code", "code id_token")),
    ("there is no S256 code_challenge (RFC 9700 §2.1.1)",
     lambda given: given.get("code_challenge_method") == "S256" and len(given.get("code_challenge", "")) == 43),
    ("state is missing or short (RFC 9700 §4.7)", lambda given: _long(given, "state")),
    ("nonce is missing or short (OpenID Connect Core §3.1.2.1)",
     lambda given: _long(given, "nonce") or "openid" not in given.get("scope", "").split()),
)  # fmt: skip
