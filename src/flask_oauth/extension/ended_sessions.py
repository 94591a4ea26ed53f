"""Sessions that ended before their cookie did: the session index of back-channel logout.

A provider says once, to one worker, that a session is over.  The worker leaves
a mark in the token store, and every worker looks there before it believes a
session cookie, at most every ``OAUTH_SESSION_CHECK_SECONDS``.  Without a token
store the marks are this process's own.

Sections: OpenID Connect Back-Channel Logout §2.7.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from flask import Flask, current_app

from ..errors import StoreError
from ..storage import TokenStore
from .state import current_state

if TYPE_CHECKING:
    from .identity import SignedIn

logger = logging.getLogger("flask_oauth")

#: How many answers of the store a process remembers.
MOST_REMEMBERED: Final = 10_000


class _Answers:
    """What the store said lately: when it was asked, and when the session ended (0 if it did not)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def get(self, name: str, newer_than: float) -> float | None:
        known = self._known.get(name)
        return known[1] if known is not None and known[0] > newer_than else None

    def put(self, name: str, asked_at: float, ended_at: float) -> None:
        with self._lock:
            self._known[name] = (asked_at, ended_at)
            self._known.move_to_end(name)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


_answers: WeakKeyDictionary[Flask, _Answers] = WeakKeyDictionary()
_lock = threading.Lock()


def end(issuer: str, *, sid: str | None, subject: str | None) -> None:
    """End the session of a provider, or all sessions of a person there that began until now.

    :raises StoreError: the store does not answer; nothing has ended then.
    """
    now = time.time()
    name = _name(issuer, sid=sid) if sid else _name(issuer, subject=subject)
    # A session cookie that is not used for so long is not taken any more, so the mark need not last longer.
    lifetime = current_app.permanent_session_lifetime.total_seconds()
    marks().put_mark(name, repr(now), seconds=lifetime)
    _known().put(name, now, now)


def has_ended(signed_in: SignedIn) -> bool:
    """Whether its provider has ended a sign-in since it began."""
    issuer, subject = signed_in.identity.issuer, signed_in.identity.subject
    names = [_name(issuer, subject=subject)]
    if signed_in.sid:
        names.append(_name(issuer, sid=signed_in.sid))
    return any(signed_in.at <= _ended_at(name) for name in names)


def marks() -> TokenStore:
    """Where marks are kept: the token store, or this process's memory."""
    return current_state().coordinator.keeper.store


def _ended_at(name: str) -> float:
    now, answers = time.time(), _known()
    known = answers.get(name, now - current_app.config.get("OAUTH_SESSION_CHECK_SECONDS", 5.0))
    if known is not None:
        return known
    try:
        ended_at = float(marks().get_mark(name) or 0)
    except StoreError as error:
        # Signing everybody out because a database restarts would be worse than a sign-out that comes later.
        logger.warning("It cannot be seen which sessions have ended: %s", error)
        ended_at = answers.get(name, 0) or 0.0
    answers.put(name, now, ended_at)
    return ended_at


def _known() -> _Answers:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    answers = _answers.get(app)
    if answers is None:
        with _lock:
            answers = _answers.setdefault(app, _Answers())
    return answers


def _name(issuer: str, *, sid: str | None = None, subject: str | None = None) -> str:
    what = f"sid\0{sid}" if sid else f"sub\0{subject}"
    return "ended:" + hashlib.sha256(f"{issuer}\0{what}".encode()).hexdigest()[:40]
