"""What a sign-in through the 2010 face must refuse of the browser's answer: N01–N05, N08, N09, N15, N51.

After each refusal nothing is stored, no request went out, and the right answer is still accepted.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.compat.servers.base import Answer
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import S2
from tests.compat.support import Browser, Site, oauth1_settings, oauth2_settings, query_of

from flask_oauth import AccessDenied, OAuth, OAuthException
from flask_oauth.errors import AuthorizationResponseError, ServerError
from flask_oauth.extension import sign_in
from flask_oauth.testing.transport import ScriptedTransport, json_response

TOKEN_PATHS = ("/o1/access_token", "/o2/token")
DOORS = pytest.mark.parametrize("door", ["/cb", "/strict"])


@pytest.fixture(params=["oauth1", "oauth2"])
def site(request: pytest.FixtureRequest, s1: S1, s2: S2) -> Site:
    """One remote app, of each protocol in turn."""
    return Site(**(oauth1_settings(s1) if request.param == "oauth1" else oauth2_settings(s2)))


@pytest.fixture
def two(s2: S2) -> Site:
    """One remote app at S2."""
    return Site(**oauth2_settings(s2))


@pytest.fixture
def one(s1: S1) -> Site:
    """One remote app at S1."""
    return Site(**oauth1_settings(s1))


@pytest.fixture(autouse=True)
def exchanges(s1: S1, s2: S2) -> Any:
    """The token requests that went out."""
    return lambda: [seen for server in (s1, s2) for seen in server.seen if seen.path in TOKEN_PATHS]


def changed(url: str, **changes: str | None) -> str:
    """A URL with parameters replaced, or left out where ``None``."""
    pairs = [(name, changes.get(name, value)) for name, value in query_of(url)]
    pairs += [(name, value) for name, value in changes.items() if name not in dict(pairs)]
    return f"{url.partition('?')[0]}?{urlencode([(name, value) for name, value in pairs if value is not None])}"


def refused(site: Site, callback: str, browser: Browser | None = None) -> OAuthException:
    """The error a callback ends in; the view was not called and nothing was stored."""
    browser = browser or site.browser
    given = len(site.given)
    before = browser.session()
    with pytest.raises(OAuthException) as caught:
        browser.get(callback)
    assert len(site.given) == given
    assert browser.session() == before
    return caught.value


def accepted(site: Site, callback: str) -> None:
    assert site.browser.get(callback).text == "done"
    assert "token" in site.browser.session()


@DOORS
def test_N01_callback_without_a_flow_cookie(site: Site, exchanges: Any, door: str) -> None:
    site.callback = door
    callback = site.browser.callback_for("/login")
    error = refused(site, callback, Browser(site.app))
    assert error.code == "state_cookie_missing"
    assert exchanges() == []
    accepted(site, callback)


@DOORS
def test_N01_callback_of_another_browser(site: Site, exchanges: Any, door: str) -> None:
    site.callback = door
    callback = site.browser.callback_for("/login")
    other = Browser(site.app)
    own = other.callback_for("/login")
    error = refused(site, callback, other)
    assert error.code in {"state_mismatch", "oauth1_callback_token"}
    assert exchanges() == []
    assert other.get(own).text == "done"
    accepted(site, callback)


def test_N01_cookie_of_another_host(two: Site, exchanges: Any) -> None:
    callback = two.browser.callback_for("/login")
    error = refused(two, callback.replace("localhost", "127.0.0.1"))
    assert error.code == "state_other_host"
    assert "127.0.0.1" in f"{error.message} {error.got}"
    assert exchanges() == []


def test_N01_cookie_sealed_with_another_key(site: Site, exchanges: Any) -> None:
    callback = site.browser.callback_for("/login")
    key, site.app.secret_key = site.app.secret_key, "another key"
    before = len(site.given)
    with pytest.raises(OAuthException) as caught:
        site.browser.get(callback)
    assert caught.value.code == "state_other_key"
    assert len(site.given) == before
    assert exchanges() == []
    site.app.secret_key = key
    accepted(site, callback)


def test_N01_key_rotated_in_between_is_accepted(site: Site) -> None:
    callback = site.browser.callback_for("/login")
    site.app.config["SECRET_KEY_FALLBACKS"] = [site.app.secret_key]
    site.app.secret_key = "the new key"
    accepted(site, callback)


@DOORS
@pytest.mark.parametrize("state", ["wrong", "", " ", "A" * 5000, "\x00", "é"])
def test_N02_wrong_state(two: Site, exchanges: Any, state: str, door: str) -> None:
    two.callback = door
    callback = two.browser.callback_for("/login")
    error = refused(two, changed(callback, state=state))
    assert error.code.startswith("state_")
    assert exchanges() == []
    accepted(two, callback)


@DOORS
def test_N02_missing_state(two: Site, exchanges: Any, door: str) -> None:
    two.callback = door
    callback = two.browser.callback_for("/login")
    assert refused(two, changed(callback, state=None)).code == "state_missing"
    assert exchanges() == []
    accepted(two, callback)


@DOORS
@pytest.mark.parametrize("second", ["same", "other"])
def test_N02_repeated_state(two: Site, exchanges: Any, second: str, door: str) -> None:
    two.callback = door
    callback = two.browser.callback_for("/login")
    again = dict(query_of(callback))["state"] if second == "same" else "other"
    error = refused(two, callback + "&" + urlencode({"state": again}))
    assert error.code == "authorization_response_repeated"
    assert exchanges() == []
    accepted(two, two.browser.callback_for("/login"))


def test_N02_state_altered_in_one_character(two: Site, exchanges: Any) -> None:
    callback = two.browser.callback_for("/login")
    state = dict(query_of(callback))["state"]
    for position in (0, len(state) // 2, len(state) - 1):
        altered = state[:position] + ("A" if state[position] != "A" else "B") + state[position + 1 :]
        assert refused(two, changed(callback, state=altered)).code.startswith("state_")
    assert exchanges() == []
    accepted(two, callback)


def test_N02_states_are_never_the_same(two: Site) -> None:
    states = {dict(query_of(two.browser.start("/login")))["state"] for _ in range(20)}
    assert len(states) == 20
    assert min(map(len, states)) >= 22  # 128 bits in base64


@DOORS
def test_N03_answer_used_twice(site: Site, exchanges: Any, door: str) -> None:
    site.callback = door
    callback = site.browser.callback_for("/login")
    accepted(site, callback)
    assert refused(site, callback).code == "state_used"
    assert len(exchanges()) == 1
    accepted(site, site.browser.callback_for("/login"))


def test_N03_the_old_cookie_put_back(site: Site, exchanges: Any) -> None:
    callback = site.browser.callback_for("/login")
    [(name, value)] = site.browser.pending_cookies().items()
    accepted(site, callback)
    thief = Browser(site.app)
    thief.client.set_cookie(name, value)
    assert refused(site, callback, thief).code == "state_used"
    assert len(exchanges()) == 1


def test_N03_a_failed_exchange_uses_the_answer_up(site: Site, s1: S1, s2: S2, exchanges: Any) -> None:
    callback = site.browser.callback_for("/login")
    for server, path in ((s1, TOKEN_PATHS[0]), (s2, TOKEN_PATHS[1])):
        server.instead[path] = Answer("no", 500, "text/plain")
    refused(site, callback)
    for server in (s1, s2):
        server.instead.clear()
    assert refused(site, callback).code == "state_used"
    assert len(exchanges()) == 1
    accepted(site, site.browser.callback_for("/login"))


@DOORS
def test_N04_answer_after_ten_minutes(site: Site, exchanges: Any, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site.callback = door
    callback = site.browser.callback_for("/login")
    began = sign_in.time.time()
    monkeypatch.setattr(sign_in, "time", SimpleNamespace(time=lambda: began + 602))
    assert refused(site, callback).code == "state_expired"
    assert exchanges() == []
    monkeypatch.setattr(sign_in, "time", SimpleNamespace(time=lambda: began + 598))
    accepted(site, callback)


def test_N04_expiry_is_named_even_when_the_browser_dropped_the_cookie(
    two: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = two.browser.callback_for("/login")
    began = sign_in.time.time()
    monkeypatch.setattr(sign_in, "time", SimpleNamespace(time=lambda: began + 602))
    assert refused(two, callback, Browser(two.app)).code == "state_expired"


def test_N05_answer_of_one_provider_at_the_callback_of_another(s2: S2, exchanges: Any) -> None:
    with S2() as attacker:
        site = Site(**oauth2_settings(s2))
        other = site.oauth.remote_app("other", **oauth2_settings(attacker))
        site.app.add_url_rule("/other", "other", other.authorized_handler(site._done))
        site.app.add_url_rule("/other/strict", "other_strict", lambda: site._done(other.authorized_response()))
        callback = site.browser.callback_for("/login")
        for path in ("/other", "/other/strict"):
            error = refused(site, callback.replace("/cb", path))
            assert error.code == "state_other_remote_app"
        assert attacker.seen == []
        assert exchanges() == []
        accepted(site, callback)


def test_N05_oauth1_answer_at_the_callback_of_another(s1: S1, exchanges: Any) -> None:
    with S1() as attacker:
        site = Site(**oauth1_settings(s1))
        other = site.oauth.remote_app("other", **oauth1_settings(attacker))
        site.app.add_url_rule("/other", "other", other.authorized_handler(site._done))
        callback = site.browser.callback_for("/login")
        assert refused(site, callback.replace("/cb", "/other")).code == "state_other_remote_app"
        assert attacker.seen == exchanges() == []
        accepted(site, callback)


@DOORS
@pytest.mark.parametrize("extra", [{"code": "other"}, {"error": "access_denied"}, {"error": ""}])
def test_N08_repeated_code_or_code_beside_error(two: Site, exchanges: Any, extra: dict[str, str], door: str) -> None:
    two.callback = door
    callback = two.browser.callback_for("/login")
    error = refused(two, callback + "&" + urlencode(extra))
    assert error.code == "authorization_response_repeated"
    assert exchanges() == []
    accepted(two, two.browser.callback_for("/login"))


@DOORS
def test_N08_empty_code(two: Site, exchanges: Any, door: str) -> None:
    two.callback = door
    callback = two.browser.callback_for("/login")
    assert refused(two, changed(callback, code="")).code == "authorization_response_no_code"
    assert exchanges() == []
    accepted(two, two.browser.callback_for("/login"))


def test_N08_answer_in_the_fragment_never_arrives(two: Site, exchanges: Any) -> None:
    callback = two.browser.callback_for("/login")
    bare = callback.partition("?")[0]  # what a server sees of …/cb#code=…&state=…
    assert two.browser.get(bare).text == "denied"
    assert refused(two, bare.replace("/cb", "/strict")).code == "state_missing"
    assert exchanges() == []
    accepted(two, callback)


EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize("query", [{}, {"state": "made up"}])
def test_N09_error_without_a_valid_state_is_not_trusted(two: Site, exchanges: Any, query: dict[str, str]) -> None:
    callback = two.browser.callback_for("/login")
    words = urlencode({"error": "server_error", "error_description": EVIL, "error_uri": "javascript:1", **query})
    error = refused(two, f"/strict?{words}")
    assert isinstance(error, AuthorizationResponseError)
    assert not isinstance(error, (AccessDenied, ServerError))
    assert EVIL not in f"{error} {error.data!r} {error.got!r} {error.__notes__}"
    # the 2010 face says None, as it did, and ends nobody's sign-in
    assert two.browser.get(f"/cb?{words}").text == "denied"
    assert exchanges() == []
    accepted(two, callback)


def test_N09_denial_with_a_valid_state(two: Site, s2: S2, exchanges: Any) -> None:
    s2.denial = {"error": "access_denied", "error_description": EVIL}
    two.callback = "/strict"
    callback = two.browser.callback_for("/login")
    error = refused(two, callback)
    assert isinstance(error, AccessDenied)
    assert EVIL not in str(error)
    assert exchanges() == []
    assert refused(two, callback).code == "state_used"


def test_N09_error_with_a_valid_state(two: Site, s2: S2) -> None:
    s2.denial = {"error": "temporarily_unavailable", "error_description": EVIL}
    two.callback = "/strict"
    error = refused(two, two.browser.callback_for("/login"))
    assert isinstance(error, ServerError)
    assert error.error == "temporarily_unavailable"
    assert error.error_description == EVIL
    assert EVIL not in str(error)


def test_N09_denial_of_another_browser_ends_nothing(site: Site, exchanges: Any) -> None:
    callback = site.browser.callback_for("/login")
    own = dict(query_of(callback))
    words = (
        {"denied": own["oauth_token"]} if "oauth_token" in own else {"error": "access_denied", "state": own["state"]}
    )
    assert Browser(site.app).get(f"/cb?{urlencode(words)}").text == "denied"
    assert exchanges() == []
    accepted(site, callback)


def test_N15_the_challenge_is_always_s256_and_checked(two: Site, s2: S2, exchanges: Any) -> None:
    two.sign_in()
    sent = s2.last("/o2/authorize")
    assert sent.values("code_challenge_method") == ["S256"]
    assert len(sent.values("code_challenge")[0]) == 43
    [exchange] = exchanges()
    assert len(exchange.values("code_verifier")[0]) >= 43
    assert exchange.values("code_verifier") != sent.values("code_challenge")


@pytest.mark.parametrize("weaker", [{"code_challenge_method": "plain"}, {"code_challenge": "x"}])
def test_N15_the_application_cannot_weaken_it(s2: S2, weaker: dict[str, str]) -> None:
    site = Site(**oauth2_settings(s2, request_token_params=weaker))
    with pytest.raises(OAuthException) as caught:
        site.browser.get("/login")
    assert caught.value.code == "config_parameter_reserved"
    assert s2.seen == []


def test_N15_metadata_that_lists_only_plain_weakens_nothing() -> None:
    issuer = "https://as.example"
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/authorize",
        "token_endpoint": issuer + "/token",
        "jwks_uri": issuer + "/jwks",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["plain"],
    }
    transport = ScriptedTransport().always("GET", issuer + "/.well-known/*", json_response(metadata))
    site = Site(OAuth().remote_app("x", issuer=issuer, client_id="id", client_secret="s", transport=transport))
    assert dict(query_of(site.browser.start("/login")))["code_challenge_method"] == "S256"


def test_N15_a_code_of_another_sign_in_is_refused_by_its_verifier(two: Site, exchanges: Any) -> None:
    first, second = two.browser.callback_for("/login"), two.browser.callback_for("/login")
    injected = changed(second, code=dict(query_of(first))["code"])
    assert refused(two, injected).type == "invalid_response"
    assert len(exchanges()) == 1


@DOORS
def test_N51_callback_for_other_temporary_credentials(one: Site, exchanges: Any, door: str) -> None:
    one.callback = door
    callback = one.browser.callback_for("/login")
    for token in ("made-up", "", "A" * 30):
        error = refused(one, changed(callback, oauth_token=token))
        assert error.code in {"oauth1_callback_token", "state_missing"}
    assert exchanges() == []
    accepted(one, callback)


def test_N51_callback_without_a_token_is_no_pin(one: Site, exchanges: Any) -> None:
    callback = one.browser.callback_for("/login")  # begun with a callback, so the token must come back
    refused(one, changed(callback, oauth_token=None))
    assert exchanges() == []
    accepted(one, callback)


@DOORS
@pytest.mark.parametrize("verifier", [None, ""])
def test_N51_verifier_missing(one: Site, exchanges: Any, door: str, verifier: str | None) -> None:
    one.callback = door
    callback = one.browser.callback_for("/login")
    assert refused(one, changed(callback, oauth_verifier=verifier)).code == "oauth1_verifier_missing"
    assert exchanges() == []
    accepted(one, one.browser.callback_for("/login"))


@pytest.mark.parametrize("confirmed", [None, "false", ""])
def test_N51_callback_not_confirmed(one: Site, s1: S1, confirmed: str | None) -> None:
    pairs = {"oauth_token": "t", "oauth_token_secret": "s", "oauth_callback_confirmed": confirmed}
    body = urlencode({name: value for name, value in pairs.items() if value is not None})
    s1.instead["/o1/request_token"] = Answer(body)
    error = refused(one, "/login")
    assert error.code == "oauth1_callback_not_confirmed"
    assert one.browser.pending_cookies() == {}
    s1.instead.clear()
    accepted(one, one.browser.callback_for("/login"))


def test_N51_plaintext_over_http(s1: S1) -> None:
    remote = OAuth().remote_app(
        "plain",
        base_url="http://intranet.example/",
        request_token_url="/request_token",
        access_token_url="/access_token",
        authorize_url="/authorize",
        consumer_key="k",
        consumer_secret="s",
        signature_method="PLAINTEXT",
        allow_http_hosts=["intranet.example"],
    )
    site = Site(remote)
    assert refused(site, "/login").code == "oauth1_plaintext_insecure"
    with pytest.raises(OAuthException) as caught:
        site.call(lambda: remote.get("me"))
    assert caught.value.code == "oauth1_plaintext_insecure"


def test_the_helper_changes_what_it_says() -> None:
    url = "http://localhost/cb?a=1&b=2"
    assert changed(url, a="x", b=None, c="3") == "http://localhost/cb?a=x&c=3"
    assert parse_qsl(urlsplit(changed(url)).query) == [("a", "1"), ("b", "2")]
