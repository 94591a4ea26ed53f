"""``flask oauth init-db`` and ``flask oauth rekey``: the token store as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from .application import application, keeper
from .output import fail, json_option, show_json

if TYPE_CHECKING:
    from ..client.token_keeper import RekeyStep
    from ..storage import RecordKey


@click.command("init-db", epilog="Example: flask --app app oauth init-db")
@json_option
def init_db(as_json: bool) -> None:
    """Make the tables of the token store; does nothing where they are there already."""
    with application():
        keeper().store.create_schema()
    if as_json:
        return show_json({"ready": True})
    return click.echo("The token store is ready.")


class Progress:
    """What a rekeying has done so far; a failure says where the next run may begin."""

    def __init__(self, after: str | None) -> None:
        self.after = after
        self.seen = self.rewritten = 0
        self.unopened: list[str] = []

    def follow(self, steps: Iterator[RekeyStep]) -> Iterator[RekeyStep]:
        for step in steps:
            self.seen += step.seen
            self.rewritten += step.rewritten
            self.unopened += [_name(key) for key in step.unopened]
            self.after = step.after
            yield step

    def how_to_go_on(self) -> str:
        done = f"{self.seen} records looked at, {self.rewritten} sealed anew, then stopped."
        return f"{done} Go on with: flask oauth rekey" + (f" --after '{self.after}'" if self.after else "")


@click.command(epilog="Example: flask --app app oauth rekey")
@click.option("--after", help="Go on where an earlier run stopped; it printed the value.")
@click.option("--batch", default=500, show_default=True, type=click.IntRange(1), help="Records in one batch.")
@json_option
def rekey(after: str | None, batch: int, as_json: bool) -> None:
    """Seal every stored token with the newest key, while the application runs.

    It may be stopped at any time and run again: what is sealed with the newest key already is skipped.
    """
    progress = Progress(after)
    try:
        with application():
            _follow(progress, progress.follow(keeper().rekey(after=after, limit=batch)), quiet=as_json)
    except (KeyboardInterrupt, click.ClickException):
        if progress.seen:
            click.echo(progress.how_to_go_on(), err=True)
        raise
    if as_json:
        show_json({"seen": progress.seen, "rewritten": progress.rewritten, "unopened": progress.unopened})
    else:
        click.echo(f"{progress.seen} records looked at, {progress.rewritten} sealed anew.")
    if progress.unopened:
        some = ", ".join(progress.unopened[:5])
        fail(f"No key opens {len(progress.unopened)} of them: {some}{' …' if len(progress.unopened) > 5 else ''}")


def _follow(progress: Progress, steps: Iterator[RekeyStep], *, quiet: bool) -> None:
    if quiet:
        for _ in steps:
            pass
        return
    with click.progressbar(steps, label="Sealing anew") as bar:
        for _ in bar:
            bar.label = f"{progress.seen} records, {progress.rewritten} sealed anew"


def _name(key: RecordKey) -> str:
    return f"{key.remote_app}/{key.owner}" + (f"/{key.label}" if key.label else "")
