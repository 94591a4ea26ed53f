"""The application's own tokens: obtained once for all threads, kept until shortly before their end.

They are kept in the process, and in the token store where there is one, so that other workers find them too.  A
store that is away costs a request for a token and nothing else.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..errors import StoreError
from ..protocol.token import Token
from ..storage import RecordKey
from .token_keeper import TokenKeeper

_log = logging.getLogger("flask_oauth.application_tokens")

#: How many seconds before its end a token is no longer handed out; half its life if that is shorter.
EARLY: Final = 60.0
#: How many different tokens (by scope and parameters) are kept in the process.
MOST_TOKENS: Final = 256


@dataclass(frozen=True, slots=True, repr=False)
class Shelf:
    """The record in the token store that holds one token.

    :param keeper: joins store and key ring.
    :param key: the record; its owner is empty.
    """

    keeper: TokenKeeper
    key: RecordKey


@dataclass(slots=True, repr=False)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: Token | None = None
    good_until: float = 0.0


class ApplicationTokens:
    """Hands out tokens of the application's own.

    :param clock: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}
        self._process = os.getpid()

    def get(
        self, name: str, obtain: Callable[[], Token], *, shelf: Shelf | None = None, refused: Token | None = None
    ) -> Token:
        """A token that is good to use.

        :param name: what it is for: scope and parameters.
        :param obtain: asks the server; called by one thread while the others wait.
        :param shelf: where other workers find it.
        :param refused: a token that an API has just refused; another one is then obtained.
        """
        slot = self._slot(name)
        if self._serves(slot, refused):
            return slot.token  # type: ignore[return-value]
        with slot.lock:
            if self._serves(slot, refused):
                return slot.token  # type: ignore[return-value]
            if shelf is not None and self._take(slot, shelf) and self._serves(slot, refused):
                return slot.token  # type: ignore[return-value]
            token = obtain()
            self._put(slot, token, self._clock())
            if shelf is not None:
                _save(shelf, token)
            return token

    def _serves(self, slot: _Slot, refused: Token | None) -> bool:
        token = slot.token
        if token is None or self._clock() >= slot.good_until:
            return False
        return refused is None or token.access_token != refused.access_token

    def _put(self, slot: _Slot, token: Token, obtained_at: float) -> None:
        # Not known when it ends (RFC 6749 §5.1 only recommends to say so): until an API refuses it.
        until = float("inf")
        if token.expires_at is not None:
            until = token.expires_at - min(EARLY, (token.expires_at - obtained_at) / 2)
        # The end first: whoever reads the token meanwhile must not judge it by the end of the one before.
        slot.good_until = min(slot.good_until, until)
        slot.token, slot.good_until = token, until

    def _take(self, slot: _Slot, shelf: Shelf) -> bool:
        try:
            held = shelf.keeper.load(shelf.key)
        except StoreError as error:
            _log.warning("the token store is passed over: %s", error.code)
            return False
        if held is None:
            return False
        self._put(slot, held.token, held.saved_at)
        return True

    def _slot(self, name: str) -> _Slot:
        slot = self._slots.get(name)
        if slot is not None and self._process == os.getpid():
            return slot
        with self._lock:
            if self._process != os.getpid():
                # Threads that held a slot's lock exist in the parent only.
                self._slots, self._process = {}, os.getpid()
            if len(self._slots) >= MOST_TOKENS and name not in self._slots:
                self._slots.pop(next(iter(self._slots)))
            return self._slots.setdefault(name, _Slot())


def _save(shelf: Shelf, token: Token) -> None:
    try:
        shelf.keeper.save(shelf.key, token)
    except StoreError as error:
        _log.warning("a token of the application's own could not be stored: %s", error.code)
