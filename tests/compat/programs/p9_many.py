"""P9, many providers in blueprints: several registries, every way to wrap a handler, one session key for all tokens."""

# ruff: noqa: F821, UP008, C408
# S1 and S2 are put in by the loader; the rest is how people wrote
from flask import Blueprint, Flask, Response, request, session, url_for

from flask_oauth import OAuth

app = Flask(__name__)
app.secret_key = "development key"
bp = Blueprint("social", __name__)
oauth = OAuth()

OAUTH1 = dict(
    base_url=S1 + "/o1/api/",
    request_token_url=S1 + "/o1/request_token",
    access_token_url=S1 + "/o1/access_token",
    authorize_url=S1 + "/o1/authorize",
    consumer_key=CONSUMER_KEY,
    consumer_secret=CONSUMER_SECRET,
)
OAUTH2 = dict(
    base_url=S2 + "/o2/api/",
    access_token_url=S2 + "/o2/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET,
)

twitter = oauth.remote_app("twitter", **OAUTH1)
facebook = oauth.remote_app("facebook", request_token_params={"scope": "email"}, **OAUTH2)
mailru = oauth.remote_app("mail.ru", request_token_params={"scope": "widget"}, **OAUTH2)

# another registry, a name that is taken in the first
others = OAuth()
other_twitter = others.remote_app("twitter", **OAUTH1)
passaporte = others.remote_app("passaporte web", **OAUTH1)

unregistered = oauth.remote_app("unregistered", register=False, **OAUTH2)


def get_token(token=None):
    return session.get("token")


for remote in [twitter, facebook, mailru, other_twitter, passaporte, unregistered]:
    remote.tokengetter(get_token)


def mark_public(f):
    f.is_public = True
    return f


def remember(resp, key="access_token"):
    if resp is None:
        return "denied"
    session["token"] = (resp[key], resp.get("oauth_token_secret", ""))
    session.setdefault("signed_in", []).append(key)
    session.modified = True
    return resp[key]


@bp.route("/login/<p>")
def login(p):
    remote, target = {
        "twitter": (twitter, url_for("social.twitter_done", _external=True)),
        "facebook": (facebook, url_for("facebook_class", _external=True)),
        "mail.ru": (mailru, url_for("with_argument", p="mail.ru", _external=True)),
        "other": (other_twitter, url_for("both_other", _external=True)),
        "passaporte": (passaporte, url_for("both_passaporte", _external=True)),
    }[p]
    return remote.authorize(callback=target)


@bp.route("/cb/twitter/done", endpoint="twitter_done")
@twitter.authorized_handler
@mark_public
def twitter_view(resp):
    return remember(resp, "oauth_token")


class Done(Response):
    """A view that is a class."""

    def __init__(self, resp):
        super(Done, self).__init__("class: " + remember(resp))


app.add_url_rule("/cb/facebook", "facebook_class", facebook.authorized_handler(Done))


@app.route("/cb/<p>", endpoint="with_argument")
@mailru.authorized_handler
def with_argument(resp, p):
    return p + ": " + remember(resp)


def both(resp):
    return request.endpoint + ": " + remember(resp, "oauth_token")


app.add_url_rule("/both/other", "both_other", other_twitter.authorized_handler(both))
app.add_url_rule("/both/passaporte", "both_passaporte", passaporte.authorized_handler(both))
app.register_blueprint(bp)
