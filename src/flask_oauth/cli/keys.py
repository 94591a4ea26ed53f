"""``flask oauth keys``: keys that seal stored tokens."""

from __future__ import annotations

import click

from .output import json_option, show_json


@click.group()
def keys() -> None:
    """Keys that seal stored tokens."""


@keys.command("new", epilog="Example: flask oauth keys new")
@json_option
def new_key(as_json: bool) -> None:
    """Print a new key for OAUTH_ENCRYPTION_KEYS.

    Put it before those that are there, then run `flask oauth rekey`.
    """
    from ..storage import KeyRing

    key = KeyRing.new_key()
    if as_json:
        return show_json({"key": key})
    return click.echo(key)
