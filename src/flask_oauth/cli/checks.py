"""The checks of ``flask oauth doctor`` that need no network: keys, credentials, names of settings, the token store."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask

from ..errors import OAuthException
from .findings import Finding, found, of_error
from .settings import without_password

if TYPE_CHECKING:
    from ..extension.oauth import OAuth
    from ..extension.remote_app import OAuthRemoteApp

#: Bytes below which a SECRET_KEY can be guessed (the least that an HMAC key of 128 bits has).
SHORTEST_KEY: Final = 16
WELL_KNOWN: Final = (
    "dev",
    "secret",
    "changeme",
    "change-me",
    "change me",
    "password",
    "development key",
    "your-secret-key",
)
#: Authentication methods that need no secret.
WITHOUT_SECRET: Final = frozenset({"none", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})

Check = Callable[[Flask, "OAuth"], Iterator[Finding]]


def check_secret_key(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """SECRET_KEY is there and cannot be guessed."""
    key = app.config.get("SECRET_KEY")
    if not key:
        from ..error_codes import EXPLANATIONS

        yield Finding(
            "error", "config_no_secret_key", "SECRET_KEY is not set", EXPLANATIONS["config_no_secret_key"].cure
        )
        return
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
    if text.lower().strip() in WELL_KNOWN or len(set(text)) < 4:
        yield found("error" if not app.debug else "warning", "doctor_secret_key_weak", "it is one that everybody tries")
    elif len(text.encode()) < SHORTEST_KEY:
        yield found("warning", "doctor_secret_key_weak", f"{len(text.encode())} bytes; {SHORTEST_KEY} are the least")


def check_credentials(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """Every remote app has what it needs, in a form that can be used."""
    for remote in oauth.remote_apps.values():
        try:
            yield from _of_remote(remote)
            remote._hub()  # keys are read, profiles are held against options
        except OAuthException as error:
            yield of_error(error, remote.name)


def _of_remote(remote: OAuthRemoteApp) -> Iterator[Finding]:
    from ..extension.config import config_key

    prefix = f"OAUTH_{config_key(remote.name)}"
    if not remote.client_id:
        yield Finding(
            "error",
            "config_client_id_missing",
            f"neither client_id= nor {prefix}_CLIENT_ID has a value",
            f"Set {prefix}_CLIENT_ID; `flask oauth providers {remote.name}` says where it comes from.",
            remote.name,
        )
    if not remote.client_secret and _needs_secret(remote):
        yield Finding(
            "error",
            "config_client_secret_missing",
            f"neither client_secret= nor {prefix}_CLIENT_SECRET has a value",
            f'Set {prefix}_CLIENT_SECRET, or token_endpoint_auth_method="none" for a public client.',
            remote.name,
        )
    for member, value in (("client_id", remote.client_id), ("client_secret", remote.client_secret)):
        if value and (value != value.strip() or set(value) <= set("….xX*")):
            yield found(
                "error", "doctor_credential_blank", f"the {member} has blanks around it or is made of dots", remote.name
            )


def _needs_secret(remote: OAuthRemoteApp) -> bool:
    options = remote._options
    if remote._is_oauth1:
        return not options.get("rsa_key")
    has_key = any(options.get(name) for name in ("signing_key", "client_certificate"))
    return options.get("token_endpoint_auth_method") not in WITHOUT_SECRET and not has_key


def check_keys(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """No setting is misspelt, belongs to nobody, or is written as another library would."""
    from ..extension.unknown_keys import foreign_keys, orphans, unknown_keys

    names = list(oauth.remote_apps)
    everything = {**os.environ, **app.config}
    for key, meant in unknown_keys(everything, names):
        change = f"Did you mean {meant}?" if meant else ""
        yield found("warning" if meant else "note", "doctor_key_unknown", "nobody reads it", key, change)
    for key, meant in orphans(everything.keys(), names):
        change = f"Did you mean {meant}?" if meant else "Register a remote app of that name, or remove the key."
        yield found("warning", "doctor_key_unknown", "there is no remote app of that name", key, change)
    for key, meant in foreign_keys(everything.keys(), names):
        yield found("warning", "doctor_key_foreign", "nobody reads it here", key, f"Here it is {meant}.")


def check_dotenv(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """An .env file is read."""
    present = [name for name in (".env", ".flaskenv") if Path(name).is_file()]
    if present and not _has_dotenv():
        yield found("warning", "doctor_dotenv", f"{' and '.join(present)} in {Path.cwd().name}/")


def _has_dotenv() -> bool:
    return importlib.util.find_spec("dotenv") is not None


def check_store(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """The token store answers, has its tables, and its keys open what is in it."""
    from ..extension.state import state_of

    state = state_of(app)
    try:
        if state.token_store is None:
            yield found("note", "doctor_no_store", "OAUTH_TOKEN_STORE is not set")
            return
        page, _ = state.coordinator.keeper.list(limit=50)
    except OAuthException as error:
        url = app.config.get("OAUTH_TOKEN_STORE")
        yield of_error(error, without_password(url) if isinstance(url, str) else "")
        return
    closed = sum(not info.opens for info in page)
    if closed:
        yield found("error", "store_sealed", f"no key opens {closed} of the first {len(page)} records")


CHECKS: Final[dict[str, Check]] = {
    "SECRET_KEY": check_secret_key,
    "client ids and secrets": check_credentials,
    "names of settings": check_keys,
    ".env": check_dotenv,
    "token store": check_store,
}
