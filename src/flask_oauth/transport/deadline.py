"""When a request must be over, and how long it may wait until then."""

from __future__ import annotations

import socket
from collections.abc import Callable


class Deadline:
    """When a request must be over.

    :param clock: monotonic seconds.
    :param total: seconds for the whole request.
    :param each: seconds for one wait within it.
    """

    __slots__ = ("_at", "_clock", "_each")

    def __init__(self, clock: Callable[[], float], total: float, each: float) -> None:
        self._clock = clock
        self._at = clock() + total
        self._each = each

    def wait(self) -> float:
        """How many seconds the next wait may take.

        :raises TimeoutError: the time is over.
        """
        left = self._at - self._clock()
        if left <= 0:
            raise TimeoutError("The deadline has passed")
        return min(left, self._each)

    def arm(self, sock: socket.socket) -> None:
        """Let the next wait of a socket end in time.

        :raises TimeoutError: the time is over.
        """
        wait = self.wait()
        if sock.gettimeout() != wait:  # each settimeout() is a system call
            sock.settimeout(wait)
