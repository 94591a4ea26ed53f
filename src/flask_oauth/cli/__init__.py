"""``flask oauth …``: look after settings, stored tokens and keys, find out what is wrong, explain errors.

The group appears in every project that has the package, so a command is imported
when it is called and not before, and what needs no application works without
one.  A command that needs one says what is wrong when there is none.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

#: The commands, and the module and name of each.
COMMANDS: Final = {
    "dev-provider": ".dev_provider:dev_provider",
    "doctor": ".doctor:doctor",
    "explain": ".explain:explain",
    "init-db": ".store:init_db",
    "keys": ".keys:keys",
    "providers": ".providers:providers",
    "rekey": ".store:rekey",
    "settings": ".settings:settings",
    "tokens": ".tokens:tokens",
}


#: Commands that are for other commands.
INNER: Final = {"fingerprint": ".doctor:print_fingerprint"}


class _Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = {**COMMANDS, **INNER}
        if cmd_name not in known:
            return None
        module, name = known[cmd_name].split(":")
        command: click.Command = getattr(import_module(module, __name__), name)
        return command


@click.group("oauth", cls=_Commands, help="Sign-in, tokens and settings of Flask-OAuth.")
def cli() -> None:
    """The group ``flask oauth``."""
