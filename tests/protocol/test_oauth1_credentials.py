"""OAuth 1.0a sign-in, renewal and resource requests: what is sent, what is taken, what is refused."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from flask_oauth.errors import (
    AccessDenied,
    AuthorizationResponseError,
    ConfigurationError,
    InvalidResponseError,
    OAuthException,
    ServerError,
    TokenResponseError,
)
from flask_oauth.protocol.http import (
    FORM_CONTENT_TYPE,
    PROTOCOL_ANSWER_LIMIT,
    RESOURCE_ANSWER_LIMIT,
    Headers,
    HTTPRequest,
    HTTPResponse,
)
from flask_oauth.protocol.oauth1 import (
    OUT_OF_BAND,
    SPENT_TOKEN_PROBLEMS,
    ClientCredentials,
    TemporaryCredentials,
    answer_as_sent,
    authorization_url,
    problem_report,
    process_renewal_response,
    process_temporary_credentials_response,
    process_token_credentials_response,
    renewal_request,
    resource_request,
    sign_request,
    temporary_credentials_request,
    token_credentials_request,
    validate_authorization_response,
)
from flask_oauth.protocol.token import Token

CLIENT = ClientCredentials("ck", "client-secret")
TEMPORARY = TemporaryCredentials("temporary-token", "temporary-secret")
URL = "https://a.example/request_token"
STAMP: dict[str, Any] = {"timestamp": 1700000000, "nonce": "n0nce"}
GOOD = b"oauth_token=tk&oauth_token_secret=ts&oauth_callback_confirmed=true"


def answer(
    body: bytes, content_type: str | None = FORM_CONTENT_TYPE, status: int = 200, **headers: str
) -> HTTPResponse:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTPResponse(status, Headers(fields | ({"Content-Type": content_type} if content_type else {})), body, URL)


def protocol(request: HTTPRequest) -> dict[str, str]:
    return {name: unquote(text) for name, text in re.findall(r'(\w+)="([^"]*)"', request.headers["authorization"])}


def signature(method: str, url: str, body: bytes | None, token: Token | None, parameters: dict[str, str]) -> str:
    """The signature of the same request put together by hand."""
    headers = Headers({"Content-Type": FORM_CONTENT_TYPE} if body else {})
    signed = sign_request(HTTPRequest(method, url, headers, body), CLIENT, token, **STAMP, parameters=parameters)
    return protocol(signed)["oauth_signature"]


# -- temporary credentials -------------------------------------------------------------------------------------------


def test_temporary_credentials_request() -> None:
    request = temporary_credentials_request(f"{URL}?title=x", CLIENT, callback="https://b.example/?next=é", **STAMP)
    assert (request.method, request.url, request.body) == ("POST", f"{URL}?title=x", None)
    assert protocol(request)["oauth_callback"] == "https://b.example/?next=é"
    assert "oauth_token" not in protocol(request)
    assert request.max_response_bytes == PROTOCOL_ANSWER_LIMIT


def test_temporary_credentials_request_out_of_band() -> None:
    request = temporary_credentials_request(URL, CLIENT, callback=None, **STAMP)
    assert protocol(request)["oauth_callback"] == OUT_OF_BAND == "oob"


def test_temporary_credentials_request_with_further_parameters() -> None:
    parameters = {"oauth_callback": "oob", "x_auth_access_type": "read", "scope": "a b", "limit": 7, "hd": None}
    request = temporary_credentials_request(URL, CLIENT, callback="https://b.example/", **STAMP, parameters=parameters)
    assert protocol(request)["oauth_callback"] == "oob"
    assert request.headers["content-type"] == FORM_CONTENT_TYPE
    assert request.body == b"x_auth_access_type=read&scope=a+b&limit=7"
    assert protocol(request)["oauth_signature"] == signature("POST", URL, request.body, None, {"oauth_callback": "oob"})


def test_credentials_are_sent_once_in_the_place_asked_for() -> None:
    in_body = temporary_credentials_request(URL, CLIENT, callback=None, **STAMP, placement="body")
    in_query = temporary_credentials_request(URL, CLIENT, callback=None, **STAMP, placement="query")
    for request, sent in ((in_body, in_body.body), (in_query, urlsplit(in_query.url).query.encode())):
        assert sent is not None
        names = [name for name, _ in parse_qsl(sent.decode())]
        assert names.count("oauth_callback") == names.count("oauth_consumer_key") == names.count("oauth_signature") == 1
        assert "authorization" not in request.headers
    assert in_query.body is None
    assert in_body.url == URL


@pytest.mark.parametrize("content_type", [FORM_CONTENT_TYPE, "text/plain", "text/html; charset=utf-8", None])
@pytest.mark.parametrize("status", [200, 201])
def test_A13_temporary_credentials_under_any_content_type(content_type: str | None, status: int) -> None:
    body = b"\xef\xbb\xbf" + GOOD + b"&xoauth_request_auth_url=https%3A%2F%2Fa.example%2F\r\n"
    temporary = process_temporary_credentials_response(answer(body, content_type, status))
    assert (temporary.token, temporary.secret) == ("tk", "ts")
    assert temporary.extra == {
        "oauth_callback_confirmed": "true",
        "xoauth_request_auth_url": "https://a.example/",
    }
    assert temporary.as_token() == Token("tk", "ts", "OAuth1")
    assert answer_as_sent(temporary)["oauth_token_secret"] == "ts"


def test_A13_temporary_credentials_with_empty_secret() -> None:
    body = b"oauth_token=tk&oauth_token_secret=&oauth_callback_confirmed=True"
    assert process_temporary_credentials_response(answer(body)).secret == ""


@pytest.mark.parametrize("confirmed", [b"", b"&oauth_callback_confirmed=", b"&oauth_callback_confirmed=false"])
def test_N51_callback_not_confirmed(confirmed: bytes) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process_temporary_credentials_response(answer(b"oauth_token=tk&oauth_token_secret=s3cret" + confirmed))
    assert caught.value.code == "oauth1_callback_not_confirmed"
    assert caught.value.type == "token_generation_failed"
    assert_no_secret(caught.value)


def assert_no_secret(error: OAuthException, secret: str = "s3cret") -> None:
    assert secret not in f"{error} {error!r} {error.data!r} {error.expected} {error.got} {error.__notes__}"


# -- answers without credentials -------------------------------------------------------------------------------------

PROCESSORS = [
    (process_temporary_credentials_response, "token_generation_failed", "token_generation_failed"),
    (process_token_credentials_response, "invalid_response", "response_status"),
]


@pytest.mark.parametrize(("process", "type_", "code"), PROCESSORS)
@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", ""),
        (b"Failed to validate oauth signature and token", "Failed to validate oauth signature and token"),
        (b"<html class='x'><a href='?a=b'>", "<html class='x'><a href='?a=b'>"),
        (b"error=bad&error=worse", {"error": "bad"}),
        (b'{"errors":[{"code":32}]}', {"errors": [{"code": 32}]}),
        (b"{not json", "{not json"),
        (b"oauth_token=s3cret&oauth_token_secret=s3cret", {"oauth_token": "***", "oauth_token_secret": "***"}),
        (b"\xff\xfe", "��"),
    ],
)
@pytest.mark.parametrize("status", [302, 401, 500])
def test_N52_other_status(process: Any, type_: str, code: str, body: bytes, data: object, status: int) -> None:
    with pytest.raises(TokenResponseError) as caught:
        process(answer(body, "text/html", status))
    error = caught.value
    assert (error.type, error.code, error.data) == (type_, code, data)
    assert str(status) in str(error)
    assert_no_secret(error)


@pytest.mark.parametrize(("process", "type_", "code"), PROCESSORS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"oauth_token=s3cret&oauth_callback_confirmed=true",
        b"oauth_token=&oauth_token_secret=s3cret&oauth_callback_confirmed=true",
        b"oauth_token_secret=s3cret&oauth_callback_confirmed=true",
        b'{"oauth_token": ["s3cret"], "oauth_token_secret": "s3cret", "oauth_callback_confirmed": true}',
        b'{"oauth_token": "s3cret", "oauth_token_secret": null, "oauth_callback_confirmed": true}',
        b'["oauth_token", "oauth_token_secret"]',
    ],
)
def test_N52_no_credentials_in_the_answer(process: Any, type_: str, code: str, body: bytes) -> None:
    with pytest.raises(TokenResponseError) as caught:
        process(answer(body))
    assert (caught.value.type, caught.value.code) == (type_, "oauth1_credentials_missing")
    assert_no_secret(caught.value)


@pytest.mark.parametrize(("process", "type_", "code"), PROCESSORS)
@pytest.mark.parametrize("status", [200, 400, 401])
def test_N52_oauth_problem_is_shown(process: Any, type_: str, code: str, status: int) -> None:
    body = b"oauth_problem=timestamp_refused&oauth_problem_advice=Clock%21&oauth_acceptable_timestamps=1-9&x=y"
    with pytest.raises(ServerError) as caught:
        process(answer(body, "text/plain", status))
    error = caught.value
    assert (error.type, error.code, error.error, error.error_description) == (
        type_,
        "oauth1_problem",
        "timestamp_refused",
        "Clock!",
    )
    assert str(error).endswith(": timestamp_refused")
    assert error.data == {
        "oauth_problem": "timestamp_refused",
        "oauth_problem_advice": "Clock!",
        "oauth_acceptable_timestamps": "1-9",
        "x": "y",
    }


def test_N52_oauth_problem_in_a_header_is_shown() -> None:
    challenge = 'OAuth realm="https://a.example/", oauth_problem="signature_invalid", oauth_problem_advice="b%20c"'
    response = answer(b"<p>no</p>", "text/html", 401, WWW_Authenticate=challenge)
    with pytest.raises(ServerError) as caught:
        process_token_credentials_response(response)
    assert caught.value.data == {"oauth_problem": "signature_invalid", "oauth_problem_advice": "b c"}


@pytest.mark.parametrize("problem", [b"<script>", b"a b", b"x" * 65])
def test_N52_an_improper_problem_name_is_not_put_into_the_message(problem: bytes) -> None:
    with pytest.raises(ServerError) as caught:
        process_token_credentials_response(answer(b"oauth_problem=" + problem, status=401))
    assert str(caught.value) == "The server gave no token credentials: a problem without a proper name"
    assert caught.value.error == problem.decode()


@pytest.mark.parametrize("problem", [b"user_refused", b"permission_denied"])
def test_a_refusal_of_the_user_is_no_failure(problem: bytes) -> None:
    with pytest.raises(AccessDenied) as caught:
        process_token_credentials_response(answer(b"oauth_problem=" + problem, status=401))
    assert caught.value.data == {"oauth_problem": problem.decode()}


@pytest.mark.parametrize(("process", "type_", "code"), PROCESSORS)
def test_a_repeated_credential_is_refused(process: Any, type_: str, code: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        process(answer(GOOD + b"&oauth_token=s3cret"))
    assert caught.value.code == "response_duplicate_member"
    assert_no_secret(caught.value)


# -- the user's answer -----------------------------------------------------------------------------------------------


def test_authorization_url() -> None:
    url = authorization_url("https://a.example/authorize?x=1", TEMPORARY, {"force_login": True, "n": "é&", "x": None})
    assert url == "https://a.example/authorize?x=1&oauth_token=temporary-token&force_login=True&n=%C3%A9%26"
    assert authorization_url("https://a.example/a", TEMPORARY) == "https://a.example/a?oauth_token=temporary-token"


def test_authorization_url_keeps_the_token_to_itself() -> None:
    with pytest.raises(ConfigurationError) as caught:
        authorization_url("https://a.example/a", TEMPORARY, {"oauth_token": "x"})
    assert caught.value.code == "config_parameter_reserved"


def test_A08_verifier_with_a_query_of_the_callbacks_own() -> None:
    parameters = [("tag", "a"), ("tag", "b"), ("oauth_token", "temporary-token"), ("oauth_verifier", "v")]
    assert validate_authorization_response(parameters, TEMPORARY) == "v"


@pytest.mark.parametrize(
    "parameters",
    [
        [("oauth_token", "another"), ("oauth_verifier", "v")],
        [("oauth_token", ""), ("oauth_verifier", "v")],
        [("oauth_verifier", "v")],
        [("oauth_token", "another"), ("denied", "another")],
        [("oauth_token", "another"), ("oauth_problem", "user_refused")],
        [],
    ],
)
def test_N51_callback_about_another_token(parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(AuthorizationResponseError) as caught:
        validate_authorization_response(parameters, TEMPORARY)
    assert caught.value.code == "oauth1_callback_token"


@pytest.mark.parametrize("parameters", [[], [("oauth_verifier", "")]])
def test_N51_verifier_missing(parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(AuthorizationResponseError) as caught:
        validate_authorization_response([("oauth_token", "temporary-token"), *parameters], TEMPORARY)
    assert caught.value.code == "oauth1_verifier_missing"


@pytest.mark.parametrize("name", ["oauth_token", "oauth_verifier", "denied", "oauth_problem"])
def test_N51_repeated_parameter_in_the_callback(name: str) -> None:
    parameters = [("oauth_token", "temporary-token"), ("oauth_verifier", "v"), (name, "temporary-token")]
    with pytest.raises(AuthorizationResponseError) as caught:
        validate_authorization_response([*parameters, (name, "x")], TEMPORARY)
    assert caught.value.code == "authorization_response_repeated"


@pytest.mark.parametrize(
    "parameters",
    [
        [("denied", "temporary-token")],
        [("oauth_token", "temporary-token"), ("denied", "true")],
        [("oauth_problem", "user_refused")],
        [("oauth_token", "temporary-token"), ("oauth_problem", "permission_denied")],
    ],
)
def test_denial(parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(AccessDenied):
        validate_authorization_response(parameters, TEMPORARY)


def test_N52_problem_in_the_callback_is_shown() -> None:
    parameters = [("oauth_problem", "parameter_absent"), ("oauth_problem_advice", "b"), ("next", "/")]
    with pytest.raises(ServerError) as caught:
        validate_authorization_response(parameters, TEMPORARY)
    assert caught.value.data == {"oauth_problem": "parameter_absent", "oauth_problem_advice": "b"}
    assert (caught.value.code, caught.value.error) == ("oauth1_problem", "parameter_absent")


# -- token credentials -----------------------------------------------------------------------------------------------


def test_token_credentials_request() -> None:
    request = token_credentials_request(URL, CLIENT, TEMPORARY, verifier="v é", **STAMP, parameters={"a": "1"})
    sent = protocol(request)
    assert (sent["oauth_token"], sent["oauth_verifier"]) == ("temporary-token", "v é")
    assert (request.method, request.url, request.body) == ("POST", URL, b"a=1")
    assert not request.repeatable
    assert sent["oauth_signature"] == signature("POST", URL, b"a=1", TEMPORARY.as_token(), {"oauth_verifier": "v é"})


def test_token_credentials_request_by_get() -> None:
    url = f"{URL}?title=x"
    request = token_credentials_request(
        url, CLIENT, TEMPORARY, verifier="v", **STAMP, method="get", parameters={"a": "1"}
    )
    assert (request.method, request.url, request.body) == ("GET", f"{url}&a=1", None)
    assert not request.repeatable
    assert protocol(request)["oauth_signature"] == signature(
        "GET", request.url, None, TEMPORARY.as_token(), {"oauth_verifier": "v"}
    )


def test_token_credentials_request_by_another_method() -> None:
    with pytest.raises(ConfigurationError) as caught:
        token_credentials_request(URL, CLIENT, TEMPORARY, verifier="v", **STAMP, method="PUT")
    assert caught.value.code == "config_http_method"


@pytest.mark.parametrize("content_type", [FORM_CONTENT_TYPE, "text/plain", "text/html; charset=utf-8", None])
def test_A13_token_credentials_with_extra_parameters(content_type: str | None) -> None:
    body = "oauth_token=7-tk%2B&oauth_token_secret=&user_id=7&screen_name=J%C3%BCrgen+é&empty=&user_id=8".encode()
    token = process_token_credentials_response(answer(body, content_type))
    assert token == Token("7-tk+", "", "OAuth1", extra={"user_id": "7", "screen_name": "Jürgen é", "empty": ""})
    assert answer_as_sent(token) == {
        "oauth_token": "7-tk+",
        "oauth_token_secret": "",
        "user_id": "7",
        "screen_name": "Jürgen é",
        "empty": "",
    }


def test_token_credentials_as_json() -> None:
    body = b'{"oauth_token": "tk", "oauth_token_secret": "ts", "user_id": 7}'
    token = process_token_credentials_response(answer(body, "application/json"))
    assert token == Token("tk", "ts", "OAuth1", extra={"user_id": 7})


@pytest.mark.parametrize(
    ("life", "expires_at"),
    [("3600", 4600.0), ("0", None), ("-1", None), ("", None), ("never", None), ("1" * 11, None), ("٣", None)],
)
def test_session_handle_and_lifetime(life: str, expires_at: float | None) -> None:
    body = f"oauth_token=tk&oauth_token_secret=ts&oauth_session_handle=sh&oauth_expires_in={life}".encode()
    token = process_token_credentials_response(answer(body), now=1000.0)
    assert (token.refresh_token, token.expires_at) == ("sh", expires_at)
    assert token.extra == {"oauth_session_handle": "sh", "oauth_expires_in": life}
    assert process_token_credentials_response(answer(body)).expires_at is None


@pytest.mark.parametrize("handle", ['""', "7", "null"])
def test_a_session_handle_that_is_none(handle: str) -> None:
    body = f'{{"oauth_token": "tk", "oauth_token_secret": "ts", "oauth_session_handle": {handle}}}'.encode()
    assert process_token_credentials_response(answer(body)).refresh_token is None


# -- renewal ---------------------------------------------------------------------------------------------------------

OLD = Token(
    "old",
    "old-secret",
    "OAuth1",
    refresh_token="handle",
    expires_at=5.0,
    extra={"user_id": "7", "oauth_expires_in": "5"},
)


def test_renewal_request() -> None:
    request = renewal_request(URL, CLIENT, OLD, **STAMP)
    sent = protocol(request)
    assert (request.method, sent["oauth_token"], sent["oauth_session_handle"]) == ("POST", "old", "handle")
    assert sent["oauth_signature"] == signature("POST", URL, None, OLD, {"oauth_session_handle": "handle"})


def test_renewal_without_a_session_handle() -> None:
    with pytest.raises(ConfigurationError) as caught:
        renewal_request(URL, CLIENT, Token("tk", "ts", "OAuth1"), **STAMP)
    assert caught.value.code == "token_expired"


def test_renewal_keeps_what_is_not_repeated() -> None:
    renewed = process_renewal_response(answer(b"oauth_token=new&oauth_token_secret=ns&name=n"), OLD, now=10.0)
    assert renewed == Token("new", "ns", "OAuth1", refresh_token="handle", extra={"user_id": "7", "name": "n"})


def test_renewal_takes_what_is_new() -> None:
    body = b"oauth_token=new&oauth_token_secret=ns&oauth_session_handle=h2&oauth_expires_in=60&user_id=7"
    renewed = process_renewal_response(answer(body), OLD, now=10.0)
    assert (renewed.refresh_token, renewed.expires_at) == ("h2", 70.0)
    assert renewed.extra == {"user_id": "7", "oauth_session_handle": "h2", "oauth_expires_in": "60"}


def test_renewal_of_spent_credentials_names_the_problem() -> None:
    with pytest.raises(ServerError) as caught:
        process_renewal_response(answer(b"oauth_problem=token_revoked", status=401), OLD, now=10.0)
    assert caught.value.error in SPENT_TOKEN_PROBLEMS


# -- resource requests -----------------------------------------------------------------------------------------------


def test_resource_request() -> None:
    token = Token("tk", "ts", "OAuth1")
    request = resource_request(
        "POST",
        "https://api.example/x?a=1",
        CLIENT,
        token,
        **STAMP,
        headers=[("X-A", "1"), ("Content-Type", "application/json")],
        body=b"{}",
        body_hash=True,
    )
    assert (request.method, request.url, request.body) == ("POST", "https://api.example/x?a=1", b"{}")
    assert request.headers["x-a"] == "1"
    assert request.max_response_bytes == RESOURCE_ANSWER_LIMIT
    sent = protocol(request)
    assert sent["oauth_body_hash"] == "vyGp6PvFo4RvsFtPoIWeCReyIC8="
    assert sent["oauth_token"] == "tk"


def test_two_legged_resource_request() -> None:
    request = resource_request("GET", "https://api.example/x", CLIENT, None, **STAMP, placement="query")
    assert "oauth_token" not in dict(parse_qsl(urlsplit(request.url).query))


def test_resource_request_with_a_header_of_the_callers() -> None:
    request = resource_request(
        "GET", "https://api.example/x", CLIENT, Token("tk", "ts"), **STAMP, headers={"Authorization": "OAuth T"}
    )
    assert request.headers.items_as_sent() == (("Authorization", "OAuth T"),)
    assert request.url == "https://api.example/x"


def test_problem_report_of_an_api() -> None:
    challenge = 'OAuth realm="x", oauth_problem="token_rejected", oauth_token="s3cret"'
    refused = answer(b'{"oauth_problem": "token_expired", "oauth_count": 1}', status=401, WWW_Authenticate=challenge)
    assert problem_report(refused) == {"oauth_problem": "token_expired", "oauth_token": "***"}
    assert problem_report(answer(b"oauth_version=1.0", status=401, WWW_Authenticate='Bearer realm="x"')) == {}


def test_N56_no_secret_in_a_repr() -> None:
    assert repr(TEMPORARY) == "TemporaryCredentials()"
