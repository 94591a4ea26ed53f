"""One worker of an application, as a process of its own: serves it on a free port, whose address it prints.

python tests/extension/logout_worker.py PROVIDER SQLITE_URL
"""

from __future__ import annotations

import sys

from flask import Flask

from flask_oauth import OAuth
from flask_oauth.development import running_app


def main(provider: str, store: str) -> None:
    app = Flask("worker")
    app.config.update(SECRET_KEY="shared by the workers", OAUTH_TOKEN_STORE=store, OAUTH_SESSION_CHECK_SECONDS=0.2)
    oauth = OAuth(app)
    oauth.remote_app(
        "corp", issuer=provider, client_id="demo", client_secret="demo-secret", scope="openid profile", title="Corp"
    )
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")

    @app.get("/")
    def home() -> str:
        return f"Hello {oauth.user.name if oauth.user else 'stranger'}"

    with running_app(app) as address:
        print(address, flush=True)
        sys.stdin.read()  # until whoever started it goes


if __name__ == "__main__":
    main(*sys.argv[1:])
