"""oidc-provider and ready-made sign-in: the blueprint's pages, sign-out of both kinds, and our keys fetched from us."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from tests.interop.registered import public, site_at
from tests.interop.site import HOME, Person

from flask_oauth.development import running_app
from flask_oauth.development.browser import _Reader
from flask_oauth.storage import MemoryTokenStore

CALLBACK = f"{HOME}/auth/callback/corp"
CLIENT = {
    "redirect_uris": [CALLBACK],
    "post_logout_redirect_uris": [f"{HOME}/auth/logout"],
    "backchannel_logout_uri": f"{HOME}/auth/backchannel-logout/corp",
    "backchannel_logout_session_required": True,
}
FEATURES = {"backchannelLogout": {"enabled": True}}


@contextmanager
def ready_made(there, **options):
    """A site with the blueprint, served where the provider can reach it."""
    site = site_at(there, config={"OAUTH_TOKEN_STORE": MemoryTokenStore()}, **options)
    site.oauth.owner_loader_func = None
    site.app.register_blueprint(site.oauth.blueprint, url_prefix="/auth")
    site.app.add_url_rule("/me", "me", lambda: site.oauth.user.subject if site.oauth.user else "nobody")
    with running_app(site.app) as url:
        there.change(application=url)
        yield site


def sign_in(site, person, browser=None, **form):
    browser = browser or site.browser
    response = browser.post("/auth/login/corp", base_url=HOME, data=form)
    start = response.headers.get("Location") or response.text
    url = start if start.startswith("http") else next(part for part in response.text.split('"') if "/auth?" in part)
    method, parameters = person.travel(url.replace("&amp;", "&"))
    data = {"data": parameters} if method == "POST" else {"query_string": parameters}
    answer = browser.open("/auth/callback/corp", method=method, base_url=HOME, follow_redirects=True, **data)
    assert answer.status_code in (200, 404), answer.text


def hidden(page):
    """The hidden fields of a page."""
    reader = _Reader(HOME)
    reader.feed(page.text)
    return reader.forms[0].fields


def who(browser):
    return browser.get("/me", base_url=HOME).text


@pytest.mark.parametrize("mode", [None, "form_post"])
def test_signing_in(provider, mode):
    with ready_made(provider(CLIENT), response_mode=mode) as site:
        assert who(site.browser) == "nobody"
        sign_in(site, Person("bo"))
        assert who(site.browser) == "bo"


def test_signing_out_here_and_there(provider):
    there, person = provider(CLIENT), Person()
    with ready_made(there) as site:
        sign_in(site, person)
        answer = site.browser.post("/auth/logout", base_url=HOME)
        url = answer.headers.get("Location") or next(part for part in answer.text.split('"') if "/session/end?" in part)
        page = person.browser.press(person.browser.open(url.replace("&amp;", "&")), "yes")
        assert page.url.startswith(f"{HOME}/auth/logout?")
        home = site.browser.get(page.url.removeprefix(HOME), base_url=HOME)
        assert (home.status_code, home.headers["Location"]) == (302, "/")
        assert who(site.browser) == "nobody"
        person.asked.clear()
        sign_in(site, person)
        assert person.asked[0] == "login"


def test_the_provider_ends_the_session_and_no_other(provider):
    """Back-channel logout: of one person's two browsers, the one that was signed out there."""
    there, person, elsewhere = provider(CLIENT, features=FEATURES), Person(), Person()
    with ready_made(there) as site:
        other = site.app.test_client()
        sign_in(site, person)
        sign_in(site, elsewhere, other)
        assert (who(site.browser), who(other)) == ("ada", "ada")
        page = person.browser.open(f"{there.issuer}/session/end")
        person.browser.press(page, "yes")
        assert (who(site.browser), who(other)) == ("nobody", "ada")


def test_our_keys_are_fetched_from_us(provider, keys):
    """private_key_jwt with jwks_uri, and an ID Token encrypted for a key at the same place."""
    own = {**keys.of_client["ES256"], "alg": "ES256"}
    secret = {**keys.of_client["RS256"], "kid": "for-encryption", "alg": "RSA-OAEP-256"}
    encryption = {"id_token_encrypted_response_alg": "RSA-OAEP-256"}
    client = {
        **CLIENT,
        **encryption,
        "client_secret": None,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": f"{HOME}/auth/jwks",
    }
    there = provider(client, features={"encryption": {"enabled": True}})
    with ready_made(there, client_secret=None, signing_key=own, decryption_key=secret, **encryption) as site:
        published = site.browser.get("/auth/jwks", base_url=HOME).json["keys"]
        assert [{**public(key), "kid": key["kid"]} for key in published] == published
        sign_in(site, Person())
        assert who(site.browser) == "ada"


def test_a_view_that_wants_a_stronger_sign_in(provider):
    """Step-up: the provider is asked for the context, and its ID Token must name it."""
    there, person = provider(CLIENT, acrValues=["urn:tests:one", "urn:tests:two"]), Person(acr="urn:tests:one")
    with ready_made(there) as site:
        site.app.add_url_rule("/safe", "safe", site.oauth.require(acr="urn:tests:two")(lambda: "open"))
        sign_in(site, person)
        page = site.browser.get("/safe", base_url=HOME, follow_redirects=True)
        assert (page.status_code, page.text == "open") == (200, False)
        person.says["acr"] = "urn:tests:two"
        person.browser.cookies.clear()
        sign_in(site, person, **hidden(page))
        assert site.browser.get("/safe", base_url=HOME).text == "open"
