"""The made-up people of the development provider, and the choices that make a sign-in fail.

Everybody here is invented. A failure choice stands where a person stands on the sign-in page, so that an
application's handling of a refusal, a broken server or a forged answer can be tried by hand and by a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Failure = Literal["deny", "broken", "forged"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in at the development provider.

    ``subject`` is the ``sub`` of OpenID Connect and the ``user_id`` of OAuth 1.0a; ``username`` is the
    ``preferred_username`` and the ``screen_name``.
    """

    subject: str
    username: str
    given_name: str
    family_name: str
    about: str
    locale: str = "en"
    email_verified: bool = True

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def email(self) -> str:
        """An address in the domain that RFC 2606 §3 keeps free for examples."""
        return f"{self.username}@example.com"

    @property
    def initials(self) -> str:
        return self.given_name[:1] + self.family_name[:1]

    def get_user_id(self) -> str:
        """What Authlib's server classes ask a user for."""
        return self.subject

    def claims(self) -> dict[str, Any]:
        """All standard claims (OpenID Connect Core §5.1); the scope decides which of them are given out."""
        return {
            "sub": self.subject,
            "name": self.name,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "preferred_username": self.username,
            "locale": self.locale,
            "email": self.email,
            "email_verified": self.email_verified,
        }


PEOPLE = (
    Person("1001", "alice", "Alice", "Moreau", "Keeps bees on the roof of the library."),
    Person("1002", "bob", "Bob", "Lindqvist", "Repairs clocks, and is always early.", locale="sv"),
    Person("1003", "carol", "Carol", "Okafor", "Draws maps of places nobody has been.", email_verified=False),
)


@dataclass(frozen=True, slots=True)
class FailureChoice:
    """A way for the sign-in to go wrong, offered beside the people."""

    value: Failure
    title: str
    about: str


FAILURES = (
    FailureChoice("deny", "Say no", "The person refuses. Your app should say so, kindly."),
    FailureChoice("broken", "Break the server", "The token endpoint answers 500 with a page of HTML."),
    FailureChoice("forged", "Forge the answer", "The answer belongs to another sign-in. Your app must refuse it."),
)
