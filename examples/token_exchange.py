"""Call another API on behalf of whoever called ours: one token for another (RFC 8693).

Run it with ``python examples/token_exchange.py``: a provider on this machine stands in for yours.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.testing.strict import StrictProvider


def main(presented: str, **ledger: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    oauth.remote_app("ledger", **ledger)

    with app.app_context():
        api = oauth.ledger.exchange_token(presented, audience="https://ledger.example.com", scope="read")
        said = api.get("entries").data
        print(f"{said['act']} acts for {said['sub']} at {said['aud']}")


if __name__ == "__main__":
    with StrictProvider() as provider:
        app = Flask(__name__)
        with app.app_context():
            caller = OAuth(app).remote_app("caller", **provider.settings).as_client(scope="accounts").token
        main(caller.access_token, **provider.settings)
