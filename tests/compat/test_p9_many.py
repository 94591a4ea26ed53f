"""P9: many providers in blueprints, names used twice in two registries, two browsers at once."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from types import ModuleType

import pytest
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import S2
from tests.compat.support import Browser

from flask_oauth import ConfigurationError

Load = Callable[..., ModuleType]


@pytest.fixture
def program(load: Load) -> ModuleType:
    return load("p9_many")


def test_p9_a_name_twice_is_an_assertion_error(program: ModuleType) -> None:
    with pytest.raises(AssertionError) as caught:
        program.oauth.remote_app("twitter", **program.OAUTH1)
    assert isinstance(caught.value, ConfigurationError)
    assert program.oauth.remote_apps["twitter"] is program.twitter


def test_p9_registries_are_apart(program: ModuleType) -> None:
    assert set(program.oauth.remote_apps) == {"twitter", "facebook", "mail.ru"}
    assert program.others.remote_apps == {"twitter": program.other_twitter, "passaporte web": program.passaporte}
    assert program.unregistered.name == "unregistered"


def test_p9_function_attributes_are_seen_through_the_wrapper(program: ModuleType) -> None:
    view = program.app.view_functions["social.twitter_done"]
    assert view.is_public
    assert view.__name__ == "twitter_view"
    assert program.app.view_functions["facebook_class"].__name__ == "Done"


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("twitter", ""),
        ("facebook", "class: "),
        ("mail.ru", "mail.ru: "),
        ("other", "both_other: "),
        ("passaporte", "both_passaporte: "),
    ],
)
def test_p9_each_way_of_wrapping_signs_in(program: ModuleType, s1: S1, s2: S2, name: str, prefix: str) -> None:
    browser = Browser(program.app)
    text = browser.sign_in(f"/login/{name}").text
    assert text.startswith(prefix)
    assert text.removeprefix(prefix) in {**s1.tokens, **s2.tokens}
    assert browser.session()["token"][0] == text.removeprefix(prefix)
    assert set(browser.session()) == {"token", "signed_in"}


@pytest.mark.parametrize(("first", "second"), [("twitter", "facebook"), ("facebook", "mail.ru"), ("twitter", "other")])
def test_p9_two_browsers_two_providers_interleaved(program: ModuleType, first: str, second: str) -> None:
    ann, bob = Browser(program.app), Browser(program.app)
    a1, b1 = ann.start(f"/login/{first}"), bob.start(f"/login/{second}")
    b2, a2 = bob.start(f"/login/{first}"), ann.start(f"/login/{second}")
    got = {}
    for who, browser, url in [("a2", ann, a2), ("b1", bob, b1), ("a1", ann, a1), ("b2", bob, b2)]:
        response = browser.get(browser.consent(url))
        assert response.status_code == 200, (who, response.text)
        got[who] = browser.session()["token"][0]
    assert len(set(got.values())) == 4
    assert ann.session()["token"][0] == got["a1"]
    assert bob.session()["token"][0] == got["b2"]
    for browser in (ann, bob):
        assert set(browser.session()) == {"token", "signed_in"}
        assert len(browser.session()["signed_in"]) == 2


def test_p9_sign_ins_change_no_parameters(program: ModuleType) -> None:
    remotes = [program.twitter, program.facebook, program.mailru, program.other_twitter]
    before = [deepcopy(remote.request_token_params) for remote in remotes]
    browser = Browser(program.app)
    for name in ("twitter", "facebook", "mail.ru", "other"):
        browser.sign_in(f"/login/{name}")
    assert [remote.request_token_params for remote in remotes] == before
    assert program.mailru.request_token_params == {"scope": "widget"}
