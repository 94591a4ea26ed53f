"""Sign in where there is no browser: the user answers on another device (RFC 8628).

Run it with ``python examples/device.py``: a provider on this machine stands in for yours, and its user says yes.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import AccessDenied, OAuth
from flask_oauth.testing.strict import StrictProvider


def main(**tv: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    oauth.remote_app("tv", **tv)

    with app.app_context():
        pending = oauth.tv.start_device_sign_in(scope="openid accounts")
        print(f"Go to {pending.verification_uri} and enter {pending.user_code}")
        try:
            signed_in = pending.wait()
        except AccessDenied:
            print("You said no.")
            return
        print(f"Signed in as {signed_in.id_token.subject}")
        print(oauth.tv.with_token(signed_in.token).get("accounts").data["path"])


if __name__ == "__main__":
    with StrictProvider() as provider:
        provider.delays = ["authorization_pending"]
        main(**provider.settings)
