"""P8: a state that belongs to the program, from an override that does everything itself or from the parameters."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from tests.compat.servers.base import Answer
from tests.compat.servers.oauth2 import S2
from tests.compat.support import Browser

from flask_oauth import OAuthException

Load = Callable[..., ModuleType]


@pytest.fixture
def renren(load: Load) -> Browser:
    return Browser(load("p8_renren").app)


def test_p8_overridden_dance_completes(s2: S2, renren: Browser) -> None:
    done = renren.sign_in("/login?next=/home")
    assert (done.status_code, done.headers["Location"]) == (302, "/home")
    assert renren.session()["token"][0] in s2.tokens
    assert s2.last("/o2/authorize").values("state") == ["next=/home"]
    assert s2.last("/o2/token").repeated() == []


def test_p8_session_keys_are_gone_afterwards(renren: Browser) -> None:
    renren.start("/login")
    assert set(renren.session()) == {"renren_oauthredir"}
    renren.sign_in("/login")
    assert set(renren.session()) == {"token"}


def test_p8_overridden_request_builds_its_own_response(s2: S2, renren: Browser) -> None:
    renren.sign_in("/login")
    answer = renren.get("/feed").get_json()
    token = renren.session()["token"][0]
    assert answer["status"] == [200, 200]
    assert answer["got"]["credential"] == answer["posted"]["credential"] == ["Bearer", token]
    assert answer["got"]["args"] == [["page", "2"]]
    assert answer["posted"]["form"] == [["message", "é & more"]]


def test_p8_the_overrides_own_exception(load: Load, s2: S2) -> None:
    program = load("p8_renren")
    browser = Browser(program.app)
    browser.app.testing = True
    callback = browser.callback_for("/login")
    s2.instead["/o2/token"] = Answer('{"error": "invalid_grant"}', 400, "application/json")
    with pytest.raises(program.OAuthException) as caught:
        browser.get(callback)
    # two positional arguments: the second was meant as data and lands in type, as it did in 2010
    assert caught.value.message == "Invalid response from renren"
    assert caught.value.type == {"error": "invalid_grant"}


def test_p8_signed_state_from_the_parameters(load: Load, s2: S2) -> None:
    program = load("p8_signed_state")
    browser = Browser(program.app)
    for target in ("/first", "/second"):
        done = browser.sign_in(f"/login?next={target}")
        assert (done.status_code, done.headers["Location"]) == (302, target)
        [state] = s2.last("/o2/authorize").values("state")
        assert program.signer.loads(state) == {"next": target}
    assert browser.session()["token"][0] in s2.tokens
    assert set(browser.session()) == {"token"}


def test_p8_signed_state_of_another_browser_is_refused(load: Load, s2: S2) -> None:
    program = load("p8_signed_state")
    program.app.testing = True
    foreign = Browser(program.app).callback_for("/login?next=/first")
    victim = Browser(program.app)
    victim.start("/login?next=/second")
    with pytest.raises(OAuthException):
        victim.get(foreign)
    assert s2.requests_to("/o2/token") == []
    assert "token" not in victim.session()
