"""The token as it is held and stored: one shape for OAuth 1.0a and OAuth 2.

An answer of a token endpoint becomes a :class:`Token` only by passing the
checks of its protocol; the hub, the stores and the API calls know nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """Token credentials (OAuth 1.0a) or an access token with what came beside it (OAuth 2).

    :param access_token: the access token, or OAuth 1.0a's ``oauth_token``.
    :param token_secret: OAuth 1.0a's ``oauth_token_secret``; empty for OAuth 2.
    :param token_type: ``Bearer``, ``DPoP``, or ``OAuth1``.
    :param refresh_token: the refresh token, if there is one.
    :param expires_at: when the access token ends, in seconds since the epoch; ``None`` if it was not said.
    :param scope: the scope as granted, space separated.
    :param id_token: the ID Token as it was received (for ``id_token_hint``).
    :param extra: every further member of the answer, as the provider sent it.
    :param dpop_key: the private key that the token is bound to (RFC 9449), as a JWK in JSON; ``None`` without DPoP.
    :param resource: the APIs it was asked for by name (RFC 8707); a refresh asks for the same ones.
    """

    access_token: str
    token_secret: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a name, not a secret
    refresh_token: str | None = None
    expires_at: float | None = None
    scope: str = ""
    id_token: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    dpop_key: str | None = None
    resource: tuple[str, ...] = ()

    @property
    def scopes(self) -> frozenset[str]:
        """The scope as granted, as a set."""
        return frozenset(self.scope.split())

    def expires_within(self, seconds: float, now: float) -> bool:
        """Whether the access token ends within so many seconds of ``now``; False if its end is not known."""
        return self.expires_at is not None and self.expires_at - now <= seconds

    def missing_scopes(self, *wanted: str) -> frozenset[str]:
        """Those of the wanted scopes that were not granted."""
        return frozenset(" ".join(wanted).split()) - self.scopes

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able mapping that :meth:`from_dict` takes back; empty fields are left out."""
        values = {name: getattr(self, name) for name in self.__slots__} | {"extra": dict(self.extra)}
        # Not what is false, but what is empty: a token that ended at second 0 has ended.
        kept = ((name, value) for name, value in values.items() if value not in (None, "", {}, ()))
        return {"access_token": self.access_token, **dict(kept)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Token:
        """The token that :meth:`to_dict` wrote; members of later versions are ignored."""
        known = {name: value for name, value in values.items() if name in cls.__slots__}
        return cls(**{**known, "resource": tuple(known.get("resource", ()))})  # JSON knows no tuples

    def __repr__(self) -> str:
        held = [name for name in ("token_secret", "refresh_token", "id_token", "dpop_key") if getattr(self, name)]
        return f"<Token {self.token_type} scope={self.scope!r} expires_at={self.expires_at} holds={held}>"
