"""Requests, responses and header fields as the protocols see them."""

from __future__ import annotations

import dataclasses

import pytest

from flask_oauth.errors import ConfigurationError
from flask_oauth.protocol.http import FORM_CONTENT_TYPE, Headers, HTTPRequest, HTTPResponse, form_request


def test_header_names_have_no_case() -> None:
    headers = Headers({"Content-Type": "a", "X-B": "1"})
    assert headers["CONTENT-type"] == headers.get("content-type") == "a"
    assert "content-TYPE" in headers
    assert "missing" not in headers
    assert 7 not in headers
    assert headers.get("missing") is None
    assert list(headers) == ["content-type", "x-b"]
    assert len(headers) == 2
    with pytest.raises(KeyError):
        headers["missing"]


def test_repeated_headers_are_one_value_and_are_sent_as_written() -> None:
    headers = Headers([("Set-Cookie", "a"), ("X", "1"), ("set-cookie", "b")])
    assert headers["Set-Cookie"] == "a, b"
    assert headers.items_as_sent() == (("Set-Cookie", "a"), ("X", "1"), ("set-cookie", "b"))
    assert len(headers) == 2


def test_headers_as_a_mapping_of_its_own() -> None:
    headers = Headers([("Set-Cookie", "a"), ("set-cookie", "b")])
    fields = headers.as_dict()
    fields["x"] = "1"
    assert fields == {"set-cookie": "a, b", "x": "1"}
    assert "x" not in headers


def test_N56_no_credential_in_a_repr() -> None:
    request = HTTPRequest(
        "GET",
        "https://user:s3cret@a.example:8443/@x?token=s3cret#s3cret",
        Headers({"Authorization": "s3cret"}),
        b"s3cret",
    )
    assert repr(request) == "<HTTPRequest GET https://a.example:8443/@x>"
    assert repr(HTTPRequest("GET", "https://a.example/#access_token=s3cret")) == "<HTTPRequest GET https://a.example/>"
    assert repr(request.headers) == "<Headers authorization>"
    response = HTTPResponse(
        200, Headers({"Content-Type": "Text/JSON; x=s3cret"}), b"s3cret", "https://a.example/?s3cret"
    )
    assert repr(response) == "<HTTPResponse 200 text/json 6 bytes>"


def test_a_request_with_further_headers_is_another_request() -> None:
    request = HTTPRequest("PUT", "https://a.example/", Headers([("X", "1")]), b"b", public_hosts_only=True)
    further = request.with_headers({"Y": "2"})
    assert further.headers.items_as_sent() == (("X", "1"), ("Y", "2"))
    assert request.headers.items_as_sent() == (("X", "1"),)
    assert dataclasses.replace(further, headers=request.headers) == dataclasses.replace(request)
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.url = "https://b.example/"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [("Application/JSON ; charset=utf-8", "application/json"), ("text/html", "text/html"), ("", "")],
)
def test_media_type(content_type: str, media_type: str) -> None:
    assert HTTPResponse(200, Headers({"content-type": content_type}), b"").media_type == media_type
    assert HTTPResponse(200, Headers(), b"").media_type == ""


@pytest.mark.parametrize(("status", "ok"), [(199, False), (200, True), (299, True), (300, False), (500, False)])
def test_ok(status: int, ok: bool) -> None:
    assert HTTPResponse(status, Headers(), b"").ok is ok


def test_form_request() -> None:
    request = form_request("https://a.example/token?x=1", [("a", "é &="), ("b", "")], {"X": "1"})
    assert (request.method, request.url, request.body) == (
        "POST",
        "https://a.example/token?x=1",
        b"a=%C3%A9+%26%3D&b=",
    )
    assert dict(request.headers) == {"content-type": FORM_CONTENT_TYPE, "accept": "application/json", "x": "1"}


def test_form_request_refuses_a_repeated_parameter() -> None:
    with pytest.raises(ConfigurationError, match="more than once: a, c") as caught:
        form_request("https://a.example/", [("c", "s3cret"), ("a", "1"), ("a", "2"), ("b", "1"), ("c", "1")])
    assert caught.value.code == "config_parameter_reserved"
    assert "s3cret" not in str(caught.value)


def test_form_request_repeats_what_may_be_repeated() -> None:
    pairs = [("resource", "https://a.example/"), ("resource", "https://b.example/")]
    request = form_request("https://a.example/", pairs, may_repeat=("resource",))
    assert request.body == b"resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F"
