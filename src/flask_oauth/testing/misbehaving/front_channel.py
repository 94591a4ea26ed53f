"""The authorization endpoint: grants at once whatever is asked properly, and sends the answer through the browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...protocol.http import add_query
from .flow import Flow, wrong_with
from .id_tokens import id_token
from .web import Answer, Asked, Pairs, form_post_answer, redirect_answer, text_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider


def authorization(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 6749 §4.1.1, §4.1.2; nobody is asked, as the person who signs in is always the same."""
    wrong = wrong_with(asked, provider.client_id)
    if wrong is not None:
        provider.complain(f"authorization request: {wrong}")
        return text_answer(f"The client did wrong: {wrong}", 400)
    flow = Flow.of(asked, int(time.time()))
    provider.flows.append(flow)
    pairs: Pairs = provider.bend("authorization", _honest_answer(provider, flow), flow)
    return deliver(flow.redirect_uri, pairs, provider.bend("delivery", flow.response_mode, flow))


def _honest_answer(provider: MisbehavingProvider, flow: Flow) -> Pairs:
    pairs = [("code", flow.code), ("state", flow.state), ("iss", provider.issuer)]
    if "id_token" in flow.response_type.split():
        pairs.append(("id_token", id_token(provider, flow, "front_")))
    return pairs


def deliver(redirect_uri: str, pairs: Pairs, mode: str) -> Answer:
    """The answer in a response mode."""
    if mode.startswith("form_post"):
        return form_post_answer(redirect_uri, pairs)
    if mode.startswith("fragment"):
        return redirect_answer(f"{redirect_uri}#{add_query('', pairs)[1:]}")
    return redirect_answer(add_query(redirect_uri, pairs))
