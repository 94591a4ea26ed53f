"""Who is signed in: what a program sees of them, and how the session keeps it.

The session cookie holds who it is, the standard claims and the facts of the
sign-in, at most :data:`MOST_BYTES` of it; a session kept on the server holds
every answer as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from flask import current_app, has_request_context, session
from flask.sessions import SecureCookieSessionInterface

from . import ended_sessions
from .state import request_state
from .stored_tokens import USER

#: The most bytes that claims may take in a session cookie.
MOST_BYTES: Final = 1024
#: What stays of the claims where all of them are too much, the most useful first.
ESSENTIAL: Final = (
    "name", "email", "email_verified", "preferred_username", "picture", "locale", "given_name", "family_name",
)  # fmt: skip
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """Somebody who signed in, by the names of OpenID Connect Core §5.1, whatever their provider calls them.

    Who it is, is ``(issuer, subject)`` and never the e-mail address.

    :param provider: the name of the remote app.
    :param issuer: the issuer, or the address of a provider that has none.
    :param subject: their identifier there; unique and never reassigned within ``issuer``.
    :param name: their full name; without one given and family name, nickname, user name, e-mail address, in this order.
    :param email: their e-mail address.
    :param email_verified: what the provider said about it; ``None`` if it said nothing.
    :param picture: the URL of a picture.
    :param locale: their language, as the provider writes it.
    :param claims: every standard claim that the provider gave.
    :param raw: each answer as it came (``id_token``, ``userinfo``, …), while the sign-in is handled; afterwards only
        where sessions are kept on the server, and empty otherwise.
    """

    provider: str
    issuer: str
    subject: str
    name: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    picture: str | None = None
    locale: str | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, hash=False)
    raw: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, hash=False, compare=False)

    @classmethod
    def of(
        cls, provider: str, issuer: str, claims: Mapping[str, Any], raw: Mapping[str, Any] | None = None
    ) -> Identity:
        """The identity that standard claims speak of; ``sub`` among them."""
        return cls(
            provider,
            issuer,
            str(claims["sub"]),
            claims.get("name"),
            claims.get("email"),
            claims.get("email_verified"),
            claims.get("picture"),
            claims.get("locale"),
            MappingProxyType(dict(claims)),
            MappingProxyType(dict(raw or {})),
        )

    def __reduce__(self) -> Any:
        return Identity.of, (self.provider, self.issuer, dict(self.claims), dict(self.raw))

    def __repr__(self) -> str:
        return f"<Identity {self.provider}:{self.subject}>"  # no names: logs are read by many


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that holds: who, and what is known about how.

    :param identity: who.
    :param at: when, in seconds since the epoch.
    :param openid: whether an ID Token said so.
    :param sid: the provider's session.
    :param auth_time: when they authenticated at the provider, in seconds since the epoch.
    :param acr: how they authenticated there.
    :param scope: what they granted, space separated.
    :param asked: what they were asked for beyond the usual, space separated.
    :param account: the application's own user, where accounts are linked.
    """

    identity: Identity
    at: float
    openid: bool = False
    sid: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    scope: str = ""
    asked: str = ""
    account: str | None = None

    @property
    def owner(self) -> str:
        """By what name their tokens are kept: the application's user, or provider and subject."""
        return self.account or f"{self.identity.provider}:{self.identity.subject}"

    def to_session(self) -> dict[str, Any]:
        """What the session keeps; empty values are left out."""
        who = self.identity
        on_server = not isinstance(current_app.session_interface, SecureCookieSessionInterface)
        claims = {name: value for name, value in who.claims.items() if name != "sub"}
        values = {
            "provider": who.provider,
            "issuer": who.issuer,
            "subject": who.subject,
            "claims": claims if on_server else _small(claims),
            "raw": dict(who.raw) if on_server else {},
            "at": self.at,
            **{name: getattr(self, name) for name in FACTS},
        }
        return {name: value for name, value in values.items() if value not in (None, "", {}, False)}

    @classmethod
    def from_session(cls, values: Mapping[str, Any]) -> SignedIn:
        claims = {"sub": values["subject"], **values.get("claims", {})}
        identity = Identity.of(values["provider"], values["issuer"], claims, values.get("raw"))
        facts = {name: values[name] for name in FACTS if name in values}
        return cls(identity, values.get("at", 0.0), **facts)


FACTS: Final = ("openid", "sid", "auth_time", "acr", "scope", "asked", "account")


def _small(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Claims that fit into a cookie."""
    kept: dict[str, Any] = {}
    left = MOST_BYTES
    for name in (*ESSENTIAL, *(name for name in claims if name not in ESSENTIAL)):
        if name in claims:
            size = len(json.dumps([name, claims[name]]))
            if size <= left:
                kept[name] = claims[name]
                left -= size
    return kept


def current() -> SignedIn | None:
    """The sign-in of this browser, unless it was ended elsewhere in the meantime."""
    if not has_request_context():
        return None
    values = session.get(USER)
    if not values:
        return None
    known = request_state()
    if known.session_value is not values:
        known.session_value, known.signed_in = values, _checked(SignedIn.from_session(values))
    return known.signed_in


def _checked(signed_in: SignedIn) -> SignedIn | None:
    if signed_in.openid and ended_sessions.has_ended(signed_in):
        return None
    return signed_in


def remember(signed_in: SignedIn) -> None:
    """Make it the sign-in of this browser."""
    session[USER] = signed_in.to_session()
    known = request_state()
    # For the rest of this request with every answer, which a cookie does not hold.
    known.session_value, known.signed_in = session[USER], signed_in
