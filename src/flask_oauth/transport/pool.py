"""Connections that wait for their next request.

The lock is held for a few dictionary operations and never while anything waits
for the network: connections are closed after it is let go.  A pool belongs to
the process that made it, see :meth:`ConnectionPool.abandon`.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

#: How many idle connections are kept for one host.
IDLE_PER_HOST: Final = 32
#: How many idle connections are kept in all; those idle for longest go first.
IDLE_IN_ALL: Final = 256
#: Seconds after which an idle connection is not used again.  Load balancers drop
#: silent connections after a minute or more, some of them without saying so, and
#: a request written into such a one would wait for its whole timeout.
IDLE_SECONDS: Final = 50.0


class Connection(Protocol):
    """What the pool asks of a connection."""

    @property
    def is_connected(self) -> bool:
        """False once the other side has closed, or has sent something nobody asked for."""
        ...

    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class _Idle(NamedTuple):
    connection: Connection
    since: float


class ConnectionPool(Generic[C]):
    """Idle connections by key, the last one returned first.

    :param idle_seconds: how long a connection may wait.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self.pid = os.getpid()
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, deque[_Idle]] = {}
        self._count = 0
        self._next_sweep = 0.0
        self._closed = False
        # A transport that nobody holds any more, or a process that ends, leaves no socket to the garbage collector.
        weakref.finalize(self, _close_all, self._waiting)

    def take(self, key: Hashable, now: float) -> C | None:
        """An idle connection that is still good, or ``None``.

        :param now: seconds of a monotonic clock.
        """
        while (idle := self._pop(key)) is not None:
            if now - idle.since < self._idle_seconds and idle.connection.is_connected:
                return idle.connection  # type: ignore[return-value]  # only give() puts them in
            idle.connection.close()
        return None

    def give(self, key: Hashable, connection: C, now: float) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            if self._closed:
                spare: list[_Idle] = [_Idle(connection, now)]
            else:
                self._waiting.setdefault(key, deque()).append(_Idle(connection, now))
                self._count += 1
                spare = self._surplus(key, now)
        _close(spare)

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        with self._lock:
            self._closed = True
            waiting = dict(self._waiting)
            self._waiting.clear()
            self._count = 0
        _close_all(waiting)

    def abandon(self) -> None:
        """Let go of everything, in a process that is not the one that made this pool.

        Closing here frees this process's copies of the sockets and tells the
        other side nothing, so the parent's connections live on.  The lock is not
        taken: a thread that held it did not come along through the fork.
        """
        self._closed = True
        _close_all(self._waiting)

    def _pop(self, key: Hashable) -> _Idle | None:
        with self._lock:
            line = self._waiting.get(key)
            if not line:
                return None
            self._count -= 1
            return line.pop()

    def _surplus(self, key: Hashable, now: float) -> list[_Idle]:
        """Take out what is too many or too old.  Called with the lock held."""
        spare: list[_Idle] = []
        if len(self._waiting[key]) > IDLE_PER_HOST:
            spare.append(self._waiting[key].popleft())
        if now >= self._next_sweep:
            spare += self._expired(now)
            self._next_sweep = now + self._idle_seconds
        self._count -= len(spare)
        if self._count > IDLE_IN_ALL:
            oldest = min((line for line in self._waiting.values() if line), key=lambda line: line[0].since)
            spare.append(oldest.popleft())
            self._count -= 1
        return spare

    def _expired(self, now: float) -> list[_Idle]:
        found: list[_Idle] = []
        for key, line in list(self._waiting.items()):
            while line and now - line[0].since >= self._idle_seconds:
                found.append(line.popleft())
            if not line:
                del self._waiting[key]
        return found


def _close_all(waiting: Mapping[Hashable, Iterable[_Idle]]) -> None:
    for line in list(waiting.values()):
        _close(list(line))


def _close(idle: Iterable[_Idle]) -> None:
    for connection, _ in idle:
        connection.close()
