"""Pushed requests, request objects, and answers that are signed (RFC 9126, RFC 9101, JARM)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.http import add_query
from ...protocol.jose import KeySet, decrypt_jwt, encrypt_jwt, is_encrypted
from ..misbehaving.front_channel import deliver
from ..misbehaving.keys import with_header
from ..misbehaving.web import Answer, Asked, Pairs, json_answer, redirect_answer
from .memory import Sought, new_value
from .proofs import known_client, proved_key, signed_claims
from .refusal import RefusalError

if TYPE_CHECKING:
    from .provider import StrictProvider

REQUEST_SECONDS = 90


def pushed(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 9126 §2: authenticated like a token request; the proof, if there is one, binds the code (RFC 9449 §10.1)."""
    known_client(provider, asked)
    jkt = proved_key(provider, asked, "server")
    parameters = _parameters(provider, asked)
    if jkt is not None and parameters.setdefault("dpop_jkt", jkt) != jkt:
        raise RefusalError("invalid_dpop_proof", "dpop_jkt is not the key of the proof")
    reference = f"urn:ietf:params:oauth:request_uri:{new_value()}"
    provider.pushed_requests[reference] = parameters
    answer = json_answer({"request_uri": reference, "expires_in": REQUEST_SECONDS}, 201)
    changed: Answer = provider.said("pushed", answer)
    return changed


def authorization(provider: StrictProvider, asked: Asked) -> Answer:
    """The authorization endpoint; the user says yes, unless the provider's ``decision`` is ``access_denied``."""
    if asked.value("client_id") != provider.client_id:
        raise RefusalError("invalid_client", "client_id is not that of the registered client")
    reference = asked.value("request_uri")
    if reference is not None:
        parameters = _referenced(provider, asked, reference)
    elif provider.require_par:
        raise RefusalError("invalid_request", "the request was not pushed")
    else:
        parameters = _parameters(provider, asked)
    if provider.decision == "access_denied":
        return _answer(provider, parameters, [("error", "access_denied")])
    sought = Sought(parameters, parameters.get("dpop_jkt"))
    provider.sought.append(sought)
    return _answer(provider, parameters, [("code", sought.code)])


def _referenced(provider: StrictProvider, asked: Asked, reference: str) -> dict[str, str]:
    if {name for name, _ in asked.query} != {"client_id", "request_uri"}:
        raise RefusalError("invalid_request", "beside client_id and request_uri nothing is sent (FAPI 2.0 §5.3.3.2)")
    parameters = provider.pushed_requests.pop(reference, None)
    if parameters is None:
        raise RefusalError("invalid_request_uri", "no such request, or used before")
    return parameters


def _parameters(provider: StrictProvider, asked: Asked) -> dict[str, str]:
    """What is asked for: plain, or within a request object, and then nothing beside it counts (RFC 9101 §6.3)."""
    stated = dict((*asked.query, *asked.form))
    if "request" in stated:
        stated = _within(provider, stated["request"])
    elif provider.require_jar:
        raise RefusalError("invalid_request", "the request is not signed")
    wrong = [name for name in ("redirect_uri", "state", "response_type") if not stated.get(name)]
    if wrong or stated.get("code_challenge_method") != "S256":
        raise RefusalError("invalid_request", f"missing: {wrong or 'an S256 code_challenge'}")
    return stated


def _within(provider: StrictProvider, token: str) -> dict[str, str]:
    if is_encrypted(token):
        token = decrypt_jwt(token, [provider.decryption_key], ["RSA-OAEP-256"], ["A256GCM"])
    claims = signed_claims(token, provider.client_key.native, "oauth-authz-req+jwt") or {}
    lives = claims.get("exp", 0) - provider.now()
    if claims.get("aud") != provider.url or claims.get("iss") != provider.client_id or not 0 < lives <= 3600:
        raise RefusalError("invalid_request_object", "the request object does not hold")
    if not provider.first_use(f"request {claims.get('jti')}"):
        raise RefusalError("invalid_request_object", "the jti was used before")
    return {
        name: str(value) for name, value in claims.items() if name not in ("iss", "aud", "exp", "nbf", "iat", "jti")
    }


def _answer(provider: StrictProvider, parameters: dict[str, str], pairs: Pairs) -> Answer:
    mode = parameters.get("response_mode", "query")
    target = parameters["redirect_uri"]
    pairs = [*pairs, ("state", parameters["state"])]
    if not mode.endswith("jwt"):
        return deliver(target, provider.said("answer", [*pairs, ("iss", provider.url)]), mode)
    claims = {"iss": provider.url, "aud": provider.client_id, "exp": provider.now() + 60, **dict(pairs)}
    signed = provider.said("jarm_text", with_header(provider.key, provider.said("jarm", claims)))
    pairs = provider.said("answer", [("response", signed)])
    if mode.startswith("form_post"):
        return deliver(target, pairs, mode)
    return redirect_answer(add_query(target, pairs))


def encrypted_for_client(provider: StrictProvider, text: str) -> str:
    """A signed answer, encrypted to the client: for ``tampering['jarm_text']``."""
    keys: dict[str, Any] = {"keys": [provider.client_decryption_key.public_jwk()]}
    return encrypt_jwt(text, KeySet.from_jwks(keys), "RSA-OAEP-256", "A256GCM")
