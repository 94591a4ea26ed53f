"""``OAUTH_DEVELOPMENT_PROVIDER``: a provider on this machine acts for every remote app, for development.

So a program can be run as it is, without an account anywhere and without a
network.  Two locks keep this out of production: the address must be one of this
machine, and the application must be in debug or testing mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Flask

from ..errors import ConfigurationError
from ..protocol.http import LOOPBACK_HOSTS, origin
from .config import setting
from .presets import wanted_preset

SETTING: Final = "OAUTH_DEVELOPMENT_PROVIDER"
#: The client that the development provider knows.
CLIENT: Final = {"client_id": "demo", "client_secret": "demo-secret"}
SCOPE: Final = "openid profile email read write"
#: Where its OAuth 1.0a and OAuth 2 endpoints are.
OAUTH1: Final = {
    "request_token_url": "/oauth1/request_token",
    "authorize_url": "/oauth1/authenticate",
    "access_token_url": "/oauth1/access_token",
}
OAUTH2: Final = {
    "authorize_url": "/oauth2/authorize",
    "access_token_url": "/oauth2/token",
    "userinfo_endpoint": "/userinfo",
    "revocation_endpoint": "/oauth2/revoke",
}
#: What a program says about itself that has a meaning at any provider.
KEPT: Final = ("request_token_params", "access_token_params", "user_agent", "max_age", "clock_skew", "response_type")


def address(config: Mapping[str, Any]) -> str | None:
    """The address of the provider that acts for all others; ``None`` usually.

    :raises ConfigurationError: it is not on this machine, or the application is not in debug or testing mode.
    """
    value = setting(config, SETTING)
    if not value:
        return None
    scheme, host, _ = origin(value)
    if scheme not in ("http", "https") or host not in LOOPBACK_HOSTS:
        raise ConfigurationError(
            f"{SETTING} must be an address of this machine",
            code="config_setting",
            expected="http://127.0.0.1:5001 or the like",
            got=f"{scheme}://{host}",
            hint=f"Unset {SETTING}; it is for development alone. To name a provider of your own, use issuer=.",
        )
    if not (config.get("DEBUG") or config.get("TESTING")):
        raise ConfigurationError(
            f"{SETTING} is set, and this application is not in debug mode",
            code="config_setting",
            hint=f"Run it with `flask run --debug` for development; in production unset {SETTING}.",
        )
    return str(value).rstrip("/")


def announce(app: Flask) -> None:
    """Say loudly that no real provider is asked."""
    url = app.config.get(SETTING)
    if url:
        app.logger.warning("%s is set: everybody signs in at %s, at no real provider", SETTING, url)


def acting_for(name: str, known: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The options of a remote app when the development provider acts for it: its protocol, other addresses."""
    preset = wanted_preset(name, known)
    protocol = preset.protocol if preset else "openid" if known.get("issuer") else "oauth2"
    options = {option: known[option] for option in KEPT if option in known}
    options["base_url"] = f"{url}/as/{preset.name}/" if preset and preset.api_base_url else f"{url}/api/"
    if known.get("request_token_url") or protocol == "oauth1":
        options |= {option: url + path for option, path in OAUTH1.items()}
    elif preset is not None or protocol == "openid":
        options |= {"issuer": url, "scope": SCOPE}
    else:
        options |= {option: url + path for option, path in OAUTH2.items()}
        options |= {"scope": known["scope"]} if known.get("scope") else {}
    return options
