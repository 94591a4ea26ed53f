"""The two providers of 2010, one of each for a test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import S2


@pytest.fixture
def s1() -> Iterator[S1]:
    with S1() as server:
        yield server


@pytest.fixture
def s2() -> Iterator[S2]:
    with S2() as server:
        yield server
