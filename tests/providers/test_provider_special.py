"""Apple's client secret, signed callbacks, data centres, servers that register on their own, identity as a JWT."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from flask_oauth.errors import AuthorizationResponseError, IDTokenError, InvalidResponseError
from flask_oauth.protocol.http import HTTPResponse
from flask_oauth.protocol.jose import KeySet, generate_signing_key, sign_jwt, sign_jwt_with_secret, verify_jwt
from flask_oauth.providers import get
from flask_oauth.providers.special import (
    APPLE_SECRET_LIMIT,
    apple_client_secret_claims,
    check_callback_hmac,
    identity_jwt_claims,
    mastodon_registration_request,
    process_mastodon_registration_response,
)

Respond = Callable[..., HTTPResponse]
NOW = 1_700_000_000.0
SECRET = "0123456789abcdef0123456789abcdef01234567"


class TestApple:
    def test_claims(self) -> None:
        assert apple_client_secret_claims(team_id="TEAM123456", client_id="com.example.web", now=NOW) == {
            "iss": "TEAM123456",
            "iat": 1_700_000_000,
            "exp": 1_700_003_600,
            "aud": "https://appleid.apple.com",
            "sub": "com.example.web",
        }

    def test_signed_with_the_key_and_its_id(self) -> None:
        key = generate_signing_key("ES256", kid="KEY1234567")
        claims = apple_client_secret_claims(team_id="T", client_id="c", now=NOW)
        jwt = verify_jwt(sign_jwt(claims, key), KeySet.from_jwks({"keys": [key.public_jwk()]}), ("ES256",))
        assert jwt.header["kid"] == "KEY1234567"
        assert jwt.header["alg"] == "ES256"
        assert jwt.claims == claims

    @pytest.mark.parametrize("lifetime", [0, -1, APPLE_SECRET_LIMIT + 1])
    def test_no_longer_than_apple_allows(self, lifetime: int) -> None:
        with pytest.raises(ValueError, match="lifetime"):
            apple_client_secret_claims(team_id="T", client_id="c", now=NOW, lifetime=lifetime)


class TestShopify:
    PAIRS = (
        ("code", "0907a61c0c8d55e99db179b68161bc00"),
        ("shop", "some-shop.myshopify.com"),
        ("timestamp", "1337178173"),
    )

    def signed(self, secret: str = SECRET) -> list[tuple[str, str]]:
        text = "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com&timestamp=1337178173"
        return [*self.PAIRS, ("hmac", hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest())]

    def test_holds(self) -> None:
        check_callback_hmac(self.signed(), SECRET)
        check_callback_hmac(reversed(self.signed()), SECRET)

    @pytest.mark.parametrize(
        "change",
        [
            lambda pairs: pairs[:-1],
            lambda pairs: [*pairs, pairs[-1]],
            lambda pairs: [*pairs, ("x", "1")],
            lambda pairs: [("code", "other"), *pairs[1:]],
            lambda pairs: [*pairs[:-1], ("hmac", "")],
            lambda pairs: [*pairs[:-1], ("hmac", "ü")],
        ],
    )
    def test_does_not_hold(self, change: Callable[[Any], Any]) -> None:
        with pytest.raises(AuthorizationResponseError):
            check_callback_hmac(change(self.signed()), SECRET)

    def test_with_another_secret(self) -> None:
        with pytest.raises(AuthorizationResponseError):
            check_callback_hmac(self.signed("other"), SECRET)

    def test_two_ways_to_write_one_text_are_told_apart(self) -> None:
        text = "a%3Db=c%26d%25"
        right = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        check_callback_hmac([("a=b", "c&d%"), ("hmac", right)], SECRET)


class TestMastodon:
    def test_request(self) -> None:
        provider = get("mastodon").resolve(instance="fosstodon.example")
        request = mastodon_registration_request(
            provider, client_name="Shop", redirect_uri="https://a.example/cb", website="https://a.example"
        )
        assert (request.method, request.url) == ("POST", "https://fosstodon.example/api/v1/apps")
        assert parse_qs((request.body or b"").decode()) == {
            "client_name": ["Shop"],
            "redirect_uris": ["https://a.example/cb"],
            "scopes": ["read:accounts"],
            "website": ["https://a.example"],
        }

    def test_answer(self, respond: Respond) -> None:
        answer = {
            "id": "563419",
            "name": "test app",
            "client_id": "TWhM-tNSuncnqN7DBJmoyeLnk6K3iJJ71KKXxgL1hPM",
            "client_secret": "ZEaFUFmF0umgBX1qKJDjaU99Q31lDkOU8NutzTOoliw",
        }
        application = process_mastodon_registration_response(respond(answer))
        assert application.client_secret == "ZEaFUFmF0umgBX1qKJDjaU99Q31lDkOU8NutzTOoliw"
        assert application.client_secret not in repr(application)

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            ({"error": "Validation failed: Redirect URI must be an absolute URI."}, 422),
            ({"client_id": "x"}, 200),
            ({"client_id": 1, "client_secret": 2}, 200),
        ],
    )
    def test_no_answer(self, respond: Respond, content: Any, status: int) -> None:
        with pytest.raises(InvalidResponseError):
            process_mastodon_registration_response(respond(content, status))


class TestIdentityAsJWT:
    CLAIMS: ClassVar = {"iss": "https://meta.wikimedia.org", "aud": "client", "sub": 1, "iat": NOW, "exp": NOW + 100}

    def claims(self, token: str) -> dict[str, Any]:
        provider = get("mediawiki-oauth1").resolve()
        return identity_jwt_claims(provider, token, client_id="client", client_secret=SECRET, now=NOW)

    def test_holds(self) -> None:
        assert self.claims(sign_jwt_with_secret(self.CLAIMS, SECRET, "HS256"))["sub"] == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "https://evil.example"},
            {"iss": None},
            {"aud": "other"},
            {"exp": NOW - 100},
            {"exp": None},
            {"nbf": NOW + 100},
        ],
    )
    def test_does_not_hold(self, change: dict[str, Any]) -> None:
        with pytest.raises(IDTokenError):
            self.claims(sign_jwt_with_secret({**self.CLAIMS, **change}, SECRET, "HS256"))

    def test_signed_by_somebody_else(self) -> None:
        with pytest.raises(IDTokenError):
            self.claims(sign_jwt_with_secret(self.CLAIMS, SECRET[::-1], "HS256"))
        with pytest.raises(IDTokenError):
            self.claims(sign_jwt(self.CLAIMS, generate_signing_key("ES256")))
