"""P6, a worker: no Flask application at all, tokens handed to each call."""

# ruff: noqa: F821, B023
# S1 and S2 are put in by the loader; the rest is how people wrote
from flask_oauth import OAuth

oauth = OAuth()

twitter = oauth.remote_app(
    "twitter",
    base_url=S1 + "/o1/api/",
    request_token_url=S1 + "/o1/request_token",
    access_token_url=S1 + "/o1/access_token",
    authorize_url=S1 + "/o1/authorize",
    consumer_key=CONSUMER_KEY,
    consumer_secret=CONSUMER_SECRET.encode("ascii"),
)

facebook = oauth.remote_app(
    "facebook",
    base_url=S2 + "/o2/api/",
    access_token_url=S2 + "/o2/token",
    authorize_url=S2 + "/o2/authorize",
    consumer_key=CLIENT_ID,
    consumer_secret=CLIENT_SECRET.encode("ascii"),
)


@twitter.tokengetter
def get_token(pair):
    return pair


TOKENS = {"u1": ("page-token", ""), "u2": "bare-token"}


@facebook.tokengetter
def get_page_token(token=None):
    return TOKENS[token]


def follower_ids(pair):
    ids, cursor = [], "-1"
    while cursor != "0":
        resp = twitter.get("ids.json", data={"cursor": cursor, "stringify_ids": True}, token=pair)
        ids.extend(resp.data["ids"])
        cursor = resp.data["next"]
    return ids


def tweet(pair, text):
    return twitter.post("/o1/api/feed", data={"message": text}, token=pair)


def wall_post(user, text):
    return facebook.post("/o2/api/feed", data={"message": text}, token=user)


def for_each_user(pairs):
    """The getter is replaced in a loop, by a closure each time."""
    answers = []
    for pair in pairs:
        twitter.tokengetter(lambda: pair)
        answers.append(twitter.get("me.json").data["token"])
    return answers
