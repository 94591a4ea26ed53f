"""Who is asked, with what, and what is made of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from flask_oauth.errors import InvalidResponseError, ServerError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.token import Token
from flask_oauth.providers import (
    adapt_api_request,
    api_base_url,
    document_names,
    get,
    names,
    next_request,
    read_document,
)
from flask_oauth.providers.userinfo import appsecret_proof

Respond = Callable[..., HTTPResponse]
TOKEN = Token("the-token", extra={"openid": "o", "uid": 9, "instance_url": "https://eu1.example"})


def first(name: str, **parameters: str) -> HTTPRequest:
    step = next_request(get(name).resolve(**parameters), TOKEN, {}, client_id="client", client_secret="secret")
    assert step
    return step[1]


def query_of(request: HTTPRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


def test_the_token_goes_into_the_header() -> None:
    request = first("github")
    assert request.headers["authorization"] == "Bearer the-token"
    assert "the-token" not in request.url


def test_the_token_is_elsewhere_only_where_a_preset_says_so() -> None:
    for name in names():
        provider = get(name)
        if provider.quirks.token_placement == "header" and provider.userinfo_endpoint and provider.protocol == "oauth2":
            provider = provider.resolve(**dict.fromkeys(provider.missing_parameters, "example"))
            documents = {"openid": {"openid": "o"}, "me": {"user_id": 1}}
            step = next_request(provider, Token("the-token", extra={"membership_id": "1"}), documents)
            assert step
            assert "the-token" not in step[1].url


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("soundcloud", "authorization", "OAuth the-token"),
        ("monday", "authorization", "the-token"),
        ("dingtalk", "x-acs-dingtalk-access-token", "the-token"),
        ("zoho", "authorization", "Zoho-oauthtoken the-token"),
    ],
)
def test_other_schemes_and_headers(name: str, field: str, value: str) -> None:
    assert first(name).headers[field] == value


def test_in_the_query_the_path_or_the_body() -> None:
    assert query_of(first("foursquare"))["oauth_token"] == ["the-token"]
    assert first("hubspot").url == "https://api.hubapi.com/oauth/v1/access-tokens/the-token"
    request = first("vk")
    assert (request.method, request.body) == ("POST", b"client_id=client&access_token=the-token")
    for name in ("foursquare", "hubspot", "vk"):
        assert "authorization" not in first(name).headers


def test_a_token_in_the_path_is_quoted() -> None:
    step = next_request(get("hubspot"), Token("a/b?c"), {})
    assert step
    assert step[1].url.endswith("/access-tokens/a%2Fb%3Fc")


def test_graphql() -> None:
    request = first("linear")
    assert request.headers["content-type"] == "application/json"
    assert "viewer" in json.loads(request.body or b"")["query"]


def test_dropbox_gets_an_empty_post() -> None:
    request = first("dropbox")
    assert (request.method, request.body) == ("POST", b"")
    assert "content-type" not in request.headers


def test_what_the_token_answer_said() -> None:
    assert query_of(first("wechat"))["openid"] == ["o"]
    assert query_of(first("weibo"))["uid"] == ["9"]


def test_one_answer_after_another() -> None:
    qq = get("qq")
    assert document_names(qq) == ("openid", "userinfo")
    step = next_request(qq, TOKEN, {"openid": {"openid": "o1"}}, client_id="client")
    assert step
    assert step[0] == "userinfo"
    assert query_of(step[1])["openid"] == ["o1"]
    assert query_of(step[1])["oauth_consumer_key"] == ["client"]
    assert next_request(qq, TOKEN, {"openid": {}, "userinfo": {}}) is None


def test_what_an_answer_lacks_is_named() -> None:
    with pytest.raises(InvalidResponseError) as caught:
        next_request(get("qq"), TOKEN, {"openid": {}})
    assert "openid:openid" in caught.value.message


def test_meta_wants_a_proof() -> None:
    proof = appsecret_proof("the-token", "secret")
    assert query_of(first("facebook"))["appsecret_proof"] == [proof]
    # RFC 4231 §4.3: HMAC-SHA256, test case 2.
    assert appsecret_proof("what do ya want for nothing?", "Jefe").startswith("5bdcc146bf60754e6a042426089575c7")


def test_oauth1_requests_are_left_to_be_signed() -> None:
    request = first("twitter")
    assert "authorization" not in request.headers
    assert query_of(request)["include_email"] == ["true"]


class TestReading:
    def test_an_object(self, respond: Respond) -> None:
        assert read_document(get("github"), "userinfo", respond({"id": 1})) == {"id": 1}

    def test_a_list(self, respond: Respond) -> None:
        assert read_document(get("github"), "emails", respond([{"email": "a"}])) == [{"email": "a"}]

    def test_refused_addresses_are_no_failure(self, respond: Respond) -> None:
        assert read_document(get("github"), "emails", respond({"message": "Not Found"}, 404)) == {}

    def test_a_refused_optional_document_is_no_failure(self, respond: Respond) -> None:
        assert read_document(get("canva"), "display", respond({}, 403)) == {}

    def test_a_refused_userinfo_is_one(self, respond: Respond) -> None:
        with pytest.raises(ServerError) as caught:
            read_document(
                get("tiktok"), "userinfo", respond({"error": {"code": "access_token_invalid", "message": "m"}}, 401)
            )
        assert caught.value.error == "access_token_invalid"
        assert caught.value.error_description == "m"

    def test_without_a_code_the_status_is_shown(self, respond: Respond) -> None:
        with pytest.raises(ServerError) as caught:
            read_document(get("spotify"), "userinfo", respond({}, 502))
        assert "502" in caught.value.message

    def test_an_error_with_status_200(self, respond: Respond) -> None:
        with pytest.raises(ServerError):
            read_document(get("slack-app"), "userinfo", respond({"ok": False, "error": "invalid_auth"}))

    def test_a_page_is_none(self, respond: Respond) -> None:
        with pytest.raises(InvalidResponseError):
            read_document(get("github"), "userinfo", respond("<html>", content_type="text/html"))

    def test_a_member_twice(self, respond: Respond) -> None:
        with pytest.raises(InvalidResponseError):
            read_document(get("github"), "userinfo", respond('{"id":1,"id":2}'))
        with pytest.raises(InvalidResponseError):
            read_document(get("github"), "emails", respond('[{"email":"a","email":"b"}]'))


class TestCalls:
    REQUEST = HTTPRequest(
        "GET", "https://api.example/x?y=1", Headers({"Authorization": "Bearer the-token", "Accept": "a/b"})
    )

    def test_a_standard_one_stays(self) -> None:
        adapted = adapt_api_request(get("github"), self.REQUEST, TOKEN)
        assert adapted.url == self.REQUEST.url
        assert dict(adapted.headers) == dict(self.REQUEST.headers)

    def test_headers(self) -> None:
        adapted = adapt_api_request(get("twitch"), self.REQUEST, TOKEN, client_id="client")
        assert adapted.headers["client-id"] == "client"

    def test_the_applications_own_headers_win(self) -> None:
        assert adapt_api_request(get("vimeo"), self.REQUEST, TOKEN).headers["accept"] == "a/b"

    def test_the_token_elsewhere(self) -> None:
        adapted = adapt_api_request(get("shopify").resolve(shop="a"), self.REQUEST, TOKEN)
        assert adapted.headers["x-shopify-access-token"] == "the-token"
        assert "authorization" not in adapted.headers
        adapted = adapt_api_request(get("stackexchange").resolve(api_key="k"), self.REQUEST, TOKEN)
        assert query_of(adapted) == {"y": ["1"], "access_token": ["the-token"]}

    def test_proof(self) -> None:
        adapted = adapt_api_request(get("facebook").resolve(), self.REQUEST, TOKEN, client_secret="s")
        assert query_of(adapted)["appsecret_proof"] == [appsecret_proof("the-token", "s")]

    def test_oauth1_stays_unsigned(self) -> None:
        adapted = adapt_api_request(get("twitter"), HTTPRequest("GET", "https://api.example/"), TOKEN)
        assert "authorization" not in adapted.headers


class TestApiBase:
    def test_fixed(self) -> None:
        assert api_base_url(get("github"), TOKEN) == "https://api.github.com/"
        assert api_base_url(get("apple"), TOKEN) == ""

    def test_said_with_the_token(self) -> None:
        assert api_base_url(get("salesforce").resolve(), TOKEN) == "https://eu1.example/"

    def test_not_said(self) -> None:
        with pytest.raises(InvalidResponseError):
            api_base_url(get("pipedrive"), TOKEN)

    def test_not_https(self) -> None:
        with pytest.raises(InvalidResponseError):
            api_base_url(get("salesforce").resolve(), Token("a", extra={"instance_url": "http://evil.example"}))
