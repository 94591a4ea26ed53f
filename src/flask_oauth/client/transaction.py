"""A pending sign-in: all that must be known again when the user comes back.

It crosses the browser sealed (see :mod:`flask_oauth.extension.pending`), so it
is written as compactly as JSON allows: empty fields are left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Final

#: How long a sign-in may take, in seconds.
LIFETIME: Final = 600


@dataclass(frozen=True, slots=True, repr=False)
class Transaction:
    """What one browser was sent out with.

    :param remote_app: the name of the remote app it was started for.
    :param key: the ``state`` (OAuth 2) or the temporary credentials' token (OAuth 1.0a).
    :param started_at: seconds since the epoch.
    :param redirect_uri: the callback as it was sent; empty for out of band (PIN).
    :param issuer: the issuer the user was sent to, if one is known.
    :param nonce: for the ID Token.
    :param code_verifier: for PKCE.
    :param token_secret: the temporary credentials' secret (OAuth 1.0a).
    :param scope: the scope as requested.
    :param response_type: ``code``, or ``code id_token``.
    :param response_mode: ``query``, ``form_post``, ``jwt``…; empty for the default.
    :param max_age: seconds, as requested; ``None`` if it was not.
    :param acr_values: the authentication contexts, one of which is demanded.
    :param next_url: where the user goes after the sign-in.
    :param resource: the resource indicators as requested (RFC 8707).
    :param dpop_key: the key that this sign-in and its tokens are bound to, as a JWK.
    :param user: a hash of the application's user who began it; empty if nobody was signed in.
    :param purpose: what the sign-in is for, where it is more than signing in (linking an account, more scopes).
    """

    remote_app: str
    key: str
    started_at: int
    redirect_uri: str = ""
    issuer: str = ""
    nonce: str = ""
    code_verifier: str = ""
    token_secret: str = ""
    scope: str = ""
    response_type: str = "code"
    response_mode: str = ""
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    next_url: str = ""
    resource: tuple[str, ...] = ()
    dpop_key: str = ""
    purpose: str = ""
    user: str = ""

    def expired(self, now: float) -> bool:
        """Whether it is older than :data:`LIFETIME`."""
        return now - self.started_at > LIFETIME

    def to_bytes(self) -> bytes:
        values = ((letter, getattr(self, name)) for name, letter in SHORT.items())
        kept = {letter: value for letter, value in values if value not in ("", (), None, "code")}
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Transaction:
        values: dict[str, Any] = json.loads(content)
        known: dict[str, Any] = {
            LONG[name]: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in LONG
        }
        return cls(**known)

    def __repr__(self) -> str:
        return f"<Transaction {self.remote_app} started_at={self.started_at}>"


# One letter a field: eight of these travel with every request of the browser.
SHORT: Final = dict(zip((field.name for field in fields(Transaction)), "aktuinvcsrmxqwldpz", strict=True))
LONG: Final = {letter: name for name, letter in SHORT.items()}
