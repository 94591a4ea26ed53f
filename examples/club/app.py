"""Club: ready-made sign-in with what is around it. The sign-in, sign-out and error pages are the extension's own.

``make demo`` starts it together with the development provider, which acts for GitHub and Google here. By hand:

    python -m flask_oauth.development --port 5001
    flask --app examples/club/app.py run --debug
"""

from __future__ import annotations

import os
import secrets
from typing import Any

from flask import Flask, render_template

from flask_oauth import OAuth
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.storage.account_links import MemoryAccountLinks

PROVIDER = os.environ.get("CLUB_PROVIDER", "http://127.0.0.1:5001")

app = Flask(__name__)
app.config.update(
    DEBUG=True,  # what went wrong stands below the error page
    SECRET_KEY=os.environ.get("CLUB_SECRET_KEY") or secrets.token_hex(),
    SESSION_COOKIE_NAME="club_session",  # cookies know no ports: keep clear of the provider's
    SESSION_COOKIE_SAMESITE="Lax",
    OAUTH_DEVELOPMENT_PROVIDER=PROVIDER,  # acts for every provider, on this machine only
    OAUTH_TOKEN_STORE=MemoryTokenStore(),  # sqlite:///club.db, redis://… in a real one
    OAUTH_SESSION_CHECK_SECONDS=0,
    OAUTH_BASE_TEMPLATE="base.html",
    OAUTH_AFTER_SIGN_IN="/members",
)
oauth = OAuth(app)
oauth.remote_app("github")
oauth.remote_app("google")
oauth.account_links = MemoryAccountLinks()
app.register_blueprint(oauth.blueprint, url_prefix="/auth")


@app.get("/")
def index() -> str:
    return render_template("index.html")


@app.get("/members")
@oauth.login_required
def members() -> str:
    return render_template("members.html", user=oauth.require_user(), account=oauth.account)


@app.get("/vault")
@oauth.require(acr="urn:example:acr:two-taps", max_age=600)
def vault() -> str:
    """Needs more than a usual sign-in: the visitor confirms that it is them, and comes back here."""
    return render_template("vault.html")


@app.get("/timeline")
@oauth.login_required
def timeline() -> str:
    """Calls the provider's API with the token that was kept at sign-in."""
    remote = oauth.remote_apps[oauth.require_user().provider]
    return render_template("timeline.html", tweets=remote.get("statuses/home_timeline.json").data)


@app.after_request
def strict(response: Any) -> Any:
    """The policy stops a form's redirect to a provider; the extension leads there by a page instead."""
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = policy
    return response
