"""``flask oauth …``: look after stored tokens, keys and settings, and explain errors.

The group appears in every project that has the package, so nothing heavy is
imported here, and what needs no application works without one.  A command that
needs one says what is wrong when there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click
from flask import Flask
from flask.cli import ScriptInfo

if TYPE_CHECKING:
    from .client.token_keeper import TokenInfo, TokenKeeper
    from .extension.oauth import OAuth
    from .extension.remote_app import OAuthRemoteApp

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("oauth", help="Sign-in, tokens and settings of Flask-OAuth.")
def cli() -> None:
    """The group ``flask oauth``."""


# -- help without an application ----------------------------------------------------------------------------------


@cli.command(epilog="Example: flask oauth explain state_cookie_missing")
@click.argument("code", required=False)
@as_json
def explain(code: str | None, as_json: bool) -> None:
    """Say what an error code means and what to do about it; without CODE, list all."""
    from .error_codes import EXPLANATIONS

    table = {str(name): explanation for name, explanation in EXPLANATIONS.items()}
    if code is None:
        return _show([{"code": name, "cause": cause} for name, (cause, _) in table.items()], as_json)
    if code not in table:
        _fail(f"There is no error code {code!r}.{_did_you_mean(code, table)}")
    cause, cure = table[code]
    if as_json:
        return click.echo(json.dumps({"code": code, "cause": cause, "cure": cure}))
    return click.echo(f"{code}\n  cause   {cause}\n  cure    {cure}")


@cli.group()
def keys() -> None:
    """Keys that seal stored tokens."""


@keys.command("new", epilog="Example: flask oauth keys new")
def new_key() -> None:
    """Print a new key for OAUTH_ENCRYPTION_KEYS; put it before those that are there, then run `flask oauth rekey`."""
    from .storage import KeyRing

    click.echo(KeyRing.new_key())


# -- the token store ----------------------------------------------------------------------------------------------


@cli.command("init-db", epilog="Example: flask --app app oauth init-db")
def init_db() -> None:
    """Make the tables of the token store; does nothing where they are there already."""
    with _application():
        _keeper().store.create_schema()
    click.echo("The token store is ready.")


@cli.command(epilog="Example: flask --app app oauth rekey")
@click.option("--after", help="Go on where an earlier run stopped.")
@click.option("--batch", default=500, show_default=True, help="Records in one batch.")
def rekey(after: str | None, batch: int) -> None:
    """Seal every stored token with the newest key, while the application runs.

    It may be stopped at any time: what is done is skipped by the next run.
    """
    seen = rewritten = 0
    unopened: list[str] = []
    with _application(), click.progressbar(_keeper().rekey(after=after, limit=batch), label="Sealing anew") as steps:
        for step in steps:
            seen, rewritten = seen + step.seen, rewritten + step.rewritten
            unopened += [_name(key) for key in step.unopened]
            steps.label = f"{seen} records, {rewritten} sealed anew" + (f", next {step.after}" if step.after else "")
    click.echo(f"{seen} records looked at, {rewritten} sealed anew.")
    if unopened:
        _fail(f"No key opens {len(unopened)} of them: {', '.join(unopened[:5])}{' …' if len(unopened) > 5 else ''}")


@cli.group()
def tokens() -> None:
    """Stored tokens: whose they are and how long they last; never the tokens themselves."""


@tokens.command("list", epilog="Example: flask --app app oauth tokens list --owner 42")
@click.option("--remote-app", help="Only those of this remote app.")
@click.option("--owner", help="Only those of this user.")
@click.option("--limit", default=1000, show_default=True, help="At most so many.")
@as_json
def list_tokens(remote_app: str | None, owner: str | None, limit: int, as_json: bool) -> None:
    """List stored tokens."""
    rows: list[dict[str, Any]] = []
    after: str | None = None
    with _application():
        while len(rows) < limit:
            page, after = _keeper().list(remote_app=remote_app, owner=owner, after=after, limit=limit - len(rows))
            rows += [_row(info) for info in page]
            if after is None:
                break
    _show(rows, as_json)


@tokens.command("show", epilog="Example: flask --app app oauth tokens show github 42")
@click.argument("remote_app")
@click.argument("owner")
@click.option("--label", default="", help="Which of several accounts.")
@as_json
def show_token(remote_app: str, owner: str, label: str, as_json: bool) -> None:
    """Say what is known of one user's token at one remote app."""
    from .extension.stored_tokens import record_key

    with _application() as app:
        info = _keeper().describe(record_key(_remote(app, remote_app), owner, label))
    if info is None:
        _fail(f"There is no token of {owner} for {remote_app}.")
    _show([_row(info)], as_json)


