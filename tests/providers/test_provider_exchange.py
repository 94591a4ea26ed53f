"""Quirks at the authorization and token endpoints, one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_oauth.errors import AuthorizationResponseError, InvalidResponseError, ServerError, TokenResponseError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse, add_query, form_request
from flask_oauth.protocol.oauth2.token import process_token_response
from flask_oauth.providers import (
    ErrorShape,
    Provider,
    Quirks,
    adapt_authorization_url,
    adapt_callback,
    adapt_token_request,
    adapt_token_response,
    authorization_parameters,
    callback_document,
    get,
    names,
    next_request,
    scope_text,
)
from flask_oauth.providers.exchange import at_location, find_error, read_members

Respond = Callable[..., HTTPResponse]
STANDARD_QUERY = [
    ("response_type", "code"),
    ("client_id", "c"),
    ("redirect_uri", "https://a.example/cb"),
    ("scope", "s"),
]
CODE_FORM = [
    ("grant_type", "authorization_code"),
    ("code", "x"),
    ("client_id", "c"),
    ("client_secret", "s"),
    ("redirect_uri", "u"),
]


def with_quirks(**quirks: Any) -> Provider:
    return Provider(
        name="odd",
        title="Odd",
        protocol="oauth2",
        checked="2026-11-24",
        token_endpoint="https://t.example/",
        quirks=Quirks(**quirks),
    )


def sent(provider: Provider, pairs: list[tuple[str, str]] = CODE_FORM, **keywords: Any) -> dict[str, str]:
    request = adapt_token_request(provider, form_request("https://t.example/", pairs), **keywords)
    text = (request.body or b"").decode()
    return dict(json.loads(text)) if text.startswith("{") else dict(parse_qsl(text or urlsplit(request.url).query))


class TestAuthorizationRequest:
    URL = add_query("https://a.example/authorize?x=1", STANDARD_QUERY)

    def test_standard_ones_stay_letter_by_letter(self) -> None:
        assert adapt_authorization_url(get("github"), self.URL) == self.URL

    def test_tiktok_names_the_client_otherwise(self) -> None:
        query = dict(parse_qsl(urlsplit(adapt_authorization_url(get("tiktok"), self.URL)).query))
        assert query["client_key"] == "c"
        assert "client_id" not in query
        assert query["x"] == "1"

    def test_monday_wants_no_response_type(self) -> None:
        assert "response_type" not in adapt_authorization_url(get("monday"), self.URL)

    def test_wechat_wants_a_fragment(self) -> None:
        assert adapt_authorization_url(get("wechat"), self.URL).endswith("#wechat_redirect")

    def test_no_pkce_where_it_is_refused(self) -> None:
        url = add_query(self.URL, [("code_challenge", "x"), ("code_challenge_method", "S256")])
        assert adapt_authorization_url(get("linkedin"), url) == self.URL
        assert adapt_authorization_url(get("github"), url) == url
        form = [*CODE_FORM, ("code_verifier", "v")]
        assert "code_verifier" not in sent(get("linkedin"), form)
        assert sent(get("github"), form)["code_verifier"] == "v"

    def test_parameters(self) -> None:
        assert authorization_parameters(get("google"), client_id="c") == {}
        assert authorization_parameters(get("google"), client_id="c", offline=True) == {
            "access_type": "offline",
            "prompt": "consent",
        }

    def test_parameters_of_oauth1(self) -> None:
        assert authorization_parameters(get("trello").resolve(app_name="Shop"), client_id="c") == {
            "name": "Shop",
            "expiration": "never",
            "scope": "read",
        }
        assert authorization_parameters(get("mediawiki-oauth1").resolve(), client_id="c") == {"oauth_consumer_key": "c"}

    def test_scope(self) -> None:
        assert scope_text(get("facebook")) == "email,public_profile"
        assert scope_text(get("x"), offline=True) == "users.read tweet.read offline.access"
        assert scope_text(get("x"), ["a", "b", "a"]) == "a b"


class TestCallback:
    def test_dingtalks_code_has_another_name(self) -> None:
        assert dict(adapt_callback(get("dingtalk"), [("authCode", "x"), ("state", "s")])) == {"code": "x", "state": "s"}

    def test_its_code_is_the_one_it_names(self) -> None:
        assert dict(adapt_callback(get("dingtalk"), [("code", "other"), ("authCode", "x")]))["code"] == "x"

    def test_others_stay(self) -> None:
        pairs = [("code", "x"), ("code", "y")]
        assert adapt_callback(get("github"), pairs) == pairs

    def test_json_in_it_is_read(self) -> None:
        assert callback_document(get("apple"), {"user": '{"a": 1}', "code": "x"}) == {"user": {"a": 1}, "code": "x"}

    @pytest.mark.parametrize("text", ["", "nonsense", "[1]", '{"a":1,"a":2}'])
    def test_what_is_no_json_is_left_out(self, text: str) -> None:
        assert callback_document(get("apple"), {"user": text}) == {}


class TestTokenRequest:
    def test_standard_ones_stay(self) -> None:
        request = form_request("https://t.example/", CODE_FORM)
        adapted = adapt_token_request(get("spotify"), request)
        assert (adapted.method, adapted.url, adapted.body) == (request.method, request.url, request.body)
        assert dict(adapted.headers) == dict(request.headers)

    def test_get(self) -> None:
        request = adapt_token_request(get("wechat"), form_request("https://t.example/", CODE_FORM))
        assert (request.method, request.body) == ("GET", None)
        assert "content-type" not in request.headers
        assert dict(parse_qsl(urlsplit(request.url).query)) | {"appid": "c", "secret": "s"} == dict(
            parse_qsl(urlsplit(request.url).query)
        )

    def test_get_as_the_protocol_builds_it(self) -> None:
        built = HTTPRequest("GET", add_query("https://t.example/", CODE_FORM), Headers({"Accept": "application/json"}))
        posted = adapt_token_request(get("wechat"), form_request("https://t.example/", CODE_FORM))
        assert adapt_token_request(get("wechat"), built) == posted

    def test_json(self) -> None:
        request = adapt_token_request(get("dingtalk"), form_request("https://t.example/", CODE_FORM))
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body or b"") == {
            "grantType": "authorization_code",
            "code": "x",
            "clientId": "c",
            "clientSecret": "s",
        }

    def test_omits(self) -> None:
        assert "redirect_uri" not in sent(get("faceit"))

    def test_basecamp_wants_another_type_for_refreshing(self) -> None:
        assert sent(get("basecamp"))["type"] == "web_server"
        assert sent(get("basecamp"), [("grant_type", "refresh_token"), ("refresh_token", "r")])["type"] == "refresh"

    def test_figma_refreshes_elsewhere(self) -> None:
        refresh = form_request("https://t.example/", [("grant_type", "refresh_token"), ("refresh_token", "r")])
        assert adapt_token_request(get("figma"), refresh).url == "https://api.figma.com/v1/oauth/refresh"
        assert (
            adapt_token_request(get("figma"), form_request("https://t.example/", CODE_FORM)).url == "https://t.example/"
        )

    def test_vk_gets_back_what_the_callback_brought(self) -> None:
        callback = {"device_id": "d", "state": "s", "evil": "e"}
        found = sent(get("vk"), callback=callback)
        assert (found["device_id"], found["state"]) == ("d", "s")
        assert "evil" not in found

    def test_what_was_kept_is_sent_when_refreshing(self) -> None:
        kept = {"device_id": "d", "state": "s"}
        assert sent(get("vk"), [("grant_type", "refresh_token")], callback=kept) == {
            "grant_type": "refresh_token",
            "device_id": "d",
        }

    def test_it_has_a_limit(self) -> None:
        assert "device_id" not in sent(get("vk"), callback={"device_id": "d" * 2000})

    def test_the_callback_cannot_replace_a_parameter_of_others(self) -> None:
        assert sent(get("spotify"), callback={"client_secret": "evil", "code": "evil"}) == dict(CODE_FORM)

    def test_headers_of_the_provider_win_and_know_the_client(self) -> None:
        request = adapt_token_request(get("trakt"), form_request("https://t.example/", CODE_FORM), client_id="me")
        assert request.headers["trakt-api-key"] == "me"
        request = adapt_token_request(get("heroku"), form_request("https://t.example/", CODE_FORM))
        assert request.headers["accept"] == "application/vnd.heroku+json; version=3"


class TestTokenAnswer:
    ANSWER: ClassVar = {"access_token": "a", "token_type": "Bearer", "expires_in": 5, "scope": "x y"}

    def adapted(self, provider: Provider, response: HTTPResponse) -> Any:
        return json.loads(adapt_token_response(provider, response).body)

    def test_a_standard_one_says_the_same_afterwards(self, respond: Respond) -> None:
        for name in names():
            if get(name).protocol != "oauth1":
                assert self.adapted(get(name), respond(self.ANSWER)) | self.ANSWER == self.adapted(
                    get(name), respond(self.ANSWER)
                )

    def test_what_cannot_be_read_goes_on_as_it_came(self, respond: Respond) -> None:
        for body in ("<html>", "a=1&a=2", '{"a":1,"a":2}'):
            answer = respond(body, content_type="text/html")
            assert adapt_token_response(get("wakatime"), answer) is answer

    def test_form(self, respond: Respond) -> None:
        answer = respond("access_token=a&token_type=bearer&expires_in=5", content_type="text/plain")
        with pytest.raises(TokenResponseError):
            process_token_response(adapt_token_response(get("spotify"), answer), now=0)
        assert process_token_response(adapt_token_response(get("github"), answer), now=0).access_token == "a"

    def test_a_missing_type_is_forgiven_only_where_the_preset_says_so(self, respond: Respond) -> None:
        answer = respond({"access_token": "a"})
        assert self.adapted(get("weibo"), answer)["token_type"] == "Bearer"
        assert "token_type" not in self.adapted(get("spotify"), answer)

    def test_another_type_is_never_forgiven(self, respond: Respond) -> None:
        answer = respond({"access_token": "a", "token_type": "mac"})
        for name in ("weibo", "ebay", "slack-app"):
            with pytest.raises(TokenResponseError):
                process_token_response(adapt_token_response(get(name), answer), now=0)

    def test_the_nested_one_wins_and_the_rest_stays(self, respond: Respond) -> None:
        answer = {
            "access_token": "bot",
            "authed_user": {"access_token": "user", "token_type": "user"},
            "team": {"id": "T"},
        }
        assert self.adapted(get("slack-app"), respond(answer)) == {
            "access_token": "user",
            "token_type": "Bearer",
            "team": {"id": "T"},
        }

    def test_lifetimes(self, respond: Respond) -> None:
        assert self.adapted(get("naver"), respond({"expires_in": "3600"}))["expires_in"] == 3600
        assert self.adapted(get("naver"), respond({"expires_in": "soon"}))["expires_in"] == "soon"
        assert "expires_in" not in self.adapted(get("mailchimp"), respond({"expires_in": 0}))
        assert self.adapted(get("spotify"), respond({"expires_in": 0}))["expires_in"] == 0

    def test_scopes(self, respond: Respond) -> None:
        assert self.adapted(get("github"), respond({"scope": "a,b"}))["scope"] == "a b"
        assert self.adapted(get("twitch"), respond({"scope": ["a", "b"]}))["scope"] == "a b"
        assert "scope" not in self.adapted(get("mailchimp"), respond({"scope": None}))

    def test_an_error_with_status_200(self, respond: Respond) -> None:
        adapted = adapt_token_response(get("github"), respond({"error": "bad_refresh_token", "error_description": "d"}))
        assert adapted.status == 400
        with pytest.raises(ServerError) as caught:
            process_token_response(adapted, now=0)
        assert (caught.value.error, caught.value.error_description) == ("invalid_grant", "d")

    def test_headers_stay(self) -> None:
        headers = Headers({"Content-Type": "text/plain", "DPoP-Nonce": "n", "Content-Length": "9"})
        adapted = adapt_token_response(get("wakatime"), HTTPResponse(200, headers, b"access_token=a"))
        assert dict(adapted.headers) == {"dpop-nonce": "n", "content-type": "application/json"}

    def test_an_error_without_a_shape_of_its_own_stays(self, respond: Respond) -> None:
        answer = respond({"message": "no"}, 500)
        assert adapt_token_response(get("spotify"), answer) is answer


class TestLocation:
    """Zoho: the code is good in the data centre that the callback names, and the secret goes nowhere else."""

    TOKEN_URL = "https://accounts.zoho.com/oauth/v2/token"
    CALLBACK: ClassVar = {"location": "eu", "accounts-server": "https://evil.example"}

    def test_a_known_place(self) -> None:
        zoho = get("zoho").resolve()
        request = adapt_token_request(zoho, form_request(self.TOKEN_URL, CODE_FORM), callback=self.CALLBACK)
        assert request.url == "https://accounts.zoho.eu/oauth/v2/token"
        assert at_location(zoho, "https://www.zohoapis.com/x", self.CALLBACK) == "https://www.zohoapis.com/x"

    def test_another_home(self) -> None:
        zoho = get("zoho").resolve(dc="in")
        assert at_location(zoho, zoho.token_endpoint, {"location": "us"}) == self.TOKEN_URL

    @pytest.mark.parametrize("location", ["evil", "https://evil.example", "EU"])
    def test_an_unknown_place(self, location: str) -> None:
        with pytest.raises(AuthorizationResponseError):
            at_location(get("zoho").resolve(), self.TOKEN_URL, {"location": location})

    def test_no_place(self) -> None:
        assert at_location(get("zoho").resolve(), self.TOKEN_URL, {}) == self.TOKEN_URL
        assert at_location(get("github"), self.TOKEN_URL, self.CALLBACK) == self.TOKEN_URL

    def test_it_is_kept_with_the_token_and_asked_there(self, respond: Respond) -> None:
        zoho = get("zoho").resolve()
        answer = adapt_token_response(
            zoho, respond({"access_token": "a", "token_type": "Bearer"}), callback=self.CALLBACK
        )
        token = process_token_response(answer, now=0)
        assert token.extra == {"location": "eu"}
        step = next_request(zoho, token, {})
        assert step
        assert step[1].url == "https://accounts.zoho.eu/oauth/user/info"

    def test_the_answer_wins_over_the_callback(self, respond: Respond) -> None:
        answer = adapt_token_response(get("vk"), respond({"device_id": "theirs"}), callback={"device_id": "ours"})
        assert json.loads(answer.body) == {"device_id": "theirs"}


class TestErrors:
    def test_success_is_none(self) -> None:
        assert find_error({"error": {"code": "ok"}}, ErrorShape("error.code", success=("ok",))) is None
        assert find_error({"errcode": 0}, ErrorShape("errcode", success=(0,))) is None
        assert find_error({}, ErrorShape()) is None
        assert find_error({"error": {"a": 1}}, ErrorShape()) is None
        assert find_error({"error": ""}, ErrorShape()) is None

    def test_codes_become_clean_text(self) -> None:
        assert find_error({"error": 'a"\\\n\x00b'}, ErrorShape()) == {"error": "a????b"}
        assert len((find_error({"error": "x" * 500}, ErrorShape()) or {})["error"]) == 200

    def test_members(self, respond: Respond) -> None:
        with pytest.raises(InvalidResponseError):
            read_members(respond("a=1"))
        assert read_members(respond("error=1&b="), form_encoded=True) == {"error": "1", "b": ""}


@given(
    members=st.dictionaries(
        st.sampled_from(
            ["access_token", "token_type", "scope", "expires_in", "error", "authed_user", "data", "body", "status"]
        ),
        st.none()
        | st.integers()
        | st.text(max_size=6)
        | st.lists(st.text(max_size=3), max_size=2)
        | st.just({"access_token": "x"}),
    ),
    name=st.sampled_from([name for name in names() if get(name).protocol != "oauth1"]),
    status=st.sampled_from([200, 400, 500]),
)
def test_whatever_comes_an_answer_goes_out(members: dict[str, Any], name: str, status: int) -> None:
    answer = HTTPResponse(status, Headers({"Content-Type": "application/json"}), json.dumps(members).encode())
    adapted = adapt_token_response(get(name), answer)
    assert (adapted.status >= 400) or status == 200
    assert isinstance(json.loads(adapted.body), dict)


def test_a_preset_that_asks_for_nothing_changes_nothing() -> None:
    request = form_request("https://t.example/", CODE_FORM)
    assert adapt_token_request(with_quirks(), request).body == request.body
    assert replace(with_quirks(), quirks=Quirks()).quirks.changed() == {}
