"""Call an API as the application itself: no user, no browser (RFC 6749 §4.4).

Run it with ``python examples/client_credentials.py``: a provider on this machine stands in for yours.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.testing.strict import StrictProvider


def main(**bank: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    oauth.remote_app("bank", **bank)

    with app.app_context():
        api = oauth.bank.as_client(scope="rates")
        for currency in ("EUR", "CHF"):
            answer = api.get(f"rates/{currency}")
            print(f"{answer.data['path']} as {answer.data['sub']}: {answer.status}")


if __name__ == "__main__":
    with StrictProvider() as provider:
        main(**provider.settings)
        print(f"tokens asked for: {provider.asked.count('token')}")
