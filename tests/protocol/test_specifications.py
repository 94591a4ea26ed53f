"""docs/specifications.md names functions and tests; each must exist."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "specifications.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and "`test_" in line
]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def exists(function: str) -> bool:
    """Whether a dotted name leads to something below flask_oauth.protocol or flask_oauth."""
    parts = function.split(".")
    for prefix in ("flask_oauth.protocol", "flask_oauth"):
        for length in range(len(parts) - 1, 0, -1):
            try:
                found: object = importlib.import_module(".".join([prefix, *parts[:length]]))
            except ModuleNotFoundError:
                continue
            for name in parts[length:]:
                found = getattr(found, name, None)
            if callable(found):
                return True
    return False


@cache
def names_in(stem: str) -> frozenset[str]:
    files = list((ROOT / "tests").rglob(f"{stem}.py"))
    assert len(files) == 1, f"{stem}: {files}"
    tree = ast.parse(files[0].read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_specification_has_its_table():
    for title in ("OpenID Connect Core 1.0", "OpenID Connect Discovery 1.0", "RFC 9207", "RFC 8725"):
        assert re.search(rf"^## {re.escape(title)}", PAGE, re.MULTILINE)
    assert len(ROWS) > 70


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {names(row[2])[0]}")
def test_row(row):
    assert len(row) == 4
    for function in names(row[2]):
        assert exists(function), function
    tests = names(row[3])
    assert tests
    for test in tests:
        stem, _, name = test.partition("::")
        assert name in names_in(stem), test


def test_this_test_can_fail():
    assert not exists("openid.id_token.check_nothing")
    assert not exists("openid.nothing.check_issuer")
    assert "test_N19_nothing" not in names_in("test_openid_id_token")
