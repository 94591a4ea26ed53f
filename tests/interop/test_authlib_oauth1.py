"""Authlib's OAuth 1.0a classes, as the development provider puts them together: every signature method and place."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import RSAKey
from tests.interop.site import CALLBACK, HOME, Person, Site

from flask_oauth import AccessDenied, OAuthException
from flask_oauth.development import RegisteredClient, create_provider, running_provider

METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256"]


class Visitor(Person):
    """Somebody at the development provider's pages."""

    def __init__(self, login="alice", decision="allow"):
        super().__init__(login)
        self.decision = decision

    def travel(self, url, **_):
        page = self.browser.press(self.browser.open(url), self.login)
        if not page.url.startswith(HOME):
            page = self.browser.press(page, self.decision)
        return "GET", dict(parse_qsl(urlsplit(page.url).query))


@pytest.fixture(scope="module")
def key():
    return RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def url(key):
    pem = key.public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    client = RegisteredClient("app", "hush & more/+", redirect_uris=(CALLBACK,), rsa_public_key=pem.decode())
    with running_provider(create_provider(clients=[client])) as url:
        yield url


@pytest.fixture
def site_at(url, key):
    def make(method="HMAC-SHA1", **options):
        rsa = {"rsa_key": key.as_pem(private=True).decode()} if method.startswith("RSA") else {}
        site = Site(
            **{
                "base_url": f"{url}/api/",
                "request_token_url": f"{url}/oauth1/request_token",
                "access_token_url": f"{url}/oauth1/access_token",
                "authorize_url": f"{url}/oauth1/authorize",
                "consumer_key": "app",
                "consumer_secret": "hush & more/+",
                "signature_method": method,
                **rsa,
                **options,
            }
        )
        site.corp.tokengetter(lambda: site.answers[-1].token if site.answers else None)
        return site

    return make


@pytest.mark.parametrize("method", METHODS)
def test_every_signature_method(site_at, method):
    site = site_at(method)
    answer = site.sign_in(Visitor())
    assert (answer["screen_name"], answer["user_id"]) == ("alice", "1001")
    with site.app.test_request_context():
        assert site.corp.get("me").data["screen_name"] == "alice"
        text = "naïve & “quoted” = 100 % +1 ~ é/?"
        posted = site.corp.post("statuses/update.json", data={"status": text})
        assert (posted.status, posted.data["text"]) == (200, text)


@pytest.mark.parametrize("placement", ["header", "body", "query"])
def test_every_place_for_the_parameters(site_at, placement):
    site = site_at(signature_placement=placement)
    assert site.sign_in(Visitor("bob"))["screen_name"] == "bob"
    with site.app.test_request_context():
        assert site.corp.get("me").data["screen_name"] == "bob"
        assert site.corp.post("statuses/update.json", data={"status": "é & more"}).status == 200


def test_N51_plaintext_over_http(site_at):
    with pytest.raises(OAuthException) as caught:
        site_at("PLAINTEXT").leave()
    assert caught.value.code == "oauth1_plaintext_insecure"


def test_a_wrong_secret(site_at):
    with pytest.raises(OAuthException) as caught:
        site_at(consumer_secret="wrong").leave()
    assert caught.value.type == "token_generation_failed"


def test_the_person_says_no(site_at):
    site = site_at()
    delivery = Visitor(decision="Don’t allow").travel(site.leave())
    with pytest.raises(AccessDenied):
        site.arrive(delivery)


def test_N51_the_answer_of_another_sign_in(site_at):
    site = site_at()
    site.leave()
    delivery = Visitor().travel(site_at().leave())
    with pytest.raises(OAuthException) as caught:
        site.arrive(delivery)
    assert caught.value.code == "oauth1_callback_token"


def test_a_verifier_is_good_once(site_at):
    site = site_at()
    delivery = Visitor().travel(site.leave())
    site.arrive(delivery)
    with pytest.raises(OAuthException):
        site.arrive(delivery)
    assert len(site.answers) == 1
