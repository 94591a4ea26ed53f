"""The endpoints that the application itself calls: token, userinfo, revocation, and an API."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .clients import proof_key, proof_nonce, wrong_with_client, wrong_with_proof
from .flow import Flow
from .id_tokens import id_token, sealed, signed
from .web import Answer, Asked, json_answer, text_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def token(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 6749 §4.1.3, §6."""
    wrong = wrong_with_client(provider, asked)
    if wrong is not None:
        return _refused(provider, "invalid_client", wrong, 401)
    nonce = _nonce_to_ask_for(provider, asked, "token_nonce")
    if nonce is not None:  # RFC 9449 §8
        return json_answer({"error": "use_dpop_nonce"}, 400, {"DPoP-Nonce": nonce})
    grant = asked.value("grant_type")
    if grant == "authorization_code":
        return _redeem(provider, asked)
    if grant == "refresh_token":
        return _refresh(provider, asked)
    return _refused(provider, "unsupported_grant_type", "grant_type is neither authorization_code nor refresh_token")


def _nonce_to_ask_for(provider: MisbehavingProvider, asked: Asked, stage: str) -> str | None:
    """The nonce that a proof must hold and does not."""
    wanted: str | None = provider.bend(stage, None)
    return None if wanted is None or "dpop" not in asked.headers or proof_nonce(asked) == wanted else wanted


def _wrong_with_binding(provider: MisbehavingProvider, flow: Flow, asked: Asked) -> str | None:
    """RFC 9449 §5: the proof, if there is one, and the key that the sign-in is bound to, if it is."""
    if "dpop" not in asked.headers:
        return None if flow.bound_to is None else "the sign-in is bound to a key, and there is no DPoP proof"
    wrong = wrong_with_proof(provider, asked, bound_to=flow.bound_to)
    if wrong is None:
        flow.bound_to = proof_key(asked)
    return wrong


def _redeem(provider: MisbehavingProvider, asked: Asked) -> Answer:
    flow = next((flow for flow in provider.flows if flow.code == asked.value("code")), None)
    if flow is None:
        return _refused(provider, "invalid_grant", "the code is not one of ours")
    if flow.used:  # RFC 6749 §4.1.2: and revoke what was issued for it
        flow.access_token = flow.refresh_token = ""
        return _refused(provider, "invalid_grant", "the code was used before")
    flow.used = True
    if asked.value("redirect_uri") != flow.redirect_uri:
        return _refused(provider, "invalid_grant", "redirect_uri is not that of the authorization request")
    if not flow.proves(asked.value("code_verifier")):
        return _refused(provider, "invalid_grant", "code_verifier does not fit the code_challenge")
    wrong = _wrong_with_binding(provider, flow, asked)
    if wrong is not None:
        return _refused(provider, "invalid_dpop_proof", wrong)
    members = provider.bend("token", _issue(provider, flow, ""), flow)
    answer: Answer = provider.bend("token_answer", json_answer(members), flow)
    return answer


def _refresh(provider: MisbehavingProvider, asked: Asked) -> Answer:
    shown = asked.value("refresh_token")
    flow = next((flow for flow in provider.flows if flow.refresh_token and flow.refresh_token == shown), None)
    if flow is None:
        # Not a complaint: a client cannot know that its refresh token has ended.
        return json_answer({"error": "invalid_grant"}, 400)
    wrong = _wrong_with_binding(provider, flow, asked)
    if wrong is not None:
        return _refused(provider, "invalid_dpop_proof", wrong)
    flow.refreshed += 1
    members = provider.bend("refresh", _issue(provider, flow, "refresh_"), flow)
    answer: Answer = provider.bend("refresh_answer", json_answer(members), flow)
    return answer


