"""P4: MediaWiki; an overridden exchange, out of band, a query on the endpoints, bodies that must not change."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from tests.compat.servers.oauth1 import CONSUMER_KEY, S1
from tests.compat.support import Browser, query_of

Load = Callable[..., ModuleType]
UPLOAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\x00\xff&a=b\r\n--b--\r\n'


@pytest.fixture
def program(load: Load, s1: S1) -> ModuleType:
    s1.memory.registered_callback = "http://localhost/oauth-callback"
    return load("p4_mediawiki", UPLOAD=UPLOAD)


@pytest.fixture
def browser(program: ModuleType) -> Browser:
    return Browser(program.app)


def test_p4_request_token_params_travel_once(s1: S1, browser: Browser) -> None:
    browser.start("/login")
    call = s1.last("/o1/request_token")
    assert call.values("title") == ["init"]
    assert call.values("oauth_callback") == ["oob"]


def test_p4_the_redirect_may_be_amended(program: ModuleType, browser: Browser) -> None:
    location = browser.start("/login")
    token = program.app.config["SEEN_TOKEN"]
    assert query_of(location) == [("oauth_token", token), ("oauth_consumer_key", CONSUMER_KEY)]


def test_p4_overridden_exchange_signs_in(s1: S1, browser: Browser) -> None:
    done = browser.sign_in("/login")
    assert done.status_code == 302
    assert dict([browser.session()["mwo_token"]]) == s1.tokens
    exchange = s1.last("/o1/access_token")
    assert exchange.values("title") == ["token"]
    assert len(exchange.values("oauth_verifier")) == 1
    assert not [name for name in browser.session() if name.startswith("wiki.x_")]


def test_p4_signs_in_again_after_blanking_the_old_pair(s1: S1, browser: Browser) -> None:
    browser.sign_in("/login")
    first = browser.session()["mwo_token"]
    browser.sign_in("/login")
    assert browser.session()["mwo_token"] != first


def test_p4_empty_text_body_goes_with_a_header_signature(s1: S1, browser: Browser) -> None:
    browser.sign_in("/login")
    answer = browser.get("/query").get_json()
    assert answer["status"] == 200
    assert answer["data"]["args"] == [["action", "q"]]
    call = s1.last("/o1/api/api.php")
    assert call.body == b""
    assert call.headers["content-type"] == "text/plain"
    assert call.authorization.startswith("OAuth ")


def test_p4_multipart_body_arrives_byte_for_byte(s1: S1, browser: Browser) -> None:
    browser.sign_in("/login")
    assert browser.get("/upload").get_json()["status"] == 200
    call = s1.last("/o1/api/api.php")
    assert call.body == UPLOAD
    assert call.headers["content-type"] == "multipart/form-data; boundary=b"
    assert call.authorization.startswith("OAuth ")


def test_p4_signs_in_without_an_override_at_endpoints_with_a_query(s1: S1, browser: Browser) -> None:
    assert browser.sign_in("/plain/login").text == "signed in as mitsuhiko"
    assert s1.last("/o1/request_token").values("title") == ["init"]
    assert s1.last("/o1/authorize").values("title") == ["grant"]
    assert s1.last("/o1/access_token").values("title") == ["token"]


def test_p4_a_failed_exchange_is_the_programs_exception(s1: S1, program: ModuleType, browser: Browser) -> None:
    callback = browser.callback_for("/login")
    browser.app.testing = True
    with pytest.raises(program.OAuthException) as caught:
        browser.get(callback.replace("oauth_verifier=", "oauth_verifier=wrong"))
    assert caught.value.type == "invalid_response"
    assert caught.value.message == "Invalid response from wiki.x"


def test_p4_a_failed_exchange_leaves_no_request_token_behind(s1: S1, browser: Browser) -> None:
    callback = browser.callback_for("/login")
    assert browser.get(callback.replace("oauth_verifier=", "oauth_verifier=wrong")).status_code == 500
    assert browser.session() == {}  # a session cookie is one that the user can read
    browser.assert_nothing_pending()
