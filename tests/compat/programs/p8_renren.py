"""P8, a caller-owned state: a subclass that does the whole OAuth 2 dance by itself."""

# ruff: noqa: F821, UP031
# S2 is put in by the loader; the rest is how people wrote
import json

from flask import Flask, redirect, request, session, url_for

from flask_oauth import OAuth, OAuthException, OAuthRemoteApp, OAuthResponse, add_query, encode_request_data

app = Flask(__name__)
app.secret_key = "development key"
oauth = OAuth()


class RenrenRemoteApp(OAuthRemoteApp):
    def authorize(self, callback=None, next_url=None):
        params = dict(self.request_token_params)
        params["redirect_uri"] = callback
        params["client_id"] = self.consumer_key
        params["response_type"] = "code"
        params["state"] = "next=" + (next_url or "/")
        session[self.name + "_oauthredir"] = callback
        url = add_query(self.expand_url(self.authorize_url), params)
        return redirect(url)

    def handle_oauth2_response(self):
        remote_args = {
            "code": request.args.get("code"),
            "client_id": self.consumer_key,
            "client_secret": self.consumer_secret,
            "redirect_uri": session.get(self.name + "_oauthredir"),
        }
        remote_args.update(self.access_token_params)
        url = add_query(self.expand_url(self.access_token_url), remote_args)
        resp, content = self._client.request(url, self.access_token_method)
        data = json.loads(content)
        if resp["status"] != "200":
            raise OAuthException("Invalid response from " + self.name, data)
        return data

    def request(self, url, data="", headers=None, format="urlencoded", method="GET", content_type=None, token=None):
        headers = dict(headers or {})
        headers["Authorization"] = "Bearer %s" % session["token"][0]
        url = self.expand_url(url)
        if method == "GET":
            assert format == "urlencoded"
            if data:
                url = add_query(url, data)
                data = ""
        else:
            if content_type is None:
                data, content_type = encode_request_data(data, format)
            if content_type is not None:
                headers["Content-Type"] = content_type
        resp, content = self._client.request(url, method=method, body=data or "", headers=headers)
        return OAuthResponse(resp, content)


renren = RenrenRemoteApp(
    oauth,
    "renren",
    base_url=S2 + "/o2/api/",
    request_token_url=None,
    access_token_url=S2 + "/o2/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
    request_token_params={"scope": "photo_upload"},
    access_token_params={"grant_type": "authorization_code"},
)
oauth.remote_apps["renren"] = renren


@renren.tokengetter
def get_token():
    return session.get("token")


@app.route("/login")
def login():
    return renren.authorize(url_for("authorized", _external=True), next_url=request.args.get("next"))


@app.route("/authorized")
@renren.authorized_handler
def authorized(resp):
    if resp is None:
        return "denied"
    session["token"] = (resp["access_token"], "")
    return redirect(request.args["state"].partition("=")[2])


@app.route("/feed")
def feed():
    got = renren.get("feed", data={"page": 2})
    posted = renren.post("feed", data={"message": "é & more"})
    return {"got": got.data, "posted": posted.data, "status": [got.status, posted.status]}
