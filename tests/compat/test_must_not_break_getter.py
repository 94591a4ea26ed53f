"""What old programs rely on of the tokengetter and the wrapper: items 22 and 23 of the list, by number."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.support import Site, oauth1_settings, oauth2_settings

from flask_oauth import OAuth, OAuthException


def test_compat_22_the_getter_is_called_with_as_many_arguments_as_in_2010(s1: S1) -> None:
    site = Site(**oauth1_settings(s1))
    s1.tokens["k"] = "s"
    calls: list[tuple[Any, ...]] = []

    def getter(*args: Any) -> tuple[str, str]:
        calls.append(args)
        return ("k", "s")

    assert site.remote.tokengetter(getter) is getter
    for token in (None, "", "page", ("k", "s")):
        assert site.remote.get("me", token=token).status == 200
    assert calls == [(), (), ("page",), (("k", "s"),)]


def test_compat_22_the_getter_is_never_called_before_a_call_needs_it(s1: S1, s2: S2) -> None:
    def getter(token: Any = None) -> Any:
        raise AssertionError("called too early")

    for settings in (oauth1_settings(s1), oauth2_settings(s2)):
        site = Site(**settings)
        site.remote.tokengetter(getter)
        site.app.view_functions["cb"] = site.remote.authorized_handler(lambda resp: "ok")
        assert site.browser.sign_in("/login").text == "ok"


@pytest.mark.parametrize(
    "held",
    [("k", "s"), ["k", "s"], {"oauth_token": "k", "oauth_token_secret": "s"}, SimpleNamespace(key="k", secret="s")],
)
def test_compat_22_what_a_getter_may_return_oauth1(s1: S1, held: Any) -> None:
    s1.tokens["k"] = "s"
    site = Site(**oauth1_settings(s1))
    site.remote.tokengetter(lambda: held)
    assert site.remote.get("me").data["token"] == "k"


@pytest.mark.parametrize("held", [("t", ""), ["t", ""], "t", {"access_token": "t"}])
def test_compat_22_what_a_getter_may_return_oauth2(s2: S2, held: Any) -> None:
    s2.tokens["t"] = CLIENT_ID
    site = Site(**oauth2_settings(s2))
    site.remote.tokengetter(lambda: held)
    assert site.remote.get("me").data["credential"] == ["Bearer", "t"]


def test_compat_22_no_getter_no_token(s1: S1, s2: S2) -> None:
    for settings in (oauth1_settings(s1), oauth2_settings(s2)):
        remote = OAuth().remote_app("x", **settings)
        site = Site(remote)
        remote.tokengetter_func = None
        with pytest.raises((OAuthException, AssertionError)):
            site.call(lambda remote=remote: remote.get("me"))
    assert s1.seen == s2.seen == []


def test_compat_23_the_wrapper_is_transparent(s2: S2) -> None:
    app, remote = Flask("x"), OAuth().remote_app("x", **oauth2_settings(s2))
    answers: list[Callable[..., Any]] = [
        remote.authorized_handler(lambda resp, *args, **kwargs: (args, kwargs)),
        remote.authorized_handler(lambda resp, *args, **kwargs: {"resp": resp}),
        remote.authorized_handler(lambda resp, *args, **kwargs: None),
    ]
    with app.test_request_context("/cb"):
        assert answers[0](1, 2, x=3) == ((1, 2), {"x": 3})
        assert answers[1]() == {"resp": None}
        assert answers[2]() is None


def test_compat_23_name_and_attributes_are_copied(s2: S2) -> None:
    def view(resp: Any) -> str:
        """The text of the view."""
        return "x"

    view.is_public = True  # type: ignore[attr-defined]
    remotes = [OAuth().remote_app(name, **oauth2_settings(s2)) for name in ("a", "b")]
    wrapped: list[Any] = [remote.authorized_handler(view) for remote in remotes]
    for one in wrapped:
        assert (one.__name__, one.__doc__, one.is_public) == ("view", "The text of the view.", True)
