"""What old programs rely on while a user signs in: items 1, 2, 7 to 12, 14, 19 and 20 of the list, by number.

Each is small and about one thing; whole programs are in test_p1 … test_p9.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from flask import redirect, request, session
from tests.compat.servers.base import Answer
from tests.compat.servers.oauth1 import S1
from tests.compat.servers.oauth2 import CLIENT_ID, S2
from tests.compat.support import Browser, Site, fetch, oauth1_settings, oauth2_settings, query_of

from flask_oauth import OAuth, OAuthException, OAuthRemoteApp, add_query, parse_response


def test_compat_01_hand_added_parameters_are_sent_once_and_win(s2: S2) -> None:
    site = Site(
        **oauth2_settings(
            s2,
            request_token_params={"response_type": "code", "client_id": CLIENT_ID, "scope": "a", "display": "popup"},
            access_token_params={"grant_type": "authorization_code", "client_id": CLIENT_ID, "extra": "1"},
        )
    )
    site.sign_in()
    sent, exchange = s2.last("/o2/authorize"), s2.last("/o2/token")
    assert sent.repeated() == exchange.repeated() == []
    assert (sent.values("display"), sent.values("scope")) == (["popup"], ["a"])
    assert (exchange.values("grant_type"), exchange.values("extra")) == (["authorization_code"], ["1"])


def test_compat_01_the_programs_value_wins(s2: S2) -> None:
    def old_grant(seen: Any) -> Answer:
        return Answer("access_token=t")

    s2.instead["/o2/token"] = old_grant
    site = Site(**oauth2_settings(s2, access_token_params={"grant_type": "something_of_2010"}))
    assert site.sign_in()["access_token"] == "t"
    assert s2.last("/o2/token").values("grant_type") == ["something_of_2010"]


def test_compat_01_grant_type_is_given_to_programs_without(s2: S2) -> None:
    Site(**oauth2_settings(s2)).sign_in()
    assert s2.last("/o2/token").values("grant_type") == ["authorization_code"]


def test_compat_02_token_request_is_a_post_without_a_query(s2: S2) -> None:
    Site(**oauth2_settings(s2)).sign_in()
    assert (s2.last("/o2/token").method, s2.last("/o2/token").query) == ("POST", [])


def test_compat_02_get_is_honoured_with_a_warning(s2: S2) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Site(**oauth2_settings(s2, access_token_method="GET")).sign_in()
    assert s2.last("/o2/token").method == "GET"
    assert [warning for warning in caught if "GET" in str(warning.message)]


def test_compat_02_any_other_method_is_an_error(s2: S2) -> None:
    def whole_sign_in() -> None:
        Site(**oauth2_settings(s2, access_token_method="PUT")).sign_in()

    with pytest.raises(OAuthException, match=r"PUT|access_token_method"):
        whole_sign_in()
    assert s2.requests_to("/o2/token") == []


def test_compat_03_none_as_key_reaches_the_getter_before_login(s2: S2) -> None:
    site = Site(**oauth2_settings(s2))
    site.remote.tokengetter(lambda: (None, ""))
    site.sign_in()
    with pytest.raises(OAuthException):
        site.call(lambda: site.remote.get("me"))
    assert s2.requests_to("/o2/api/me") == []


def test_compat_07_a_token_of_last_month_does_not_sign_the_exchange(s1: S1) -> None:
    site = Site(**oauth1_settings(s1))
    site.remote.tokengetter(lambda: ("last month", "its secret"))
    answer = site.sign_in()
    assert answer["oauth_token"] in s1.tokens
    assert s1.last("/o1/access_token").values("oauth_token") == s1.last("/o1/authorize").values("oauth_token")


def test_compat_08_relative_callback_is_joined_with_the_request(s1: S1) -> None:
    site = Site(**oauth1_settings(s1))
    site.callback = "cb?next=/home"
    site.sign_in()
    assert s1.last("/o1/request_token").values("oauth_callback") == ["http://localhost/cb?next=/home"]


@pytest.mark.parametrize(
    "callback", ["/cb?next=/é&x=ü", "/cb?next=%2Fhome%3Fx%3D1%26y%3D2", "/cb?next=/a b", "/cb?empty=&next=&n=1&n=2"]
)
def test_compat_08_callback_with_its_own_query_oauth1(s1: S1, callback: str) -> None:
    site = Site(**oauth1_settings(s1))
    site.callback = callback
    site.sign_in()
    [sent] = s1.last("/o1/request_token").values("oauth_callback")
    assert query_of(sent) == query_of(callback)


@pytest.mark.parametrize(
    "callback",
    ["/cb?next=%2F%C3%A9&x=1", "/cb?next=%2Fhome%3Fx%3D1%26y%3D2", "/cb?empty=&next=&n=1&n=2", "/cb?next=/é"],
)
def test_compat_08_callback_with_its_own_query_oauth2(s2: S2, callback: str) -> None:
    site = Site(**oauth2_settings(s2))
    site.callback = callback
    site.sign_in()
    asked, exchanged = s2.last("/o2/authorize").values("redirect_uri"), s2.last("/o2/token").values("redirect_uri")
    assert asked == exchanged
    assert query_of(asked[0]) == query_of(callback)


def test_compat_08_relative_callback_oauth2(s2: S2) -> None:
    site = Site(**oauth2_settings(s2))
    with site.app.test_request_context("/sub/page"):
        location = site.remote.authorize(callback="../cb").headers["Location"]
    assert dict(query_of(location))["redirect_uri"] == "http://localhost/cb"


def test_compat_09_authorize_without_callback_is_out_of_band(s1: S1) -> None:
    site = Site(**oauth1_settings(s1))
    site.callback = None
    url = site.browser.start("/login")
    assert s1.last("/o1/request_token").values("oauth_callback") == ["oob"]
    assert [name for name, _ in query_of(url)] == ["oauth_token"]


@pytest.mark.parametrize("with_token", [True, False])
def test_compat_09_pin_typed_by_the_user(s1: S1, with_token: bool) -> None:
    site = Site(**oauth1_settings(s1))
    site.callback = None
    url = site.browser.start("/login")
    assert fetch(url)[0] == 200  # the provider shows the PIN
    token = f"&oauth_token={dict(query_of(url))['oauth_token']}" if with_token else ""
    assert site.browser.get(f"/cb?oauth_verifier={s1.pin(url)}{token}").text == "done"
    assert site.given[-1]["oauth_token"] in s1.tokens


def test_compat_09_the_redirect_is_a_response_one_may_amend(s1: S1) -> None:
    site = Site(**oauth1_settings(s1))
    with site.app.test_request_context("/"):
        response: Any = site.remote.authorize("/cb")
    assert response.status_code in (302, 303)
    assert "?" in response.headers["Location"]
    response.headers["Location"] += "&oauth_consumer_key=x"
    response.set_cookie("mine", "1")
    assert response.headers["Location"].endswith("&oauth_consumer_key=x")


def test_compat_09_oauth2_needs_a_callback(s2: S2) -> None:
    site = Site(**oauth2_settings(s2))
    site.callback = None
    with pytest.raises(OAuthException, match="callback"):
        site.browser.get("/login")


def test_compat_10_request_token_params_are_live(s2: S2) -> None:
    site = Site(**oauth2_settings(s2, request_token_params={"scope": "one"}))
    site.remote.request_token_params["hd"] = "example.com"
    site.browser.callback_for("/login")
    assert (s2.last("/o2/authorize").values("scope"), s2.last("/o2/authorize").values("hd")) == (
        ["one"],
        ["example.com"],
    )
    site.remote.request_token_params = {"scope": "two", "perms": "read", "limit": 5}
    site.browser.callback_for("/login")
    assert s2.last("/o2/authorize").values("scope") == ["two"]
    assert s2.last("/o2/authorize").values("limit") == ["5"]
    assert s2.last("/o2/authorize").values("hd") == []


def test_compat_10_one_users_callback_never_reaches_the_next(s1: S1) -> None:
    params = {"title": "init"}
    site = Site(**oauth1_settings(s1, request_token_params=params))
    for callback in ("/cb?user=1", "/cb?user=2"):
        site.callback = callback
        site.sign_in()
        assert s1.last("/o1/request_token").values("oauth_callback") == ["http://localhost" + callback]
    assert params == {"title": "init"}
    assert site.remote.request_token_params == {"title": "init"}


def test_compat_10_the_programs_own_oauth_callback(s1: S1) -> None:
    site = Site(**oauth1_settings(s1, request_token_params={"oauth_callback": "oob"}))
    site.callback = None
    site.browser.start("/login")
    assert s1.last("/o1/request_token").values("oauth_callback") == ["oob"]


def test_compat_11_the_callers_state_is_used_and_compared(s2: S2) -> None:
    site = Site(**oauth2_settings(s2, request_token_params={"state": "mine=1&next=/é"}))
    callback = site.browser.callback_for("/login")
    assert s2.last("/o2/authorize").values("state") == ["mine=1&next=/é"]
    stranger = Browser(site.app)
    with pytest.raises(OAuthException):
        stranger.get(callback)
    assert s2.requests_to("/o2/token") == []
    assert site.browser.get(callback).text == "done"


class OwnAuthorize(OAuthRemoteApp):
    """An override of authorize alone, which tells nobody about its sign-in."""

    def authorize(self, callback: str | None = None, **kwargs: Any) -> Any:
        url = add_query(
            self.expand_url(self.authorize_url),
            {"redirect_uri": callback, "client_id": self.consumer_key, "response_type": "code", "state": "own"},
        )
        return redirect(url)


class Told(OAuthRemoteApp):
    """The same with the line that the hint shows."""

    def authorize(self, callback: str | None = None, **kwargs: Any) -> Any:
        return super().authorize(callback, state="own")


def test_compat_11_an_override_that_hides_its_state_is_told_the_fix(s2: S2) -> None:
    site = Site(OwnAuthorize(None, "own", **oauth2_settings(s2)))
    with pytest.raises(OAuthException) as caught:
        site.browser.sign_in("/login")
    assert "super().authorize(callback, state=" in caught.value.hint
    assert s2.requests_to("/o2/token") == []


def test_compat_11_the_fix_of_the_hint_works(s2: S2) -> None:
    site = Site(Told(None, "told", **oauth2_settings(s2)))
    assert site.sign_in()["access_token"] in s2.tokens
    assert s2.last("/o2/authorize").values("state") == ["own"]


def test_compat_11_a_bogus_code_on_an_empty_session(s2: S2) -> None:
    site = Site(**oauth2_settings(s2))
    with pytest.raises(OAuthException):
        site.browser.get("/cb?code=hello")
    assert s2.seen == []
    assert site.given == []


def test_compat_12_handlers_run_by_hand(s1: S1, s2: S2) -> None:
    for settings, name in ((oauth1_settings(s1), "oauth_token"), (oauth2_settings(s2), "access_token")):
        site = Site(**settings)
        app, remote = site.app, site.remote

        def by_hand(remote: OAuthRemoteApp = remote) -> dict[str, Any]:
            if "oauth_verifier" in request.args:
                data = remote.handle_oauth1_response()
            elif "code" in request.args:
                data = remote.handle_oauth2_response()
            else:
                data = remote.handle_unknown_response()
            remote.free_request_token()
            return {"data": data}

        app.view_functions["cb"] = by_hand
        assert name in site.browser.sign_in("/login").get_json()["data"]
        assert site.browser.get("/cb?denied=x").get_json() == {"data": None}
        site.browser.assert_nothing_pending()


def test_compat_12_free_request_token_may_be_called_at_any_time(s1: S1) -> None:
    site = Site(**oauth1_settings(s1))
    assert site.call(lambda: site.remote.free_request_token()) is None
    with site.app.test_request_context("/"):
        session["remote_oauthtok"], session["remote_oauthredir"], session["mine"] = ("t", "s"), "r", 1
        site.remote.free_request_token()
        assert dict(session) == {"mine": 1}


class Overriding(OAuthRemoteApp):
    """Every overridable method, to see that the wrapper goes through them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calls: list[str] = []

    def handle_oauth1_response(self) -> Any:
        self.calls.append("oauth1")
        return {"oauth_token": "1"}

    def handle_oauth2_response(self) -> Any:
        self.calls.append("oauth2")
        return {"access_token": "2"}

    def handle_unknown_response(self) -> Any:
        self.calls.append("unknown")
        return {"unknown": request.args.get("x")}

    def free_request_token(self) -> None:
        self.calls.append("free")


