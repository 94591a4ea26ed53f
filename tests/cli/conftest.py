"""An application with a SQLite token store, for ``flask oauth …`` to work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from tests.cli.cli_support import NEW, OLD, Flasked

from flask_oauth import OAuth
from flask_oauth.client.token_keeper import TokenKeeper
from flask_oauth.extension.state import state_of
from flask_oauth.storage import KeyRing
from flask_oauth.testing import ScriptedTransport


@pytest.fixture
def transport() -> ScriptedTransport:
    return ScriptedTransport()


@pytest.fixture
def app(tmp_path: Path, transport: ScriptedTransport) -> Iterator[Flask]:
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="a long secret key of this test, and nobody else's",
        OAUTH_TOKEN_STORE=f"sqlite:///{tmp_path}/tokens.db",
        OAUTH_ENCRYPTION_KEYS=[NEW, OLD],
    )
    oauth = OAuth(app, transport=transport)
    oauth.remote_app(
        "corp",
        base_url="https://api.corp.example/",
        authorization_endpoint="https://corp.example/authorize",
        token_endpoint="https://corp.example/token",
        revocation_endpoint="https://corp.example/revoke",
        client_id="shop-id",
        client_secret="shop-secret",
    )
    yield app
    store = state_of(app).token_store
    if store is not None and hasattr(store, "close"):
        store.close()


@pytest.fixture
def flask(app: Flask) -> Flasked:
    return Flasked(app)


@pytest.fixture
def flask_without_app() -> Flasked:
    return Flasked(None)


@pytest.fixture
def keeper_with(app: Flask, flask: Flasked) -> Callable[..., TokenKeeper]:
    """A keeper of the application's store with a key ring of its own; the tables are there."""
    flask("init-db")

    def make(*keys: str) -> TokenKeeper:
        store = state_of(app).token_store
        assert store is not None
        return TokenKeeper(store, KeyRing(keys or [NEW, OLD]))

    return make
