"""oidc-provider: signing out there by our wish, and here by the provider's."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.compat.servers.base import Server
from tests.interop.registered import public, site_at
from tests.interop.site import HOME, Person

from flask_oauth import IDTokenError
from flask_oauth.protocol.openid.logout import end_session_url, is_logout_return

BYE = f"{HOME}/bye"


def url_of(site, answer, **parameters):
    with site.app.app_context():
        metadata = site.corp._oauth2().metadata()
    return end_session_url(metadata, client_id="app", id_token_hint=answer["id_token"], **parameters)


def sign_out(person, url):
    page = person.browser.open(url)
    return person.browser.press(page, "yes")


def test_sign_out_at_the_provider(provider):
    site, person = site_at(provider({"post_logout_redirect_uris": [BYE]})), Person()
    answer = site.sign_in(person)
    page = sign_out(person, url_of(site, answer, post_logout_redirect_uri=BYE, state="s-1"))
    back = parse_qsl(urlsplit(page.url).query)
    assert page.url.startswith(BYE)
    assert is_logout_return(back, "s-1")
    assert not is_logout_return(back, "s-2")
    person.asked.clear()
    site.sign_in(person)
    assert person.asked[0] == "login"


def test_an_encrypted_id_token_is_no_hint_for_others_to_read(provider, keys):
    """RP-Initiated Logout §2: client_id is there so that the provider knows whose key opens the hint."""
    key = keys.of_client["ES256"]
    client = {
        "post_logout_redirect_uris": [BYE],
        "id_token_encrypted_response_alg": "ECDH-ES",
        "jwks": {"keys": [{**public(key), "use": "enc"}]},
    }
    there = provider(client, features={"encryption": {"enabled": True}})
    site, person = site_at(there, id_token_encrypted_response_alg="ECDH-ES", decryption_key=key), Person()
    answer = site.sign_in(person)
    with site.app.app_context():
        metadata = site.corp._oauth2().metadata()
    url = end_session_url(metadata, client_id="app", post_logout_redirect_uri=BYE)
    assert sign_out(person, url).url.startswith(BYE)
    assert answer["id_token"] not in url


def test_a_place_to_come_back_to_that_is_not_registered(provider):
    site, person = site_at(provider({"post_logout_redirect_uris": [BYE]})), Person()
    answer = site.sign_in(person)
    page = person.browser.open(url_of(site, answer, post_logout_redirect_uri=f"{HOME}/else"))
    assert (page.status, "post_logout_redirect_uri not registered" in page.text) == (400, True)


def test_a_logout_token_through_the_back_channel(provider):
    with Server() as receiver:
        client = {
            "post_logout_redirect_uris": [BYE],
            "backchannel_logout_uri": f"{HOME}/logout",
            "backchannel_logout_session_required": True,
        }
        there = provider(client, features={"backchannelLogout": {"enabled": True}}, application=receiver.url)
        site, person = site_at(there), Person()
        answer = site.sign_in(person)
        sign_out(person, url_of(site, answer, post_logout_redirect_uri=BYE))
        [request] = receiver.seen
    [sent] = request.values("logout_token")
    with site.app.app_context():
        token = site.corp._oauth2().openid.logout_token(sent)
    assert (token.issuer, token.subject, token.sid) == (there.issuer, "ada", answer.claims["sid"])
    other = site_at(there, client_id="else")
    with other.app.app_context(), pytest.raises(IDTokenError) as caught:
        other.corp._oauth2().openid.logout_token(sent)
    assert caught.value.code == "id_token_audience"
