"""P3, Google by hand: every OAuth 2 parameter spelled out by the program, POST, its own Authorization header."""

# ruff: noqa: F821
# S2 is put in by the loader; the rest is how people wrote
from flask import Flask, session, url_for

from flask_oauth import OAuth

GOOGLE_CLIENT_ID = CLIENT_ID
GOOGLE_CLIENT_SECRET = CLIENT_SECRET
REDIRECT_URI = "/oauth2callback"  # one of the Redirect URIs from Google APIs console

app = Flask(__name__)
app.secret_key = "development key"
oauth = OAuth()

google = oauth.remote_app(
    "google",
    base_url=S2 + "/accounts/",
    authorize_url=S2 + "/o2/authorize",
    request_token_url=None,
    request_token_params={"scope": "https://www.googleapis.com/auth/userinfo.email", "response_type": "code"},
    access_token_url=S2 + "/o2/token",
    access_token_method="POST",
    access_token_params={"grant_type": "authorization_code"},
    consumer_key=GOOGLE_CLIENT_ID,
    consumer_secret=GOOGLE_CLIENT_SECRET,
)

# the same again, under another name, with a tokengetter
google2 = oauth.remote_app(
    "google2",
    base_url=BASE_URL,
    authorize_url=S2 + "/o2/authorize",
    request_token_url=None,
    request_token_params={"scope": "https://www.googleapis.com/auth/userinfo.email", "response_type": "code"},
    access_token_url=S2 + "/o2/token",
    access_token_method="POST",
    access_token_params={"grant_type": "authorization_code"},
    consumer_key=GOOGLE_CLIENT_ID,
    consumer_secret=GOOGLE_CLIENT_SECRET,
)


@app.route("/login")
def login():
    callback = url_for("authorized", _external=True)
    return google.authorize(callback=callback)


@app.route(REDIRECT_URI)
@google.authorized_handler
def authorized(resp):
    access_token = resp["access_token"]
    session["access_token"] = access_token, ""
    session["bare"] = access_token
    return "signed in"


@app.route("/login2")
def login2():
    return google2.authorize(callback=url_for("authorized2", _external=True))


@app.route("/oauth2callback2")
@google2.authorized_handler
def authorized2(resp):
    session["access_token"] = resp["access_token"], ""
    return "signed in"


@google2.tokengetter
def get_access_token():
    return session.get("access_token")


@app.route("/me")
def me():
    tok = session.get("access_token")[0]
    res = google2.get(url=S2 + "/o2/api/userinfo", headers={"Authorization": "OAuth " + tok})
    return {"status": res.status, "data": res.data}
