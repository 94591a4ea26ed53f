"""``flask oauth doctor``: look the application over, and say what to change."""

from __future__ import annotations

import hashlib
import subprocess  # starts this very program a second time
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import ScriptInfo

from .application import load_app, why_not
from .findings import Finding, found
from .output import json_option, show_json

if TYPE_CHECKING:
    from ..extension.oauth import OAuth
    from .checks import Check

#: Seconds for the application to start a second time.
START_SECONDS = 60.0


@click.command(epilog="Example: flask --app app oauth doctor --online")
@click.option("--online", is_flag=True, help="Ask the providers for their metadata and keys too, and for the time.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, online: bool, as_json: bool) -> None:
    """Look the application over: keys, credentials, settings, addresses, cookies, pages, the token store.

    Ends with status 1 if there is an error. It changes nothing, and never prints a secret.
    """
    findings, passed = _examine(online)
    errors = sum(finding.level == "error" for finding in findings)
    if as_json:
        show_json({"ok": not errors, "passed": passed, "findings": [finding.as_dict() for finding in findings]})
    else:
        _print(findings, passed)
    if errors:
        ctx.exit(1)


def _examine(online: bool) -> tuple[list[Finding], list[str]]:
    """The findings, and the checks that found nothing to mend."""
    info = click.get_current_context().ensure_object(ScriptInfo)
    try:
        app = load_app()
    except Exception as error:
        return [found("error", "doctor_app_not_loading", why_not(error))], []
    oauth: OAuth | None = app.extensions.get("oauth")
    if oauth is None:
        return [found("error", "doctor_no_oauth", f"app.extensions of {app.name!r} holds no 'oauth'")], ["application"]
    findings: list[Finding] = []
    passed = ["application"]
    with app.app_context():
        for name, check in _checks(info, online):
            some = list(check(app, oauth))
            findings += some
            if all(finding.level == "note" for finding in some):
                passed.append(name)
    return findings, passed


def _checks(info: ScriptInfo, online: bool) -> Iterator[tuple[str, Check]]:
    from . import checks, web_checks

    yield from checks.CHECKS.items()
    yield "SECRET_KEY after a restart", lambda app, oauth: _same_key_again(app, info)
    yield from web_checks.CHECKS.items()
    if online:
        from .online import check_online

        yield "providers", check_online


def _same_key_again(app: Flask, info: ScriptInfo) -> Iterator[Finding]:
    """Start the application a second time, as a second worker would: its SECRET_KEY must be the same."""
    if not app.config.get("SECRET_KEY"):
        return
    again = fingerprint(info.create_app()) if info.create_app is not None else _fingerprint_elsewhere(info)
    if again and again != fingerprint(app):
        yield found("error", "doctor_secret_key_changes", "a second start of the application made another key")


def fingerprint(app: Flask) -> str:
    """Tells one SECRET_KEY from another, and nothing else."""
    key = app.config.get("SECRET_KEY") or b""
    return hashlib.blake2b(key if isinstance(key, bytes) else str(key).encode(), digest_size=16).hexdigest()


def _fingerprint_elsewhere(info: ScriptInfo) -> str:
    """The same from a process of its own; empty if it does not start."""
    program = [sys.executable, "-m", "flask", *(("--app", info.app_import_path) if info.app_import_path else ())]
    try:
        done = subprocess.run(  # noqa: S603 - no word of it comes from outside
            [*program, "oauth", "fingerprint"],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().rpartition("\n")[2] if done.returncode == 0 else ""


@click.command("fingerprint", hidden=True)
def print_fingerprint() -> None:
    """Print what tells this SECRET_KEY from another; for the doctor."""
    click.echo(fingerprint(load_app()))


def _print(findings: list[Finding], passed: list[str]) -> None:
    colours = {"error": "red", "warning": "yellow", "note": "cyan"}
    for finding in findings:
        level = click.style(finding.level, fg=colours[finding.level])
        click.echo(f"{level}  {finding.code}  {finding.about}".rstrip())
        click.echo(f"  saw     {finding.saw}")
        if finding.change:
            click.echo(f"  change  {finding.change}")
    if passed:
        click.echo(f"{click.style('fine', fg='green')}  {', '.join(passed)}")
    counts = [f"{sum(f.level == level for f in findings)} {level}s" for level in ("error", "warning", "note")]
    click.echo(", ".join(counts) + ".")
