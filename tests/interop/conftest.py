"""Fixtures for runs against providers that we did not write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.interop.counterparty import Counterparties, Counterparty, UnavailableError, installed
from tests.interop.registered import Certificates, Keys, registered


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever drives oidc-provider needs node."""
    for item in items:
        if "counterparties" in getattr(item, "fixturenames", ()):
            item.add_marker("node")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def counterparties(certificates: Certificates) -> Iterator[Counterparties]:
    try:
        installed()
    except UnavailableError as error:
        pytest.skip(str(error))
    with Counterparties(*certificates.server, certificates.authority) as running:
        yield running


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture
def provider(counterparties: Counterparties, keys: Keys) -> Callable[..., Counterparty]:
    """Makes a provider with one client: its settings, and first the client's metadata."""

    def make(client: dict[str, Any] | None = None, **settings: Any) -> Counterparty:
        settings.setdefault("jwks", keys.of_provider)
        settings.setdefault("clients", [registered(**(client or {}))])
        return counterparties.provider(**settings)

    return make
