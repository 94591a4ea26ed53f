"""The two providers of 2010, one of each for a test that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from tests.compat.servers.oauth1 import CONSUMER_KEY, CONSUMER_SECRET, S1
from tests.compat.servers.oauth2 import CLIENT_ID, CLIENT_SECRET, S2
from tests.compat.support import load_program


@pytest.fixture
def s1() -> Iterator[S1]:
    with S1() as server:
        yield server


@pytest.fixture
def s2() -> Iterator[S2]:
    with S2() as server:
        yield server


@pytest.fixture
def load(s1: S1, s2: S2) -> Callable[..., ModuleType]:
    """Runs a program with the addresses and the credentials of S1 and S2 put in."""

    def run(name: str, **more: Any) -> ModuleType:
        return load_program(
            name,
            S1=s1.url,
            S2=s2.url,
            CONSUMER_KEY=CONSUMER_KEY,
            CONSUMER_SECRET=CONSUMER_SECRET,
            CLIENT_ID=CLIENT_ID,
            CLIENT_SECRET=CLIENT_SECRET,
            **more,
        )

    return run
