"""Remote apps that are known only when somebody asks for them: tenants with providers of their own.

What a function gives is kept for a while, and whatever address it names is
treated as a stranger's: private and loopback addresses are refused.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .oauth import OAuth
    from .remote_app import OAuthRemoteApp

#: How long a remote app is kept, and how long a name that there is none for, in seconds.
KEEP_SECONDS: Final = 300.0
ABSENT_SECONDS: Final = 30.0
#: How many are kept, the names of none included: names come from URLs.
MOST_KEPT: Final = 1000
MOST_CHARACTERS: Final = 100


class RemoteAppLoader:
    """Asks a function for remote apps and keeps what it gave.

    :param load: gives the options of ``remote_app()`` for a name, or ``None``.
    :param clock: seconds, for the time that they are kept.
    """

    def __init__(self, load: Callable[[str], Any], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, OAuthRemoteApp | None]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, oauth: OAuth, name: str) -> OAuthRemoteApp | None:
        """The remote app of that name, or ``None``."""
        if len(name) > MOST_CHARACTERS:
            return None
        now = self._clock()
        kept = self._kept.get(name)
        if kept is not None and kept[0] > now:
            return kept[1]
        remote = self._made(oauth, name, self._load(name))
        with self._lock:
            self._kept[name] = (now + (ABSENT_SECONDS if remote is None else KEEP_SECONDS), remote)
            self._kept.move_to_end(name)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return remote

    def forget(self, name: str | None = None) -> None:
        """Ask anew: for one name, or for all."""
        with self._lock:
            if name is None:
                self._kept.clear()
            else:
                self._kept.pop(name, None)

    @staticmethod
    def _made(oauth: OAuth, name: str, given: Any) -> OAuthRemoteApp | None:
        if given is None:
            return None
        if not isinstance(given, Mapping):
            raise ConfigurationError(
                "The remote_app_loader gave no options",
                code="config_setting",
                expected="a mapping of keywords of remote_app(), or None",
                got=type(given).__name__,
            )
        # N13: unless the application says itself that these hosts may be private ones.
        options: Any = {"public_hosts_only": True, **given}
        return oauth.remote_app(name, register=False, **options)
