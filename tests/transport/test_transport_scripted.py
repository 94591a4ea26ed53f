"""The scripted transport that tests of applications use."""

from __future__ import annotations

import re
import threading

import pytest

import flask_oauth.testing
from flask_oauth.errors import TransportError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse, form_request
from flask_oauth.testing import ScriptedTransport, UnexpectedRequestError, form_of, form_response, json_response
from flask_oauth.transport import Transport

TOKEN = "https://as.example/token"


def test_is_a_transport():
    assert isinstance(ScriptedTransport(), Transport)


def test_answers_and_remembers():
    transport = ScriptedTransport().always("POST", TOKEN, json_response({"a": 1}))
    request = form_request(TOKEN, [("code", "x"), ("state", "")])
    response = transport.send(request)
    assert (response.status, response.body, response.media_type, response.url) == (
        200,
        b'{"a": 1}',
        "application/json",
        TOKEN,
    )
    assert transport.requests == [request]
    assert form_of(request) == {"code": "x", "state": ""}
    assert form_of(HTTPRequest("GET", TOKEN)) == {}


def test_once_comes_before_always_and_in_order():
    transport = ScriptedTransport().always("GET", "*", json_response(0))
    transport.once("GET", TOKEN, json_response(1), json_response(2))
    assert [transport.send(HTTPRequest("GET", TOKEN)).body for _ in range(4)] == [b"1", b"2", b"0", b"0"]


def test_errors_and_functions():
    transport = ScriptedTransport()
    transport.once("GET", TOKEN, TransportError("no"), lambda request: json_response(request.method))
    transport.once("GET", TOKEN, lambda request: TransportError("computed"))
    with pytest.raises(TransportError, match="no"):
        transport.send(HTTPRequest("GET", TOKEN))
    assert transport.send(HTTPRequest("GET", TOKEN)).body == b'"GET"'
    with pytest.raises(TransportError, match="computed"):
        transport.send(HTTPRequest("GET", TOKEN))


@pytest.mark.parametrize(
    ("pattern", "url", "fits"),
    [
        ("https://a.example/x", "https://a.example/x?code=1", True),
        ("https://a.example/x?code=1", "https://a.example/x?code=1", True),
        ("https://a.example/x?code=1", "https://a.example/x?code=2", False),
        ("https://a.example/x?code=*", "https://a.example/x?code=2", True),
        ("https://a.example/*", "https://a.example/x/y", True),
        ("https://a.example/x", "https://a.example/xy", False),
        ("https://a.example/x", "https://aXexample/x", False),
        (re.compile(r"https://[ab]\.example/\d+"), "https://b.example/12", True),
        (re.compile(r"https://[ab]\.example/\d+"), "https://b.example/12x", False),
    ],
)
def test_patterns(pattern, url, fits):
    transport = ScriptedTransport().always("*", pattern, json_response(1))
    if fits:
        assert transport.send(HTTPRequest("DELETE", url)).status == 200
        assert len(transport.sent("DELETE", pattern)) == 1
        assert transport.sent("GET") == []
        return
    with pytest.raises(UnexpectedRequestError):
        transport.send(HTTPRequest("DELETE", url))


def test_unexpected_request_says_what_the_script_holds():
    transport = (
        ScriptedTransport()
        .once("GET", TOKEN, json_response(1))
        .always("POST", re.compile("https://x.*"), json_response(2))
    )
    transport.send(HTTPRequest("GET", TOKEN))
    with pytest.raises(UnexpectedRequestError) as caught:
        transport.send(HTTPRequest("GET", f"{TOKEN}?client_secret=s3cret"))
    assert "No answer in the script for GET https://as.example/token" in str(caught.value)
    assert "GET https://as.example/token (once, used)" in str(caught.value)
    assert "POST /https://x.*/" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert len(transport.unexpected) == 1
    assert not isinstance(caught.value, TransportError)  # code that forgives a failing wire must not hide it
    with pytest.raises(UnexpectedRequestError, match=r"\(empty\)"):
        ScriptedTransport().send(HTTPRequest("GET", TOKEN))


def test_answers_that_were_not_asked_for():
    transport = ScriptedTransport().once("GET", TOKEN, json_response(1)).always("POST", TOKEN, json_response(1))
    with pytest.raises(AssertionError, match=r"GET https://as\.example/token"):
        transport.assert_all_used()
    transport.send(HTTPRequest("GET", TOKEN))
    transport.assert_all_used()


def test_N12_plain_http_is_refused_here_too():
    transport = ScriptedTransport().always("*", "*", json_response(1))
    with pytest.raises(TransportError) as caught:
        transport.send(HTTPRequest("GET", "http://as.example/"))
    assert caught.value.code == "transport_insecure_url"
    assert transport.requests == []
    assert transport.send(HTTPRequest("GET", "http://localhost/")).status == 200
    assert (
        transport.send(HTTPRequest("GET", "http://as.example/", insecure_hosts=frozenset({"as.example"}))).status == 200
    )


def test_N14_oversize_is_refused_here_too():
    transport = ScriptedTransport().always("*", "*", HTTPResponse(200, Headers(), b"12345"))
    with pytest.raises(TransportError) as caught:
        transport.send(HTTPRequest("GET", TOKEN, max_response_bytes=4))
    assert caught.value.code == "transport_too_large"
    assert transport.send(HTTPRequest("GET", TOKEN, max_response_bytes=5)).body == b"12345"


def test_an_answer_for_once_is_given_once_to_many_threads():
    transport = ScriptedTransport().once("GET", TOKEN, *[json_response(number) for number in range(64)])
    seen: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(transport.send(HTTPRequest("GET", TOKEN)).body for _ in range(8)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(body) for body in seen) == list(range(64))
    assert len(transport.requests) == 64
    transport.assert_all_used()


def test_form_response():
    response = form_response([("oauth_token", "a b"), ("oauth_token_secret", "&")])
    assert (response.body, response.media_type) == (
        b"oauth_token=a+b&oauth_token_secret=%26",
        "application/x-www-form-urlencoded",
    )
    assert form_response({"a": "1"}, 401, {"X": "y"}).headers["x"] == "y"


def test_names_are_found():
    assert {"ScriptedTransport", "json_response"} <= set(dir(flask_oauth.testing))
    for name in flask_oauth.testing.__all__:
        assert getattr(flask_oauth.testing, name).__name__ == name
    with pytest.raises(AttributeError):
        flask_oauth.testing.nothing  # noqa: B018
