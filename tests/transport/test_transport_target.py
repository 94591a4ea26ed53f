"""Where a URL leads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oauth.errors import TransportError
from flask_oauth.protocol.http import HTTPRequest
from flask_oauth.transport.target import Target, _parse, locate, refuse_insecure


@pytest.mark.parametrize(
    ("url", "target", "request_target"),
    [
        ("https://as.example", Target("https", "as.example", 443, "as.example", "/"), "/"),
        ("HTTPS://AS.Example:443/A?b=c", Target("https", "as.example", 443, "as.example", "/A"), "/A?b=c"),
        ("https://as.example:8443/a?", Target("https", "as.example", 8443, "as.example:8443", "/a"), "/a?"),
        ("http://localhost:80/a#b?c", Target("http", "localhost", 80, "localhost", "/a"), "/a"),
        ("https://[::1]:5/x", Target("https", "::1", 5, "[::1]:5", "/x"), "/x"),
        (
            "https://bücher.example/ü?x=%C3%BC ü",
            Target("https", "xn--bcher-kva.example", 443, "xn--bcher-kva.example", "/%C3%BC"),
            "/%C3%BC?x=%C3%BC%20%C3%BC",
        ),
        (
            "https://as.example?x=https://other.example/?y",
            Target("https", "as.example", 443, "as.example", "/"),
            "/?x=https://other.example/?y",
        ),
    ],
)
def test_url(url, target, request_target):
    assert locate(url) == (target, request_target)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60))
def test_nothing_gets_into_a_request_line(text):
    for url in (f"https://as.example/{text}", f"https://as.example/?{text}", f"https://{text}/"):
        try:
            target, request_target = locate(url)
        except TransportError:
            continue
        sent = target.authority + request_target
        assert sent.isascii()
        assert sent.isprintable()
        assert " " not in sent


def test_what_is_remembered_of_a_url_has_no_query():
    _parse.cache_clear()
    for number in range(20):
        locate(f"https://as.example/token?code={number}")
    assert _parse.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("url", "hosts", "allowed"),
    [
        ("https://as.example/", (), True),
        ("http://localhost/", (), True),
        ("http://127.0.0.1:5000/", (), True),
        ("http://[::1]/", (), True),
        ("http://as.example/", (), False),
        ("http://as.example/", ("as.example",), True),
        ("http://as.example.evil.example/", ("as.example",), False),
        ("http://localhost.evil.example/", (), False),
    ],
)
def test_N12_plain_http(url, hosts, allowed):
    request = HTTPRequest("GET", url, insecure_hosts=frozenset(hosts))
    if allowed:
        refuse_insecure(request, locate(url)[0])
        return
    with pytest.raises(TransportError) as caught:
        refuse_insecure(request, locate(url)[0])
    assert caught.value.code == "transport_insecure_url"
