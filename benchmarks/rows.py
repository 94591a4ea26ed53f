"""A row of the results: what was measured, beside whom, and whether it is what it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .subjects import Times

#: By what seconds are multiplied.
UNITS = {"µs": 1e6, "ms": 1e3, "s": 1.0}


def timed_row(
    times: Times,
    *,
    id: str,
    what: str,
    unit: str,
    bound: str | None = None,
    must: Sequence[tuple[str, float, str]],
    ours: str = "ours",
    **more: Any,
) -> dict[str, Any]:
    """The row of a comparison.

    :param times: what the rounds took; the subject called ``ours`` is ours.
    :param bound: the subject that nobody can be faster than.
    :param must: what must be reached: (``faster``, by what factor, than which subject), (``ratio``, at most what
        multiple, of which subject), or (``at most``, so much in the row's unit, ``ours``).
    """
    factor = UNITS[unit]
    others = [name for name in times.rounds if name not in (ours, bound)]
    return {
        "id": id,
        "what": what,
        "unit": unit,
        "ours": rounded(times.median(ours) * factor),
        "spread": [rounded(part * factor) for part in times.spread(ours)],
        "peers": {name: rounded(times.median(name) * factor) for name in others},
        "faster": {name: rounded(times.ratio(name, ours)) for name in others},
        "bound": rounded(times.median(bound) * factor) if bound else None,
        "bound is": bound,
        "ratio": rounded(times.ratio(ours, bound)) if bound else None,
        "must": "; ".join(_said(*one, unit) for one in must if one[2] in times.rounds),
        "reached": all(_holds(times, ours, factor, *one) for one in must if one[2] in times.rounds),
        **more,
    }


def _said(kind: str, limit: float, name: str, unit: str) -> str:
    if kind == "faster":
        return f"≥ {limit:g} × faster than {name}"
    return f"≤ {limit:g} {unit}" if kind == "at most" else f"≤ {limit:g} × {name}"


def _holds(times: Times, ours: str, factor: float, kind: str, limit: float, name: str) -> bool:
    if kind == "faster":
        return times.ratio(name, ours) >= limit
    return times.median(ours) * factor <= limit if kind == "at most" else times.ratio(ours, name) <= limit


def rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}")


def line(row: Mapping[str, Any]) -> str:
    """A row as one line of text."""
    peers = ", ".join(f"{name} {value}" for name, value in row["peers"].items()) or "-"
    bound = "" if row.get("bound") is None else f"  bound {row['bound']}"
    ratio = "" if row.get("ratio") is None else f" ({row['ratio']} ×)"
    mark = "ok " if row["reached"] else "NOT"
    ours = f"{row['ours']} {row.get('unit', '')}"
    return f"{mark} {row['id']:4} {row['what']}: {ours}{bound}{ratio}  beside {peers}  [{row['must']}]"
