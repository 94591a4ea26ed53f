"""Authlib's OpenID classes, as the development provider puts them together: the everyday sign-in."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from tests.interop.registered import SECRET
from tests.interop.site import CALLBACK, HOME, Person, Site

from flask_oauth import (
    AccessDenied,
    AuthorizationResponseError,
    IDTokenError,
    OAuthException,
    ReauthorizationRequired,
    ServerError,
    UserinfoError,
)
from flask_oauth.development import RegisteredClient, create_provider, running_provider
from flask_oauth.protocol.openid.logout import end_session_url, is_logout_return
from flask_oauth.storage import MemoryTokenStore

BYE = f"{HOME}/bye"


class Visitor(Person):
    """Somebody at the development provider's pages."""

    def _answer(self, page, word):
        wish = self.login if "Who are you" in page.words else {"no": "deny"}.get(word, "allow")
        self.asked.append(wish)
        return self.browser.press(page, wish)


def client(client_id, **more):
    return RegisteredClient(
        client_id, SECRET, redirect_uris=(CALLBACK,), post_logout_redirect_uris=(BYE,), **{"name": "A test", **more}
    )


@pytest.fixture(scope="module")
def url():
    clients = [
        client("app"),
        client("curve", id_token_signed_response_alg="ES256"),
        client("signed", userinfo_signed_response_alg="RS256"),
        RegisteredClient("public", redirect_uris=(CALLBACK,), token_endpoint_auth_methods=("none",)),
    ]
    with running_provider(create_provider(clients=clients)) as url:
        yield url


def site_at(url, client_id="app", **options):
    store = {"config": {"OAUTH_TOKEN_STORE": MemoryTokenStore()}}
    known = {"issuer": url, "base_url": f"{url}/", "client_id": client_id, "client_secret": SECRET}
    given = {**known, "scope": "openid email", **store, **options}
    site = Site(**{name: value for name, value in given.items() if value is not None})
    site.owner = "7"
    return site


def sign_in(site, person=None, **more):
    return site.sign_in(person or Visitor("carol"), **more)


def call(site, path="userinfo"):
    with site.corp.for_user("7") as api:
        return api.get(path)


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post"])
def test_a_sign_in(url, method):
    site = site_at(url, token_endpoint_auth_method=method)
    site.asks_userinfo = True
    answer = sign_in(site)
    assert (answer.claims["iss"], answer.claims["sub"], answer.parameters["iss"]) == (url, "1003", url)
    assert site.people == [{"sub": "1003", "email": "carol@example.com", "email_verified": False}]


def test_a_public_client(url):
    assert sign_in(site_at(url, "public", client_secret=None)).claims["sub"] == "1003"


def test_form_post(url):
    site = site_at(url, response_mode="form_post")
    method, form = delivery = Visitor("alice").travel(site.leave())
    assert method == "POST"
    assert site.arrive(delivery).claims["sub"] == "1001"
    with pytest.raises(AuthorizationResponseError):
        site.arrive(("GET", form))


def test_es256(url):
    assert sign_in(site_at(url, "curve", id_token_signed_response_alg="ES256")).claims["aud"] == "curve"
    with pytest.raises(IDTokenError) as caught:
        sign_in(site_at(url, "curve"))
    assert caught.value.code == "id_token_algorithm"


def test_signed_userinfo(url):
    site = site_at(url, "signed", userinfo_signed_response_alg="RS256")
    site.asks_userinfo = True
    sign_in(site)
    assert site.people[-1]["email"] == "carol@example.com"
    with site.app.app_context(), pytest.raises(UserinfoError) as caught:
        site_at(url, "signed").corp.userinfo(site.answers[-1])
    assert caught.value.code == "userinfo_content_type"


def test_N37_userinfo_about_somebody_else(url):
    site = site_at(url)
    alice, bob = (sign_in(site, Visitor(name)) for name in ("alice", "bob"))
    with site.app.app_context(), pytest.raises(UserinfoError) as caught:
        site.corp.userinfo(alice.token, subject=bob.claims["sub"])
    assert caught.value.code == "userinfo_subject"


def test_refusals(url):
    site = site_at(url)
    with pytest.raises(AccessDenied):
        site.arrive(Visitor("deny").travel(site.leave()))
    with pytest.raises(ServerError) as caught:
        sign_in(site, prompt="none")
    assert caught.value.error == "login_required"
    with pytest.raises(ServerError) as caught:
        sign_in(site_at(url, client_secret="wrong"))
    assert caught.value.error == "invalid_client"


def test_max_age_and_acr(url):
    site, person = site_at(url), Visitor("carol")
    acr = "urn:example:acr:two-taps"
    answer = sign_in(site, person, max_age=60, acr=acr)
    assert (answer.claims["acr"], answer.claims["auth_time"] <= time.time()) == (acr, True)
    with pytest.raises(IDTokenError) as caught:
        sign_in(site, person, acr="urn:example:unheard-of")
    assert caught.value.code == "id_token_acr"


def test_refresh_rotates_and_a_herd_refreshes_once(url):
    site = site_at(url)
    old = sign_in(site).token
    with site.app.app_context():
        site.corp.save_token(replace(old, expires_at=time.time() - 1), owner="7")
    start = Barrier(8)

    def one(_):
        start.wait(10)
        return call(site).status

    with ThreadPoolExecutor(8) as herd:
        assert list(herd.map(one, range(8))) == [200] * 8
    with site.app.app_context():
        new = site.corp.load_token("7")
        assert new.refresh_token != old.refresh_token
        assert call(site).status == 200  # a second use of the old one would have ended the whole family
        with pytest.raises(ServerError) as caught:
            site.corp._refresh(old)
    assert caught.value.error == "invalid_grant"


def test_a_spent_refresh_token_ends_it(url):
    site = site_at(url)
    token = sign_in(site).token
    with site.app.app_context():
        site.corp._refresh(token)
        site.corp.save_token(replace(token, expires_at=time.time() - 1), owner="7")
    with pytest.raises(ReauthorizationRequired):
        call(site)


def test_revocation_and_introspection(url):
    site = site_at(url)
    token = sign_in(site).token
    with site.app.app_context():
        told = site.corp.introspect(token)
        assert (told.active, told.claims["sub"], told.scopes) == (True, "1003", {"openid", "email"})
        assert site.corp.disconnect("7") == {"refresh_token": "revoked", "access_token": "revoked"}
        assert site.corp.introspect(token).active is False
        with pytest.raises(OAuthException):
            site.corp._refresh(token)


def test_signing_out_there(url):
    site, person = site_at(url), Visitor("carol")
    answer = sign_in(site, person)
    with site.app.app_context():
        metadata = site.corp._oauth2().metadata()
    hint = {"id_token_hint": answer["id_token"], "post_logout_redirect_uri": BYE, "state": "s-1"}
    page = person.browser.open(end_session_url(metadata, client_id="app", **hint))
    assert page.url.startswith(BYE)
    assert is_logout_return([tuple(page.url.partition("?")[2].split("=", 1))], "s-1")
    person.asked.clear()
    sign_in(site, person)
    assert person.asked[0] == "carol"
