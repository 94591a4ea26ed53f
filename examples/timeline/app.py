"""Timeline: sign in over OAuth 1.0a, OAuth 2 or OpenID Connect, read a timeline, post to it, sign out.

The shape is that of the Flask-OAuth example of 2010; what is new stands beside it. ``make demo`` starts it together
with the development provider. By hand:

    python -m flask_oauth.development --port 5001
    flask --app examples/timeline/app.py run
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import Any

from flask import Flask, flash, redirect, render_template, request, session, url_for

from flask_oauth import AccessDenied, AuthorizationResponseError, OAuth, OAuthException

PROVIDER = os.environ.get("TIMELINE_PROVIDER", "http://127.0.0.1:5001")
CLIENT_ID = os.environ.get("TIMELINE_CLIENT_ID", "demo")
CLIENT_SECRET = os.environ.get("TIMELINE_CLIENT_SECRET", "demo-secret")

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ.get("TIMELINE_SECRET_KEY") or secrets.token_hex(),
    SESSION_COOKIE_NAME="timeline_session",  # cookies know no ports: keep clear of the provider's
    SESSION_COOKIE_SAMESITE="Lax",  # a form on another site cannot post in your name
)
oauth = OAuth(app)

# OAuth 1.0a, written as in 2010.
twitter = oauth.remote_app(
    "twitter",
    base_url=f"{PROVIDER}/api/",
    request_token_url=f"{PROVIDER}/oauth1/request_token",
    access_token_url=f"{PROVIDER}/oauth1/access_token",
    authorize_url=f"{PROVIDER}/oauth1/authenticate",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
)

# OAuth 2, written as in 2010. State and PKCE are added without a word.
facebook = oauth.remote_app(
    "facebook",
    base_url=f"{PROVIDER}/api/",
    request_token_url=None,
    access_token_url="/oauth2/token",
    authorize_url=f"{PROVIDER}/oauth2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
    request_token_params={"scope": "read write"},
)

# OpenID Connect, written as today: the issuer says the rest.
corp = oauth.remote_app(
    "corp",
    issuer=PROVIDER,
    base_url=f"{PROVIDER}/api/",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    scope="openid profile email read write",
)

PROTOCOLS = {"twitter": "OAuth 1.0a", "facebook": "OAuth 2", "corp": "OpenID Connect"}


@twitter.tokengetter
@facebook.tokengetter
@corp.tokengetter
def get_token(token: tuple[str, str] | None = None) -> tuple[str, str] | None:
    """The token of whoever is signed in; or the one that a call was given, while somebody is signing in."""
    return token or session.get("token")


@app.route("/login/<any(twitter, facebook, corp):name>")
def login(name: str) -> Any:
    return oauth.remote_apps[name].authorize(callback=url_for(f"{name}_authorized"))


@app.route("/oauth-authorized/twitter")
@twitter.authorized_handler
def twitter_authorized(resp: Any) -> Any:
    if resp is None:
        return denied()
    return sign_in("twitter", (resp["oauth_token"], resp["oauth_token_secret"]), resp["screen_name"])


@app.route("/oauth-authorized/facebook")
@facebook.authorized_handler
def facebook_authorized(resp: Any) -> Any:
    if resp is None:
        return denied()
    token = (resp["access_token"], "")
    return sign_in("facebook", token, facebook.get("me", token=token).data["screen_name"])


@app.route("/oauth-authorized/corp")
def corp_authorized() -> Any:
    try:
        answer = corp.authorized_response()
    except AccessDenied:
        return denied()
    claims = corp.userinfo(answer)
    return sign_in("corp", (answer["access_token"], ""), claims["preferred_username"], claims=claims)


def sign_in(via: str, token: tuple[str, str], screen_name: str, *, claims: dict[str, Any] | None = None) -> Any:
    session.clear()
    session.update(via=via, token=token, screen_name=screen_name, claims=claims or {})
    flash(f"You were signed in as {screen_name}.", "good")
    return redirect(url_for("index"), 303)


def denied() -> Any:
    flash("You denied the request to sign in. Nothing was shared.", "bad")
    return redirect(url_for("index"), 303)


@app.route("/")
def index() -> Any:
    if "token" not in session:
        return render_template("welcome.html", provider=PROVIDER)
    return timeline()


def timeline(draft: str = "", problem: str | None = None, status: int = 200) -> Any:
    resp = remote().get("statuses/home_timeline.json")
    if resp.status == 401:
        session.clear()
        flash("Your sign-in has ended. Please sign in again.", "bad")
        return redirect(url_for("index"), 303)
    if resp.status != 200:
        flash("Unable to load the timeline. Maybe the provider is overloaded.", "bad")
    tweets = resp.data if resp.status == 200 else []
    return render_template("timeline.html", tweets=tweets, draft=draft, problem=problem), status


@app.post("/tweet")
def tweet() -> Any:
    if "token" not in session:
        return redirect(url_for("index"), 303)
    text = request.form["status"]
    resp = remote().post("statuses/update.json", data={"status": text})
    if resp.status != 200:
        return timeline(draft=text, problem=resp.data["error"], status=resp.status)
    flash(f"Posted. It is number {resp.data['id']}.", "good")
    return redirect(url_for("index"), 303)


@app.post("/logout")
def logout() -> Any:
    session.clear()
    flash("You were signed out.", "good")
    return redirect(url_for("index"), 303)


def remote() -> Any:
    return oauth.remote_apps[session["via"]]


@app.errorhandler(OAuthException)
def failed(error: OAuthException) -> Any:
    ours = isinstance(error, AuthorizationResponseError)  # what came through the browser; all else is the provider's
    return render_template("failed.html", error=error), 400 if ours else 502


@app.template_filter()
def ago(moment: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"


@app.context_processor
def protocol() -> dict[str, Any]:
    return {"protocols": PROTOCOLS, "via": PROTOCOLS.get(session.get("via", ""))}


@app.after_request
def strict(response: Any) -> Any:
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"
    response.headers.setdefault("Content-Security-Policy", policy)
    return response
