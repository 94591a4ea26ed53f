"""Know nothing but an API's address: its 401 leads to the authorization server that it trusts (RFC 9728).

Run it with ``python examples/protected_resource.py``: an API and a provider on this machine stand in for yours.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.testing.strict import StrictProvider


def main(api: str, **client: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    unknown = oauth.remote_app("unknown", base_url=api)

    with app.app_context():
        refused = unknown.get("", headers={"Authorization": "Bearer none-yet"})
        found = unknown.find_authorization_server("", refused)
        print(f"{refused.status}; this API wants the scopes {list(found.resource.scopes_supported)}")
        known = oauth.remote_app("known", **client, issuer=found.issuer, base_url=f"{api}/")
        answer = known.as_client(scope="accounts", resource=found.resource.resource).get("accounts")
        print(f"{answer.status} with a token of its authorization server")


if __name__ == "__main__":
    with StrictProvider() as provider:
        main(f"{provider.url}/api", client_id=provider.client_id, client_secret=provider.client_secret)
