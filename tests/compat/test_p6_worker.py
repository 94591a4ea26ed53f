"""P6: a worker without a Flask application calls both kinds of API with the token of each call."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.sessions import SessionInterface
from tests.compat.servers.base import Seen
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2

Load = Callable[..., ModuleType]
PAGES = {"-1": (["1", "2"], "7"), "7": (["3"], "0")}


@pytest.fixture
def worker(load: Load, s1: S1, s2: S2) -> ModuleType:
    s1.tokens.update(k="s", k2="s2")
    s2.tokens.update({"page-token": CLIENT_ID, "bare-token": CLIENT_ID})
    s1.reply = page
    return load("p6_worker")


def page(seen: Seen) -> dict[str, object]:
    if "ids.json" not in seen.path:
        return {}
    ids, following = PAGES[seen.values("cursor")[0]]
    return {"ids": ids, "next": following}


def test_p6_pages_through_an_api_with_the_pair_of_the_call(s1: S1, worker: ModuleType) -> None:
    assert not has_app_context()
    assert worker.follower_ids(("k", "s")) == ["1", "2", "3"]
    calls = s1.requests_to("/o1/api/ids.json")
    assert [call.values("cursor") for call in calls] == [["-1"], ["7"]]
    assert {tuple(call.values("stringify_ids")) for call in calls} == {("True",)}
    assert {tuple(call.values("oauth_token")) for call in calls} == {("k",)}


def test_p6_posts_over_oauth1(s1: S1, worker: ModuleType) -> None:
    answer = worker.tweet(("k2", "s2"), "m")
    assert (answer.status, answer.data["token"], answer.data["form"]) == (200, "k2", [["message", "m"]])


@pytest.mark.parametrize(("user", "token"), [("u1", "page-token"), ("u2", "bare-token")])
def test_p6_posts_over_oauth2(worker: ModuleType, user: str, token: str) -> None:
    answer = worker.wall_post(user, "m")
    assert answer.data["credential"] == ["Bearer", token]
    assert answer.data["form"] == [["message", "m"]]


def test_p6_the_getters_keyerror_passes(s2: S2, worker: ModuleType) -> None:
    with pytest.raises(KeyError, match="nobody"):
        worker.wall_post("nobody", "m")
    assert s2.seen == []


def test_p6_the_getter_may_be_replaced_and_assigned(worker: ModuleType) -> None:
    assert worker.for_each_user([("k", "s"), ("k2", "s2")]) == ["k", "k2"]
    worker.twitter.tokengetter_func = lambda: ("k", "s")
    assert worker.twitter.get("me.json").data["token"] == "k"


class NoSession(SessionInterface):
    """Opening the session is an error."""

    def open_session(self, app: Any, request: Any) -> Any:
        raise AssertionError("the session was opened")


def test_p6_the_session_is_never_touched(worker: ModuleType) -> None:
    app = Flask("other")
    app.session_interface = NoSession()
    with app.app_context():
        assert worker.tweet(("k", "s"), "m").status == 200
        assert worker.wall_post("u1", "m").status == 200
