"""Queries, forms, JSON and URLs: what is read, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oauth.errors import InvalidResponseError
from flask_oauth.protocol.http import (
    JSON_DEPTH_LIMIT,
    PROTOCOL_ANSWER_LIMIT,
    Headers,
    HTTPResponse,
    add_query,
    form_text,
    is_secure_url,
    json_object,
    origin,
    parse_form,
    parse_json_object,
    read_once,
)

# -- queries and forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example?a=1&b=%26"),
        ("https://a.example/?", "https://a.example/?a=1&b=%26"),
        ("https://a.example/?x", "https://a.example/?x&a=1&b=%26"),
        ("https://a.example/?x=1&", "https://a.example/?x=1&a=1&b=%26"),
        ("https://a.example/?x=1#f?g", "https://a.example/?x=1&a=1&b=%26#f?g"),
        ("https://a.example/#f?g", "https://a.example/?a=1&b=%26#f?g"),
    ],
)
def test_add_query(url: str, expected: str) -> None:
    assert add_query(url, [("a", "1"), ("b", "&")]) == expected
    assert add_query(url, []) == url


def test_read_once() -> None:
    assert read_once([("a", "1"), ("b", ""), ("A", "2")]) == {"a": "1", "b": "", "A": "2"}


def test_N08_a_repeated_parameter_is_refused() -> None:
    with pytest.raises(InvalidResponseError, match="'code' came more than once") as caught:
        read_once([("code", "s3cret"), ("state", "x"), ("code", "s3cret")])
    assert caught.value.code == "authorization_response_repeated"
    assert "s3cret" not in str(caught.value)


def test_parse_form() -> None:
    assert parse_form("a=&b=1+2&b=%C3%A9&c") == [("a", ""), ("b", "1 2"), ("b", "é"), ("c", "")]


# -- JSON ------------------------------------------------------------------------------------------------------------


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return '{"a":' + opening * (depth - 1) + closing * (depth - 1) + "}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1, "A": [true, null, 1.5]}', {"a": 1, "A": [True, None, 1.5]}),
        (b'\xef\xbb\xbf{"a": "\xc3\xa9"}', {"a": "é"}),
        ('{"a": "\\u00e9\\ud83d\\ude00"}', {"a": "é😀"}),
        (b'{"a": "\xff"}', {"a": "�"}),
        (b" {} \r\n", {}),
    ],
)
def test_json_object(content: bytes | str, expected: dict[str, Any]) -> None:
    assert json_object(content) == expected


def test_parse_json_object_reads_the_body_whatever_its_content_type() -> None:
    assert parse_json_object(HTTPResponse(200, Headers({"Content-Type": "text/html"}), b'{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html>s3cret</html>",
        '{"a": "s3cret"',
        '{"a": "s3cret"} x',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"a": "\n"}',
    ],
)
def test_N14_not_json(content: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        json_object(content)
    error = caught.value
    assert error.code == "response_not_json"
    assert error.__cause__ is None
    assert "s3cret" not in f"{error} {error.__notes__}"


@pytest.mark.parametrize(("content", "kind"), [("[]", "list"), ('"a"', "str"), ("1", "int"), ("null", "NoneType")])
def test_N14_not_an_object(content: str, kind: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        json_object(content)
    assert (caught.value.code, caught.value.got) == ("response_not_json", kind)


@pytest.mark.parametrize("content", ['{"a": 1, "a": 1}', '{"b": [{"a": 1, "\\u0061": 2}]}'])
def test_N14_duplicate_member(content: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        json_object(content)
    assert caught.value.code == "response_duplicate_member"


@pytest.mark.parametrize(
    "content",
    [
        nested(JSON_DEPTH_LIMIT + 1),
        nested(JSON_DEPTH_LIMIT + 1, '{"a":', "}"),
        nested(100_000),
        '{"a": "\\"", "b": ' + nested(JSON_DEPTH_LIMIT + 1) + "}",
    ],
    ids=["lists", "objects", "very deep", "after a quote"],
)
def test_N14_nested_too_deeply(content: str) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        json_object(content)
    assert caught.value.code == "response_too_deep"


def test_brackets_beside_each_other_or_in_strings_are_not_deep() -> None:
    assert json_object(nested(JSON_DEPTH_LIMIT))
    assert json_object('{"a": [' + ",".join(["[]"] * 100) + "]}") == {"a": [[]] * 100}
    text = "[{" * 100 + '"\\'
    assert json_object(json.dumps({"a": text})) == {"a": text}


@pytest.mark.parametrize("unit", ['\\"', '"', "[]", '{"', '"\\'])
def test_N14_the_longest_answer_is_looked_through_in_no_time(unit: str) -> None:
    content = "[" * (JSON_DEPTH_LIMIT + 1) + '"' + unit * (PROTOCOL_ANSWER_LIMIT // len(unit))
    start = time.perf_counter()
    with pytest.raises(InvalidResponseError):
        json_object(content)
    assert time.perf_counter() - start < 5  # seconds; quadratic work would take hours


leaves = st.none() | st.integers() | st.text(max_size=5)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=5), leaves | st.lists(st.lists(leaves, max_size=2), max_size=2), max_size=3))
def test_what_json_writes_is_read(value: dict[str, Any]) -> None:
    assert json_object(json.dumps(value, ensure_ascii=False)) == value
    assert json_object(json.dumps(value).encode()) == value


# -- URLs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://A.example/x?y", ("https", "a.example", 443)),
        ("HTTP://a.example", ("http", "a.example", 80)),
        ("https://a.example:8443/", ("https", "a.example", 8443)),
        ("https://a.example:0/", ("https", "a.example", 0)),
        ("http://[::1]:5000/", ("http", "::1", 5000)),
        ("https://user:pass@a.example/", ("https", "a.example", 443)),
        ("ftp://a.example/", ("ftp", "a.example", None)),
        ("https://a.example/\\@b.example?c:\\d", ("https", "a.example", 443)),
        ("/path", ("", "", None)),
        ("https://[", ("", "", None)),
        ("https://a.example:99999/", ("", "", None)),
        ("https://a.example:x/", ("", "", None)),
    ],
)
def test_origin(url: str, expected: tuple[str, str, int | None]) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example\\@good.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\t@evil.example/",
        "https://good\n.example/",
        "https://good.example/\x00",
        "https://good.example/\x7f",
    ],
)
def test_N45_a_url_that_two_readers_read_differently_has_no_origin(url: str) -> None:
    assert origin(url) == ("", "", None)
    assert not is_secure_url(url)


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://a.example/", True),
        ("http://localhost:5000/", True),
        ("http://127.0.0.1/", True),
        ("http://[::1]:80/", True),
        ("http://intranet.example/", True),
        ("http://a.example/", False),
        ("http://localhost.a.example/", False),
        ("http://127.0.0.1@a.example/", False),
        ("http://a.example\\@localhost/", False),
        ("http://0.0.0.0/", False),
        ("ftp://localhost/", False),
        ("https:///path", False),
        ("https:\\\\a.example/", False),
        ("//a.example/", False),
        ("https://[", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_N12_where_credentials_may_be_sent(url: str, secure: bool) -> None:
    check: Callable[..., bool] = is_secure_url
    assert check(url, ["intranet.example"]) is secure
    assert check("http://intranet.example/") is False


@given(st.lists(st.tuples(st.text(), st.text())))
def test_a_form_is_written_as_the_standard_library_writes_it(pairs: list[tuple[str, str]]) -> None:
    assert form_text(pairs) == urlencode(pairs)
