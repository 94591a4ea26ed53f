"""The providers of the negative cases: S1 (OAuth 1.0a) and S2 (OAuth 2), and a third server that nobody should call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.compat.servers.base import Server
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


@pytest.fixture
def stranger() -> Iterator[Server]:
    """A server outside every remote app."""
    with Server() as server:
        yield server
