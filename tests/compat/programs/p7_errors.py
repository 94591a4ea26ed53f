"""P7, errors as pages: three ways in which programs looked at an OAuthException."""

# ruff: noqa: F821, UP031
# S1 and S2 are put in by the loader; the rest is how people wrote
from flask import Flask, session, url_for

from flask_oauth import OAuth, OAuthException

app = Flask(__name__)
app.secret_key = "development key"
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

github = oauth.remote_app(
    "github",
    base_url=S2 + "/o2/api/",
    access_token_url=S2 + "/o2/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
    request_token_params={"scope": "user:email"},
)

down = oauth.remote_app(
    "down",
    base_url=NOBODY,
    request_token_url="/request_token",
    access_token_url="/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
)

down2 = oauth.remote_app(
    "down2",
    base_url=NOBODY,
    access_token_url="/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
)

for remote in oauth.remote_apps.values():
    remote.tokengetter(lambda: session.get("token"))


@app.errorhandler(OAuthException)
def handle_oauth_exception(e):
    if app.config.get("VARIANT") == 2:
        return {"message": e.message, "type": e.type, "data": repr(e.data)}, 400
    return str(e), 400


@app.route("/login/<name>")
def login(name):
    if app.config.get("VARIANT") == 3:
        try:
            return oauth.remote_apps[name].authorize(url_for("callback", name=name, _external=True))
        except OAuthException as e:
            return "caught: " + e.message
    return oauth.remote_apps[name].authorize(url_for("callback", name=name, _external=True))


@app.route("/cb/<name>")
def callback(name):
    def done(resp):
        if resp is None:
            return "denied"
        if "error" in resp or not ("access_token" in resp or "oauth_token" in resp):
            return "error in the answer: %s" % resp["error"]
        return "signed in"

    return oauth.remote_apps[name].authorized_handler(done)()


@app.route("/api/<name>")
def api(name):
    return str(oauth.remote_apps[name].get("me").status)
