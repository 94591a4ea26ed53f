"""One refresh for many threads, processes and machines (RFC 6749 §6; RFC 9700 §4.14 on rotation).

A provider that rotates refresh tokens takes each of them once; a second use looks like theft and may end the user's
whole grant.  So of all that hold one expired token exactly one may ask.  Within a process one thread leads and the
others take what it brings; between processes the leader needs the lease of the record in the store, and whoever does
not get it reads the record until it changes or the lease is free.

What can and cannot be lost: the new token is written before anything else is done with the provider's answer.  A
worker that dies between the two takes a rotated refresh token with it; no client can help that, as only the provider
and the dead worker ever knew it.  A store that is away at that moment is tried again while the lease lasts, and after
that whenever this process needs the token.
"""

from __future__ import annotations

import copy
import logging
import os
import random as random_module
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from ..errors import OAuthException, ReauthorizationRequired, RefreshFailed, ServerError, StoreError, TokenMissing
from ..protocol.token import Token
from ..storage import Lease, RecordKey
from .token_keeper import Held, TokenKeeper

_log = logging.getLogger("flask_oauth.refresh")

Refresh = Callable[[Token], Token]
"""Asks the provider: the old token in, the answer out; raises an :class:`~flask_oauth.errors.OAuthException`."""

_UNSAVED_KEPT = 1000
_READS_A_TRY = 6
_EXTENSIONS = 20
_PAUSE = (0.010, 0.025)
_LONG_PAUSE = (0.050, 0.100)


@dataclass(slots=True)
class _Flight:
    """One refresh of this process, and those who wait for it.  Neither token nor error: it ended without a result."""

    ended: threading.Event = field(default_factory=threading.Event)
    token: Token | None = None
    error: Exception | None = None