def test_compat_12_the_wrapper_calls_the_overridable_methods(s1: S1) -> None:
    remote = Overriding(None, "over", **oauth1_settings(s1))
    site = Site(remote)
    for query in ("oauth_verifier=v", "code=c", "x=3"):
        site.browser.get("/cb?" + query)
    assert site.given == [{"oauth_token": "1"}, {"access_token": "2"}, {"unknown": "3"}]
    assert remote.calls == ["oauth1", "free", "oauth2", "free", "unknown", "free"]


def test_compat_14_access_token_url_with_a_query(s1: S1, s2: S2) -> None:
    site = Site(**oauth1_settings(s1, access_token_url=s1.url + "/o1/access_token?title=Special:OAuth/token"))
    site.sign_in()
    assert s1.last("/o1/access_token").values("title") == ["Special:OAuth/token"]
    site = Site(**oauth2_settings(s2, access_token_url=s2.url + "/o2/token?v=2"))
    site.sign_in()
    assert s2.last("/o2/token").query == [("v", "2")]


def test_compat_14_what_the_overrides_use(s1: S1) -> None:
    remote = OAuth().remote_app("wiki", **oauth1_settings(s1))
    assert remote.name == "wiki"
    assert remote.expand_url("x?y=1") == s1.url + "/o1/api/x?y=1"
    assert remote.expand_url("https://other.example/x") == "https://other.example/x"
    assert remote.access_token_method in ("GET", "POST")
    assert [remote.status_okay({"status": status}) for status in ("200", "201", "302", "401")] == [
        True,
        True,
        False,
        False,
    ]
    assert parse_response({"content-type": "application/x-www-form-urlencoded"}, b"a=1&b=%C3%A9") == {
        "a": "1",
        "b": "é",
    }


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"error": "bad_verification_code"}'),
        ("application/x-www-form-urlencoded", "error=bad_verification_code"),
        ("text/html; charset=utf-8", "error=bad_verification_code"),
        ("text/plain", "error=bad_verification_code"),
    ],
)
def test_compat_19_an_error_with_200_reaches_the_view(s2: S2, content_type: str, body: str) -> None:
    s2.instead["/o2/token"] = Answer(body, 200, content_type)
    answer = Site(**oauth2_settings(s2)).sign_in()
    assert "error" in answer
    assert "access_token" not in answer
    assert answer["error"] == "bad_verification_code"


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
def test_compat_19_any_other_status_is_an_exception_with_the_answer(s2: S2, status: int) -> None:
    s2.instead["/o2/token"] = Answer('{"error": "invalid_grant", "x": 1}', status, "application/json")
    site = Site(**oauth2_settings(s2))
    with pytest.raises(OAuthException) as caught:
        site.browser.sign_in("/login")
    assert caught.value.type == "invalid_response"
    assert caught.value.data == {"error": "invalid_grant", "x": 1}
    assert site.given == []


def test_compat_20_the_denial_stays_in_the_query(s2: S2) -> None:
    site = Site(**oauth2_settings(s2))
    words: list[dict[str, str]] = []

    def view(resp: Any) -> str:
        assert resp is None
        words.append({name: request.args[name] for name in ("error_reason", "error_description", "error")})
        return "no"

    site.app.view_functions["cb"] = site.remote.authorized_handler(view)
    s2.denial = {"error_reason": "user_denied", "error_description": "The user said <no>", "error": "access_denied"}
    assert site.browser.sign_in("/login").text == "no"
    assert words == [s2.denial]
