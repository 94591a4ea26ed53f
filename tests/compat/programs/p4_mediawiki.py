"""P4, MediaWiki: a subclass that exchanges the token itself because the endpoints have a query; out of band."""

# ruff: noqa: F821, UP031
# S1 is put in by the loader; the rest is how people wrote
from flask import Flask, redirect, request, session

from flask_oauth import OAuth, OAuthException, OAuthRemoteApp, parse_response

app = Flask(__name__)
app.secret_key = "development key"
registry = OAuth()


class MWOAuth(OAuthRemoteApp):
    def handle_oauth1_response(self):
        """Handles an oauth1 authorization response. Overridden because of the '?' in the URL."""
        client = self.make_client()
        resp, content = client.request(
            "%s&oauth_verifier=%s" % (self.expand_url(self.access_token_url), request.args["oauth_verifier"]),
            self.access_token_method,
        )
        data = parse_response(resp, content)
        if not self.status_okay(resp):
            raise OAuthException("Invalid response from " + self.name, type="invalid_response", data=data)
        return data


mwoauth = MWOAuth(
    registry,
    "wiki.x",
    base_url=S1 + "/o1/api/index.php",
    request_token_url=S1 + "/o1/request_token",
    request_token_params={"title": "init", "oauth_callback": "oob"},
    access_token_url=S1 + "/o1/access_token?title=token",
    authorize_url=S1 + "/o1/authorize",
    consumer_key=CONSUMER_KEY,
    consumer_secret=CONSUMER_SECRET,
)
registry.remote_apps["wiki.x"] = mwoauth

# no override: the '?' has to be dealt with by the library
plain = registry.remote_app(
    "plain",
    base_url=S1 + "/o1/api/index.php",
    request_token_url=S1 + "/o1/request_token?title=init",
    access_token_url=S1 + "/o1/access_token?title=token",
    authorize_url=S1 + "/o1/authorize?title=grant",
    consumer_key=CONSUMER_KEY,
    consumer_secret=CONSUMER_SECRET,
)


@mwoauth.tokengetter
def get_mwo_token(token=None):
    return session.get("mwo_token")


@plain.tokengetter
def get_plain_token(token=None):
    return session.get("plain_token")


@app.route("/login")
def login():
    if session.get("mwo_token"):
        session.pop("mwo_token")
    redirector = mwoauth.authorize()
    app.config["SEEN_TOKEN"] = session["wiki.x_oauthtok"][0]
    redirector.headers["Location"] += "&oauth_consumer_key=" + mwoauth.consumer_key
    return redirector


@app.route("/oauth-callback")
@mwoauth.authorized_handler
def oauth_authorized(resp):
    if resp is None:
        return "You denied the request to sign in."
    session["mwo_token"] = (resp["oauth_token"], resp["oauth_token_secret"])
    return redirect("/")


@app.route("/query")
def query():
    resp = mwoauth.post(S1 + "/o1/api/api.php?action=q", content_type="text/plain")
    return {"data": resp.data, "status": resp.status}


@app.route("/upload")
def upload():
    resp = mwoauth.post(
        S1 + "/o1/api/api.php?action=upload", data=UPLOAD, content_type="multipart/form-data; boundary=b"
    )
    return {"data": resp.data, "status": resp.status}


@app.route("/plain/login")
def plain_login():
    return plain.authorize(callback="/plain/done")


@app.route("/plain/done")
@plain.authorized_handler
def plain_done(resp):
    session["plain_token"] = (resp["oauth_token"], resp["oauth_token_secret"])
    return "signed in as " + resp["screen_name"]
