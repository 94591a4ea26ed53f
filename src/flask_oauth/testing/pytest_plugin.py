"""The pytest plugin: ``oauth_sign_in``, ``oauth_deny`` and ``oauth_fail``, each a function of one line.

::

    def test_home(client, oauth_sign_in):
        oauth_sign_in(client, "github", sub="42", name="Alice")
        assert b"Hello Alice" in client.get("/").data

It is loaded in every run of whoever has the package, so it imports nothing until
a fixture is used, and its names begin with ``oauth_``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .sign_in import Outcome, Stage


@pytest.fixture
def oauth_stage() -> Iterator[Stage]:
    """Sign-ins of this test: ``sign_in``, ``deny``, ``fail``; undone at its end."""
    from .sign_in import oauth_stage as stage

    with stage() as made:
        yield made


@pytest.fixture
def oauth_sign_in(oauth_stage: Stage) -> Callable[..., Outcome]:
    """``oauth_sign_in(client, "github", sub="42", name="Alice")``: sign somebody in through the real views."""
    return oauth_stage.sign_in


@pytest.fixture
def oauth_deny(oauth_stage: Stage) -> Callable[..., Outcome]:
    """``oauth_deny(client, "github")``: let somebody say no at the provider."""
    return oauth_stage.deny


@pytest.fixture
def oauth_fail(oauth_stage: Stage) -> Callable[..., Outcome]:
    """``oauth_fail(client, "github", "id_token_expired")``: let a sign-in fail with that code."""
    return oauth_stage.fail
