"""The development provider, for the tests of ready-made sign-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flask_oauth.development import running_provider


@pytest.fixture(scope="session")
def dev_provider() -> Iterator[str]:
    with running_provider() as url:
        yield url
