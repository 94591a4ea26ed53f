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
    "explain": ".explain:explain",
    "init-db": ".store:init_db",
    "keys": ".keys:keys",
    "rekey": ".store:rekey",
    "tokens": ".tokens:tokens",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module, __name__), name)
        return command


@click.group("oauth", cls=_Commands, help="Sign-in, tokens and settings of Flask-OAuth.")
def cli() -> None:
    """The group ``flask oauth``."""
