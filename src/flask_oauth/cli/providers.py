"""``flask oauth providers``: what is known by name, and what to do to use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click
from flask import Flask

from .application import callback_of, load_app
from .output import fail, json_option, show, show_json

if TYPE_CHECKING:
    from ..extension.oauth import OAuth
    from ..providers import Provider

PROTOCOLS: Final = {"oauth1": "OAuth 1.0a", "oauth2": "OAuth 2.0", "openid": "OpenID Connect"}
#: What stands in a callback URL where no application says it.
UNKNOWN_SITE: Final = "https://YOUR-APP/auth"


@click.command(epilog="Example: flask --app app oauth providers github")
@click.argument("name", required=False)
@json_option
def providers(name: str | None, as_json: bool) -> None:
    """List the providers known by name; with NAME say where to register, and what to set.

    NAME may also be a remote app of the application. The callback URL is the application's own, if there is one.
    """
    if name is None:
        show(_table(), as_json)
        return
    facts = _facts(name, _app())
    if as_json:
        show_json(facts)
        return
    click.echo(facts["title"])
    for label, value in _lines(facts):
        click.echo(f"  {label:<14}{value}")


def _table() -> list[dict[str, Any]]:
    from ..providers import get, names

    presets = [get(name) for name in names()]
    return [{"name": it.name, "title": it.title, "protocol": PROTOCOLS[it.protocol]} for it in presets]


def _app() -> Flask | None:
    try:
        return load_app()
    except Exception:  # to say where to register no application is needed
        return None


def _facts(name: str, app: Flask | None) -> dict[str, Any]:
    from ..extension.presets import wanted_preset

    oauth: OAuth | None = app.extensions.get("oauth") if app is not None else None
    remote = oauth.remote_apps.get(name) if oauth is not None else None
    preset = wanted_preset(name, remote._known.given) if remote is not None else _preset(name)
    callback = callback_of(app, name) if app is not None and oauth is not None else f"{UNKNOWN_SITE}/callback/{name}"
    facts: dict[str, Any] = {"name": name, "title": preset.title if preset is not None else name}
    if preset is not None:
        facts |= {
            "protocol": PROTOCOLS[preset.protocol],
            "register_at": preset.portal_url or None,
            "documentation": preset.documentation_url or None,
            "scopes": list(preset.scopes),
            "notes": preset.notes or None,
        }
    facts |= {"callback_url": callback, "settings": list(_settings(name, preset)), "registered": remote is not None}
    return facts


def _preset(name: str) -> Provider:
    from ..errors import ConfigurationError
    from ..providers import get

    try:
        return get(name)
    except ConfigurationError as error:
        fail(f"{error}. {error.hint}")


def _settings(name: str, preset: Provider | None) -> Iterator[dict[str, str]]:
    """What must be set."""
    from ..extension.config import config_key
    from ..extension.members import MEANINGS

    members = preset.credentials if preset is not None else ("client_id", "client_secret")
    meanings = {member: MEANINGS.get(member, "") for member in members}
    if preset is not None:
        meanings |= {each: f"{preset.parameters[each].meaning}." for each in preset.missing_parameters}
    for member, meaning in meanings.items():
        yield {"name": f"OAUTH_{config_key(name)}_{member.upper()}", "meaning": meaning[:1].upper() + meaning[1:]}


def _lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for label, key in (("protocol", "protocol"), ("register at", "register_at"), ("documentation", "documentation")):
        if facts.get(key):
            yield label, facts[key]
    yield "callback URL", facts["callback_url"] or "that of your own view: the blueprint is not registered"
    for number, setting in enumerate(facts["settings"]):
        yield "" if number else "set", f"{setting['name']:<34} {setting['meaning']}"
    if facts.get("scopes"):
        yield "asks for", " ".join(facts["scopes"])
    if facts.get("notes"):
        yield "note", facts["notes"]
    if not facts["registered"]:
        yield "use it", f'oauth.remote_app("{facts["name"]}")   or   OAUTH_PROVIDERS={facts["name"]}'
