"""The development provider over OAuth 1.0a, with requests-oauthlib as the client: RFC 5849 §2 and §3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests_oauthlib import OAuth1Session

from flask_oauth.development import RegisteredClient, create_provider, provider_of, running_provider
from flask_oauth.development.browser import Browser

CALLBACK = "http://127.0.0.1:9/callback"


def pem_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


PRIVATE_PEM, PUBLIC_PEM = pem_pair()
APP = create_provider(
    clients=[
        RegisteredClient("demo", "demo-secret", "Timeline", any_loopback=True, rsa_public_key=PUBLIC_PEM),
        RegisteredClient("plain", "plain-secret", "Fixed", redirect_uris=("https://app.example/cb",)),
    ]
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_provider(APP) as base:
        yield base


def session(**options: Any) -> OAuth1Session:
    options.setdefault("callback_uri", CALLBACK)
    return OAuth1Session("demo", client_secret=options.pop("secret", "demo-secret"), **options)


def authorize(url: str, oauth: OAuth1Session, *, person: str = "alice", decision: str = "allow") -> dict[str, str]:
    browser = Browser(stop_before=CALLBACK)
    page = browser.press(browser.open(oauth.authorization_url(f"{url}/oauth1/authorize")), person)
    page = page if page.url.startswith(CALLBACK) else browser.press(page, decision)
    return dict(parse_qsl(urlsplit(page.url).query))


def signed_in(url: str, **options: Any) -> tuple[OAuth1Session, dict[str, str]]:
    oauth = session(**options)
    asked = oauth.fetch_request_token(f"{url}/oauth1/request_token")
    assert asked["oauth_callback_confirmed"] == "true"
    answer = authorize(url, oauth)
    assert answer["oauth_token"] == asked["oauth_token"]
    oauth._client.client.verifier = answer["oauth_verifier"]
    return oauth, dict(oauth.fetch_access_token(f"{url}/oauth1/access_token"))


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT", "RSA-SHA1", "RSA-SHA256"])
def test_a_whole_sign_in_with_each_signature_method(url: str, method: str) -> None:
    key = {"rsa_key": PRIVATE_PEM} if method.startswith("RSA") else {}
    with_oauth, token = signed_in(url, signature_method=method, **key)
    with with_oauth as oauth:
        assert token["screen_name"] == "alice"
        assert token["user_id"] == "1001"
        assert oauth.get(f"{url}/api/me").json()["screen_name"] == "alice"
        posted = oauth.post(f"{url}/api/statuses/update.json", data={"status": "é @you & more"})
        assert (posted.status_code, posted.json()["text"]) == (200, "é @you & more")


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "BODY", "QUERY"])
def test_credentials_are_read_from_header_body_and_query(url: str, placement: str) -> None:
    with_oauth, _ = signed_in(url, signature_type=placement)
    with with_oauth as oauth:
        data = {"status": "placed"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert oauth.post(f"{url}/api/statuses", data=data, headers=headers).status_code == 200


def test_a_refusal_is_told_with_denied(url: str) -> None:
    with session() as oauth:
        token = oauth.fetch_request_token(f"{url}/oauth1/request_token")["oauth_token"]
        assert authorize(url, oauth, decision="refuse") == {"denied": token}
        assert Browser().open(f"{url}/oauth1/authorize?oauth_token={token}").status == 400


def test_the_choice_deny_refuses_without_a_consent_page(url: str) -> None:
    with session() as oauth:
        token = oauth.fetch_request_token(f"{url}/oauth1/request_token")["oauth_token"]
        assert authorize(url, oauth, person="deny") == {"denied": token}


def test_the_choice_forged_answers_with_the_token_of_another(url: str) -> None:
    with session() as oauth:
        token = oauth.fetch_request_token(f"{url}/oauth1/request_token")["oauth_token"]
        answer = authorize(url, oauth, person="forged")
        assert answer["oauth_verifier"]
        assert answer["oauth_token"] != token


def test_the_choice_broken_makes_the_token_endpoint_fail(url: str) -> None:
    with session() as oauth:
        oauth.fetch_request_token(f"{url}/oauth1/request_token")
        oauth._client.client.verifier = authorize(url, oauth, person="broken")["oauth_verifier"]
        answer = oauth.post(f"{url}/oauth1/access_token")
        assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_out_of_band_shows_a_code_to_type(url: str) -> None:
    with session(callback_uri="oob") as oauth:
        oauth.fetch_request_token(f"{url}/oauth1/request_token")
        browser = Browser()
        page = browser.press(browser.open(oauth.authorization_url(f"{url}/oauth1/authenticate")), "alice")
        words = browser.press(page, "allow").words
        verifier = next(word for word in words.split() if word.isdigit())
        oauth._client.client.verifier = verifier
        assert oauth.fetch_access_token(f"{url}/oauth1/access_token")["screen_name"] == "alice"


def test_a_verifier_is_good_once(url: str) -> None:
    with session() as oauth:
        oauth.fetch_request_token(f"{url}/oauth1/request_token")
        oauth._client.client.verifier = authorize(url, oauth)["oauth_verifier"]
        assert oauth.post(f"{url}/oauth1/access_token").status_code == 200
        assert oauth.post(f"{url}/oauth1/access_token").status_code == 401


def test_a_wrong_verifier_is_refused(url: str) -> None:
    with session() as oauth:
        oauth.fetch_request_token(f"{url}/oauth1/request_token")
        authorize(url, oauth)
        oauth._client.client.verifier = "guessed"
        assert oauth.post(f"{url}/oauth1/access_token").status_code == 400


def test_credentials_not_yet_approved_buy_nothing(url: str) -> None:
    with session() as oauth:
        oauth.fetch_request_token(f"{url}/oauth1/request_token")
        oauth._client.client.verifier = "None"
        assert oauth.post(f"{url}/oauth1/access_token").status_code == 400


@pytest.mark.parametrize(
    ("client", "secret", "callback", "status"),
    [
        ("demo", "wrong-secret", CALLBACK, 401),
        ("nobody", "demo-secret", CALLBACK, 401),
        ("demo", "demo-secret", "https://evil.example/cb", 400),
        ("plain", "plain-secret", "https://app.example/other", 400),
        ("plain", "plain-secret", "https://app.example/cb", 200),
    ],
)
def test_temporary_credentials_for_whom(url: str, client: str, secret: str, callback: str, status: int) -> None:
    with OAuth1Session(client, client_secret=secret, callback_uri=callback) as oauth:
        assert oauth.post(f"{url}/oauth1/request_token").status_code == status


def test_the_temporary_credentials_of_another_client_are_refused(url: str) -> None:
    with session() as oauth, OAuth1Session("plain", client_secret="plain-secret") as thief:
        asked = oauth.fetch_request_token(f"{url}/oauth1/request_token")
        verifier = authorize(url, oauth)["oauth_verifier"]
        thief._client.client.resource_owner_key = asked["oauth_token"]
        thief._client.client.resource_owner_secret = asked["oauth_token_secret"]
        thief._client.client.verifier = verifier
        assert thief.post(f"{url}/oauth1/access_token").status_code == 401


def test_a_signed_request_cannot_be_replayed_nor_changed_nor_late(url: str) -> None:
    with_oauth, token = signed_in(url)
    with with_oauth as oauth:
        signed = oauth.get(f"{url}/api/me").request.headers["Authorization"]
        header = {"Authorization": signed}
        assert oauth.get(f"{url}/api/me", headers=header, auth=lambda request: request).status_code == 401
    old = {"timestamp": str(int(time.time()) - 4000), "secret": "demo-secret"}
    keys = {"resource_owner_key": token["oauth_token"], "resource_owner_secret": token["oauth_token_secret"]}
    with session(**old, **keys) as late, session(secret="wrong", **keys) as wrong:
        assert late.get(f"{url}/api/me").status_code == 400
        assert wrong.get(f"{url}/api/me").status_code == 401


@pytest.mark.parametrize("header", ["OAuth nonsense", 'OAuth oauth_consumer_key="demo"', "OAuth "])
def test_an_unreadable_authorization_header_is_an_error_of_the_client(url: str, header: str) -> None:
    browser_answer = APP.test_client().get("/api/me", headers={"Authorization": header})
    assert browser_answer.status_code == 400
    assert APP.test_client().post("/oauth1/request_token", headers={"Authorization": header}).status_code == 400


def test_a_client_without_an_rsa_key_cannot_sign_with_rsa(url: str) -> None:
    options = {"signature_method": "RSA-SHA256", "rsa_key": PRIVATE_PEM, "callback_uri": "https://app.example/cb"}
    with OAuth1Session("plain", **options) as oauth:
        assert oauth.post(f"{url}/oauth1/request_token").status_code == 401


def test_the_memory_shows_no_secret(url: str) -> None:
    _, token = signed_in(url)
    credentials = provider_of(APP).store.credentials(token["oauth_token"])
    assert token["oauth_token_secret"] not in repr(credentials)
    assert "demo-secret" not in repr(provider_of(APP).store.client("demo"))
