"""The settings: one table, and the reading of client ids and secrets.

Precedence: keyword, then the application's configuration, then the environment.
A client id or secret is read when it is needed, so remote apps can be made
before the application exists.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from flask import Flask

from ..errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Setting:
    """One ``OAUTH_*`` setting.

    :param name: the key in ``app.config``, and in the environment.
    :param kinds: the types a value may have.
    :param default: the value if nothing is set.
    :param meaning: one line.
    :param secret: whether its value must not be shown.
    """

    name: str
    kinds: tuple[type, ...]
    default: Any
    meaning: str
    secret: bool = False

    def of_text(self, text: str) -> Any:
        """A value as the environment has it, read as what the setting wants.

        :raises ValueError: it is not that.
        """
        if bool in self.kinds:
            return truth_of(text, self.name)
        return float(text) if float in self.kinds else text


SETTINGS: Final = (
    Setting("OAUTH_TOKEN_STORE", (str, object), None, "Where tokens are kept: a URL (sqlite:///, postgresql+psycopg://, redis://, …) or a store object; without one they are sealed into the session."),
    Setting("OAUTH_ENCRYPTION_KEYS", (str, list, tuple), None, "Keys that seal stored tokens, the newest first, each 32 bytes in base64url; by default derived from SECRET_KEY and SECRET_KEY_FALLBACKS.", secret=True),
    Setting("OAUTH_EXTERNAL_URL", (str,), None, "The address of the site as browsers see it, for example https://app.example.com; wins over the request's own."),
    Setting("OAUTH_PROVIDERS", (str, list, tuple), None, "Remote apps to register at start, by the names of their presets or of what their settings describe, for example github,google."),
    Setting("OAUTH_DEVELOPMENT_PROVIDER", (str,), None, "The address of a provider on this machine that acts for every remote app, for development; `flask oauth dev-provider --run` sets it. Debug mode only."),
    Setting("OAUTH_CONNECT_TIMEOUT", (int, float), 5.0, "Seconds to wait for a connection to a provider."),
    Setting("OAUTH_READ_TIMEOUT", (int, float), 30.0, "Seconds to wait for a provider's next bytes."),
    Setting("OAUTH_REFRESH_EARLY", (int, float), 60.0, "Seconds before its end at which an access token is refreshed."),
    Setting("OAUTH_REFRESH_LEASE", (int, float), 10.0, "Seconds for which one worker may hold the right to refresh a token."),
    Setting("OAUTH_BASE_TEMPLATE", (str,), "flask_oauth/base.html", "The template that the sign-in pages extend."),
    Setting("OAUTH_START_RESPONSE", (str,), "auto", "How a sign-in leaves for the provider: redirect, page, or auto (a page where the Content-Security-Policy would stop the redirect)."),
    Setting("OAUTH_START_BY_GET", (bool,), False, "Whether a plain link (GET) starts a sign-in at once instead of showing a button."),
    Setting("OAUTH_AFTER_SIGN_IN", (str,), "/", "The path a user lands on after signing in, where no other was asked for."),
    Setting("OAUTH_AFTER_SIGN_OUT", (str,), "/", "The path a user lands on after signing out."),
    Setting("OAUTH_SIGN_OUT_AT_PROVIDER", (bool,), True, "Whether signing out here also signs out at a provider that offers it (RP-initiated logout)."),
    Setting("OAUTH_SESSION_CHECK_SECONDS", (int, float), 5.0, "How long a worker may go on believing that a session was not ended elsewhere (back-channel logout)."),
)  # fmt: skip
SETTING_NAMES: Final = frozenset(setting.name for setting in SETTINGS)

#: The members of a remote app that may come from the configuration, and their spelling of 2010.
CREDENTIALS: Final = {"client_id": "consumer_key", "client_secret": "consumer_secret"}


def apply_defaults(app: Flask) -> None:
    """Give every setting its value and refuse values of the wrong kind.

    :raises ConfigurationError: ``config_setting``.
    """
    origins = _origins.setdefault(app, {})
    for entry in SETTINGS:
        value, origin = _found(entry, app.config)
        app.config[entry.name], origins[entry.name] = value, origin
        if value is not None and not isinstance(value, entry.kinds):
            raise _wrong_kind(entry, type(value).__name__)


def setting(config: Mapping[str, Any], name: str) -> Any:
    """The value of a setting where :func:`apply_defaults` may not have been called: config, environment, default."""
    return _found(_BY_NAME[name], config)[0]


def origin_of(app: Flask, name: str) -> str:
    """Where the value of a setting comes from: ``config``, ``environment (KEY)`` or ``default``."""
    value, origin = app.config.get(name), _origins.get(app, {}).get(name)
    prefixed = os.environ.get(f"FLASK_{name}")
    if prefixed is not None and value is not None and prefixed.strip('"') == str(value):
        return f"environment (FLASK_{name})"
    if origin is None:
        return _found(_BY_NAME[name], app.config)[1]
    # What was set after init_app() is the application's doing.
    return origin if origin == "config" or value == _found(_BY_NAME[name], {})[0] else "config"


_origins: WeakKeyDictionary[Flask, dict[str, str]] = WeakKeyDictionary()
_BY_NAME: Final = {entry.name: entry for entry in SETTINGS}


def _found(entry: Setting, config: Mapping[str, Any]) -> tuple[Any, str]:
    if config.get(entry.name) is not None:
        return config[entry.name], "config"
    text = os.environ.get(entry.name)
    if not text:
        return entry.default, "default"
    try:
        return entry.of_text(text), f"environment ({entry.name})"
    except ValueError:
        raise _wrong_kind(entry, "text") from None


def _wrong_kind(entry: Setting, got: str) -> ConfigurationError:
    return ConfigurationError(
        f"{entry.name} has a value of the wrong kind",
        code="config_setting",
        expected=" or ".join(kind.__name__ for kind in entry.kinds),
        got=got,
    )


def truth_of(value: Any, key: str) -> bool:
    """Yes or no, as the configuration or the environment writes it.

    :raises ValueError: it is neither.
    """
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    found = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if found is None:
        raise ValueError("true or false")
    return found


@functools.lru_cache(maxsize=1024)
def config_key(name: str) -> str:
    """What a remote app's name is in a configuration key: ``mail.ru`` is ``MAIL_RU``."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")


