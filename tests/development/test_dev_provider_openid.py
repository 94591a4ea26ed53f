"""The development provider's OpenID Connect: Discovery, ID Tokens, userinfo, prompts, sign-out."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core.util import create_half_hash
from flask import Flask, request
from joserfc import jwt
from joserfc.jwk import KeySet

from flask_oauth.development import RegisteredClient, create_provider, provider_of, running_app, running_provider
from flask_oauth.development.browser import Browser, Page

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
APP = create_provider(
    clients=[
        RegisteredClient("demo", "demo-secret", "Timeline", any_loopback=True),
        RegisteredClient("curve", "curve-secret", "Curve", any_loopback=True, id_token_signed_response_alg="ES256"),
        RegisteredClient("signed", "signed-secret", "S", any_loopback=True, userinfo_signed_response_alg="RS256"),
    ]
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_provider(APP) as base:
        yield base


def document(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return dict(json.load(answer))


def authorization_url(url: str, client: str = "demo", **parameters: str) -> str:
    with OAuth2Session(client, redirect_uri=CALLBACK, scope="openid profile email", code_challenge_method="S256") as o:
        address, _ = o.create_authorization_url(f"{url}/oauth2/authorize", code_verifier=VERIFIER, **parameters)
        return str(address)


def query(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).query))


def sign_in(url: str, client: str = "demo", *, browser: Browser | None = None, **parameters: str) -> dict[str, Any]:
    browser = browser or Browser(stop_before=CALLBACK)
    page = browser.open(authorization_url(url, client, **parameters))
    page = browser.press(page, "carol") if "Who are you" in page.words else page
    code = query(browser.press(page, "allow"))["code"]
    with OAuth2Session(client, f"{client}-secret", redirect_uri=CALLBACK) as oauth:
        token = dict(oauth.fetch_token(f"{url}/oauth2/token", code=code, code_verifier=VERIFIER))
        userinfo = oauth.get(f"{url}/userinfo")
        return {**token, "userinfo": userinfo}


def verified(url: str, token: str, algorithm: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(document(f"{url}/jwks.json"))  # type: ignore[arg-type]
    return dict(jwt.decode(token, keys, algorithms=[algorithm]).claims)


@pytest.mark.parametrize("path", ["openid-configuration", "oauth-authorization-server"])
def test_the_metadata_names_this_issuer_and_real_endpoints(url: str, path: str) -> None:
    told = document(f"{url}/.well-known/{path}")
    assert told["issuer"] == url
    rules = {rule.rule for rule in APP.url_map.iter_rules()}
    addresses = [value for name, value in told.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 7
    assert {urlsplit(address).path for address in addresses} <= rules


def test_the_keys_are_public_and_named(url: str) -> None:
    keys = document(f"{url}/jwks.json")["keys"]
    assert sorted(key["kty"] for key in keys) == ["EC", "RSA"]
    assert all(key["kid"] and key["use"] == "sig" and "d" not in key for key in keys)


@pytest.mark.parametrize(("client", "algorithm"), [("demo", "RS256"), ("curve", "ES256")])
def test_the_id_token_says_who_for_whom_and_when(url: str, client: str, algorithm: str) -> None:
    token = sign_in(url, client, nonce="once", acr_values="urn:nobody urn:example:acr:two-taps")
    claims = verified(url, token["id_token"], algorithm)
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (url, client, "1003", "once")
    assert claims["at_hash"] == create_half_hash(token["access_token"], algorithm).decode()
    assert claims["acr"] == "urn:example:acr:two-taps"
    assert claims["auth_time"] <= claims["iat"] <= time.time() < claims["exp"]
    assert claims["sid"]


def test_userinfo_follows_the_scope(url: str) -> None:
    token = sign_in(url)
    assert token["userinfo"].json() == {
        "sub": "1003",
        "name": "Carol Okafor",
        "given_name": "Carol",
        "family_name": "Okafor",
        "preferred_username": "carol",
        "locale": "en",
        "email": "carol@example.com",
        "email_verified": False,
    }


def test_userinfo_can_be_signed(url: str) -> None:
    answer = sign_in(url, "signed")["userinfo"]
    assert answer.headers["Content-Type"] == "application/jwt"
    claims = verified(url, answer.text, "RS256")
    assert (claims["iss"], claims["aud"], claims["sub"]) == (url, "signed", "1003")


def test_the_id_token_of_a_refresh_has_the_first_auth_time_and_no_nonce(url: str) -> None:
    token = sign_in(url, nonce="once")
    first = verified(url, token["id_token"], "RS256")
    with OAuth2Session("demo", "demo-secret") as oauth:
        refreshed = oauth.refresh_token(f"{url}/oauth2/token", refresh_token=token["refresh_token"])
    second = verified(url, refreshed["id_token"], "RS256")
    same = ("iss", "aud", "sub", "auth_time", "sid")
    assert {name: first[name] for name in same} == {name: second[name] for name in same}
    assert "nonce" not in second


@pytest.mark.parametrize("scope", ["openid", "read"])
def test_prompt_none_shows_no_page(url: str, scope: str) -> None:
    browser = Browser(stop_before=CALLBACK)

    def ask() -> dict[str, str]:
        return query(browser.open(authorization_url(url, prompt="none").replace("openid+profile+email", scope)))

    first = ask()
    assert (first["error"], first["iss"]) == ("login_required", url)
    assert first["state"]
    browser.press(browser.open(f"{url}/sign-in"), "alice")
    assert ask()["error"] == "consent_required"
    browser.press(browser.open(authorization_url(url).replace("openid+profile+email", scope)), "allow")
    assert ask()["code"]


@pytest.mark.parametrize("parameters", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
def test_a_person_can_be_made_to_sign_in_again(url: str, parameters: dict[str, str]) -> None:
    browser = Browser(stop_before=CALLBACK)
    browser.press(browser.open(f"{url}/sign-in"), "alice")
    if "max_age" in parameters:
        time.sleep(1.1)
    page = browser.open(authorization_url(url, **parameters))
    assert "Who are you" in page.words
    page = browser.press(page, "bob")
    assert "Hello Bob" in page.words
    assert query(browser.press(page, "allow"))["code"]


def test_a_person_can_go_on_as_somebody_else(url: str) -> None:
    browser = Browser(stop_before=CALLBACK)
    browser.press(browser.open(f"{url}/sign-in"), "alice")
    page = browser.press(browser.open(authorization_url(url)), "I am not Alice")
    assert "Hello Carol" in browser.press(page, "carol").words


def test_sign_out_with_an_id_token_goes_back_at_once(url: str) -> None:
    browser = Browser(stop_before=CALLBACK)
    token = sign_in(url, browser=browser)
    wish = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": CALLBACK, "state": "s1"}
    assert browser.open(f"{url}/end_session?{urlencode(wish)}").url == f"{CALLBACK}?state=s1"
    assert "Who are you" in browser.open(authorization_url(url)).words


def test_sign_out_without_an_id_token_asks_first(url: str) -> None:
    browser = Browser(stop_before=CALLBACK)
    browser.press(browser.open(f"{url}/sign-in"), "alice")
    wish = {"client_id": "demo", "post_logout_redirect_uri": CALLBACK, "state": "s2"}
    page = browser.open(f"{url}/end_session?{urlencode(wish)}")
    assert "Sign out here too?" in page.words
    assert "Signed in as Alice" in browser.open(url).words
    assert browser.press(page, "Sign out").url == f"{CALLBACK}?state=s2"
    assert "Signed in as" not in browser.open(url).words


def test_sign_out_never_goes_to_an_address_that_is_not_registered(url: str) -> None:
    token = sign_in(url)
    wish = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": "https://evil.example/"}
    page = Browser().open(f"{url}/end_session?{urlencode(wish)}")
    assert (page.status, len(page.hops)) == (200, 1)
    assert "You are signed out" in page.words


@pytest.mark.parametrize("status", [200, 400, None])
def test_sign_out_tells_the_clients_of_the_session_by_back_channel(url: str, status: int | None) -> None:
    got: list[str] = []
    listener = Flask("listener")

    @listener.post("/backchannel-logout")
    def take() -> tuple[str, int]:
        got.append(request.form["logout_token"])
        return "", status or 200

    with running_app(listener) as address:
        store, target = provider_of(APP).store, f"{address}/backchannel-logout" if status else "http://127.0.0.1:9/"
        store.add_client(RegisteredClient("back", "back-secret", any_loopback=True, backchannel_logout_uri=target))
        browser = Browser(stop_before=CALLBACK)
        token = sign_in(url, "back", browser=browser)
        sign_in(url, "back")
        page = browser.open(f"{url}/end_session?{urlencode({'id_token_hint': token['id_token']})}")
    assert "You are signed out" in page.words
    assert len(got) == (1 if status else 0)
    for logout_token in got:
        claims = verified(url, logout_token, "RS256")
        assert (claims["iss"], claims["aud"], claims["sub"]) == (url, "back", "1003")
        assert claims["sid"] == verified(url, token["id_token"], "RS256")["sid"]
        assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
        assert "nonce" not in claims


@pytest.mark.parametrize("change", ["broken", "other client"])
def test_a_wrong_id_token_hint_is_an_error_page(url: str, change: str) -> None:
    token = sign_in(url)["id_token"]
    wish = {"id_token_hint": token[:-4] if change == "broken" else token, "client_id": "curve"}
    page = Browser().open(f"{url}/end_session?{urlencode(wish)}")
    assert (page.status, len(page.hops)) == (400, 1)
