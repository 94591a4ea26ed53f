"""A sign-in that another site asks us to begin (N53)."""

from __future__ import annotations

import pytest

from flask_oauth.errors import InvalidResponseError
from flask_oauth.protocol.openid.initiation import LoginInitiation, is_own_url, read_login_initiation

ISSUERS = ["https://id.example.com", "https://other.example.com"]
OWN = "https://app.example.com/auth/login"


def read(*parameters, own_url=OWN):
    return read_login_initiation(parameters, issuers=ISSUERS, own_url=own_url)


def test_login_initiation():
    target = "https://app.example.com/inbox?a=b"
    assert read(
        ("iss", ISSUERS[0]), ("login_hint", "jane"), ("target_link_uri", target), ("foo", "bar")
    ) == LoginInitiation(ISSUERS[0], "jane", target)
    assert read(("iss", ISSUERS[1]), ("login_hint", ""), ("target_link_uri", "")) == LoginInitiation(ISSUERS[1])


@pytest.mark.parametrize("issuer", [None, "", "https://evil.example.com", ISSUERS[0] + "/"])
def test_N53_unknown_issuer(issuer):
    with pytest.raises(InvalidResponseError) as caught:
        read(*([] if issuer is None else [("iss", issuer)]))
    assert caught.value.code == "login_initiation_invalid"


def test_N53_repeated_parameter():
    with pytest.raises(InvalidResponseError):
        read(("iss", ISSUERS[0]), ("iss", ISSUERS[0]))


FOREIGN = [
    "https://evil.example.com/",
    "//evil.example.com/",
    "\\\\evil.example.com/",
    "/\\evil.example.com",
    "https:\\\\app.example.com",
    "https://app.example.com@evil.example.com/",
    "https://app.example.com\\@evil.example.com/",
    "https://app.example.com.evil.example.com/",
    "http://app.example.com/",
    "https://app.example.com:8443/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/inbox",
    "https://app.example.com\n.evil.example.com/",
    " https://evil.example.com",
    "https://[",
]


@pytest.mark.parametrize("target", FOREIGN)
def test_N53_N46_foreign_target(target):
    with pytest.raises(InvalidResponseError) as caught:
        read(("iss", ISSUERS[0]), ("target_link_uri", target))
    assert caught.value.code == "login_initiation_invalid"
    assert not is_own_url(target, OWN)


def test_own_urls():
    assert is_own_url("https://APP.example.com:443/x", OWN)
    assert is_own_url("http://127.0.0.1:5000/x", "http://127.0.0.1:5000")
    assert not is_own_url("", "")
    assert not is_own_url("nonsense", "nonsense")
