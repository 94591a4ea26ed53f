"""P5: provider classes without a registry, handlers wrapped inside a view, and methods mocked on the class."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from unittest import mock

import pytest
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import S2
from tests.compat.support import Browser

from flask_oauth import OAuth, OAuthRemoteApp

Load = Callable[..., ModuleType]


@pytest.fixture
def browser(load: Load) -> Browser:
    return Browser(load("p5_providers").app)


def test_p5_bound_method_gets_its_keyword_oauth1(browser: Browser) -> None:
    assert browser.sign_in("/start/twitter").text == "hello mitsuhiko of twitter"


def test_p5_bound_method_gets_its_keyword_oauth2(browser: Browser) -> None:
    assert browser.sign_in("/start/facebook").text == "hello token of 30 characters of facebook"


def test_p5_denials(s1: S1, s2: S2, browser: Browser) -> None:
    s1.user_says_no, s2.denial = True, {"error": "access_denied"}
    assert browser.sign_in("/start/twitter").text == "denied by twitter"
    assert browser.sign_in("/start/facebook").text == "denied by facebook"


def test_p5_mocked_handler_and_untouched_return_values(browser: Browser) -> None:
    answer = {"oauth_token": "t", "screen_name": "mock"}
    with mock.patch.object(OAuthRemoteApp, "handle_oauth1_response", return_value=answer) as handler:
        response = browser.get("/pair?oauth_verifier=v&oauth_token=x")
    assert response.get_json() == {"kind": "oauth", "resp": answer, "nothing": None, "state": None}
    assert handler.call_count == 2
    assert handler.call_args == mock.call()


def test_p5_mocked_oauth2_handler(browser: Browser) -> None:
    with mock.patch.object(OAuthRemoteApp, "handle_oauth2_response", return_value={"access_token": "abc"}):
        assert browser.get("/callback/facebook?code=hello").text == "hello token of 3 characters of facebook"


def test_p5_mocked_authorize(browser: Browser) -> None:
    with mock.patch.object(OAuthRemoteApp, "authorize", return_value="would redirect") as authorize:
        assert browser.get("/start/twitter").text == "would redirect"
    authorize.assert_called_once_with("http://localhost/callback/twitter")


def test_p5_a_provider_of_no_registry_is_a_remote_app(load: Load) -> None:
    providers = load("p5_providers").providers
    assert [isinstance(provider, OAuthRemoteApp) for provider in providers.values()] == [True, True]
    assert isinstance(OAuth().remote_app("x", base_url="http://127.0.0.1/"), OAuthRemoteApp)
