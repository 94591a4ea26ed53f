"""Sign in and call an API as banks demand it: FAPI 2.0 in one word.

The request is signed and pushed, the answer is signed, and the tokens are bound to a key that each sign-in makes for
itself.  Run it with ``python examples/fapi.py``: a provider on this machine stands in for the bank, and this program
for the browser.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import urllib3
from flask import Flask, url_for
from werkzeug.wrappers import Response

from flask_oauth import OAuth
from flask_oauth.testing.strict import StrictProvider


def create_app(**bank: Any) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "change me"
    oauth = OAuth(app)
    oauth.remote_app("bank", **bank, profile="fapi2-message-signing")

    @app.get("/login")
    def login() -> Response:
        return oauth.bank.authorize(callback=url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> str:
        answer = oauth.bank.authorized_response()
        return f"Signed in as {answer.claims['sub']} with a {answer.token.token_type} token"

    @app.get("/accounts")
    def accounts() -> str:
        return f"{oauth.bank.get('accounts').status} from the bank"

    return app


if __name__ == "__main__":
    with StrictProvider(profile="fapi2-message-signing") as provider:
        provider.nonces = True
        browser = create_app(**provider.settings).test_client()
        at_bank = browser.get("/login").headers["Location"]
        back = urllib3.request("GET", at_bank, redirect=False).headers["Location"]
        print(f"The browser carries {len(urlsplit(at_bank).query)} characters there")
        print(browser.get(f"/callback?{urlsplit(back).query}").text)
        print(browser.get("/accounts").text)
