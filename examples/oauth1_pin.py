"""OAuth 1.0a without a callback: the provider shows a PIN, the user types it in.

Run it with ``python examples/oauth1_pin.py``: the development provider stands in for yours, and this program for the
person at the browser.
"""

from __future__ import annotations

from flask import Flask, request
from werkzeug.wrappers import Response

from flask_oauth import OAuth
from flask_oauth.development.browser import Browser
from flask_oauth.development.server import running_provider


def create_app(provider: str) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "change me"
    oauth = OAuth(app)
    oauth.remote_app(
        "photos",
        base_url=f"{provider}/api/",
        request_token_url=f"{provider}/oauth1/request_token",
        access_token_url=f"{provider}/oauth1/access_token",
        authorize_url=f"{provider}/oauth1/authenticate",
        consumer_key="demo",
        consumer_secret="demo-secret",
    )

    @app.get("/login")
    def login() -> Response:
        return oauth.photos.authorize()  # no callback: out of band

    @app.post("/pin")
    def pin() -> str:
        assert request.form["oauth_verifier"]  # the name of the form's one field
        return f"Signed in as {oauth.photos.authorized_response()['screen_name']}"

    @app.get("/me")
    def me() -> str:
        return f"The API knows {oauth.photos.get('me').data['name']}"

    return app


def as_a_person(url: str) -> str:
    """Sign in at the provider and read the PIN."""
    person = Browser()
    page = person.press(person.press(person.open(url), "alice"), "allow")
    return next(word for word in page.words.split() if word.isdigit())


if __name__ == "__main__":
    with running_provider() as provider:
        browser = create_app(provider).test_client()
        code = as_a_person(browser.get("/login").headers["Location"])
        print(browser.post("/pin", data={"oauth_verifier": code}).text)
        print(browser.get("/me").text)
