"""Presets: a remote app that is known by its name alone, and what its preset fills in.

What the application gives itself always wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..providers import Provider, get, names

#: Options that say where a server is; with one of them a remote app needs no preset.
PLACES: Final = ("base_url", "request_token_url", "access_token_url", "authorize_url", "issuer", "discovery_url")


def preset_of(name: str, options: dict[str, Any]) -> Provider | None:
    """The preset of a remote app, its placeholders filled in from the options, which are taken out of them.

    :raises ConfigurationError: there is no preset of the name that was given, or a placeholder has no value.
    """
    wanted = options.pop("preset", None)
    if wanted is None:
        if any(options.get(place) for place in PLACES) or name not in names():
            return None
        wanted = name
    provider = get(wanted)
    values = {key: str(options.pop(key)) for key in list(options) if key in provider.parameters}
    return provider.resolve(**values)


def placeholders(name: str, given: Mapping[str, Any]) -> frozenset[str]:
    """The keywords that a remote app's preset adds to those every remote app knows."""
    wanted = given.get("preset") or name
    return frozenset(get(wanted).parameters) if wanted in names() else frozenset()


def filled_in(options: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    """The options with what the preset knows, where the application says nothing."""
    quirks = provider.quirks
    known: dict[str, Any] = {
        "base_url": provider.api_base_url,
        "request_token_url": provider.request_token_url,
        "access_token_url": provider.token_endpoint,
        "authorize_url": provider.authorization_endpoint,
        "issuer": provider.issuer if provider.protocol == "openid" else None,
        "discovery_url": provider.discovery_url,
        "userinfo_endpoint": provider.userinfo_endpoint,
        "revocation_endpoint": provider.revocation_endpoint,
        "scope": " ".join(provider.scopes) if provider.protocol != "oauth1" else None,
        "token_endpoint_auth_method": provider.client_authentication if provider.protocol != "oauth1" else None,
        "response_mode": provider.response_mode,
        "basic_raw": quirks.basic_raw,
        "access_token_method": quirks.token_method if quirks.token_method == "GET" else None,  # noqa: S105
        "signature_method": quirks.signature_method if provider.protocol == "oauth1" else None,
        "id_token_signed_response_alg": quirks.id_token_algorithms[0] if quirks.id_token_algorithms else None,
        "dpop": quirks.dpop_required,
    }
    return {**{key: value for key, value in known.items() if value}, **options}
