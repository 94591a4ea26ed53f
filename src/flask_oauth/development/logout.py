"""OpenID Connect Back-Channel Logout 1.0 for the development provider: tell each client that a session has ended.

§2.4 the logout token; §2.5 its delivery, one POST for each client that had a part in the session.
"""

from __future__ import annotations

import logging
import secrets
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt

from .context import current_provider, issuer
from .models import IssuedToken

EVENT = "http://schemas.openid.net/event/backchannel-logout"
DELIVERY_SECONDS = 3.0

logger = logging.getLogger(__name__)


def tell_clients(session_id: str) -> None:
    """Send a logout token to every client with a ``backchannel_logout_uri`` that signed somebody in by this session."""
    told = {token.client.client_id: token for token in current_provider().store.tokens_of_session(session_id)}
    for token in told.values():
        if token.client.backchannel_logout_uri:
            _deliver(token.client.backchannel_logout_uri, logout_token(token))


def logout_token(token: IssuedToken) -> str:
    """§2.4: ``iss``, ``aud``, ``iat``, ``exp``, ``jti``, ``events``, with ``sub`` and ``sid``; never a nonce."""
    algorithm, now = token.client.id_token_signed_response_alg, int(time.time())
    key = current_provider().keys.key(algorithm)
    claims: dict[str, Any] = {
        "iss": issuer(),
        "aud": token.client.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sub": token.person.subject,
        "sid": token.session_id,
    }
    return jwt.encode({"alg": algorithm, "kid": key.kid, "typ": "logout+jwt"}, claims, key, [algorithm])


def _deliver(uri: str, token: str) -> None:
    """§2.5. A client that is not there must not keep the person from signing out here."""
    request = urllib.request.Request(uri, data=urlencode({"logout_token": token}).encode())  # noqa: S310 -- registered
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=DELIVERY_SECONDS).close()
    except urllib.error.HTTPError as error:
        with error:
            logger.warning("%s answered a logout token with %s", uri, error.code)
    except OSError as error:
        logger.warning("%s did not take a logout token: %s", uri, type(error).__name__)