def credential(config: Mapping[str, Any], name: str, member: str) -> str | None:
    """A client id or secret from the configuration or the environment.

    :param config: the application's configuration; empty where there is no application.
    :param name: the remote app's name.
    :param member: ``client_id`` or ``client_secret``.
    :raises ConfigurationError: the value is no text any more (``config_secret_not_text``).
    """
    for key, value in _candidates(config, name, member):
        if value is not None:
            return text_of(value, key)
    return None


def _candidates(config: Mapping[str, Any], name: str, member: str) -> Iterator[tuple[str, Any]]:
    keys = _credential_keys(name, member)
    for key in keys:
        yield key, config.get(key)
    group = nested_group(config, name)
    for key in (member, CREDENTIALS[member]):
        yield f"OAUTH[{name!r}][{key!r}]", group.get(key)
    for key in keys:
        yield key, os.environ.get(key)


@functools.lru_cache(maxsize=1024)
def _credential_keys(name: str, member: str) -> tuple[str, str]:
    prefix = f"OAUTH_{config_key(name)}_"
    return prefix + member.upper(), prefix + CREDENTIALS[member].upper()


def nested_group(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What ``config["OAUTH"]`` says about a remote app; ``FLASK_OAUTH__github__client_id`` ends up there."""
    nested = config.get("OAUTH")
    group = nested.get(name) or nested.get(config_key(name).lower()) if isinstance(nested, Mapping) else None
    return group if isinstance(group, Mapping) else {}


def text_of(value: Any, key: str) -> str:
    """A credential as text.

    ``from_prefixed_env()`` reads values as JSON: an id of digits arrives as an ``int``, which is undone here;
    a secret such as ``12345e67`` arrives as a ``float``, which cannot be.

    :raises ConfigurationError: the value is neither text nor a whole number (``config_secret_not_text``).
    """
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ConfigurationError(
        f"{key} is no text any more", code="config_secret_not_text", expected="text", got=type(value).__name__
    )