def _issue(provider: MisbehavingProvider, flow: Flow, place: str) -> dict[str, Any]:
    """New tokens for a sign-in; the old refresh token ends (RFC 9700 §4.14)."""
    flow.access_token, flow.refresh_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    members: dict[str, Any] = {
        "access_token": flow.access_token,
        "token_type": "Bearer" if flow.bound_to is None else "DPoP",
        "expires_in": provider.access_token_seconds,
        "refresh_token": flow.refresh_token,
        "scope": flow.scope,
    }
    if "openid" in flow.scope.split():
        members["id_token"] = id_token(provider, flow, place)
    return members


def _refused(provider: MisbehavingProvider, error: str, reason: str, status: int = 400) -> Answer:
    provider.complain(f"token request: {reason}")
    return json_answer({"error": error, "error_description": reason}, status)


def _shown(provider: MisbehavingProvider, asked: Asked) -> Flow | Answer:
    """The sign-in whose access token a request shows (RFC 6750 §2.1, RFC 9449 §7.1), or the answer without one."""
    scheme, _, shown = asked.headers.get("authorization", "").partition(" ")
    flow = next((flow for flow in provider.flows if shown and flow.access_token == shown), None)
    if flow is None:
        return _challenge(provider, scheme or "Bearer", "invalid_token")
    if flow.bound_to is None:
        return flow if scheme.lower() == "bearer" else _challenge(provider, "Bearer", "invalid_token")
    if scheme.lower() != "dpop":
        provider.complain("a bound token was sent as a bearer token")
        return _challenge(provider, "DPoP", "invalid_token")
    nonce = _nonce_to_ask_for(provider, asked, "resource_nonce")
    if nonce is not None:  # RFC 9449 §9
        return _challenge(provider, "DPoP", "use_dpop_nonce", {"DPoP-Nonce": nonce})
    wrong = wrong_with_proof(provider, asked, bound_to=flow.bound_to, access_token=shown)
    if wrong is not None:
        provider.complain(f"resource request: {wrong}")
        return _challenge(provider, "DPoP", "invalid_dpop_proof")
    return flow


def _challenge(
    provider: MisbehavingProvider, scheme: str, error: str, headers: Mapping[str, str] | None = None
) -> Answer:
    words = provider.bend("challenge", f'{scheme} realm="provider", error="{error}"')
    return Answer(b"", 401, "text/plain", {"WWW-Authenticate": words, **(headers or {})})


def userinfo(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """OpenID Connect Core §5.3: in JSON, signed, or signed and encrypted, as it was agreed on."""
    flow = _shown(provider, asked)
    if isinstance(flow, Answer):
        return flow
    algorithm = provider.agreed.get("userinfo_signed_response_alg")
    claims = dict(provider.person)
    if algorithm:
        claims |= {"iss": provider.issuer, "aud": provider.client_id}
    claims = provider.bend("userinfo", claims, flow)
    answer: Answer = provider.bend("userinfo_answer", _told(provider, flow, claims, algorithm), flow)
    return answer


def _told(provider: MisbehavingProvider, flow: Flow, claims: dict[str, Any], algorithm: str | None) -> Answer:
    if algorithm is None:
        return json_answer(claims)
    text = provider.bend("userinfo_sign", claims, flow, otherwise=lambda claims: signed(provider, claims, algorithm))
    if "userinfo_encrypted_response_alg" in provider.agreed:
        text = provider.bend("userinfo_encrypt", text, flow, otherwise=lambda text: sealed(provider, text))
    return text_answer(text, content_type="application/jwt")


def revocation(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 7009 §2."""
    wrong = wrong_with_client(provider, asked)
    if wrong is not None:
        return _refused(provider, "invalid_client", wrong, 401)
    shown = asked.value("token")
    for flow in provider.flows:
        if shown and shown in (flow.access_token, flow.refresh_token):
            flow.access_token = flow.refresh_token = ""
    return text_answer("")


def api(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """An API that takes the access token and says whose it is."""
    flow = _shown(provider, asked)
    return flow if isinstance(flow, Answer) else json_answer({"sub": provider.person["sub"], "path": asked.path})
