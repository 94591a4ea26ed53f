"""What takes tokens: an API, userinfo, introspection, revocation (RFC 6750, RFC 9449 §7, RFC 8705 §3, RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..misbehaving.keys import with_header
from ..misbehaving.web import Answer, Asked, json_answer, text_answer
from .memory import Issued
from .proofs import known_client, proved_key, thumbprint
from .refusal import RefusalError

if TYPE_CHECKING:
    from .provider import StrictProvider


def api(provider: StrictProvider, asked: Asked) -> Answer:
    """An API that says whose token it was shown, and asks for more where the path says so."""
    issued = _presented(provider, asked)
    if asked.path.endswith("/payments") and not asked.path.startswith("/api/open"):
        raise _stepped_up(provider)
    return json_answer(
        {"sub": issued.subject, "scope": issued.scope, "aud": issued.audience, "act": issued.actor, "path": asked.path}
    )


def userinfo(provider: StrictProvider, asked: Asked) -> Answer:
    """OpenID Connect Core §5.3."""
    return json_answer({"sub": _presented(provider, asked).subject, "name": "Alice Example"})


def _presented(provider: StrictProvider, asked: Asked) -> Issued:
    """The token that a request shows in the way that it is bound by."""
    scheme, _, shown = asked.headers.get("authorization", "").partition(" ")
    issued = next((one for one in provider.issued if one.access_token == shown and one.active), None)
    if issued is None or issued.expires_at <= provider.now():
        raise _unauthorized(provider, "invalid_token", "the token is not one of ours, or has ended")
    if (issued.jkt is not None) != (scheme.lower() == "dpop"):
        raise _unauthorized(provider, "invalid_token", "the token was shown with the wrong scheme")
    if issued.jkt is not None and proved_key(provider, asked, "resource", shown) != issued.jkt:
        raise _unauthorized(provider, "invalid_token", "the proof is not by the key of the token")
    if issued.thumbprint is not None and thumbprint(asked) != issued.thumbprint:
        raise _unauthorized(provider, "invalid_token", "the certificate is not that of the token")
    return issued


def _unauthorized(provider: StrictProvider, error: str, reason: str) -> RefusalError:
    place = f"{provider.url}/.well-known/oauth-protected-resource/api"
    challenge = f'{"DPoP" if provider.require_dpop else "Bearer"} error="{error}", resource_metadata="{place}"'
    return RefusalError(error, reason, 401, {"WWW-Authenticate": challenge})


def _stepped_up(provider: StrictProvider) -> RefusalError:
    """RFC 9470 §3."""
    challenge = 'Bearer error="insufficient_user_authentication", acr_values="urn:example:gold", max_age="60"'
    reason = "a stronger sign-in is needed"
    return RefusalError("insufficient_user_authentication", reason, 401, {"WWW-Authenticate": challenge})


def introspection(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 7662, and RFC 9701 where a signed answer is asked for."""
    known_client(provider, asked)
    answer = provider.said("introspection", _state(provider, asked.value("token")))
    if asked.headers.get("accept") != "application/token-introspection+jwt":
        return json_answer(answer)
    claims = {
        "iss": provider.url,
        "aud": provider.client_id,
        "iat": provider.now(),
        "token_introspection": answer,
    }
    signed = with_header(provider.key, claims, typ="token-introspection+jwt")
    return text_answer(signed, content_type="application/token-introspection+jwt")


def _state(provider: StrictProvider, token: str | None) -> dict[str, Any]:
    issued = next((one for one in provider.issued if one.access_token == token and one.active), None)
    if issued is None:
        return {"active": False}
    confirmation = {"jkt": issued.jkt} if issued.jkt else {"x5t#S256": issued.thumbprint} if issued.thumbprint else None
    return {
        "active": True,
        "sub": issued.subject,
        "scope": issued.scope,
        "aud": issued.audience or f"{provider.url}/api",
        "client_id": provider.client_id,
        "exp": int(issued.expires_at),
        **({"cnf": confirmation} if confirmation else {}),
    }


def revocation(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 7009."""
    known_client(provider, asked)
    for issued in provider.issued:
        if asked.value("token") in (issued.access_token, issued.refresh_token):
            issued.active = False
    return text_answer("")
