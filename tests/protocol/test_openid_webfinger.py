"""WebFinger: what people type, what is asked, and which answers name an issuer (N13, N54)."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oauth.errors import MetadataError
from flask_oauth.protocol.http import Headers, HTTPResponse, origin
from flask_oauth.protocol.openid.webfinger import (
    ISSUER_RELATION,
    normalize_identifier,
    process_webfinger_response,
    webfinger_request,
)


@pytest.mark.parametrize(
    ("typed", "resource", "host"),
    [
        # The examples of Discovery §2.2.
        ("joe@example.com", "acct:joe@example.com", "example.com"),
        ("https://example.com/joe", "https://example.com/joe", "example.com"),
        ("example.com:8080", "https://example.com:8080/", "example.com:8080"),
        (
            "acct:juliet%40capulet.example@shopping.example.com",
            "acct:juliet%40capulet.example@shopping.example.com",
            "shopping.example.com",
        ),
        # The rules of §2.1.2.
        (" joe@example.com \n", "acct:joe@example.com", "example.com"),
        ("joe@example.com:8080", "https://joe@example.com:8080/", "example.com:8080"),
        ("example.com", "https://example.com/", "example.com"),
        ("example.com/joe?a=b#fragment", "https://example.com/joe?a=b", "example.com"),
        ("http://example.com", "http://example.com/", "example.com"),
        ("joe@example.com/path", "https://joe@example.com/path", "example.com"),
        ("HTTPS://example.com/", "https://example.com/", "example.com"),
    ],
)
def test_identifier(typed, resource, host):
    assert normalize_identifier(typed) == resource
    request = webfinger_request(typed)
    url = urlsplit(request.url)
    assert (url.scheme, url.netloc, url.path) == ("https", host, "/.well-known/webfinger")
    assert dict(parse_qsl(url.query)) == {"resource": resource, "rel": ISSUER_RELATION}
    assert request.method == "GET"
    assert request.public_hosts_only


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "=joe",
        "@joe",
        "!joe",
        "joe doe@example.com",
        "a\tb",
        "mailto:joe@example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "http:",
        "acct:joe",
        "joe@",
        "https://[",
        "exämple.com",
        "x" * 3000,
        "https://a\\@b.example",
        "#",
    ],
)
def test_not_an_identifier(typed):
    with pytest.raises(MetadataError) as caught:
        webfinger_request(typed)
    assert caught.value.code == "webfinger_identifier"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_anything_typed_leads_to_https_or_nowhere(typed):
    try:
        url = webfinger_request(typed).url
    except MetadataError:
        return
    assert origin(url)[0] == "https"
    assert url.isascii()
    assert urlsplit(url).path == "/.well-known/webfinger"


def answer(content, media_type="application/jrd+json", status=200):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return HTTPResponse(
        status, Headers({"Content-Type": media_type}), body, "https://example.com/.well-known/webfinger"
    )


def test_answer():
    other = {"rel": "http://webfinger.net/rel/avatar", "href": "https://example.com/me.png"}
    link = {"rel": ISSUER_RELATION, "href": "https://server.example.com/op"}
    document = {"subject": "acct:joe@example.com", "links": [7, other, link]}
    assert process_webfinger_response(answer(document)) == "https://server.example.com/op"
    assert process_webfinger_response(answer(document, "application/json")) == "https://server.example.com/op"


@pytest.mark.parametrize(
    "href",
    [
        None,
        7,
        "",
        "server.example.com",
        "http://server.example.com",
        "https://server.example.com?a=b",
        "https://server.example.com#f",
        "https://",
        "javascript:alert(1)",
    ],
)
def test_N54_issuer_that_is_none(href):
    with pytest.raises(MetadataError) as caught:
        process_webfinger_response(answer({"links": [{"rel": ISSUER_RELATION, "href": href}]}))
    assert caught.value.code == "webfinger_no_issuer"


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (answer({}), "webfinger_no_issuer"),
        (answer({"links": {}}), "webfinger_no_issuer"),
        (answer({"links": []}), "webfinger_no_issuer"),
        (answer({"links": [{"rel": "other", "href": "https://a.example"}]}), "webfinger_no_issuer"),
        (answer(b"<html>", "text/html"), "response_content_type"),
        (answer(b"[]"), "response_not_json"),
        (answer({}, status=404), "response_status"),
    ],
)
def test_answers_without_an_issuer(response, code):
    with pytest.raises(MetadataError) as caught:
        process_webfinger_response(response)
    assert caught.value.code == code
