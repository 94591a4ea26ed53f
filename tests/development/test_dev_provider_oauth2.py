"""The development provider over OAuth 2, with Authlib's client: RFC 6749, 7009, 7636, 7662, 9207, 9700."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from flask_oauth.development import RegisteredClient, create_provider, provider_of, running_provider
from flask_oauth.development.browser import Browser

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
APP = create_provider(
    clients=[
        RegisteredClient("demo", "demo-secret", "Timeline", any_loopback=True),
        RegisteredClient("public", name="Pocket", any_loopback=True, token_endpoint_auth_methods=("none",)),
        RegisteredClient("fixed", "fixed-secret", "Fixed", redirect_uris=("https://app.example/cb",), scope="read"),
    ]
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_provider(APP) as base:
        yield base


def session(client: str = "demo", **options: Any) -> OAuth2Session:
    secret = None if client == "public" else f"{client}-secret"
    options = {"redirect_uri": CALLBACK, "scope": "read write", "code_challenge_method": "S256", **options}
    return OAuth2Session(client, secret, **options)


def start(url: str, oauth: OAuth2Session, **parameters: str) -> tuple[str, str]:
    address, state = oauth.create_authorization_url(f"{url}/oauth2/authorize", code_verifier=VERIFIER, **parameters)
    return str(address), str(state)


def answer_of(
    url: str, oauth: OAuth2Session, *, person: str = "alice", decision: str = "allow", **parameters: str
) -> dict[str, str]:
    browser, (address, state) = Browser(stop_before=CALLBACK), start(url, oauth, **parameters)
    page = browser.press(browser.open(address), person)
    page = page if page.url.startswith(CALLBACK) else browser.press(page, decision)
    answer = dict(parse_qsl(urlsplit(page.url).query))
    assert answer["iss"] == url
    assert answer["state"] == state or person == "forged"
    return answer


def token_of(url: str, oauth: OAuth2Session, **options: Any) -> dict[str, Any]:
    code = answer_of(url, oauth, **options)["code"]
    return dict(oauth.fetch_token(f"{url}/oauth2/token", code=code, code_verifier=VERIFIER))


@pytest.mark.parametrize("client", ["demo", "public"])
def test_a_whole_sign_in(url: str, client: str) -> None:
    method = "none" if client == "public" else "client_secret_basic"
    with session(client, token_endpoint_auth_method=method) as oauth:
        token = token_of(url, oauth, person="bob")
        assert token["token_type"] == "Bearer"
        assert token["scope"] == "read write"
        assert "id_token" not in token
        assert oauth.get(f"{url}/api/me").json()["screen_name"] == "bob"


def test_the_secret_may_travel_in_the_form(url: str) -> None:
    with session(token_endpoint_auth_method="client_secret_post") as oauth:
        assert token_of(url, oauth)["access_token"]


@pytest.mark.parametrize(("person", "decision"), [("carol", "refuse"), ("deny", "")])
def test_a_refusal_is_access_denied(url: str, person: str, decision: str) -> None:
    with session() as oauth:
        answer = answer_of(url, oauth, person=person, decision=decision)
        assert answer["error"] == "access_denied"
        assert "code" not in answer


def test_the_choice_forged_answers_with_another_state(url: str) -> None:
    with session() as oauth:
        address, state = start(url, oauth)
        browser = Browser(stop_before=CALLBACK)
        page = browser.press(browser.open(address), "forged")
        assert parse_qs(urlsplit(page.url).query)["state"] != [state]


def test_the_choice_broken_makes_the_token_endpoint_fail(url: str) -> None:
    with session() as oauth:
        code = answer_of(url, oauth, person="broken")["code"]
        answer = oauth.post(f"{url}/oauth2/token", data={"code": code}, withhold_token=True)
        assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_a_code_is_good_once_and_a_second_use_ends_its_tokens(url: str) -> None:
    with session() as oauth:
        code = answer_of(url, oauth)["code"]
        oauth.fetch_token(f"{url}/oauth2/token", code=code, code_verifier=VERIFIER)
        assert oauth.get(f"{url}/api/me").status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            oauth.fetch_token(f"{url}/oauth2/token", code=code, code_verifier=VERIFIER)
        assert oauth.get(f"{url}/api/me").status_code == 401


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "x" * 43}, {"code_verifier": None}, {"redirect_uri": CALLBACK + "/other"}]
)
def test_a_code_is_bound_to_verifier_and_redirect_uri(url: str, wrong: dict[str, Any]) -> None:
    with session() as oauth:
        code = answer_of(url, oauth)["code"]
        with pytest.raises(OAuthError, match="invalid_"):
            oauth.fetch_token(f"{url}/oauth2/token", code=code, **{"code_verifier": VERIFIER, **wrong})


def test_the_code_of_another_client_buys_nothing(url: str) -> None:
    with session() as oauth, session("public", token_endpoint_auth_method="none") as thief:
        code = answer_of(url, oauth)["code"]
        with pytest.raises(OAuthError, match="invalid_grant"):
            thief.fetch_token(f"{url}/oauth2/token", code=code, code_verifier=VERIFIER)


def test_a_wrong_secret_is_invalid_client(url: str) -> None:
    with OAuth2Session("demo", "wrong") as oauth, pytest.raises(OAuthError, match="invalid_client"):
        oauth.fetch_token(f"{url}/oauth2/token", code="any", code_verifier=VERIFIER)


@pytest.mark.parametrize("removed", ["code_challenge", "code_challenge_method"])
def test_pkce_s256_is_required_of_a_confidential_client_too(url: str, removed: str) -> None:
    with session() as oauth:
        address, state = start(url, oauth)
    query = [pair for pair in parse_qsl(urlsplit(address).query) if pair[0] != removed]
    page = Browser(stop_before=CALLBACK).open(f"{url}/oauth2/authorize?" + urlencode(query))
    answer = dict(parse_qsl(urlsplit(page.url).query))
    assert (answer["error"], answer["state"], answer["iss"]) == ("invalid_request", state, url)


@pytest.mark.parametrize(
    "change",
    [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/cb"}, {"redirect_uri": "http://u@localhost/"}],
)
def test_an_unknown_client_or_redirect_uri_is_an_error_page_and_no_redirect(url: str, change: dict[str, str]) -> None:
    with session() as oauth:
        address, _ = start(url, oauth)
    query = {**dict(parse_qsl(urlsplit(address).query)), **change}
    page = Browser().open(f"{url}/oauth2/authorize?" + urlencode(query))
    assert (page.status, len(page.hops)) == (400, 1)
    assert "wrong request" in page.words


def test_refresh_rotates_and_a_second_use_ends_the_family(url: str) -> None:
    with session() as oauth:
        first = token_of(url, oauth)
        second = oauth.refresh_token(f"{url}/oauth2/token", refresh_token=first["refresh_token"])
        assert second["refresh_token"] != first["refresh_token"]
        assert second["access_token"] != first["access_token"]
        assert oauth.get(f"{url}/api/me").status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            oauth.refresh_token(f"{url}/oauth2/token", refresh_token=first["refresh_token"])
        assert oauth.get(f"{url}/api/me").status_code == 401


def test_of_many_refreshes_at_once_one_wins(url: str) -> None:
    with session() as oauth:
        refresh_token = token_of(url, oauth)["refresh_token"]
    outcomes: list[str] = []

    def refresh() -> None:
        with session() as client:
            try:
                client.refresh_token(f"{url}/oauth2/token", refresh_token=refresh_token)
                outcomes.append("won")
            except OAuthError as error:
                outcomes.append(str(error.error))

    threads = [threading.Thread(target=refresh) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["invalid_grant"] * 5 + ["won"]


def test_an_expired_token_is_refused_and_refreshed(url: str) -> None:
    with session() as oauth:
        token = token_of(url, oauth)
        oauth.token["expires_at"] = None
        provider_of(APP).store.expire_access_tokens()
        answer = oauth.get(f"{url}/api/me")
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["WWW-Authenticate"]
        oauth.refresh_token(f"{url}/oauth2/token", refresh_token=token["refresh_token"])
        assert oauth.get(f"{url}/api/me").status_code == 200


def test_revocation_and_introspection(url: str) -> None:
    with session() as oauth:
        token = token_of(url, oauth)
        told = oauth.introspect_token(f"{url}/oauth2/introspect", token=token["access_token"]).json()
        assert (told["active"], told["username"], told["client_id"]) == (True, "alice", "demo")
        assert oauth.revoke_token(f"{url}/oauth2/revoke", token=token["refresh_token"]).status_code == 200
        assert oauth.introspect_token(f"{url}/oauth2/introspect", token=token["access_token"]).json() == {
            "active": False
        }
        assert oauth.get(f"{url}/api/me").status_code == 401
        assert oauth.revoke_token(f"{url}/oauth2/revoke", token="never-issued").status_code == 200


def test_scopes_are_narrowed_to_the_client_and_checked_by_the_api(url: str) -> None:
    with session(scope="read") as oauth:
        assert token_of(url, oauth)["scope"] == "read"
        assert oauth.post(f"{url}/api/statuses", data={"status": "hello"}).status_code == 403
    with session("fixed", redirect_uri="https://app.example/cb", scope="write") as oauth:
        browser = Browser(stop_before="https://app.example")
        page = browser.open(start(url, oauth)[0])
        assert dict(parse_qsl(urlsplit(page.url).query))["error"] == "invalid_scope"


def test_form_post_answers_with_a_form_and_no_script(url: str) -> None:
    with session() as oauth:
        browser, (address, state) = Browser(stop_before=CALLBACK), start(url, oauth, response_mode="form_post")
        page = browser.press(browser.press(browser.open(address), "alice"), "allow")
    form = page.forms[0]
    assert (form.action, form.method) == (CALLBACK, "POST")
    assert form.fields["state"] == state
    assert form.fields["iss"] == url
    assert form.fields["code"]
    assert "<script" not in page.text
