"""A subclass that computes an attribute: what it says now counts, also where it was asked before."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from flask_oauth import ConfigurationError, OAuth, OAuthRemoteApp
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.testing import ScriptedTransport


class Tenants(OAuthRemoteApp):
    tenant = "one"

    @property
    def base_url(self) -> str:  # type: ignore[override]
        return f"https://{self.tenant}.example.com/"

    @property
    def consumer_key(self) -> str:  # type: ignore[override]
        return f"client-of-{self.tenant}"


@pytest.fixture
def remote() -> Tenants:
    app = Flask("tenants")
    app.config["SECRET_KEY"] = "a secret"
    transport = ScriptedTransport().always("GET", "*", HTTPResponse(200, Headers(), b""))
    remote = Tenants(OAuth(app), "api", transport=transport, authorize_url="/a", access_token_url="/t")
    remote.tokengetter(lambda: ("a token", ""))
    return remote


def client_id(remote: Any) -> str:
    return str(remote._oauth2().settings.client.client_id)


def test_the_client_is_that_of_the_moment(remote: Tenants) -> None:
    assert client_id(remote) == "client-of-one"
    remote.tenant = "two"
    assert client_id(remote) == "client-of-two"
    assert remote._oauth2().metadata().token_endpoint == "https://two.example.com/t"


def test_the_token_goes_to_the_host_of_the_moment_only(remote: Tenants) -> None:
    remote.get("user")
    remote.tenant = "two"
    remote.get("user")
    with pytest.raises(ConfigurationError) as caught:
        remote.get("https://one.example.com/user")
    assert caught.value.code == "token_host"


def test_an_attribute_that_is_assigned_counts_at_once() -> None:
    remote = OAuthRemoteApp(None, "api", base_url="https://one.example.com/", consumer_key="a", access_token_url="/t")
    assert client_id(remote) == "a"
    remote.consumer_key = "b"
    remote.access_token_url = "/other"
    assert client_id(remote) == "b"
    assert remote._oauth2().metadata().token_endpoint == "https://one.example.com/other"
