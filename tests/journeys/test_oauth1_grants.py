"""OAuth 1.0a without a callback, with RSA keys, and two-legged, through Flask against the development provider."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, jsonify

from flask_oauth import OAuth, OAuthException, Token
from flask_oauth.development.browser import Browser
from flask_oauth.development.models import RegisteredClient
from flask_oauth.development.provider import create_provider, provider_of
from flask_oauth.development.server import running_provider
from flask_oauth.protocol.http import Headers, HTTPResponse
from flask_oauth.testing.transport import ScriptedTransport, form_response, json_response

HOME = "http://127.0.0.1:5000"


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def provider(key):
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    app = create_provider()
    store = provider_of(app).store
    store.add_client(RegisteredClient("plain", "plain-secret", any_loopback=True))
    store.add_client(RegisteredClient("signed", any_loopback=True, rsa_public_key=public.decode()))
    with running_provider(app) as url:
        yield url


def application(provider, **credentials):
    """An application whose users type in a PIN."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="for tests alone", TESTING=True)
    remote = OAuth(app).remote_app(
        "photos",
        base_url=f"{provider}/api/",
        request_token_url=f"{provider}/oauth1/request_token",
        access_token_url=f"{provider}/oauth1/access_token",
        authorize_url=f"{provider}/oauth1/authenticate",
        **credentials,
    )

    @app.route("/login")
    def login():
        return remote.authorize()

    @app.route("/pin", methods=["GET", "POST"])
    def pin():
        return jsonify(remote.authorized_response())

    @app.route("/me")
    def me():
        return jsonify(remote.get("me").data)

    return app.test_client(), remote


def pin_for(browser):
    """Sign in at the provider, as a person does, and read the PIN."""
    response = browser.get("/login", base_url=HOME)
    assert "oauth_callback" not in response.headers["Location"]
    person = Browser()
    page = person.press(person.press(person.open(response.headers["Location"]), "alice"), "allow")
    return next(word for word in page.words.split() if word.isdigit())


def type_in(browser, method, pin):
    place = {"data": {"oauth_verifier": pin}} if method == "POST" else {"query_string": {"oauth_verifier": pin}}
    return browser.open("/pin", method=method, base_url=HOME, **place)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pin_flow(provider, method):
    browser, _ = application(provider, consumer_key="plain", consumer_secret="plain-secret")
    answer = type_in(browser, method, pin_for(browser))
    assert answer.json["screen_name"] == "alice"
    assert browser.get("/me", base_url=HOME).json["screen_name"] == "alice"


def test_a_pin_is_good_once_and_in_the_browser_that_asked_for_it(provider):
    browser, _ = application(provider, consumer_key="plain", consumer_secret="plain-secret")
    pin = pin_for(browser)
    other, _ = application(provider, consumer_key="plain", consumer_secret="plain-secret")
    for someone in (other, browser):
        if someone is browser:
            assert type_in(browser, "POST", pin).status_code == 200
        with pytest.raises(OAuthException) as caught:
            type_in(someone, "POST", pin)
        assert caught.value.code == "state_missing"


def test_a_wrong_pin(provider):
    browser, _ = application(provider, consumer_key="plain", consumer_secret="plain-secret")
    pin_for(browser)
    with pytest.raises(OAuthException):
        type_in(browser, "POST", "000000")


def test_pin_flow_with_an_rsa_key(provider, key):
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    browser, _ = application(provider, consumer_key="signed", signature_method="RSA-SHA256", rsa_key=pem)
    assert type_in(browser, "POST", pin_for(browser)).json["screen_name"] == "alice"
    assert browser.get("/me", base_url=HOME).json["screen_name"] == "alice"


# -- against a script ---------------------------------------------------------------------------------------------


def scripted(**options):
    app = Flask(__name__)
    app.config.update(SECRET_KEY="for tests alone", TESTING=True)
    transport = ScriptedTransport()
    remote = OAuth(app, transport=transport).remote_app(
        "photos",
        base_url="https://photos.example.net/",
        request_token_url="initiate",
        access_token_url="token",
        authorize_url="authorize",
        consumer_key="key",
        consumer_secret="secret",
        **options,
    )
    return app, remote, transport


def test_two_legged_calls():
    app, remote, transport = scripted()
    transport.once("GET", "https://photos.example.net/rates", json_response({"EUR": 1}))
    with app.app_context():
        assert remote.as_client().get("rates").data == {"EUR": 1}
    header = transport.requests[0].headers["authorization"]
    assert "oauth_token" not in header
    assert 'oauth_consumer_key="key"' in header


def test_x_auth_access_type():
    app, remote, transport = scripted(request_token_params={"x_auth_access_type": "read"})
    answer = {"oauth_token": "t", "oauth_token_secret": "s", "oauth_callback_confirmed": "true"}
    transport.once("POST", "https://photos.example.net/initiate", form_response(answer))
    with app.test_request_context("/", base_url=HOME):
        response = remote.authorize(callback="/callback")
    assert transport.requests[0].body == b"x_auth_access_type=read"
    assert response.location == "https://photos.example.net/authorize?oauth_token=t"


def test_a_token_that_the_api_calls_expired_is_renewed_by_its_session_handle():
    app, remote, transport = scripted()
    expired = HTTPResponse(401, Headers({"WWW-Authenticate": 'OAuth oauth_problem="token_expired"'}), b"")
    transport.once("GET", "https://photos.example.net/me", expired, json_response({"id": 7}))
    renewed = {"oauth_token": "new", "oauth_token_secret": "s", "oauth_session_handle": "h2"}
    transport.once("POST", "https://photos.example.net/token", form_response(renewed))
    with app.test_request_context("/", base_url=HOME):
        remote.save_token(Token("old", "s", "OAuth1", refresh_token="h1"))
        assert remote.get("me").data == {"id": 7}
        assert remote.load_token().refresh_token == "h2"
    assert 'oauth_token="new"' in transport.requests[-1].headers["authorization"]
