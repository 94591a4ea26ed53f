"""``flask oauth settings``: every setting, its value in force, where it comes from, what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click
from flask import Flask

from .application import load_app, why_not
from .output import did_you_mean, fail, json_option, show_json

if TYPE_CHECKING:
    from ..extension.config import Setting
    from ..extension.oauth import OAuth
    from ..extension.remote_app import OAuthRemoteApp

HIDDEN: Final = "(hidden)"
NOT_SET: Final = "not set"


@click.command(epilog="Example: flask --app app oauth settings OAUTH_TOKEN_STORE")
@click.argument("name", required=False)
@json_option
def settings(name: str | None, as_json: bool) -> None:
    """Show the settings: the value in force, where it comes from, and what it means.

    NAME is a setting (OAUTH_TOKEN_STORE), a remote app (github), or a setting of one (OAUTH_GITHUB_SCOPE).
    Without an application it shows the defaults.
    """
    app = _app_if_there_is_one()
    rows = list(_all(app)) if name is None else list(_named(app, name))
    if as_json:
        return show_json(rows if name is None or len(rows) != 1 else rows[0])
    for row in rows:
        value = NOT_SET if row["value"] is None else row["value"]
        click.echo(f"{row['name']} = {value}" + (f"   ({row['from']})" if row["from"] else ""))
        click.echo(f"    {row['meaning']}")
    return None


def _app_if_there_is_one() -> Flask | None:
    try:
        return load_app()
    except Exception as error:
        click.echo(f"There is no application to ask: {why_not(error).splitlines()[0]}\n", err=True)
        return None


def _all(app: Flask | None) -> Iterator[dict[str, Any]]:
    from ..extension.config import SETTINGS

    for setting in SETTINGS:
        yield _setting_row(app, setting)
    for remote in _remote_apps(app).values():
        yield from _remote_rows(app, remote)


def _named(app: Flask | None, name: str) -> Iterator[dict[str, Any]]:
    from ..extension.config import SETTINGS, config_key

    remotes = _remote_apps(app)
    if name in remotes:
        yield from _remote_rows(app, remotes[name])
        return
    wanted = re.sub(r"^(FLASK_)?(OAUTH_)?", "", name.upper())
    for setting in SETTINGS:
        if setting.name == f"OAUTH_{wanted}":
            yield _setting_row(app, setting)
            return
    for remote in remotes.values():
        member = wanted.removeprefix(f"{config_key(remote.name)}_").lower()
        if wanted.startswith(f"{config_key(remote.name)}_") and member in _members_of(remote):
            yield _member_row(app, remote, member)
            return
    fail(f"There is no setting {name!r}.{_nearest(name, wanted, remotes)}")


def _nearest(name: str, wanted: str, remotes: dict[str, OAuthRemoteApp]) -> str:
    from ..extension.config import SETTING_NAMES, config_key

    known = [f"OAUTH_{config_key(one)}_{member.upper()}" for one, it in remotes.items() for member in _members_of(it)]
    return did_you_mean(name, remotes) or did_you_mean(f"OAUTH_{wanted}", [*SETTING_NAMES, *known])


def _remote_apps(app: Flask | None) -> dict[str, OAuthRemoteApp]:
    oauth: OAuth | None = app.extensions.get("oauth") if app is not None else None
    return dict(oauth.remote_apps) if oauth is not None else {}


# -- settings of the application ----------------------------------------------------------------------------------


def _setting_row(app: Flask | None, entry: Setting) -> dict[str, Any]:
    from ..extension.config import origin_of, setting

    config = app.config if app is not None else {}
    value = setting(config, entry.name)
    return {
        "name": entry.name,
        "value": shown(value, secret=entry.secret),
        "from": origin_of(app, entry.name) if app is not None else "default",
        "default": shown(entry.default),
        "meaning": entry.meaning,
    }


def shown(value: Any, *, secret: bool = False) -> str | None:
    """A value for people to see: no secret, and no password in a URL; ``None`` where there is none."""
    if value is None or value == "":
        return None
    if secret:
        return HIDDEN
    if isinstance(value, str):
        return without_password(value)
    if isinstance(value, (bool, int, float)):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(part) for part in value)
    return f"<{type(value).__name__}>"


def without_password(url: str) -> str:
    """A URL without the password in it, if there is one; other text as it is."""
    if "://" not in url or "@" not in url:
        return url
    parts = urlsplit(url)
    user, _, where = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}:…@{where}", query="").geturl()


# -- settings of remote apps --------------------------------------------------------------------------------------


def _members_of(remote: OAuthRemoteApp) -> list[str]:
    from ..extension.members import kinds
    from ..extension.presets import placeholders

    own = placeholders(remote.name, remote._known.given)
    return [*(member for member in kinds() if member not in own), *sorted(own)]


def _remote_rows(app: Flask | None, remote: OAuthRemoteApp) -> Iterator[dict[str, Any]]:
    """What is set, and what must be."""
    from ..extension.members import CREDENTIALS

    for member in _members_of(remote):
        row = _member_row(app, remote, member)
        if row["value"] is not None or member in CREDENTIALS:
            yield row


def _member_row(app: Flask | None, remote: OAuthRemoteApp, member: str) -> dict[str, Any]:
    from ..errors import ConfigurationError
    from ..extension.config import config_key
    from ..extension.members import MEANINGS, SECRETS

    try:
        value, origin = _value_of(app, remote, member)
    except ConfigurationError as error:
        value, origin = str(error), error.code
    return {
        "name": f"OAUTH_{config_key(remote.name)}_{member.upper()}",
        "value": shown(value, secret=member in SECRETS),
        "from": _where(origin),
        "meaning": _placeholder_meaning(remote, member) or MEANINGS.get(member, ""),
        "remote app": remote.name,
    }


def _value_of(app: Flask | None, remote: OAuthRemoteApp, member: str) -> tuple[Any, str]:
    from ..extension.members import CREDENTIALS, look_up
    from ..extension.options import EQUIVALENTS

    config = app.config if app is not None else {}
    if member in CREDENTIALS:
        given = remote._consumer_key if member == "client_id" else remote._consumer_secret
        return (given, "code") if given is not None else look_up(remote.name, member, config)
    old = next((name for name, new in EQUIVALENTS.items() if new == member), member)
    with app.app_context() if app is not None else nullcontext():
        facts = remote._facts
    if old in facts.options:
        return facts.options[old], facts.origins[old]
    return look_up(remote.name, member, config)


def _where(origin: str) -> str:
    """Where a remote app's value comes from, in the words that are used for settings."""
    if origin.endswith(" (environment)"):
        return "environment"
    return "config" if origin.startswith(("OAUTH[", "OAUTH_")) and origin != "OAUTH_DEVELOPMENT_PROVIDER" else origin


def _placeholder_meaning(remote: OAuthRemoteApp, member: str) -> str:
    from ..extension.presets import wanted_preset

    provider = wanted_preset(remote.name, remote._known.given)
    parameter = provider.parameters.get(member) if provider is not None else None
    return f"{parameter.meaning[:1].upper()}{parameter.meaning[1:]}." if parameter is not None else ""
