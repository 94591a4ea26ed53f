"""Ask what a token stands for, with an answer that the provider signs (RFC 7662, RFC 9701).

Run it with ``python examples/introspection.py``: a provider on this machine stands in for yours.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.testing.strict import StrictProvider


def main(**bank: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    oauth.remote_app("bank", **bank, introspection_signed_response_alg="ES256")

    with app.app_context():
        presented = oauth.bank.as_client(scope="rates").token
        found = oauth.bank.introspect(presented)
        print(f"active: {found.active}, scopes: {sorted(found.scopes)}, client: {found.claims['client_id']}")
        print(f"a made-up one is active: {oauth.bank.introspect('made-up').active}")


if __name__ == "__main__":
    with StrictProvider() as provider:
        main(**provider.settings)
