"""What the provider's blueprints share: settings, memory and keys, found through the running Flask application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import current_app, request

from .keys import ProviderKeys
from .store import Store

EXTENSION = "development_provider"


@dataclass(frozen=True, slots=True)
class Provider:
    """The parts of one development provider.

    ``oauth2_server`` is Authlib's authorization server. ``issuer`` is fixed, or ``None`` to take the address at which
    the provider was called.
    """

    store: Store
    keys: ProviderKeys
    oauth2_server: Any
    issuer: str | None = None


def current_provider() -> Provider:
    return cast("Provider", current_app.extensions[EXTENSION])


def issuer() -> str:
    """The issuer identifier: no trailing slash, so that RFC 8414 and Discovery find the same document."""
    return current_provider().issuer or request.url_root.rstrip("/")
