"""Presets: a remote app that is known by its name alone, and what its preset fills in.

What the application gives itself always wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ..providers import get, names

if TYPE_CHECKING:
    from ..providers import Provider

#: Options that say where a server is; with one of them a remote app needs no preset.
PLACES: Final = ("base_url", "request_token_url", "access_token_url", "authorize_url", "issuer", "discovery_url")


def wanted_preset(name: str, options: Mapping[str, Any]) -> Provider | None:
    """The preset that a remote app names, or that has its name; its placeholders are not filled in yet.

    :raises ConfigurationError: there is no preset of the name that was given.
    """
    if options.get("preset") is not None:
        return get(options["preset"])
    if any(options.get(place) for place in PLACES) or name not in names():
        return None
    return get(name)


def preset_of(name: str, options: dict[str, Any]) -> Provider | None:
    """The preset of a remote app, its placeholders filled in from the options, which are taken out of them.

    :raises ConfigurationError: there is no preset of the name that was given, or a placeholder has no value.
    """
    provider = wanted_preset(name, options)
    options.pop("preset", None)
    if provider is None:
        return None
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
        "base_url": provider.api_base_url if "{" not in provider.api_base_url else None,
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
        "signature_method": quirks.signature_method if provider.protocol == "oauth1" else None,
        "dpop": quirks.dpop_required,
    }
    return {**{key: value for key, value in known.items() if value}, **options}
