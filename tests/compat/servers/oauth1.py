"""S1: an OAuth 1.0a provider on oauthlib's endpoint classes (RFC 5849), which we did not write.

Credentials are taken from the header, the query or the form, from one of them
only and each name once; timestamp and nonce are checked; tokens are one-time.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from oauthlib.oauth1 import (
    AccessTokenEndpoint,
    AuthorizationEndpoint,
    RequestTokenEndpoint,
    RequestValidator,
    ResourceEndpoint,
)
from oauthlib.oauth1.rfc5849.errors import OAuth1Error

from .base import FORM, Answer, Seen, Server

CONSUMER_KEY = "key-of-the-app"
CONSUMER_SECRET = "secret/of+the app"  # reserved characters, on purpose


class _Memory(RequestValidator):
    """What the provider knows; lengths and alphabets of keys are left open."""

    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1",)
    dummy_client = dummy_request_token = dummy_access_token = "nobody"
    realms = ("photos",)

    def __init__(self, clients: dict[str, str]) -> None:
        super().__init__()
        self.clients = clients
        self.rsa_keys: dict[str, str] = {}
        self.pending: dict[str, dict[str, Any]] = {}
        self.access: dict[str, str] = {}
        self.nonces: set[tuple[str, ...]] = set()
        self.registered_callback: str | None = None

    def _anything(self, value: str) -> bool:
        return bool(value)

    check_client_key = check_request_token = check_access_token = check_nonce = check_verifier = _anything

    # oauthlib asks for these by position and by keyword
    def get_client_secret(self, client_key: str, request: Any) -> str:
        return self.clients.get(client_key, "?")

    def get_rsa_key(self, client_key: str, request: Any) -> str:
        return self.rsa_keys[client_key]

    def get_request_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return self.pending.get(token, {}).get("secret", "?")

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return self.access.get(token, "?")

    def get_default_realms(self, client_key: str, request: Any) -> list[str]:
        return []

    def get_realms(self, token: str, request: Any) -> list[str]:
        return []

    def get_redirect_uri(self, token: str, request: Any) -> str:
        callback: str = self.pending[token]["callback"]
        return self.registered_callback or callback if callback == "oob" else callback

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key in self.clients

    def validate_request_token(self, client_key: str, token: str, request: Any) -> bool:
        return token in self.pending

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return token in self.access

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Any,
        request_token: Any = None,
        access_token: Any = None,
    ) -> bool:
        mark = (client_key, timestamp, nonce, request_token or access_token or "")
        fresh = mark not in self.nonces
        self.nonces.add(mark)
        return fresh

    def validate_redirect_uri(self, client_key: str, redirect_uri: str, request: Any) -> bool:
        return redirect_uri == "oob" or redirect_uri.startswith(("http://", "https://"))

    def validate_requested_realms(self, client_key: str, realms: list[str], request: Any) -> bool:
        return True

    def validate_realms(self, client_key: str, token: str, request: Any, uri: Any = None, realms: Any = None) -> bool:
        return True

    def validate_verifier(self, client_key: str, token: str, verifier: str, request: Any) -> bool:
        return self.pending.get(token, {}).get("verifier") == verifier

    def verify_request_token(self, token: str, request: Any) -> bool:
        return token in self.pending

    def verify_realms(self, token: str, realms: Any, request: Any) -> bool:
        return True

    def save_request_token(self, token: dict[str, str], request: Any) -> None:
        self.pending[token["oauth_token"]] = {"secret": token["oauth_token_secret"], "callback": request.redirect_uri}

    def save_verifier(self, token: str, verifier: dict[str, str], request: Any) -> None:
        self.pending[token]["verifier"] = verifier["oauth_verifier"]

    def save_access_token(self, token: dict[str, str], request: Any) -> None:
        self.access[token["oauth_token"]] = token["oauth_token_secret"]

    def invalidate_request_token(self, client_key: str, request_token: str, request: Any) -> None:
        del self.pending[request_token]


class S1(Server):
    """The provider.

    :ivar user_says_no: what the user answers on the next consent page.
    :ivar token_content_type: content type of the token answers; ``None`` sends none.
    :ivar extra: members put beside the access token.
    :ivar memory: clients, tokens, and what the provider demands.
    """

    def __init__(self) -> None:
        super().__init__()
        self.memory = _Memory({CONSUMER_KEY: CONSUMER_SECRET})
        self.user_says_no = False
        self.token_content_type: str | None = FORM
        self.extra = {"screen_name": "mitsuhiko", "user_id": "42"}
        self._request_token = RequestTokenEndpoint(self.memory)
        self._authorize = AuthorizationEndpoint(self.memory)
        self._access_token = AccessTokenEndpoint(self.memory)
        self._resource = ResourceEndpoint(self.memory)

    @property
    def tokens(self) -> dict[str, str]:
        """The access tokens that are valid, with their secrets."""
        return self.memory.access

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/o1/request_token":
            return self._token_answer(seen, self._request_token.create_request_token_response)
        if seen.path == "/o1/authorize":
            return self._consent(seen)
        if seen.path == "/o1/access_token":
            return self._token_answer(seen, self._access_token.create_access_token_response, self.extra)
        if seen.path.startswith("/o1/api/"):
            return self._api(seen)
        return super().answer(seen)

    def _call(self, seen: Seen) -> tuple[str, str, str, dict[str, str]]:
        return self.url + seen.target, seen.method, seen.body.decode("utf-8", "replace"), seen.headers

    def _token_answer(self, seen: Seen, endpoint: Any, extra: dict[str, str] | None = None) -> Answer:
        if endpoint == self._request_token.create_request_token_response and seen.method != "POST":
            return Answer("POST only", 405, "text/plain")
        try:
            _, body, status = endpoint(*self._call(seen), credentials=extra)
        except ValueError as error:  # oauthlib's word for a query that is not form-encoded
            return Answer(str(error), 400, "text/plain")
        return Answer(body or "signature, token or verifier wrong", status, self.token_content_type)

    def _consent(self, seen: Seen) -> Answer:
        try:
            headers, body, status = self._authorize.create_authorization_response(*self._call(seen))
        except (OAuth1Error, ValueError) as error:
            return Answer(str(error), 400, "text/plain")
        location = headers.get("Location", "")
        if self.user_says_no and location:
            token = dict(seen.query)["oauth_token"]
            callback = self.memory.get_redirect_uri(token, None)
            location = callback + ("&" if "?" in callback else "?") + urlencode({"denied": token})
        return Answer(body or "", status, FORM, {"Location": location} if location else {})

    def _api(self, seen: Seen) -> Answer:
        valid, request = self._resource.validate_protected_resource_request(*self._call(seen))
        if not valid:
            return Answer(json.dumps({"error": "the signature does not hold"}), 401, "application/json")
        return Answer(
            json.dumps({**seen.echo(), "token": request.resource_owner_key, **self.reply(seen)}),
            200,
            "application/json",
        )

    def pin(self, authorization_url: str) -> str:
        """The verifier that was shown to a user who came without a callback."""
        token = dict(parse_qsl(authorization_url.partition("?")[2]))["oauth_token"]
        verifier: str = self.memory.pending[token]["verifier"]
        return verifier
