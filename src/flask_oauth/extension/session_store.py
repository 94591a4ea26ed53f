"""Without a token store: tokens live sealed in the user's own session.

It keeps the contract of :class:`~flask_oauth.storage.TokenStore`, so refreshing
works the same way.  What it cannot do is coordinate processes: for that, and for
work outside of requests, there must be a store.
"""

from __future__ import annotations

import base64
import secrets

from flask import Response, after_this_request, current_app, session
from flask.sessions import SecureCookieSessionInterface

from ..errors import StoreError
from ..storage import Lease, MemoryTokenStore, Page, Record, RecordKey

#: The most bytes all tokens of a session may take, sealed and encoded: browsers drop a cookie of over 4 KB in silence.
MOST_BYTES = 3500
TOKENS = "_oauth_tokens"
OWNER = "_oauth_owner"
#: The user of Flask-Login whom this session's tokens belong to; the name by which Flask-Login keeps its own is below.
BELONGS_TO = "_oauth_of"
LOGIN_USER = "_user_id"


def session_owner() -> str:
    """A random name for this session, made at first use: it keeps apart what different browsers do in one process.

    Flask-Login's ``logout_user()`` leaves the rest of the session as it is, and the next user of the browser gets it;
    so with the user of Flask-Login the tokens go too.
    """
    if session.get(BELONGS_TO) not in (None, session.get(LOGIN_USER)):
        forget_session_tokens()
    if OWNER not in session:
        session[OWNER] = secrets.token_urlsafe(12)
    if BELONGS_TO not in session and hasattr(current_app, "login_manager"):
        after_this_request(_note_user)  # a callback often takes the answer first and logs its user in then
    return str(session[OWNER])


def _note_user(response: Response) -> Response:
    user = session.get(LOGIN_USER)
    if user is not None and OWNER in session:
        session.setdefault(BELONGS_TO, user)
    return response


def forget_session_tokens() -> None:
    """Drop the tokens in this session, with the name they are kept by."""
    for name in (TOKENS, OWNER, BELONGS_TO):
        session.pop(name, None)


class SessionTokenStore:
    """Sealed tokens in ``flask.session``; leases and marks are this process's own."""

    def __init__(self) -> None:
        self._marks = MemoryTokenStore()

    def create_schema(self) -> None:
        """Nothing is needed."""

    def load(self, key: RecordKey) -> Record | None:
        sealed = session.get(TOKENS, {}).get(_name(key))
        return None if sealed is None else Record(key, base64.b64decode(sealed), version=1)

    def save(
        self,
        key: RecordKey,
        sealed: bytes,
        *,
        expires_at: float | None = None,
        lease: Lease | None = None,
        version: int | None = None,
    ) -> Record:
        """Put a record into the session.

        :raises StoreError: ``store_session_full``, where the session is a cookie.
        """
        tokens = {**session.get(TOKENS, {}), _name(key): base64.b64encode(sealed).decode()}
        size = sum(len(value) for value in tokens.values())
        if size > MOST_BYTES and isinstance(current_app.session_interface, SecureCookieSessionInterface):
            raise StoreError(
                "The tokens do not fit into the session cookie",
                code="store_session_full",
                expected=f"at most {MOST_BYTES} bytes",
                got=f"{size} bytes",
            )
        session[TOKENS] = tokens
        return Record(key, sealed, version=1, expires_at=expires_at)

    def delete(self, key: RecordKey, *, lease: Lease | None = None) -> bool:
        tokens = dict(session.get(TOKENS, {}))
        found = tokens.pop(_name(key), None) is not None
        if found:
            session[TOKENS] = tokens
        return found

    def acquire(self, key: RecordKey, *, seconds: float) -> Lease | None:
        return Lease(key, "session", 0, self.load(key))

    def extend(self, lease: Lease, *, seconds: float) -> bool:
        return True

    def release(self, lease: Lease) -> None:
        """Nothing is held."""

    def keys(
        self, *, remote_app: str | None = None, owner: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Page:
        """Nothing can be listed: each browser keeps its own."""
        return Page(())

    def prune(self, *, expired_for: float = 0.0) -> int:
        return 0

    def add_mark(self, name: str, value: str = "", *, seconds: float) -> bool:
        return self._marks.add_mark(name, value, seconds=seconds)

    def put_mark(self, name: str, value: str = "", *, seconds: float) -> None:
        self._marks.put_mark(name, value, seconds=seconds)

    def get_mark(self, name: str) -> str | None:
        return self._marks.get_mark(name)


def _name(key: RecordKey) -> str:
    return base64.b64encode(key.id).decode()
