"""The endpoints that the application itself calls: token, userinfo, revocation, and an API."""

from __future__ import annotations

import secrets
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from .flow import Flow
from .id_tokens import id_token, sealed, signed
from .web import Answer, Asked, json_answer, text_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def token(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 6749 §4.1.3, §6."""
    if not _client_is_known(provider, asked):
        return _refused(provider, "invalid_client", "the client did not authenticate", 401)
    grant = asked.value("grant_type")
    if grant == "authorization_code":
        return _redeem(provider, asked)
    if grant == "refresh_token":
        return _refresh(provider, asked)
    return _refused(provider, "unsupported_grant_type", "grant_type is neither authorization_code nor refresh_token")


def _client_is_known(provider: MisbehavingProvider, asked: Asked) -> bool:
    """RFC 6749 §2.3.1: HTTP Basic, or both values in the form; not both ways at once."""
    scheme, _, credentials = asked.headers.get("authorization", "").partition(" ")
    name, secret = asked.value("client_id"), asked.value("client_secret")
    if scheme.lower() == "basic":
        if secret is not None:
            return False
        name, _, secret = b64decode(credentials).decode().partition(":")
        name, secret = unquote_plus(name), unquote_plus(secret)
    return (name, secret) == (provider.client_id, provider.client_secret)


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
    members = provider.bend("token", _issue(provider, flow, ""), flow)
    answer: Answer = provider.bend("token_answer", json_answer(members), flow)
    return answer


def _refresh(provider: MisbehavingProvider, asked: Asked) -> Answer:
    shown = asked.value("refresh_token")
    flow = next((flow for flow in provider.flows if flow.refresh_token and flow.refresh_token == shown), None)
    if flow is None:
        # Not a complaint: a client cannot know that its refresh token has ended.
        return json_answer({"error": "invalid_grant"}, 400)
    flow.refreshed += 1
    members = provider.bend("refresh", _issue(provider, flow, "refresh_"), flow)
    answer: Answer = provider.bend("refresh_answer", json_answer(members), flow)
    return answer


def _issue(provider: MisbehavingProvider, flow: Flow, place: str) -> dict[str, Any]:
    """New tokens for a sign-in; the old refresh token ends (RFC 9700 §4.14)."""
    flow.access_token, flow.refresh_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    members: dict[str, Any] = {
        "access_token": flow.access_token,
        "token_type": "Bearer",
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


def _flow_of_bearer(provider: MisbehavingProvider, asked: Asked) -> Flow | None:
    """The sign-in whose access token a request shows (RFC 6750 §2.1)."""
    scheme, _, shown = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not shown:
        return None
    return next((flow for flow in provider.flows if flow.access_token == shown), None)


def _unauthorized() -> Answer:
    return Answer(b"", 401, "text/plain", {"WWW-Authenticate": 'Bearer realm="provider", error="invalid_token"'})


def userinfo(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """OpenID Connect Core §5.3: in JSON, signed, or signed and encrypted, as it was agreed on."""
    flow = _flow_of_bearer(provider, asked)
    if flow is None:
        return _unauthorized()
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
    if not _client_is_known(provider, asked):
        return _refused(provider, "invalid_client", "the client did not authenticate", 401)
    shown = asked.value("token")
    for flow in provider.flows:
        if shown and shown in (flow.access_token, flow.refresh_token):
            flow.access_token = flow.refresh_token = ""
    return text_answer("")


def api(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """An API that takes the access token and says whose it is."""
    flow = _flow_of_bearer(provider, asked)
    return _unauthorized() if flow is None else json_answer({"sub": provider.person["sub"], "path": asked.path})
