"""S2: an OAuth 2 provider on oauthlib's endpoint classes (RFC 6749, RFC 7636), which we did not write.

Stricter than oauthlib by itself (no parameter of the protocol may come twice, the redirect URI
must be the exact string) and, where 2010 needs it, wider (GET at the token
endpoint, tokens as `OAuth`, `token` or as a parameter).
"""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_plus, urlencode

from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    FatalClientError,
    OAuth2Error,
    RefreshTokenGrant,
    RequestValidator,
    TokenEndpoint,
)

from .base import Answer, Seen, Server

CLIENT_ID = "id-of-the-app"
CLIENT_SECRET = "secret:of+the app"  # reserved characters, on purpose


class _Memory(RequestValidator):
    """What the provider knows."""

    def __init__(self, clients: dict[str, str]) -> None:
        super().__init__()
        self.clients = clients
        self.codes: dict[str, Any] = {}
        self.access: dict[str, str] = {}
        self.refresh: dict[str, str] = {}
        self.authenticated_by: list[str] = []

    def validate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        return client_id in self.clients

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        return True

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Any, **kwargs: Any
    ) -> bool:
        return response_type == "code"

    def validate_scopes(
        self, client_id: str, scopes: Any, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return True

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return []

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Any, **kwargs: Any) -> None:
        self.codes[code["code"]] = SimpleNamespace(
            client_id=client_id,
            redirect_uri=request.redirect_uri,
            scopes=request.scopes,
            challenge=request.code_challenge,
            challenge_method=request.code_challenge_method,
        )

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        header = request.headers.get("authorization", "")
        ways = []
        if header[:6].lower() == "basic ":
            name, _, secret = base64.b64decode(header[6:]).decode("utf-8").partition(":")
            ways.append(("basic", unquote_plus(name), unquote_plus(secret)))  # RFC 6749 §2.3.1
        if request.client_secret:
            ways.append(("parameters", request.client_id, request.client_secret))
        # RFC 6749 §2.3: MUST NOT use more than one authentication method in each request.
        if len(ways) != 1:
            return False
        way, name, secret = ways[0]
        self.authenticated_by.append(way)
        request.client = SimpleNamespace(client_id=name)
        return self.clients.get(name) == secret

    def validate_grant_type(self, client_id: str, grant_type: str, client: Any, request: Any, **kwargs: Any) -> bool:
        return True

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        held = self.codes.get(code)
        if held is None or held.client_id != client_id:
            return False
        request.user, request.scopes = "someone", held.scopes
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        challenge: str | None = self.codes[code].challenge
        return challenge

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        method: str | None = self.codes[code].challenge_method
        return method

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(self.codes[code].redirect_uri == redirect_uri)

    def save_bearer_token(self, token: dict[str, str], request: Any, *args: Any, **kwargs: Any) -> None:
        self.access[token["access_token"]] = request.client_id
        if "refresh_token" in token:
            self.refresh[token["refresh_token"]] = token["scope"]

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        del self.codes[code]

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        return refresh_token in self.refresh

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> str:
        return self.refresh[refresh_token]


class _TokenEndpoint(TokenEndpoint):
    valid_request_methods = ("POST", "GET")  # 2010

    def _raise_on_bad_post_request(self, request: Any) -> None:
        """A query beside a POST is taken (RFC 6749 §3.2 lets the endpoint have one)."""


class S2(Server):
    """The provider.

    :ivar denial: what the user's browser brings back instead of a code; ``None`` when the user says yes.
    :ivar as_form: token answers as form text, as Facebook and GitHub gave them.
    :ivar token_content_type: content type of the token answers; ``None`` sends none.
    :ivar drop: members left out of the token answers.
    :ivar extra: members put into the token answers.
    :ivar memory: clients, codes and tokens.
    """

    def __init__(self) -> None:
        super().__init__()
        self.memory = _Memory({CLIENT_ID: CLIENT_SECRET})
        self.denial: dict[str, str] | None = None
        self.as_form = False
        self.token_content_type: str | None = "application/json"
        self.drop: set[str] = set()
        self.extra: dict[str, Any] = {}
        grant = AuthorizationCodeGrant(self.memory)
        bearer = BearerToken(self.memory)
        grants = {"authorization_code": grant, "refresh_token": RefreshTokenGrant(self.memory)}
        self._authorize = AuthorizationEndpoint("code", bearer, {"code": grant})
        self._token = _TokenEndpoint("authorization_code", bearer, grants)

    @property
    def tokens(self) -> dict[str, str]:
        """The access tokens that are valid, with the client each was given to."""
        return self.memory.access

    def answer(self, seen: Seen) -> Answer:
        if seen.repeated() and not seen.path.startswith("/o2/api/"):
            return Answer(f"more than once: {seen.repeated()}", 400, "text/plain")
        if seen.path == "/o2/authorize":
            return self._consent(seen)
        if seen.path == "/o2/token":
            return self._token_answer(seen)
        if seen.path.startswith("/o2/api/"):
            return self._api(seen)
        return super().answer(seen)

    def _call(self, seen: Seen) -> tuple[str, str, str, dict[str, str]]:
        return self.url + seen.target, seen.method, seen.body.decode("utf-8", "replace"), seen.headers

    def _consent(self, seen: Seen) -> Answer:
        try:
            headers, body, status = self._authorize.create_authorization_response(*self._call(seen), scopes=["all"])
        except (FatalClientError, OAuth2Error, ValueError) as error:
            return Answer(str(error), 400, "text/plain")
        if self.denial is not None:
            sent = dict(seen.query)
            back = sent["redirect_uri"]
            words = {**self.denial, **({"state": sent["state"]} if "state" in sent else {})}
            headers = {"Location": back + ("&" if "?" in back else "?") + urlencode(words)}
        return Answer(body or "", status, "text/plain", headers)

    def _token_answer(self, seen: Seen) -> Answer:
        try:
            _, body, status = self._token.create_token_response(*self._call(seen))
        except (OAuth2Error, ValueError) as error:
            return Answer(
                json.dumps({"error": "invalid_request", "error_description": str(error)}), 400, "application/json"
            )
        members = json.loads(body)
        if status == 200:
            members = {k: v for k, v in members.items() if k not in self.drop} | self.extra
        if self.as_form:
            pairs = {"expires" if k == "expires_in" else k: v for k, v in members.items() if k != "token_type"}
            body = urlencode(pairs)
        else:
            body = json.dumps(members)
        return Answer(body, status, self.token_content_type)

    def _api(self, seen: Seen) -> Answer:
        credentials = self.credentials(seen)
        if len(credentials) != 1 or credentials[0][1] not in self.tokens:
            return Answer(
                json.dumps({"error": "invalid_token", "credentials": len(credentials)}), 401, "application/json"
            )
        return Answer(
            json.dumps({**seen.echo(), "credential": credentials[0], **self.reply(seen)}), 200, "application/json"
        )

    @staticmethod
    def credentials(seen: Seen) -> list[tuple[str, str]]:
        """Every credential in a request, as (scheme or parameter name, token)."""
        scheme, _, token = seen.authorization.partition(" ")
        held = [(scheme, token)] if scheme.lower() in {"bearer", "oauth", "token"} else []
        pairs = seen.query + seen.form
        return held + [(name, value) for name, value in pairs if name in {"access_token", "oauth_token"}]
