"""How an application finds the provider and becomes known to it: WebFinger and dynamic registration.

There is one client: whoever registers is given its credentials.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from .web import Answer, Asked, json_answer, text_answer

if TYPE_CHECKING:
    from .provider import MisbehavingProvider

ISSUER_RELATION: Final = "http://openid.net/specs/connect/1.0/issuer"


def webfinger(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 7033 §4.4, OpenID Connect Discovery §2."""
    links = [{"rel": ISSUER_RELATION, "href": provider.issuer}]
    document = provider.bend("webfinger", {"subject": asked.value("resource"), "links": links})
    answer: Answer = provider.bend("webfinger_answer", json_answer(document, content_type="application/jrd+json"))
    return answer


def registration(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 7591 §3."""
    wanted = json.loads(asked.body)
    if asked.headers.get("content-type", "").partition(";")[0] != "application/json" or "redirect_uris" not in wanted:
        provider.complain("registration request: no JSON with redirect_uris")
        return json_answer({"error": "invalid_client_metadata"}, 400)
    provider.registered_metadata = wanted
    members = provider.bend("registration", {**wanted, **_credentials(provider)})
    answer: Answer = provider.bend("registration_answer", json_answer(members, 201))
    return answer


def _credentials(provider: MisbehavingProvider) -> dict[str, Any]:
    return {
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "client_secret_expires_at": 0,
        "client_id_issued_at": int(time.time()),
        "registration_access_token": provider.registration_token,
        "registration_client_uri": f"{provider.issuer}/register/{provider.client_id}",
    }


def management(provider: MisbehavingProvider, asked: Asked) -> Answer:
    """RFC 7592 §2."""
    if asked.headers.get("authorization") != f"Bearer {provider.registration_token}":
        provider.complain("management request: not the registration access token")
        return json_answer({"error": "invalid_token"}, 401)
    if asked.method == "DELETE":
        provider.registered_metadata = None
        return text_answer("", 204)
    if asked.method == "PUT":
        provider.registered_metadata = json.loads(asked.body)
    members = provider.bend("management", {**(provider.registered_metadata or {}), **_credentials(provider)})
    return json_answer(members)
