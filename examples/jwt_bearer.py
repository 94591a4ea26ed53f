"""Get a token by a statement that our own key signs, as service accounts do (RFC 7523).

Run it with ``python examples/jwt_bearer.py``: a provider on this machine stands in for yours.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.testing.strict import StrictProvider


def main(**cloud: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    oauth.remote_app("cloud", **cloud)  # signing_key= is the key that the provider knows

    with app.app_context():
        api = oauth.cloud.token_for("bob@example.com", scope="calendar")
        print(f"Acting for {api.get('calendar').data['sub']}")


if __name__ == "__main__":
    with StrictProvider(authentication="private_key_jwt") as provider:
        main(**provider.settings)
