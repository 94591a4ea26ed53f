"""Users on another device or another channel (RFC 8628, CIBA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..misbehaving.web import Answer, Asked, json_answer
from .memory import Waiting
from .proofs import known_client
from .refusal import RefusalError

if TYPE_CHECKING:
    from .provider import StrictProvider

LIFETIME = 300
HINTS = ("login_hint", "id_token_hint", "login_hint_token")


def device(provider: StrictProvider, asked: Asked) -> Answer:
    """RFC 8628 §3.1, §3.2."""
    known_client(provider, asked)
    waiting = _remember(provider, "device", asked)
    place = f"{provider.url}/activate"
    members = {
        "device_code": waiting.secret,
        "user_code": waiting.user_code,
        "verification_uri": place,
        "verification_uri_complete": f"{place}?user_code={waiting.user_code}",
        "expires_in": LIFETIME,
        "interval": waiting.interval,
    }
    return json_answer(provider.said("device", members))


def backchannel(provider: StrictProvider, asked: Asked) -> Answer:
    """CIBA §7: exactly one hint."""
    known_client(provider, asked)
    if len([hint for hint in HINTS if asked.value(hint)]) != 1:
        raise RefusalError("invalid_request", "exactly one hint is needed")
    if "openid" not in (asked.value("scope") or "").split():
        raise RefusalError("invalid_scope", "openid is missing")
    waiting = _remember(provider, "ciba", asked)
    waiting.notification_token = asked.value("client_notification_token")
    members = {"auth_req_id": waiting.secret, "expires_in": LIFETIME, "interval": waiting.interval}
    return json_answer(provider.said("backchannel", members))


def _remember(provider: StrictProvider, kind: str, asked: Asked) -> Waiting:
    waiting = Waiting(kind, asked.value("scope") or "", provider.interval, provider.now() + LIFETIME)
    provider.waiting.append(waiting)
    return waiting


def answered(provider: StrictProvider, kind: str, secret: str | None) -> Waiting:
    """The request whose user said yes.

    :raises RefusalError: they have not answered yet, or said something else; the client asked too soon.
    """
    waiting = next((one for one in provider.waiting if one.kind == kind and one.secret == secret), None)
    if waiting is None:
        raise RefusalError("invalid_grant", "no such request, or used before")
    if provider.delays:
        raise RefusalError(provider.delays.pop(0), "the user has not answered yet")
    if provider.decision != "approve":
        raise RefusalError(provider.decision, "the user said no, or nothing")
    provider.waiting.remove(waiting)
    return waiting
