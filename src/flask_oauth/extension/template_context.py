"""What templates know as ``oauth``: the user, the providers, and the addresses of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import addresses, identity
from .identity import Identity

if TYPE_CHECKING:
    from .oauth import OAuth


@dataclass(frozen=True, slots=True)
class ProviderButton:
    """A way to sign in.

    :param name: the remote app's.
    :param title: what visitors call it.
    :param url: where a form posts to, to start.
    """

    name: str
    title: str
    url: str


class TemplateContext:
    """``{{ oauth.user.name }}``, ``{{ oauth.login_url }}``, …; each is looked up when a template asks."""

    def __init__(self, oauth: OAuth) -> None:
        self._oauth = oauth

    @property
    def user(self) -> Identity | None:
        """Who is signed in."""
        signed_in = identity.current()
        return signed_in.identity if signed_in is not None else None

    @property
    def providers(self) -> list[ProviderButton]:
        """The ways to sign in."""
        return [
            ProviderButton(remote.name, remote.title, addresses.start_url(remote.name))
            for remote in self._oauth.sign_in_apps()
        ]

    @property
    def login_url(self) -> str:
        """The sign-in page, which leads back here."""
        return addresses.login_url(addresses.here())

    @property
    def logout_url(self) -> str:
        """Where a form posts to, to sign out."""
        return addresses.logout_url()
