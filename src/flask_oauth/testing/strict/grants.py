"""The token endpoint: every grant, each token bound to the key or certificate that was shown with its request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..misbehaving.keys import encode, half_hash, with_header
from ..misbehaving.web import Answer, Asked, json_answer
from .memory import Issued
from .proofs import known_client, proved_key, signed_claims, thumbprint
from .refusal import RefusalError
from .waiting import answered

if TYPE_CHECKING:
    from .provider import StrictProvider

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type
Members = dict[str, Any]
Grant = Callable[["StrictProvider", Asked, "Issued"], Members]


def token(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 6749 §3.2."""
    known_client(provider, asked)
    grant = GRANTS.get(asked.value("grant_type") or "")
    if grant is None:
        raise RefusalError("unsupported_grant_type", "there is no such grant")
    issued = Issued("", provider.subject, provider.now() + provider.token_seconds)
    issued.jkt = proved_key(provider, asked, "server")
    issued.thumbprint = thumbprint(asked) if provider.require_mtls else None
    if provider.require_dpop and issued.jkt is None:
        raise RefusalError("invalid_dpop_proof", "tokens are bound to a key here, and there is no proof")
    if provider.require_mtls and issued.thumbprint is None:
        raise RefusalError("invalid_request", "tokens are bound to a certificate here, and there is none")
    further = grant(provider, asked, issued)
    provider.issued.append(issued)
    members = {
        "access_token": issued.access_token,
        "token_type": "DPoP" if issued.jkt else "Bearer",
        "expires_in": provider.token_seconds,
        "scope": issued.scope,
        **further,
    }
    return json_answer(provider.said("token", members))


def _code(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    sought = next((one for one in provider.sought if one.code == asked.value("code") and not one.used), None)
    if sought is None:
        raise RefusalError("invalid_grant", "the code is not one of ours, or was used before")
    sought.used = True
    digest = hashlib.sha256((asked.value("code_verifier") or "").encode()).digest()
    if encode(digest) != sought.parameters.get("code_challenge"):
        raise RefusalError("invalid_grant", "code_verifier does not fit the code_challenge")
    if asked.value("redirect_uri") != sought.parameters["redirect_uri"]:
        raise RefusalError("invalid_grant", "redirect_uri is not that of the authorization request")
    if sought.jkt is not None and sought.jkt != issued.jkt:  # RFC 9449 §10
        raise RefusalError("invalid_dpop_proof", "the code is bound to another key")
    issued.scope = sought.parameters.get("scope", "")
    return {"refresh_token": issued.refresh_token, **_id_token(provider, issued, sought.parameters.get("nonce"))}


def _refresh(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    old = next((one for one in provider.issued if one.refresh_token == asked.value("refresh_token")), None)
    if old is None or not old.active:
        raise RefusalError("invalid_grant", "the refresh token is not one of ours, or has ended")
    if (old.jkt, old.thumbprint) != (issued.jkt, issued.thumbprint):
        raise RefusalError("invalid_grant", "the refresh token is bound to another key")
    old.active = False
    issued.scope = old.scope
    return {"refresh_token": issued.refresh_token}


def _client_credentials(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    issued.scope, issued.subject = asked.value("scope") or "", provider.client_id
    issued.audience = asked.value("resource") or asked.value("audience")
    return {}


def _device(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    issued.scope = answered(provider, "device", asked.value("device_code")).scope
    return {"refresh_token": issued.refresh_token, **_id_token(provider, issued, None)}


def _ciba(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    issued.scope = answered(provider, "ciba", asked.value("auth_req_id")).scope
    return {"refresh_token": issued.refresh_token, **_id_token(provider, issued, None)}


def _exchange(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    subject = next((one for one in provider.issued if one.access_token == asked.value("subject_token")), None)
    if subject is None or asked.value("subject_token_type") != ACCESS_TOKEN:
        raise RefusalError("invalid_request", "the subject token is not one of ours")
    issued.subject, issued.audience = subject.subject, asked.value("audience") or asked.value("resource")
    issued.scope = asked.value("scope") or subject.scope
    issued.actor = provider.client_id
    return {"issued_token_type": ACCESS_TOKEN}


def _jwt_bearer(provider: StrictProvider, asked: Asked, issued: Issued) -> Members:
    claims = signed_claims(asked.value("assertion") or "", provider.client_key.native) or {}
    if claims.get("aud") != provider.url or claims.get("exp", 0) <= provider.now() or not claims.get("sub"):
        raise RefusalError("invalid_grant", "the assertion does not hold")
    if not provider.first_use(f"assertion {claims.get('jti')}"):
        raise RefusalError("invalid_grant", "the assertion was used before")
    issued.subject, issued.scope = claims["sub"], asked.value("scope") or ""
    return {}


def _id_token(provider: StrictProvider, issued: Issued, nonce: str | None) -> Members:
    if "openid" not in issued.scope.split():
        return {}
    claims: Mapping[str, Any] = {
        "iss": provider.url,
        "sub": issued.subject,
        "aud": provider.client_id,
        "iat": provider.now(),
        "exp": provider.now() + provider.token_seconds,
        "at_hash": half_hash(issued.access_token, provider.key.algorithm),
        **({"nonce": nonce} if nonce else {}),
    }
    return {"id_token": with_header(provider.key, provider.said("id_token", claims))}


GRANTS: Final[Mapping[str, Grant]] = {
    "authorization_code": _code,
    "refresh_token": _refresh,
    "client_credentials": _client_credentials,
    "urn:ietf:params:oauth:grant-type:device_code": _device,
    "urn:openid:params:grant-type:ciba": _ciba,
    "urn:ietf:params:oauth:grant-type:token-exchange": _exchange,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": _jwt_bearer,
}
