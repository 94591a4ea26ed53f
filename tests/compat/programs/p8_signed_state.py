"""P8, second program: a signed state of the program's own, put into request_token_params before each sign-in."""

# ruff: noqa: F821
# S2 is put in by the loader; the rest is how people wrote
from flask import Flask, redirect, request, session, url_for
from itsdangerous import URLSafeSerializer

from flask_oauth import OAuth

app = Flask(__name__)
app.secret_key = "development key"
oauth = OAuth()
signer = URLSafeSerializer("state key")

douban = oauth.remote_app(
    "douban",
    base_url=S2 + "/o2/api/",
    access_token_url=S2 + "/o2/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
    access_token_method="POST",
)


@douban.tokengetter
def get_token():
    return session.get("token")


@app.route("/login")
def login():
    douban.request_token_params = {"state": signer.dumps({"next": request.args["next"]}), "scope": "basic"}
    return douban.authorize(callback=url_for("authorized", _external=True))


@app.route("/authorized")
@douban.authorized_handler
def authorized(resp):
    if resp is None:
        return "denied"
    session["token"] = (resp["access_token"], "")
    return redirect(signer.loads(request.args["state"])["next"])
