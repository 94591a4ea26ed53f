"""Every code block of the 2010 documentation, in order; import lines, names and addresses are filled in."""

# ruff: noqa: F821, UP031
# TWITTER, FACEBOOK and FACEBOOK_LOGIN are put in by the loader
from flask import Flask, flash, get_flashed_messages, redirect, request, url_for

from flask_oauth import OAuth

app = Flask(__name__)
app.secret_key = "development key"
FACEBOOK_APP_ID = CLIENT_ID
FACEBOOK_APP_SECRET = CLIENT_SECRET

# block 1
oauth = OAuth()
the_remote_app = oauth.remote_app(
    "the remote app",
    base_url=TWITTER + "/1/",
)

# block 2
twitter = oauth.remote_app(
    "twitter",
    base_url=TWITTER + "/1/",
    request_token_url=TWITTER + "/oauth/request_token",
    access_token_url=TWITTER + "/oauth/access_token",
    authorize_url=TWITTER + "/oauth/authenticate",
    consumer_key=CONSUMER_KEY,
    consumer_secret=CONSUMER_SECRET,
)

# block 3
from flask import session  # noqa: E402


@twitter.tokengetter
def get_twitter_token():
    return session.get("twitter_token")


# block 4
@app.route("/login")
def login():
    return twitter.authorize(
        callback=url_for("oauth_authorized", next=request.args.get("next") or request.referrer or None)
    )


# block 5
from flask import redirect  # noqa: E402, F811


@app.route("/oauth-authorized")
@twitter.authorized_handler
def oauth_authorized(resp):
    next_url = request.args.get("next") or url_for("index")
    if resp is None:
        flash("You denied the request to sign in.")
        return redirect(next_url)

    session["twitter_token"] = (resp["oauth_token"], resp["oauth_token_secret"])
    session["twitter_user"] = resp["screen_name"]

    flash("You were signed in as %s" % resp["screen_name"])
    return redirect(next_url)


# block 6
@app.route("/tweet")
def tweet():
    resp = twitter.post("statuses/update.json", data={"status": "The text we want to tweet"})
    if resp.status == 403:
        flash("Your tweet was too long.")
    else:
        flash("Successfully tweeted your tweet (ID: #%s)" % resp.data["id"])
    return redirect(url_for("index"))


# block 7
@app.route("/timeline")
def timeline():
    resp = twitter.get("statuses/home_timeline.json")
    if resp.status == 200:
        tweets = resp.data
    else:
        tweets = None
        flash("Unable to load tweets from Twitter. Maybe out of API calls or Twitter is overloaded.")
    return {"tweets": tweets}


# block 8
facebook = oauth.remote_app(
    "facebook",
    base_url=FACEBOOK,
    request_token_url=None,
    access_token_url="/oauth/access_token",
    authorize_url=FACEBOOK_LOGIN + "/dialog/oauth",
    consumer_key=FACEBOOK_APP_ID,
    consumer_secret=FACEBOOK_APP_SECRET,
    request_token_params={"scope": "email"},
)


# what the text says in words: the callback is mandatory, the rest is as with Twitter
@app.route("/facebook")
def facebook_login():
    return facebook.authorize(callback=url_for("facebook_authorized", _external=True))


@app.route("/facebook-authorized")
@facebook.authorized_handler
def facebook_authorized(resp):
    session["facebook_token"] = (resp["access_token"], "")
    return "signed in"


@facebook.tokengetter
def get_facebook_token():
    return session.get("facebook_token")


@app.route("/facebook-me")
def facebook_me():
    return facebook.get("/me").data


@app.route("/")
def index():
    return "|".join(get_flashed_messages())