class RefreshCoordinator:
    """Hands out tokens that are good to use, refreshed at most once by all workers together.

    :param keeper: where tokens are kept.
    :param early: how many seconds before its end an access token is refreshed (at most a fifth of its life).
    :param lease_seconds: after how many seconds at most others go on if the refreshing worker has died.  A provider
        may take longer to answer, up to ten times as long.
    :param patience: how many seconds a caller waits for the refresh of another at most.
    :param cooldown: for how many seconds after a failed refresh no worker asks again.
    :param clock: seconds since the epoch.
    :param monotonic: seconds that only go forward.
    :param sleep: waits so many seconds.
    :param random: a number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        keeper: TokenKeeper,
        *,
        early: float = 60.0,
        lease_seconds: float = 10.0,
        patience: float = 30.0,
        cooldown: float = 3.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.keeper = keeper
        self._early = early
        self._lease_seconds = lease_seconds
        self._patience = patience
        self._cooldown = cooldown
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._random = random
        self._unsaved: dict[RecordKey, tuple[Token, Lease]] = {}
        self._start()
        _coordinators.add(self)

    def _start(self) -> None:
        self._lock = threading.Lock()  # never held while anything waits for the network
        self._flights: dict[RecordKey, _Flight] = {}

    def fresh(self, key: RecordKey, refresh: Refresh) -> Token:
        """The token of a record, refreshed if it is about to end.

        A token that still works is used as it is while another worker refreshes it, and when that cannot be done now.

        :param refresh: asks the provider; called at most once.
        :raises TokenMissing: there is no token.
        :raises ReauthorizationRequired: it has ended and cannot be refreshed, or the provider said ``invalid_grant``.
        :raises RefreshFailed: it has ended and the provider could not be asked; the refresh token is kept.
        :raises StoreError: the store does not answer, or the record does not open.
        """
        held = self._load(key)
        if not self._due(held):
            return held.token
        usable = not held.token.expires_within(0, self._clock())
        return self._renew(key, held, refresh, usable=usable)

    def after_refusal(self, key: RecordKey, refused: Token, refresh: Refresh) -> Token:
        """Another token in place of one that an API refused with ``invalid_token`` (RFC 6750 §3.1).

        To be called once for a call of the API; if the API refuses the new token too, that is the answer.

        :param refused: the token that was sent.
        :param refresh: asks the provider; called at most once.
        :raises OAuthException: as :meth:`fresh`.
        """
        held = self._load(key)
        if held.token.access_token != refused.access_token:
            return held.token
        return self._renew(key, held, refresh, usable=False)

    def _load(self, key: RecordKey) -> Held:
        if key in self._unsaved:
            self._save_unsaved(key)
        held = self.keeper.load(key)
        if held is None:
            raise TokenMissing("There is no token for this user.")
        return held

    def _due(self, held: Held) -> bool:
        token, now = held.token, self._clock()
        if not token.expires_within(self._early, now):
            return False
        if token.refresh_token is None:
            if token.expires_within(0, now):
                raise _spent("The token has expired, and there is no refresh token.")
            return False
        life = (token.expires_at or now) - held.saved_at
        early = min(self._early, life / 5) if life > 0 else 0.0
        # Jitter: or a thousand users who signed in at nine would all be refreshed in the same second.
        return token.expires_within(early * (0.75 + 0.25 * self._random()), now)

    def _renew(self, key: RecordKey, held: Held, refresh: Refresh, *, usable: bool) -> Token:
        if held.token.refresh_token is None:
            raise _spent("The token was refused, and there is no refresh token.")
        until = self._monotonic() + self._patience
        while True:
            flight, leads = self._join(key)
            if leads:
                token = self._fly(flight, key, held, refresh, until, usable=usable)
            elif usable:
                return held.token
            else:
                token = self._outcome(flight, until)
            if token is not None:
                return token
            if usable:
                return held.token

    def _join(self, key: RecordKey) -> tuple[_Flight, bool]:
        """The flight of a record, and whether the caller is the one to fly it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = _Flight()
            return flight, True

    def _fly(
        self, flight: _Flight, key: RecordKey, held: Held, refresh: Refresh, until: float, *, usable: bool
    ) -> Token | None:
        try:
            flight.token = self._lead(key, held, refresh, until, usable=usable)
        except Exception as error:
            flight.error = error
            if not (usable and isinstance(error, (RefreshFailed, StoreError))):
                raise
        finally:
            # Also for what is no Exception (a timeout of gevent, an exit): then another thread takes over.
            with self._lock:
                self._flights.pop(key, None)
            flight.ended.set()
        return flight.token

    def _outcome(self, flight: _Flight, until: float) -> Token | None:
        if not flight.ended.wait(max(0.0, until - self._monotonic())):
            raise _waited_too_long()
        if flight.error is not None:
            raise _for_another_thread(flight.error) from flight.error
        return flight.token

    def _lead(self, key: RecordKey, held: Held, refresh: Refresh, until: float, *, usable: bool) -> Token | None:
        while True:
            acquired = self.keeper.acquire(key, seconds=self._lease_seconds)
            if acquired is not None:
                return self._with_lease(key, *acquired, held, refresh)
            if usable:
                return None
            token = self._await_other(key, held, until)
            if token is not None:
                return token

    def _await_other(self, key: RecordKey, held: Held, until: float) -> Token | None:
        """The token that another process brings; ``None`` when it is time to ask for the lease again."""
        patient_since = until - self._patience
        for _ in range(_READS_A_TRY):
            now = self._monotonic()
            if now >= until:
                raise _waited_too_long()
            shortest, longest = _PAUSE if now - patient_since < 1 else _LONG_PAUSE
            self._sleep(shortest + (longest - shortest) * self._random())
            current = self.keeper.load(key)
            if current is None:
                raise _spent("The token was dropped: the provider refused to refresh it, or it was disconnected.")
            if current != held:
                return current.token
        return None

    def _with_lease(self, key: RecordKey, lease: Lease, current: Held | None, held: Held, refresh: Refresh) -> Token:
        saved = False
        try:
            if current is None:
                raise _spent("The token was dropped: the provider refused to refresh it, or it was disconnected.")
            if current != held:
                return current.token  # another worker was quicker
            self._check_cooldown(key)
            answer = self._ask(key, lease, current, refresh)
            if isinstance(answer, Held):
                return answer.token
            saved = True
            return self._save(key, answer, lease)
        finally:
            if not saved:
                self._release(lease)

    @contextmanager
    def _kept(self, lease: Lease) -> Iterator[None]:
        """Extend the lease for as long as the provider takes its time.

        If it ended meanwhile, another worker would send the refresh token a second time.  The thread that extends it
        dies with the process, so a crash still frees the lease soon.
        """
        ended = threading.Event()

        def extend() -> None:
            for _ in range(_EXTENSIONS):
                if ended.wait(self._lease_seconds / 2):
                    return
                with suppress(StoreError):  # perhaps the next time
                    self.keeper.store.extend(lease, seconds=self._lease_seconds)

        threading.Thread(target=extend, name="flask-oauth-lease", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _ask(self, key: RecordKey, lease: Lease, held: Held, refresh: Refresh) -> Token | Held:
        """A new token from the provider, yet to be saved; or what another worker has saved meanwhile."""
        try:
            with self._kept(lease):
                answer = refresh(held.token)
            return _carry_over(held.token, answer)
        except OAuthException as error:
            if isinstance(error, ServerError) and error.error == "invalid_grant":
                return self._refused(key, lease, held, error)
            self._note_failure(key, error)
            raise RefreshFailed(f"The token could not be refreshed: {error}") from error

    def _refused(self, key: RecordKey, lease: Lease, held: Held, error: ServerError) -> Held:
        """After ``invalid_grant`` (RFC 6749 §5.2): read once more, then drop the token."""
        current = self.keeper.load(key)
        if current == held:
            current = None if self.keeper.delete(key, lease=lease) else self.keeper.load(key)
        if current is None:
            _log.info("refresh token refused for remote app %s: token dropped", key.remote_app)
            raise _spent("The provider does not take the refresh token any more.") from error
        return current

    def _save(self, key: RecordKey, token: Token, lease: Lease) -> Token:
        """Write the new token, for as long as the lease lasts if need be; gives the token that counts."""
        until = self._monotonic() + self._lease_seconds
        pause = _PAUSE[0]
        while True:
            try:
                self.keeper.save(key, token, lease=lease)
                return token
            except StoreError as error:
                if error.code == "store_lease_lost":
                    return self._overtaken(key)
                if error.code == "store_session_full":
                    if token.id_token is None:
                        raise
                    token = replace(token, id_token=None)  # the largest part, and not needed for calls
                    continue
                if self._monotonic() + pause >= until:
                    self._keep_unsaved(key, token, lease)
                    return token
            self._sleep(pause)
            pause = min(pause * 2, 1.0)

    def _overtaken(self, key: RecordKey) -> Token:
        current = self.keeper.load(key)
        if current is None:
            raise _spent("The token was dropped or disconnected while it was being refreshed.")
        return current.token

    def _keep_unsaved(self, key: RecordKey, token: Token, lease: Lease) -> None:
        _log.warning("refreshed token of remote app %s could not be stored; trying again later", key.remote_app)
        with self._lock:
            self._unsaved[key] = (token, lease)
            if len(self._unsaved) > _UNSAVED_KEPT:
                self._unsaved.pop(next(iter(self._unsaved)))

    def _save_unsaved(self, key: RecordKey) -> None:
        with self._lock:
            token, lease = self._unsaved.get(key, (None, None))
        if token is None:
            return
        try:
            self.keeper.save(key, token, lease=lease)
        except StoreError as error:
            if error.code != "store_lease_lost":
                raise
        with self._lock:
            self._unsaved.pop(key, None)

    def _check_cooldown(self, key: RecordKey) -> None:
        failed = self.keeper.store.get_mark(_failure_mark(key))
        if failed is not None:
            raise RefreshFailed("The last refresh failed a moment ago; the next call tries again soon.", got=failed)

    def _note_failure(self, key: RecordKey, error: OAuthException) -> None:
        with suppress(StoreError):  # then the next caller asks the provider again, no more
            self.keeper.store.put_mark(_failure_mark(key), error.code, seconds=self._cooldown)

    def _release(self, lease: Lease) -> None:
        with suppress(StoreError):  # it ends by itself
            self.keeper.store.release(lease)

    def _after_fork(self) -> None:
        # Threads that led or held the lock exist in the parent only, and so does what they have not saved.
        self._start()
        self._unsaved = {}


_coordinators: weakref.WeakSet[RefreshCoordinator] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for coordinator in list(_coordinators):
        coordinator._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _carry_over(old: Token, new: Token) -> Token:
    """What the answer leaves out stays as it was: the refresh token (RFC 6749 §6), the scope (§5.1), the ID Token."""
    return replace(
        new,
        refresh_token=new.refresh_token or old.refresh_token,
        scope=new.scope or old.scope,
        id_token=new.id_token or old.id_token,
        extra={**old.extra, **new.extra},
    )


def _for_another_thread(error: Exception) -> Exception:
    """A copy: several threads must not raise one exception object."""
    if isinstance(error, OAuthException):
        return copy.copy(error)
    return RefreshFailed("The token could not be refreshed: an unexpected error in another thread.")


def _failure_mark(key: RecordKey) -> str:
    return f"refresh-failed:{key.id.hex()}"


def _spent(message: str) -> ReauthorizationRequired:
    return ReauthorizationRequired(message)


def _waited_too_long() -> RefreshFailed:
    return RefreshFailed("Another worker was refreshing the token for too long.")
