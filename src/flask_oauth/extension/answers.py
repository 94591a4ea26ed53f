"""What a sign-in gives to a view, and the shapes in which a program may hand a token back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError, TokenMissing
from ..protocol.token import Token

#: The token types a call can use, by their names in lower case.
TOKEN_TYPES = {"bearer": "Bearer", "dpop": "DPoP"}


class TokenAnswer(dict[str, Any]):
    """Everything the provider sent with a token, by its names: ``answer['access_token']``, ``answer['screen_name']``.

    :ivar token: the same as a :class:`~flask_oauth.protocol.token.Token`; ``None`` if the answer was an error that a
        view of 2010 looks at itself.
    :ivar claims: what the validated ID Token says; empty without OpenID Connect.
    :ivar parameters: what came back through the browser beside the code.
    """

    def __init__(
        self,
        answer: Mapping[str, Any],
        token: Token | None = None,
        claims: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(answer)
        self.token = token
        self.claims: Mapping[str, Any] = claims or {}
        self.parameters: Mapping[str, str] = parameters or {}

    def __repr__(self) -> str:
        return f"<TokenAnswer {sorted(self)}>"  # names only: the values are credentials

    __str__ = __repr__


def as_token(value: Any, *, now: float) -> Token | None:
    """A token in any shape that a ``tokengetter`` may return.

    ``None``; a :class:`Token`; ``(token, secret)`` and ``(access_token, '')``; a text; a token answer (a mapping
    with ``access_token`` or ``oauth_token``); any object with ``key`` and ``secret``.

    :param now: seconds since the epoch; ``expires_in`` in a mapping counts from it.
    :raises TokenMissing: the shape is right but holds no token.
    :raises ConfigurationError: the shape is another one.
    """
    if value is None or isinstance(value, Token):
        return value
    if isinstance(value, TokenAnswer) and value.token is not None:
        return value.token
    if type(value) is tuple and len(value) == 2:
        return Token(_text(value[0]), _text(value[1] or ""))
    if isinstance(value, (str, bytes)):
        return Token(_text(value))
    if isinstance(value, Mapping):
        return _from_mapping(value, now)
    if hasattr(value, "key") and hasattr(value, "secret"):
        return Token(_text(value.key), _text(value.secret or ""))  # pyright: ignore[reportAttributeAccessIssue]
    try:
        token, secret = value
    except (TypeError, ValueError):
        raise ConfigurationError(
            "A token came in a shape that is not known",
            expected="None, (token, secret), a text, or a mapping with access_token",
            got=type(value).__name__,
            hint="Return session.get('token'), or whatever the view was given, from the tokengetter.",
        ) from None
    return Token(_text(token), _text(secret or ""))


def _from_mapping(value: Mapping[str, Any], now: float) -> Token:
    if "oauth_token" in value and "access_token" not in value:
        rest = {name: item for name, item in value.items() if name not in ("oauth_token", "oauth_token_secret")}
        secret = _text(value.get("oauth_token_secret") or "")
        return Token(_text(value["oauth_token"]), secret, "OAuth1", extra=rest)
    if not value.keys().isdisjoint(("expires_at", "token_secret", "dpop_key")):
        return Token.from_dict(value) if value.get("access_token") else _missing()
    from ..protocol.oauth2.token import token_from_answer

    stated = str(value.get("token_type") or "Bearer")
    kind = TOKEN_TYPES.get(stated.lower(), stated)  # RFC 6749 §5.1: letter case says nothing
    return token_from_answer(value, now=now, expected_type=kind, default_type=kind, lenient_format=True)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not value:
        # Programs build ``(session.get('token'), '')`` before anybody has signed in.
        return "" if value == "" else _missing()
    return str(value)


def _missing() -> Any:
    raise TokenMissing("There is no token for this call")
