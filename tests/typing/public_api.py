"""The public interface as its users type it.  Read by the type checkers alone; never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from flask import Flask
from werkzeug.wrappers import Response

from flask_oauth import (
    AccessDenied,
    OAuth,
    OAuthException,
    OAuthRemoteApp,
    OAuthResponse,
    Token,
    TokenAnswer,
    add_query,
    encode_request_data,
    parse_response,
)
from flask_oauth.error_codes import ErrorCode

app = Flask(__name__)
oauth = OAuth(app)

github = oauth.remote_app("github", scope=["read:user"], client_id="…")
assert_type(github, OAuthRemoteApp)
assert_type(oauth.anything, OAuthRemoteApp)
oauth.remote_app("corp", issuer="https://id.example.com", response_type="code id_token", preset="google")
oauth.remote_app("typo", clientid="…")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
oauth.remote_app("wrong", preset="githubb")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

old = OAuthRemoteApp(
    None, "old", "https://api.example/", None, "/token", "/authorize", "key", b"secret", {"scope": "email"}, {}, "GET"
)
assert_type(old.authorize("/callback", prompt="login"), Response)
assert_type(old.authorized_response(), TokenAnswer)
assert_type(old.authorized_response().token, Token | None)
assert_type(old.get("me", data={"a": 1}), OAuthResponse)
assert_type(old.get("me").status, int)
assert_type(old.userinfo(), dict[str, Any])
assert_type(old.load_token(owner=7), Token | None)
assert_type(old.disconnect(), dict[str, str])


@old.tokengetter
def get_token(token: str | None = None) -> tuple[str, str] | None:
    return None


assert_type(get_token(), tuple[str, str] | None)  # the decorator gives the function back


@old.authorized_handler
def done(resp: Mapping[str, Any] | None) -> str:
    return "done"


with github.for_user(7) as api:
    assert_type(api.post("issues", data={"title": "…"}, format="json"), OAuthResponse)

try:
    old.get("me").raise_for_status()
except AccessDenied:
    pass
except OAuthException as error:
    assert_type(error.code, ErrorCode)
    assert_type(error.message, str)

assert_type(add_query("https://example.com", {"a": 1}), str)
parse_response({"content-type": "application/json"}, b"{}")
encode_request_data({"a": 1}, "json")
