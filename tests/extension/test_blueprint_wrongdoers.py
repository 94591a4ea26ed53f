"""Whatever the misbehaving provider does wrong in a sign-in: nobody is signed in, and there is a page and a record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from tests.compat.support import fetch
from tests.extension.sign_in_site import Visitor, led_to, make_app
from tests.negative.openid_site import ACTION, FIELD

from flask_oauth import OAuth
from flask_oauth.extension.signing_in import Wish, begin
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.testing.misbehaving import MISBEHAVIOURS, MisbehavingProvider, Misbehaviour
from flask_oauth.transport import Urllib3Transport

IN_A_SIGN_IN = ("login", "par", "callback", "front", "jarm", "token", "token_twice", "hybrid", "id_token", "userinfo")
ROWS = [row for row in MISBEHAVIOURS.values() if row.noticed in IN_A_SIGN_IN]


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    yield running
    running.behave(None)


def begun_at(provider: MisbehavingProvider, wrong: Misbehaviour) -> tuple[MemoryTokenStore, Visitor, Any]:
    provider.behave(wrong.name)
    store = MemoryTokenStore()
    oauth = OAuth(transport=Urllib3Transport())
    oauth.remote_app("corp", **provider.settings)
    app = make_app(provider.issuer, oauth=oauth, OAUTH_TOKEN_STORE=store)
    app.add_url_rule(
        "/go", view_func=lambda: begin(oauth, oauth.corp, Wish("/members"), **dict(wrong.ask)), endpoint="go"
    )
    alice = Visitor(app)
    return store, alice, alice.get("/go")


def come_back(alice: Visitor, address: str) -> Any:
    status, headers, text = fetch(address)
    if status == 302:
        return alice.get(headers["location"].partition("#")[0])
    action = ACTION.search(text)
    assert action, text
    fields = {unescape(name): unescape(value) for name, value in FIELD.findall(text)}
    return alice.post(unescape(action[1]), fields)


@pytest.mark.parametrize("wrong", ROWS, ids=str)
def test_nobody_is_signed_in(
    provider: MisbehavingProvider, wrong: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "flask_oauth.flow")
    store, alice, answer = begun_at(provider, wrong)
    target = led_to(answer)
    if target is not None:
        answer = come_back(alice, target)
    if answer.status_code in (302, 303):
        assert wrong.code == "access_denied"  # a refusal is no failure
        return
    assert answer.status_code in (400, 403, 500, 502, 503)
    assert "We could not sign you in" in answer.text
    records = [record for record in caplog.records if record.name == "flask_oauth.flow"]
    assert [vars(record)["oauth_code"] for record in records] == [wrong.code]
    assert alice.name_at() == "Hello stranger"
    assert store.keys().records == ()
    assert not [name for name in alice.session if name.startswith("_oauth")]
