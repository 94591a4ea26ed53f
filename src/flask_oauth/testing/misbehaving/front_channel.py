"""The authorization endpoint, and the one for pushed requests.

Whatever is asked properly is granted at once, and the answer goes back through the browser: plain, or signed (JARM).
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from ...protocol.http import add_query
from .clients import proof_key, wrong_with_client
from .flow import Flow, WrongRequestError, read_request
from .id_tokens import id_token, signed
from .web import Answer, Asked, Pairs, form_post_answer, json_answer, redirect_answer, text_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def pushed(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 9126 §2: the request is checked and kept, and known by a reference."""
    wrong = wrong_with_client(provider, asked)
    try:
        if wrong is not None:
            raise WrongRequestError(wrong)
        parameters = read_request(provider, [("client_id", provider.client_id), *_without_client(asked.form)])
    except WrongRequestError as error:
        provider.complain(f"pushed request: {error}")
        return json_answer({"error": "invalid_request", "error_description": str(error)}, 400)
    key = proof_key(asked)
    if key is not None:
        parameters["dpop_jkt"] = key
    reference = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(16)}"
    provider.pushed[reference] = parameters
    members = provider.bend("par", {"request_uri": reference, "expires_in": 90})
    answer: Answer = provider.bend("par_answer", json_answer(members, 201))
    return answer


def _without_client(pairs: Pairs) -> Pairs:
    own = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
    return [(name, value) for name, value in pairs if name not in own]


def authorization(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 6749 §4.1.1, §4.1.2; nobody is asked, as the person who signs in is always the same."""
    try:
        parameters = _parameters(provider, asked)
    except WrongRequestError as error:
        provider.complain(f"authorization request: {error}")
        return text_answer(f"The client did wrong: {error}", 400)
    flow = Flow.of(parameters, int(time.time()))
    provider.flows.append(flow)
    pairs: Pairs = provider.bend("authorization", _honest_answer(provider, flow), flow)
    if flow.response_mode.endswith("jwt"):
        pairs = provider.bend("jarm", [("response", _signed_answer(provider, flow, pairs))], flow)
    return deliver(flow.redirect_uri, pairs, provider.bend("delivery", flow.response_mode, flow))


def _parameters(provider: MisbehavingProvider, asked: Asked) -> dict[str, str]:
    reference = asked.value("request_uri")
    if reference is None:
        return read_request(provider, asked.query)
    if reference not in provider.pushed or asked.value("client_id") != provider.client_id:
        raise WrongRequestError("request_uri is not one of ours, or was used before (RFC 9126 §4)")
    return provider.pushed.pop(reference)


def _honest_answer(provider: MisbehavingProvider, flow: Flow) -> Pairs:
    pairs = [("code", flow.code), ("state", flow.state), ("iss", provider.issuer)]
    if "id_token" in flow.response_type.split():
        pairs.append(("id_token", id_token(provider, flow, "front_")))
    return pairs


def _signed_answer(provider: MisbehavingProvider, flow: Flow, pairs: Pairs) -> str:
    """JARM §2.1."""
    claims = {**dict(pairs), "iss": provider.issuer, "aud": provider.client_id, "exp": int(time.time()) + 300}
    claims = provider.bend("jarm_claims", claims, flow)
    algorithm = provider.agreed.get("authorization_signed_response_alg", "RS256")
    response: str = provider.bend(
        "jarm_sign", claims, flow, otherwise=lambda claims: signed(provider, claims, algorithm)
    )
    return response


def deliver(redirect_uri: str, pairs: Pairs, mode: str) -> Answer:
    """The answer in a response mode."""
    if mode.startswith("form_post"):
        return form_post_answer(redirect_uri, pairs)
    if mode.startswith("fragment"):
        return redirect_answer(f"{redirect_uri}#{add_query('', pairs)[1:]}")
    return redirect_answer(add_query(redirect_uri, pairs))
