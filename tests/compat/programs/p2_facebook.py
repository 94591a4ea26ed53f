"""P2, the Facebook tutorial: OAuth 2 in the draft's words, no grant_type, no response_type, no method."""

# ruff: noqa: F821, UP031
# S2 is put in by the loader; the rest is how people wrote
from flask import Flask, redirect, request, session, url_for

from flask_oauth import OAuth

FACEBOOK_APP_ID = CLIENT_ID
FACEBOOK_APP_SECRET = CLIENT_SECRET

app = Flask(__name__)
app.secret_key = "development key"
oauth = OAuth()

facebook = oauth.remote_app(
    "facebook",
    base_url=S2 + "/",
    request_token_url=None,
    access_token_url="/o2/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=FACEBOOK_APP_ID,
    consumer_secret=FACEBOOK_APP_SECRET,
    request_token_params={"scope": "email, "},
    **MORE,
)


@app.route("/")
def index():
    return redirect(url_for("login"))


@app.route("/login")
def login():
    return facebook.authorize(
        callback=url_for(
            "facebook_authorized", next=request.args.get("next") or request.referrer or None, _external=True
        )
    )


@app.route("/login/authorized")
@facebook.authorized_handler
def facebook_authorized(resp):
    if resp is None:
        return "Access denied: reason=%s error=%s" % (request.args["error_reason"], request.args["error_description"])
    session["oauth_token"] = (resp["access_token"], "")
    me = facebook.get("/o2/api/me?fields=id,name", data={"height": 130, "redirect": False})
    return {"me": me.data, "status": me.status, "resp": dict(resp)}


@facebook.tokengetter
def get_facebook_oauth_token():
    return session.get("oauth_token")
