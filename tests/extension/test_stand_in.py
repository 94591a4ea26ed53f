"""OAUTH_DEVELOPMENT_PROVIDER: a provider on this machine acts for every remote app; and never in production."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, redirect, url_for

from flask_oauth import AccessDenied, ConfigurationError, OAuth
from flask_oauth.development import running_app, running_provider
from flask_oauth.development.browser import Browser, Page

TODAY: dict[str, Any] = {"issuer": "https://id.corp.example", "scope": "openid"}
OAUTH2: dict[str, Any] = {
    "base_url": "https://graph.example/",
    "access_token_url": "/token",
    "authorize_url": "https://graph.example/authorize",
    "consumer_key": "live-id",
    "consumer_secret": "live-secret",
    "request_token_params": {"scope": "read"},
}
OAUTH1: dict[str, Any] = {
    "base_url": "https://api.example/1/",
    "request_token_url": "https://api.example/request_token",
    "access_token_url": "https://api.example/access_token",
    "authorize_url": "https://api.example/authenticate",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running_provider() as url:
        yield url


def site(**config: Any) -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="a key of this test", SESSION_COOKIE_NAME="site_session", DEBUG=True, **config)
    return app


def sign_in_site(provider: str, name: str, options: dict[str, Any], path: str = "me") -> Flask:
    """A program that signs in and says who it was and what the API said; no client id of its own is at hand."""
    app = site(OAUTH_DEVELOPMENT_PROVIDER=provider)
    oauth = OAuth(app)
    remote = oauth.remote_app(name, **options)

    @app.get("/")
    def start() -> Any:
        return remote.authorize(callback=url_for("done", _external=True))

    @app.get("/done")
    def done() -> Any:
        try:
            answer = remote.authorized_response()
        except AccessDenied:
            return redirect("/denied")
        return {"me": remote.get(path, token=answer.token).data, "issuer": answer.claims.get("iss")}

    return app


def walk(app: Flask, choice: str = "alice", *, allow: bool = True) -> Page:
    with running_app(app) as url:
        browser = Browser()
        page = browser.press(browser.open(url), choice)
        return browser.press(page, "allow") if allow else page


@pytest.mark.parametrize(
    ("name", "options", "path", "says"),
    [
        ("github", {}, "user", {"id": "1001", "login": "alice", "name": "Alice Moreau"}),
        ("keycloak", {}, "me", {"screen_name": "alice"}),
        ("twitter", {}, "account/verify_credentials.json", {"id_str": "1001", "screen_name": "alice"}),
        ("corp", TODAY, "me", {"screen_name": "alice"}),
        ("facebook", OAUTH2, "me", {"screen_name": "alice"}),
        ("old", OAUTH1, "me", {"screen_name": "alice"}),
    ],
)
def test_a_whole_sign_in_at_the_stand_in(
    provider: str, name: str, options: dict[str, Any], path: str, says: dict[str, str]
) -> None:
    """Presets whose placeholders have no value included: to try a program, nothing needs to be set."""
    page = walk(sign_in_site(provider, name, options, path))
    assert page.status == 200
    answer = json.loads(page.text)
    assert {member: answer["me"].get(member) for member in says} == says
    assert answer["issuer"] == (provider if name in ("github", "keycloak", "corp") else None)


def test_the_stand_in_says_what_it_knows_of_an_api(provider: str) -> None:
    page = walk(sign_in_site(provider, "github", {}, "user/repos"))
    assert json.loads(page.text)["me"] == {
        "error": "The stand-in for GitHub does not know this address.",
        "known": ["user", "user/emails"],
    }


def test_saying_no_works_there_too(provider: str) -> None:
    app = sign_in_site(provider, "github", {})
    app.add_url_rule("/denied", view_func=lambda: "You said no.")
    assert walk(app, "deny", allow=False).text == "You said no."


def test_the_programs_own_secret_does_not_go_to_the_stand_in(provider: str) -> None:
    app = site(OAUTH_DEVELOPMENT_PROVIDER=provider)
    remote = OAuth(app).remote_app("facebook", **OAUTH2)
    assert (remote.client_id, remote.client_secret) == ("demo", "demo-secret")
    assert remote.authorize_url == f"{provider}/oauth2/authorize"
    assert remote.expand_url("me") == f"{provider}/api/me"
    assert set(remote._facts.origins.values()) == {"OAUTH_DEVELOPMENT_PROVIDER"}


def test_it_is_said_loudly(provider: str, caplog: pytest.LogCaptureFixture) -> None:
    OAuth(site(OAUTH_DEVELOPMENT_PROVIDER=provider))
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"everybody signs in at {provider}" in record.getMessage()


@pytest.mark.parametrize(
    "address",
    [
        "https://provider.example",
        "http://192.168.1.5:5001",
        "http://127.0.0.1.attacker.example",
        "http://127.0.0.1@attacker.example",
        "http://localhost@attacker.example:80/",
        "//localhost",
        "ftp://127.0.0.1",
        "provider",
    ],
)
def test_only_an_address_of_this_machine_may_act_for_others(address: str) -> None:
    app = site(OAUTH_DEVELOPMENT_PROVIDER=address)
    remote = OAuth(app).remote_app("github")
    for use in (lambda: remote.base_url, lambda: remote.client_id, lambda: remote.get("user", token="t")):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert caught.value.code == "config_setting"


def test_never_outside_of_debug_mode(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = site(OAUTH_DEVELOPMENT_PROVIDER=provider)
    app.debug = False
    remote = OAuth(app).remote_app("github", client_id="live")
    with pytest.raises(ConfigurationError) as caught:
        remote.authorize(callback="/cb")
    assert "not in debug mode" in str(caught.value)
    app.debug = True
    assert remote.client_id == "demo"


def test_it_may_come_from_the_environment(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_DEVELOPMENT_PROVIDER", f"{provider}/")
    app = site()
    assert OAuth(app).remote_app("github").issuer == provider


def test_without_an_application_it_has_no_say(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_DEVELOPMENT_PROVIDER", provider)
    assert OAuth().remote_app("github").base_url == "https://api.github.com/"
