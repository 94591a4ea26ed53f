"""The picture of the README: the results as bars."""

from __future__ import annotations

from typing import Any


def draw(results: dict[str, Any]) -> str:
    """The results as an SVG document."""
    raise NotImplementedError
