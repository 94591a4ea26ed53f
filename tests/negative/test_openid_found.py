"""Providers that somebody else names: N13 (no request to private addresses), N54 (WebFinger and registration)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from tests.negative.openid_site import Site, assert_refused_as

from flask_oauth import OAuth, OAuthException
from flask_oauth.protocol.http import HTTPRequest, HTTPResponse
from flask_oauth.testing.misbehaving import MISBEHAVIOURS, ODDITIES, MisbehavingProvider, Misbehaviour
from flask_oauth.testing.misbehaving.cases import put
from flask_oauth.transport import Urllib3Transport

PUBLIC = "https://id.example"


class Internet:
    """A transport for which one public host is the provider; everything else is as it is.

    :ivar sent: every request, as it was before it was sent.
    """

    def __init__(self, provider: MisbehavingProvider) -> None:
        self._provider = provider
        self._real = Urllib3Transport()
        self.sent: list[HTTPRequest] = []

    def send(self, request: HTTPRequest) -> HTTPResponse:
        self.sent.append(request)
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" == PUBLIC:
            url = request.url.replace(PUBLIC, self._provider.url, 1)
            answer = self._real.send(replace(request, url=url, public_hosts_only=False))
            return replace(answer, url=request.url)
        return self._real.send(request)


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider(public_url=PUBLIC) as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    running.complaints.clear()
    running.forget_requests()
    yield running
    running.behave(None)


@pytest.fixture
def internet(provider: MisbehavingProvider) -> Internet:
    return Internet(provider)


def tenant(provider: MisbehavingProvider, internet: Internet) -> Site:
    """An application whose tenants name their providers themselves."""
    return Site(provider, transport=internet, public_hosts_only=True)


def come_back(site: Site, provider: MisbehavingProvider) -> Any:
    """The browser reaches the provider by its own address."""
    return site.come_back(site.begin().replace(PUBLIC, provider.url))


# -- N13 ------------------------------------------------------------------------------------------------------

#: Addresses of this machine, of its network and of its cloud, in several spellings.
PRIVATE = (
    "https://127.0.0.1:{port}",
    "https://localhost:{port}",
    "http://127.0.0.1:{port}",
    "https://[::1]:{port}",
    "https://[::ffff:127.0.0.1]:{port}",
    "https://2130706433:{port}",
    "https://0x7f.1:{port}",
    "https://0.0.0.0:{port}",
    "https://169.254.169.254",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://172.16.0.1",
    "https://100.64.0.1",
    "https://[fd00:ec2::254]",
    "https://[fe80::1]",
)


def at(provider: MisbehavingProvider, address: str) -> str:
    return address.format(port=urlsplit(provider.url).port)


@pytest.mark.parametrize("address", PRIVATE)
def test_N13_issuer_at_a_private_address(provider: MisbehavingProvider, internet: Internet, address: str) -> None:
    site = Site(provider, transport=internet, public_hosts_only=True, issuer=at(provider, address))
    with site.refused() as caught:
        site.browser.get("/login")
    assert caught.value.code == "transport_private_address"
    assert provider.requests == []


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_N13_endpoint_at_a_private_address(
    provider: MisbehavingProvider, internet: Internet, endpoint: str, address: str
) -> None:
    url = at(provider, address) + "/internal"
    provider.behave(own("endpoint_private", metadata=put(**{endpoint: url})))
    site = tenant(provider, internet)

    def sign_in() -> None:
        come_back(site, provider)
        site.go("/userinfo")

    if url.startswith("http:"):  # a document of an https issuer that names plain http is no good in the first place
        with site.refused() as caught:
            sign_in()
        assert caught.value.code == "metadata_invalid"
    else:
        with pytest.raises(OAuthException) as caught:
            sign_in()
        assert caught.value.code == "transport_private_address"
        assert len(site.stored()) == (endpoint == "userinfo_endpoint")
    assert "/internal" not in provider.asked


def test_N13_redirect_of_a_document_to_a_private_address(provider: MisbehavingProvider, internet: Internet) -> None:
    from flask_oauth.testing.misbehaving.web import redirect_answer

    target = provider.url.replace("http:", "https:") + "/internal"
    provider.behave(own("redirected", metadata_answer=lambda answer, scene: redirect_answer(target)))
    site = tenant(provider, internet)
    with site.refused() as caught:
        site.browser.get("/login")
    assert caught.value.code == "transport_redirect"
    assert provider.asked == ["metadata"]


def test_N13_a_public_provider_is_accepted_and_every_request_is_guarded(
    provider: MisbehavingProvider, internet: Internet
) -> None:
    site = tenant(provider, internet)
    assert come_back(site, provider).text == "signed in"
    assert site.go("/userinfo")["sub"] == "alice"
    with site.app.test_request_context("/"):
        token = site.remote.load_token()
        assert token is not None
        site.remote.save_token(site.remote._refresh(token))
        site.remote.disconnect()
    assert provider.asked == ["metadata", "authorization", "token", "jwks", "userinfo", "token", *["revocation"] * 2]
    assert len(internet.sent) == 7
    assert [request.url for request in internet.sent if not request.public_hosts_only] == []
    assert provider.complaints == []


def own(name: str, **changes: Any) -> Misbehaviour:
    """A misbehaviour of this test."""
    return Misbehaviour(name=name, case="N13", meaning=name, code=None, error=None, noticed="login", changes=changes)


# -- N54 ------------------------------------------------------------------------------------------------------


@pytest.fixture
def oauth(internet: Internet) -> Iterator[OAuth]:
    app = Flask("finder")
    oauth = OAuth(app, transport=internet)
    with app.app_context():
        yield oauth


def rows(table: Any, noticed: str) -> Any:
    return pytest.mark.parametrize("row", [row for row in table.values() if row.noticed == noticed], ids=str)


@rows(MISBEHAVIOURS, "webfinger")
def test_webfinger(provider: MisbehavingProvider, oauth: OAuth, row: Misbehaviour) -> None:
    provider.behave(row.name)
    with pytest.raises(OAuthException) as caught:
        oauth.find_issuer("alice@id.example")
    assert_refused_as(caught.value, row)
    assert provider.asked[0] == "webfinger"
    assert set(provider.asked[1:]) <= {"metadata"}
    provider.behave(None)
    assert oauth.find_issuer("alice@id.example") == PUBLIC


@rows(ODDITIES, "webfinger")
def test_webfinger_accepted(provider: MisbehavingProvider, oauth: OAuth, row: Misbehaviour) -> None:
    provider.behave(row.name)
    assert oauth.find_issuer("alice@id.example") == PUBLIC


@pytest.mark.parametrize(
    "typed", ["alice@id.example", "acct:alice@id.example", "id.example", "https://id.example/alice"]
)
def test_N54_what_people_type(provider: MisbehavingProvider, oauth: OAuth, typed: str) -> None:
    assert oauth.find_issuer(typed) == PUBLIC
    assert provider.asked == ["webfinger", "metadata"]


@pytest.mark.parametrize("address", PRIVATE)
def test_N54_webfinger_names_a_private_address(provider: MisbehavingProvider, oauth: OAuth, address: str) -> None:
    href = at(provider, address)
    links = [{"rel": "http://openid.net/specs/connect/1.0/issuer", "href": href}]
    provider.behave(own("webfinger_private", webfinger=put(links=links)))
    with pytest.raises(OAuthException) as caught:
        oauth.find_issuer("alice@id.example")
    assert caught.value.code in ("transport_private_address", "webfinger_no_issuer")
    assert provider.asked == ["webfinger"]


@pytest.mark.parametrize("address", PRIVATE)
def test_N54_whoever_types_a_private_address(provider: MisbehavingProvider, oauth: OAuth, address: str) -> None:
    with pytest.raises(OAuthException) as caught:
        oauth.find_issuer(at(provider, address))
    assert caught.value.code == "transport_private_address"
    assert provider.requests == []


@pytest.mark.parametrize("typed", ["", " ", "=alice", "@alice", "alice smith", "mailto:alice@id.example", "a" * 3000])
def test_N54_what_is_no_identifier(provider: MisbehavingProvider, oauth: OAuth, typed: str) -> None:
    with pytest.raises(OAuthException) as caught:
        oauth.find_issuer(typed)
    assert caught.value.code == "webfinger_identifier"
    assert provider.requests == []


METADATA = {"redirect_uris": ["http://localhost/callback"], "client_name": "Site"}


@rows(MISBEHAVIOURS, "registration")
def test_registration(provider: MisbehavingProvider, oauth: OAuth, row: Misbehaviour) -> None:
    provider.behave(row.name)
    registrar = oauth.registration(PUBLIC)
    with pytest.raises(OAuthException) as caught:
        registrar.register(METADATA)
    assert_refused_as(caught.value, row)
    assert provider.asked == list(row.asked)
    provider.behave(None)
    assert registrar.register(METADATA).client_id == provider.client_id
    assert provider.complaints == []


@rows(ODDITIES, "registration")
def test_registration_accepted(provider: MisbehavingProvider, oauth: OAuth, row: Misbehaviour) -> None:
    provider.behave(row.name)
    assert oauth.registration(PUBLIC).register(METADATA).client_secret == provider.client_secret


def test_N54_registered_signed_in_and_gone(provider: MisbehavingProvider, internet: Internet, oauth: OAuth) -> None:
    issuer = oauth.find_issuer("alice@id.example")
    registrar = oauth.registration(issuer)
    client = registrar.register(METADATA)
    assert provider.client_secret not in repr(client)
    site = Site(
        provider, transport=internet, issuer=issuer, client_id=client.client_id, client_secret=client.client_secret
    )
    assert come_back(site, provider).text == "signed in"
    assert registrar.read(client).client_metadata["client_name"] == "Site"
    changed = registrar.update(client, {**METADATA, "client_name": "The Site"})
    assert changed.client_metadata["client_name"] == "The Site"
    registrar.delete(changed)
    assert provider.registered_metadata is None
    assert provider.complaints == []


def test_N54_management_answer_about_another_client(provider: MisbehavingProvider, oauth: OAuth) -> None:
    registrar = oauth.registration(PUBLIC)
    client = registrar.register(METADATA)
    provider.behave(own("another", management=put(client_id="another-client")))
    with pytest.raises(OAuthException) as caught:
        registrar.read(client)
    assert caught.value.code == "response_member"


def test_N54_management_moved_to_another_host_later(provider: MisbehavingProvider, oauth: OAuth) -> None:
    registrar = oauth.registration(PUBLIC)
    client = registrar.register(METADATA)
    provider.behave(own("moved", management=put(registration_client_uri="https://elsewhere.example/1")))
    with pytest.raises(OAuthException) as caught:
        registrar.read(client)
    assert caught.value.code == "registration_host"


def test_N54_registration_for_another_issuer_is_not_asked(provider: MisbehavingProvider, oauth: OAuth) -> None:
    """N11 comes first: nothing is registered at a server whose document speaks for another."""
    provider.behave("issuer_wrong")
    with pytest.raises(OAuthException) as caught:
        oauth.registration(PUBLIC).register(METADATA)
    assert caught.value.code == "metadata_issuer"
    assert "registration" not in provider.asked
