"""The token as it is held and stored."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oauth.protocol.token import Token

FULL = Token(
    "s3cret-access",
    "s3cret-token",
    "DPoP",
    refresh_token="s3cret-refresh",
    expires_at=1700000000.5,
    scope="openid email",
    id_token="s3cret.id",
    extra={"user_id": 7, "nested": {"secret": "s3cret"}},
    resource=("https://api.example",),
)

texts = st.text(max_size=8)
tokens = st.builds(
    Token,
    texts,
    texts,
    st.sampled_from(["Bearer", "DPoP", "OAuth1"]),
    refresh_token=st.none() | texts.filter(bool),
    expires_at=st.none() | st.floats(0, 1e12),
    scope=texts,
    id_token=st.none() | texts.filter(bool),
    extra=st.dictionaries(texts, texts, max_size=3),
    resource=st.lists(texts, max_size=2).map(tuple),
)


@pytest.mark.parametrize("expires_at", [0.0, 0])
def test_a_token_that_ended_at_the_epoch_stays_ended(expires_at: float) -> None:
    assert Token.from_dict(Token("t", expires_at=expires_at).to_dict()).expires_within(0, now=1.0)


@settings(max_examples=50)
@given(tokens)
def test_a_stored_token_comes_back_as_it_was(token: Token) -> None:
    assert Token.from_dict(json.loads(json.dumps(token.to_dict()))) == token


def test_empty_fields_are_not_stored() -> None:
    assert Token("t").to_dict() == {"access_token": "t", "token_type": "Bearer"}
    assert FULL.to_dict()["extra"] == FULL.extra
    assert FULL.to_dict()["extra"] is not FULL.extra


def test_members_of_a_later_version_are_ignored() -> None:
    assert Token.from_dict({"access_token": "t", "of_the_future": 1, "scopes": "x"}) == Token("t")


def test_scopes() -> None:
    assert FULL.scopes == {"openid", "email"}
    assert Token("t").scopes == frozenset()
    assert FULL.missing_scopes("openid profile", "email") == {"profile"}
    assert FULL.missing_scopes() == frozenset()


@pytest.mark.parametrize(
    ("seconds", "now", "ends"), [(0, 99.9, False), (0, 100, True), (0, 101, True), (60, 39.9, False), (60, 40, True)]
)
def test_expires_within(seconds: float, now: float, ends: bool) -> None:
    assert Token("t", expires_at=100.0).expires_within(seconds, now) is ends
    assert not Token("t").expires_within(seconds, now)


def test_a_token_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.scope = "admin"  # type: ignore[misc]


def test_N56_no_secret_in_a_repr() -> None:
    assert repr(FULL) == (
        "<Token DPoP scope='openid email' expires_at=1700000000.5 holds=['token_secret', 'refresh_token', 'id_token']>"
    )
    assert repr(Token("s3cret")) == "<Token Bearer scope='' expires_at=None holds=[]>"
    assert "s3cret" not in f"{FULL} {FULL!r}"
