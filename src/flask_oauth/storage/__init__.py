"""Token stores: where sealed tokens live, beyond one request and one machine.

:func:`store_from_url` chooses one; the classes of the stores are imported when they are asked for, and with them
SQLAlchemy or redis-py.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .encryption import KeyNotInRingError, KeyRing, SealBrokenError
from .records import Lease, Page, Record, RecordKey, TokenStore
from .urls import store_from_url

if TYPE_CHECKING:
    from .memory import MemoryTokenStore
    from .redis import RedisTokenStore
    from .sqlalchemy import SQLAlchemyTokenStore

__all__ = [
    "KeyNotInRingError",
    "KeyRing",
    "Lease",
    "MemoryTokenStore",
    "Page",
    "Record",
    "RecordKey",
    "RedisTokenStore",
    "SQLAlchemyTokenStore",
    "SealBrokenError",
    "TokenStore",
    "store_from_url",
]

_LAZY = {"MemoryTokenStore": ".memory", "RedisTokenStore": ".redis", "SQLAlchemyTokenStore": ".sqlalchemy"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
