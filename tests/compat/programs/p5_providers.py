"""P5, provider classes: remote apps without a registry, subclassed, wrapped and called inside views."""

# ruff: noqa: F821, UP004, UP008, UP031
# S1 and S2 are put in by the loader; the rest is how people wrote
from flask import Flask, abort, jsonify, request, url_for

from flask_oauth import OAuthRemoteApp

app = Flask(__name__)
app.secret_key = "development key"


class Base(OAuthRemoteApp):
    def __init__(self, *a, **kw):
        super(Base, self).__init__(None, *a, **kw)
        self.tokengetter(lambda: None)


class TwitterProvider(Base):
    def __init__(self, **kwargs):
        defaults = {
            "name": "twitter",
            "base_url": S1 + "/o1/api/",
            "request_token_url": S1 + "/o1/request_token",
            "access_token_url": S1 + "/o1/access_token",
            "authorize_url": S1 + "/o1/authorize",
        }
        defaults.update(kwargs)
        super(TwitterProvider, self).__init__(**defaults)

    def get_profile(self, resp):
        return resp["screen_name"]


class FacebookProvider(Base):
    def __init__(self, **kwargs):
        defaults = {
            "name": "facebook",
            "base_url": S2 + "/",
            "request_token_url": None,
            "access_token_url": "/o2/token",
            "authorize_url": S2 + "/o2/authorize",
        }
        defaults.update(kwargs)
        super(FacebookProvider, self).__init__(**defaults)

    def get_profile(self, resp):
        return "token of %d characters" % len(resp["access_token"])


providers = {
    "twitter": TwitterProvider(consumer_key=CONSUMER_KEY, consumer_secret=CONSUMER_SECRET),
    "facebook": FacebookProvider(
        consumer_key=CLIENT_ID, consumer_secret=CLIENT_SECRET, request_token_params={"scope": "email"}
    ),
}


class Views(object):
    def done(self, resp, provider):
        if resp is None:
            return "denied by %s" % provider.name
        return "hello %s of %s" % (provider.get_profile(resp), provider.name)

    def callback(self, name):
        provider = providers.get(name) or abort(404)
        return provider.authorized_handler(self.done)(provider=provider)


views = Views()
app.add_url_rule("/callback/<name>", "callback", views.callback)


@app.route("/start/<name>")
def start(name):
    return providers[name].authorize(url_for("callback", name=name, _external=True))


@app.route("/pair")
def pair():
    # the handler's answer is for the caller, not for Flask
    kind, resp = providers["twitter"].authorized_handler(lambda resp: ("oauth", resp))()
    nothing = providers["twitter"].authorized_handler(lambda resp: None)()
    return jsonify(kind=kind, resp=resp, nothing=nothing, state=request.args.get("state"))
