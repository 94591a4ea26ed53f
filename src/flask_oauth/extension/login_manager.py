"""Flask-Login in one line: ``current_user`` is whoever signed in here, and signing out there signs out here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import session

from . import identity, views
from .identity import Identity
from .session_store import forget_session_tokens
from .stored_tokens import USER

if TYPE_CHECKING:
    from .oauth import OAuth


class SignedInUser:
    """A user of Flask-Login for an application without users of its own.

    :param identity: who it is.
    :param id: the user's id: that of the account where accounts are linked, else provider and subject.
    """

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, identity: Identity, id: str) -> None:
        self.identity = identity
        self.id = id

    def get_id(self) -> str:
        return self.id

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.identity, name)  # current_user.name, .email, …

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SignedInUser) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<SignedInUser {self.id}>"


def connect(oauth: OAuth, manager: Any) -> None:
    """Join a ``LoginManager`` to the sign-in: see :meth:`.OAuth.init_login_manager`."""
    from flask_login import user_logged_out

    if manager._request_callback is None:
        manager.request_loader(lambda request: current_user_of(oauth))
    if manager.login_view is None and manager.unauthorized_callback is None:
        manager.unauthorized_handler(lambda: views.ask_to_sign_in(oauth))
    user_logged_out.connect(_forget, weak=False)


def current_user_of(oauth: OAuth) -> Any:
    """The user of Flask-Login for whoever is signed in: the application's own for their account, if it has any."""
    signed_in = identity.current()
    if signed_in is None:
        return None
    return SignedInUser(signed_in.identity, signed_in.owner)


def _forget(sender: Any, **arguments: Any) -> None:
    session.pop(USER, None)
    forget_session_tokens()  # who signs in next in this browser may be somebody else
