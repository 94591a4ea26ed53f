"""``flask oauth tokens``: whose tokens are stored and how long they last; never a token itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from .application import application, keeper, remote_of
from .output import fail, json_option, show, show_json

if TYPE_CHECKING:
    from ..client.token_keeper import TokenInfo

label_option = click.option("--label", default="", help="Which of several accounts.")


@click.group()
def tokens() -> None:
    """Stored tokens: whose they are and how long they last; never the tokens themselves."""


@tokens.command("list", epilog="Example: flask --app app oauth tokens list --owner 42")
@click.option("--remote-app", help="Only those of this remote app.")
@click.option("--owner", help="Only those of this user.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1), help="At most so many.")
@json_option
def list_tokens(remote_app: str | None, owner: str | None, limit: int, as_json: bool) -> None:
    """List stored tokens."""
    rows: list[dict[str, Any]] = []
    after: str | None = None
    with application():
        while len(rows) <= limit:  # one more than asked for, to know whether there is one
            page, after = keeper().list(remote_app=remote_app, owner=owner, after=after, limit=limit + 1 - len(rows))
            rows += [_row(info) for info in page]
            if after is None:
                break
    show(rows[:limit], as_json)
    if len(rows) > limit:
        click.echo(f"There are more than {limit}; see --limit.", err=True)


@tokens.command("show", epilog="Example: flask --app app oauth tokens show github 42")
@click.argument("remote_app")
@click.argument("owner")
@label_option
@json_option
def show_token(remote_app: str, owner: str, label: str, as_json: bool) -> None:
    """Say what is known of one user's token at one remote app."""
    from ..extension.stored_tokens import record_key

    with application() as app:
        info = keeper().describe(record_key(remote_of(app, remote_app), owner, label))
    if info is None:
        fail(f"There is no token of {owner} for {remote_app}.")
    show([_row(info)], as_json)


@tokens.command("revoke", epilog="Example: flask --app app oauth tokens revoke github 42")
@click.argument("remote_app")
@click.argument("owner")
@label_option
@json_option
def revoke_token(remote_app: str, owner: str, label: str, as_json: bool) -> None:
    """Forget one user's token and revoke it at the provider."""
    from ..extension.stored_tokens import record_key

    with application() as app:
        remote = remote_of(app, remote_app)
        if keeper().describe(record_key(remote, owner, label)) is None:
            fail(f"There is no token of {owner} for {remote_app}.")
        outcome = remote.disconnect(owner, label)
    if as_json:
        return show_json({"forgotten": True, "revoked": outcome})
    click.echo("Forgotten here.")
    return show([{"token": kind, "at the provider": result} for kind, result in outcome.items()], False)


@tokens.command("prune", epilog="Example: flask --app app oauth tokens prune --expired-for 86400")
@click.option("--expired-for", default=0.0, show_default=True, type=click.FloatRange(0), help="Seconds since then.")
@json_option
def prune_tokens(expired_for: float, as_json: bool) -> None:
    """Remove tokens that have expired and cannot be refreshed."""
    with application():
        removed = keeper().prune(expired_for=expired_for)
    if as_json:
        return show_json({"removed": removed})
    return click.echo(f"{removed} removed.")


def _row(info: TokenInfo) -> dict[str, Any]:
    return {
        "remote app": info.key.remote_app,
        "issuer": info.key.issuer,
        "owner": info.key.owner,
        "label": info.key.label,
        "type": info.token_type,
        "scope": info.scope,
        "expires": _moment(info.expires_at),
        "refreshable": info.refreshable,
        "saved": _moment(info.saved_at),
        "sealed with": info.sealed_with if info.opens else "a key that is not here",
    }


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