@tokens.command("revoke", epilog="Example: flask --app app oauth tokens revoke github 42")
@click.argument("remote_app")
@click.argument("owner")
@click.option("--label", default="", help="Which of several accounts.")
@as_json
def revoke_token(remote_app: str, owner: str, label: str, as_json: bool) -> None:
    """Forget one user's token and revoke it at the provider."""
    with _application() as app:
        outcome = _remote(app, remote_app).disconnect(owner, label)
    if not outcome:
        return click.echo("Forgotten; there was nothing to revoke.")
    return _show([{"token": kind, "outcome": result} for kind, result in outcome.items()], as_json)


@tokens.command("prune", epilog="Example: flask --app app oauth tokens prune --expired-for 86400")
@click.option("--expired-for", default=0.0, show_default=True, help="Seconds since they expired.")
def prune_tokens(expired_for: float) -> None:
    """Remove tokens that have expired and cannot be refreshed."""
    with _application():
        removed = _keeper().prune(expired_for=expired_for)
    click.echo(f"{removed} removed.")


# -- the application ----------------------------------------------------------------------------------------------


class _application:
    """The application with its context; what keeps it from loading becomes a message."""

    def __enter__(self) -> Flask:
        info = click.get_current_context().ensure_object(ScriptInfo)
        try:
            app = info.load_app()
        except Exception as error:
            _fail(f"The application does not load: {error}")
        self._context = app.app_context()
        self._context.push()
        return app

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        from .errors import OAuthException

        self._context.pop()
        if isinstance(error, OAuthException):
            _fail(f"{error}\n  {error.code}: {error.hint}")


def _oauth(app: Flask) -> OAuth:
    oauth: OAuth | None = app.extensions.get("oauth")
    if oauth is None:
        _fail("No OAuth object is bound to this application; call oauth.init_app(app) or OAuth(app).")
    return oauth


def _remote(app: Flask, name: str) -> OAuthRemoteApp:
    known = _oauth(app).remote_apps
    if name not in known:
        _fail(f"There is no remote app {name!r}.{_did_you_mean(name, known)}")
    return known[name]


def _keeper() -> TokenKeeper:
    from .extension.state import current_state

    state = current_state()
    if state.token_store is None:
        _fail("No token store is set: tokens live in the users' sessions. Set OAUTH_TOKEN_STORE.")
    return state.coordinator.keeper


# -- output -------------------------------------------------------------------------------------------------------


def _row(info: TokenInfo) -> dict[str, Any]:
    from datetime import UTC, datetime

    def moment(seconds: float | None) -> str:
        return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

    return {
        "remote app": info.key.remote_app,
        "issuer": info.key.issuer,
        "owner": info.key.owner,
        "label": info.key.label,
        "type": info.token_type,
        "scope": info.scope,
        "expires": moment(info.expires_at),
        "refreshable": info.refreshable,
        "saved": moment(info.saved_at),
        "sealed with": info.sealed_with if info.opens else "a key that is not here",
    }


def _name(key: Any) -> str:
    return f"{key.remote_app}/{key.owner}" + (f"/{key.label}" if key.label else "")


def _show(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Rows as JSON, or as a table as wide as its content."""
    if as_json:
        return click.echo(json.dumps(list(rows), indent=2))
    if not rows:
        return click.echo("None.")
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    texts = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(names, *texts, strict=True)]
    lines: Iterable[Sequence[str]] = [names, *texts]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return None


def _cell(value: Any) -> str:
    return {True: "yes", False: "no", None: ""}[value] if isinstance(value, (bool, type(None))) else str(value)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _fail(message: str) -> NoReturn:
    """Say what is wrong and end with status 1."""
    raise click.ClickException(message)
