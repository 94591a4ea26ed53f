"""The picture of the README: a bar for each of us, the peers and the bound, drawn from the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Row = Mapping[str, Any]

#: Which rows are drawn: the beginning of what was measured, and what it is called in the picture.
DRAWN = (
    ("API call, Bearer, TLS", "API call over TLS, Bearer"),
    ("API call, OAuth 1.0a, TLS", "API call over TLS, OAuth 1.0a"),
    ("API call, Bearer, plain HTTP", "API call over HTTP, Bearer"),
    ("OAuth 1.0a signature", "OAuth 1.0a signature"),
    ("sign-in with ID Token", "A whole sign-in, beyond Flask’s own time"),
    ("ID Token, RS256", "Validating an ID Token, RS256"),
    ("import on top of Flask", "Import, beyond Flask’s own"),
)
#: Pixels.
WIDTH, MARGIN, TOP, LINE, HEAD, GAP = 900, 16, 64, 19, 26, 16
NAME, BAR = 146, 160


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    :param kind: ``ours``, ``peer`` or ``bound``.
    :param text: what stands behind it.
    """

    name: str
    kind: str
    x: int
    y: int
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one measurement."""

    title: str
    x: int
    y: int
    bars: tuple[Bar, ...]


def draw(results: Mapping[str, Any]) -> str:
    """The results as an SVG document."""
    folder = FileSystemLoader(Path(__file__).parent)
    template = Environment(loader=folder, autoescape=True, undefined=StrictUndefined).get_template("picture.svg.jinja")
    chosen = [(title, row) for start, title in DRAWN if (row := _row(results["rows"], start)) is not None]
    groups, height = _placed(chosen)
    return template.render(
        groups=groups,
        width=WIDTH,
        height=height,
        margin=MARGIN,
        name=NAME,
        line=LINE,
        machine=results["machine"],
        date=results["date"],
    )


def _row(rows: list[Row], start: str) -> Row | None:
    return next((row for row in rows if row["what"].startswith(start)), None)


def _placed(chosen: list[tuple[str, Row]]) -> tuple[list[Group], int]:
    """The groups in two columns, the next one always under the shorter column; and how high the picture is."""
    tops = [TOP, TOP]
    groups = []
    for title, row in chosen:
        column = tops.index(min(tops))
        x = MARGIN + column * (WIDTH // 2)
        groups.append(_group(title, row, x, tops[column]))
        tops[column] += HEAD + LINE * len(groups[-1].bars) + GAP
    return groups, max(tops) + MARGIN


def _group(title: str, row: Row, x: int, y: int) -> Group:
    values = [("Flask-OAuth", "ours", row["ours"]), *((name, "peer", value) for name, value in row["peers"].items())]
    if row["bound"] is not None:
        values.append((row["bound is"], "bound", row["bound"]))
    values.sort(key=lambda one: one[2])
    longest = max(value for _, _, value in values)
    bars = []
    for number, (name, kind, value) in enumerate(values):
        text = _text(value, row["unit"])
        if kind != "ours":
            text += f" · {value / row['ours']:.1f} ×"
        bars.append(Bar(name, kind, x + NAME, y + HEAD + number * LINE, round(max(value / longest * BAR, 2), 1), text))
    return Group(title, x, y, tuple(bars))


def _text(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if value < 10 else f"{value:.0f} {unit}"
