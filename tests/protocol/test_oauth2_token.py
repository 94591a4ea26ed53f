"""The token request and its answer: RFC 6749 §4.1.3, §5, §6; N14, N16, N17, N40, A02, A08, A09, A12."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flask_oauth.errors import ConfigurationError, ServerError, TokenMissing, TokenResponseError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.protocol.oauth2.authorization import AuthorizationResponse
from flask_oauth.protocol.oauth2.client_authentication import Client
from flask_oauth.protocol.oauth2.metadata import ServerMetadata
from flask_oauth.protocol.oauth2.token import (
    authorization_code_request,
    process_refresh_response,
    process_token_response,
    read_token_answer,
    refresh_request,
    token_from_answer,
)
from flask_oauth.protocol.token import Token

METADATA = ServerMetadata(token_endpoint="https://id.example/token?tenant=1")
CLIENT = Client("me", "hush", "client_secret_post")
RIGHT = {"access_token": "at1", "token_type": "Bearer"}
FORM = "application/x-www-form-urlencoded"


def answer(content: Any, status: int = 200, content_type: str = "application/json") -> HTTPResponse:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return HTTPResponse(status, Headers({"Content-Type": content_type} if content_type else {}), body)


def process(content: Any, status: int = 200, content_type: str = "application/json", **more: Any) -> Token:
    return process_token_response(answer(content, status, content_type), now=1000.0, **more)


def refused(content: Any, status: int = 200, content_type: str = "application/json", **more: Any) -> TokenResponseError:
    with pytest.raises(TokenResponseError) as caught:
        process(content, status, content_type, **more)
    shown = f"{caught.value} {caught.value.__notes__} {caught.value.data} {caught.value.got}"
    for secret in ("at1", "rt1", "idt1"):
        assert secret not in shown
    return caught.value


def form(request: HTTPRequest) -> dict[str, str]:
    assert request.body is not None
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def exchange(**more: Any) -> HTTPRequest:
    arguments = {"redirect_uri": "https://app.example/cb?next=é", "code_verifier": "v1", "now": 0, "jti": "j", **more}
    return authorization_code_request(METADATA, CLIENT, AuthorizationResponse("c1"), **arguments)


def test_the_code_is_exchanged_by_post() -> None:
    request = exchange()
    assert (request.method, request.url) == ("POST", "https://id.example/token?tenant=1")
    assert form(request) == {
        "grant_type": "authorization_code",
        "code": "c1",
        "redirect_uri": "https://app.example/cb?next=é",
        "code_verifier": "v1",
        "client_id": "me",
        "client_secret": "hush",
    }
    assert request.headers["accept"] == "application/json"


def test_a_code_as_text_and_nothing_else() -> None:
    request = authorization_code_request(METADATA, CLIENT, "c2", redirect_uri=None, code_verifier=None, now=0, jti="j")
    assert form(request) == {
        "grant_type": "authorization_code", "code": "c2", "client_id": "me", "client_secret": "hush",
    }  # fmt: skip


def test_the_programs_grant_type_is_sent_once() -> None:
    values = form(exchange(parameters={"grant_type": "authorization_code", "perms": "read"}))
    assert values["grant_type"] == "authorization_code"
    assert values["perms"] == "read"
    assert form(exchange(parameters={"grant_type": "other"}))["grant_type"] == "other"


@pytest.mark.parametrize("name", ["code", "redirect_uri", "code_verifier"])
def test_what_belongs_to_the_sign_in_cannot_be_replaced(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        exchange(parameters={name: "x"})
    assert caught.value.code == "config_parameter_reserved"


def test_get_for_programs_that_ask_for_it() -> None:
    request = exchange(method="GET")
    assert request.method == "GET"
    assert request.body is None
    values = dict(parse_qsl(urlsplit(request.url).query))
    assert values["tenant"] == "1"
    assert values["client_secret"] == "hush"
    assert values["code"] == "c1"
    assert "hush" not in repr(request)


def test_resource_indicators_may_repeat() -> None:
    request = exchange(parameters={"resource": ["https://a.example", "https://b.example"]})
    assert request.body is not None
    assert [value for name, value in parse_qsl(request.body.decode()) if name == "resource"] == [
        "https://a.example",
        "https://b.example",
    ]


def test_a_token_with_everything() -> None:
    content = {
        **RIGHT, "refresh_token": "rt1", "expires_in": 3600, "scope": "a b", "id_token": "idt1", "user": {"id": 1},
    }  # fmt: skip
    token = process(content)
    assert token == Token(
        "at1", refresh_token="rt1", expires_at=4600.0, scope="a b", id_token="idt1", extra={"user": {"id": 1}}
    )


@pytest.mark.parametrize("token_type", ["bearer", "BEARER", "Bearer", "bEARER"])
def test_A02_token_type_in_any_letter_case(token_type: str) -> None:
    assert process({**RIGHT, "token_type": token_type}).token_type == "Bearer"
    assert process({**RIGHT, "token_type": "dpop"}, expected_type="DPoP").token_type == "DPoP"


@pytest.mark.parametrize("missing", [{}, {"scope": None, "expires_in": None, "refresh_token": None}])
def test_A02_N40_scope_and_lifetime_may_be_missing(missing: dict[str, Any]) -> None:
    token = process({**RIGHT, **missing}, requested_scope="openid email")
    assert token.scope == "openid email"
    assert token.expires_at is None
    assert token.refresh_token is None
    assert process(RIGHT, requested_scope=None).scope == ""


def test_a_scope_that_was_granted_counts() -> None:
    assert process({**RIGHT, "scope": ""}, requested_scope="a").scope == ""
    assert process({**RIGHT, "scope": ["a", "b"]}).scope == "a b"
    assert process({**RIGHT, "scope": "a"}, requested_scope="a b").missing_scopes("a", "b") == {"b"}


@pytest.mark.parametrize("access_token", [None, "", 7, ["at1"], {"at": 1}])
def test_N16_without_access_token(access_token: object) -> None:
    assert refused({**RIGHT, "access_token": access_token}).code == "token_response_no_token"


def test_N56_an_error_holds_no_credentials_at_any_depth() -> None:
    content = {
        "ok": True,
        "authed_user": {"id": "U1", "access_token": "at1", "Refresh_Token": "rt1"},
        "list": [{"bot_token": "at1", "n": 1}, "plain"],
        "client_secret_expires_at": 0,
    }
    error = refused(content)
    assert error.data == {"ok": True, "authed_user": {"id": "U1"}, "list": [{"n": 1}, "plain"]}
    assert refused({**content, "access_token": "at1", "token_type": "mac"}).data["token_type"] == "mac"


@pytest.mark.parametrize("token_type", [None, ""])
def test_N16_without_token_type(token_type: object) -> None:
    content = {"access_token": "at1", "refresh_token": "rt1", "id_token": "idt1", "token_type": token_type}
    assert refused(content).code == "token_response_no_type"
    assert process(content, default_type="Bearer").token_type == "Bearer"


@pytest.mark.parametrize("token_type", ["mac", "N_A", "DPoP", "Bearer ", "bearer token", 1, ["Bearer"]])
def test_N16_unknown_token_type_is_refused_always(token_type: object) -> None:
    content = {**RIGHT, "token_type": token_type}
    assert refused(content).code == "token_response_type"
    assert refused(content, default_type="Bearer", lenient_format=True).code == "token_response_type"


def test_N16_bearer_when_dpop_was_asked_for() -> None:
    assert refused(RIGHT, expected_type="DPoP").code == "token_response_type"


@pytest.mark.parametrize("status", [200, 201])
def test_N17_an_error_with_a_status_of_success(status: int) -> None:
    content = {**RIGHT, "error": "bad_verification_code", "error_description": "It expired.", "error_uri": "https://x"}
    with pytest.raises(ServerError) as caught:
        process(content, status)
    assert caught.value.error == "bad_verification_code"
    assert caught.value.error_description == "It expired."
    assert caught.value.error_uri == "https://x"
    assert caught.value.code == "server_error"
    assert "at1" not in str(caught.value.data)


def test_N17_an_error_object() -> None:
    content = {"error": {"message": "Wrong code", "type": "OAuthException", "code": 100}}
    with pytest.raises(ServerError) as caught:
        process(content, 400)
    assert caught.value.error == "OAuthException"
    assert caught.value.error_description == "Wrong code"
    for stated, name in (({"code": 7}, "7"), ({"x": 1}, "error"), (True, "True")):
        with pytest.raises(ServerError) as caught:
            process({"error": stated, "error_description": 1, "error_uri": 2})
        assert caught.value.error == name
        assert caught.value.error_uri is None
        assert not isinstance(caught.value.error_description, int)


def test_no_error_is_no_error() -> None:
    for value in (None, "", 0, False):
        assert process({**RIGHT, "error": value}).access_token == "at1"


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
def test_an_error_answer(status: int) -> None:
    with pytest.raises(ServerError) as caught:
        process({"error": "invalid_grant"}, status)
    assert caught.value.error == "invalid_grant"
    assert caught.value.data == {"error": "invalid_grant"}


@pytest.mark.parametrize("status", [202, 204, 302, 404, 500])
def test_another_status(status: int) -> None:
    error = refused(RIGHT, status)
    assert error.code == "response_status"
    assert error.got == status
    assert refused(b"<html>at1", status, "text/html").code == "response_status"
    assert refused(b"", status, "").data is None


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"access_token=at1&token_type=bearer", FORM, "response_content_type"),
        (b"access_token=at1&token_type=bearer", "text/plain", "response_content_type"),
        (b'{"access_token": "at1", "token_type": "bearer"}', "text/html", "response_content_type"),
        (b'{"access_token": "at1", "token_type": "bearer"}', "", "response_content_type"),
        (b"access_token=at1&token_type=bearer", "application/json", "response_not_json"),
        (b"", "application/json", "response_not_json"),
        (b'"at1"', "application/json", "response_not_json"),
        (b"\xff\xfe", "application/json", "response_not_json"),
        (b'{"access_token": "at1", "access_token": "at1"}', "application/json", "response_duplicate_member"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "application/json", "response_too_deep"),
    ],
)
def test_N14_strict_answers_are_json(body: bytes, content_type: str, code: str) -> None:
    assert refused(body, 200, content_type).code == code


@pytest.mark.parametrize("content_type", [FORM, "text/plain", "text/html; charset=utf-8", ""])
def test_A12_lenient_answers_are_form_encoded(content_type: str) -> None:
    body = b"\xef\xbb\xbfaccess_token=a%2Bt1&expires=5183999&scope=user%2Cgist&empty=\n"
    token = process(body, 200, content_type, lenient_format=True, default_type="Bearer")
    assert token.access_token == "a+t1"
    assert token.expires_at == 1000.0 + 5183999
    assert token.scope == "user,gist"
    assert token.extra == {"expires": "5183999", "empty": ""}


def test_A12_lenient_answers_may_be_json_of_any_content_type() -> None:
    body = json.dumps({**RIGHT, "expires_in": "60", "expires": 5}).encode()
    assert process(body, 200, "text/html", lenient_format=True).expires_at == 1060.0
    assert process(body, 200, "application/json", lenient_format=True).access_token == "at1"


def test_expires_counts_only_where_lenient() -> None:
    assert process({**RIGHT, "expires": 60}).expires_at is None
    assert process({**RIGHT, "expires": 60}, lenient_format=True).expires_at == 1060.0


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"<html><a href='?access_token=at1&x=y'>", "text/html", "token_response_invalid"),
        (b"", "", "token_response_invalid"),
        (b"just words", "text/plain", "token_response_invalid"),
        (b"access_token=at1&access_token=at1", FORM, "authorization_response_repeated"),
        (b'{"access_token": ', "text/plain", "response_not_json"),
    ],
)
def test_lenient_answers_have_limits(body: bytes, content_type: str, code: str) -> None:
    assert refused(body, 200, content_type, lenient_format=True, default_type="Bearer").code == code


def test_lenient_errors_of_every_form() -> None:
    for body in (b"error=bad_verification_code&error_description=It+expired", b'{"error": "bad_verification_code"}'):
        for status in (200, 400):
            with pytest.raises(ServerError) as caught:
                process(body, status, "text/plain", lenient_format=True)
            assert caught.value.error == "bad_verification_code"
    error = refused(b"reason=busy&access_token=at1", 503, "text/plain", lenient_format=True)
    assert error.data == {"reason": "busy"}
    assert refused(b"<html>a=b", 503, "text/html", lenient_format=True).data is None
    assert refused(b"{broken", 503, "text/html", lenient_format=True).data is None


@pytest.mark.parametrize(("value", "seconds"), [(0, 0), (60, 60), (60.5, 60.5), ("60", 60), (" 60 ", 60), ("", None)])
def test_expires_in_is_a_number_of_seconds(value: object, seconds: float | None) -> None:
    expected = None if seconds is None else 1000.0 + seconds
    assert process({**RIGHT, "expires_in": value}).expires_at == expected


@pytest.mark.parametrize("value", [-1, "-1", True, "soon", "nan", "inf", 1e300, "9" * 400, [1], {"a": 1}])
def test_N14_expires_in_is_something_else(value: object) -> None:
    assert refused({**RIGHT, "expires_in": value}).code == "response_member"
    body = b'{"access_token": "at1", "token_type": "Bearer", "expires_in": 1' + b"0" * 4000 + b"}"
    assert refused(body).code == "response_member"


@pytest.mark.parametrize("member", ["refresh_token", "id_token", "scope"])
@pytest.mark.parametrize("value", [7, ["rt1", 1], {"rt1": "idt1"}, True])
def test_N14_members_are_texts(member: str, value: object) -> None:
    error = refused({**RIGHT, member: value})
    assert error.code == "response_member"
    assert member in str(error)


def test_an_empty_refresh_token_is_none() -> None:
    assert process({**RIGHT, "refresh_token": "", "id_token": ""}).refresh_token is None


def test_A08_everything_the_provider_sent_can_be_read() -> None:
    content = {**RIGHT, "expires_in": 5, "error": "yes", "x": [1]}
    assert read_token_answer(answer(content)) == content
    assert token_from_answer({**RIGHT, "x": [1]}, now=0).extra == {"x": [1]}
    assert read_token_answer(answer(b"access_token=a&x=y", 200, ""), lenient_format=True) == {
        "access_token": "a",
        "x": "y",
    }


OLD = Token("at0", refresh_token="rt0", scope="a b", id_token="idt0", expires_at=5, extra={"user": 1, "x": 1})


def renew(**more: Any) -> HTTPRequest:
    return refresh_request(METADATA, CLIENT, OLD, now=0, jti="j", **more)


def test_a_refresh_asks_for_the_same_again() -> None:
    assert form(renew()) == {
        "grant_type": "refresh_token", "refresh_token": "rt0", "client_id": "me", "client_secret": "hush",
    }  # fmt: skip


def test_a_refresh_for_less_and_for_one_resource() -> None:
    values = form(renew(scope="a", parameters={"resource": "https://a.example"}))
    assert values["scope"] == "a"
    assert values["resource"] == "https://a.example"


def test_a_refresh_asks_for_the_resource_of_the_token() -> None:
    """RFC 8707 §2.2; without it, a server that gives several kinds of tokens would give another one."""
    api, other = "https://api.example", "https://other.example"
    old = Token("at0", refresh_token="rt0", resource=(api,))
    assert form(refresh_request(METADATA, CLIENT, old, now=0, jti="j"))["resource"] == api
    changed = refresh_request(METADATA, CLIENT, old, now=0, jti="j", parameters={"resource": other})
    assert form(changed)["resource"] == other
    assert process_refresh_response(answer(RIGHT), old, now=0.0).resource == (api,)


def test_a_refresh_without_refresh_token() -> None:
    with pytest.raises(TokenMissing) as caught:
        refresh_request(METADATA, CLIENT, Token("at0"), now=0, jti="j")
    assert caught.value.code == "token_expired"
    with pytest.raises(ConfigurationError):
        renew(parameters={"refresh_token": "x"})


def refresh(content: Any, status: int = 200, **more: Any) -> Token:
    return process_refresh_response(answer(content, status), OLD, now=1000.0, **more)


def test_A09_the_old_refresh_token_stays() -> None:
    token = refresh({**RIGHT, "expires_in": 60, "x": 2})
    assert token == Token(
        "at1", refresh_token="rt0", scope="a b", id_token="idt0", expires_at=1060.0, extra={"user": 1, "x": 2}
    )


def test_a_rotated_refresh_token_replaces_the_old() -> None:
    token = refresh({**RIGHT, "refresh_token": "rt1", "scope": "a", "id_token": "idt1"})
    assert (token.refresh_token, token.scope, token.id_token) == ("rt1", "a", "idt1")
    assert refresh(RIGHT, scope="a").scope == "a"


def test_N39_a_spent_refresh_token() -> None:
    with pytest.raises(ServerError) as caught:
        refresh({"error": "invalid_grant"}, 400)
    assert caught.value.error == "invalid_grant"


def test_a_refreshed_token_is_of_the_same_type() -> None:
    with pytest.raises(TokenResponseError) as caught:
        refresh({**RIGHT, "token_type": "DPoP"})
    assert caught.value.code == "token_response_type"
