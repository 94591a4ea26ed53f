"""What commands print: tables or JSON on standard output, what is wrong on standard error."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def show(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Rows as JSON, or as a table as wide as its content; columns that are empty throughout are left out."""
    if as_json:
        return show_json(list(rows))
    if not rows:
        return click.echo("None.")
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    texts = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(names, *texts, strict=True)]
    lines: Iterable[Sequence[str]] = [names, *texts]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return None


def show_json(value: Any) -> None:
    """A value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _cell(value: Any) -> str:
    return {True: "yes", False: "no", None: ""}[value] if isinstance(value, (bool, type(None))) else str(value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest of the known names, or nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with status 1."""
    raise click.ClickException(message)
