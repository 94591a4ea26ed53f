"""P1, the tweet tutorial: OAuth 1.0a with a module-level app, written as in 2010."""

# ruff: noqa: F821, UP031
# S1 is put in by the loader; the rest is how people wrote
from flask import Flask, flash, get_flashed_messages, redirect, request, session, url_for

from flask_oauth import OAuth

SECRET_KEY = "development key"
DEBUG = True

app = Flask(__name__)
app.debug = DEBUG
app.secret_key = SECRET_KEY
oauth = OAuth()

twitter = oauth.remote_app(
    "twitter",
    base_url=S1 + "/o1/api/",
    request_token_url=S1 + "/o1/request_token",
    access_token_url=S1 + "/o1/access_token",
    authorize_url=S1 + "/o1/authorize",
    consumer_key=CONSUMER_KEY,
    consumer_secret=CONSUMER_SECRET,
)


@twitter.tokengetter
def get_twitter_token():
    return session.get("tw")


@app.route("/")
def index():
    return "|".join(get_flashed_messages())


@app.route("/login")
def login():
    # relative, and with a query of its own
    return twitter.authorize(callback=url_for("oauth_authorized", next=request.args.get("next") or "/home?x=1&y=é"))


@app.route("/oauth-authorized")
@twitter.authorized_handler
def oauth_authorized(resp):
    next_url = request.args.get("next") or url_for("index")
    if resp is None:
        flash("You denied the request to sign in.")
        return redirect(url_for("index"))
    session["tw"] = (resp["oauth_token"], resp["oauth_token_secret"])
    session["screen_name"] = resp["screen_name"]
    flash("You were signed in as %s" % resp["screen_name"])
    return redirect(next_url)


@app.route("/timeline")
def timeline():
    resp = twitter.get("statuses.json")
    if resp.status == 200:
        return {"type": type(resp.data).__name__, "tweets": resp.data}
    return "Unable to load tweets from Twitter.", 502


@app.route("/post")
def post():
    resp = twitter.post("update.json", data={"status": "é @you & more"})
    return {"status": resp.status, "type": type(resp.data).__name__, "answer": resp.data}


@app.route("/logout")
def logout():
    session.pop("tw", None)
    return redirect(request.referrer or url_for("index"))
