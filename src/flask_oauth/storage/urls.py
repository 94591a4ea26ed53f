"""From the URL in the configuration to a token store."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..errors import ConfigurationError
from .records import TokenStore

_REDIS = ("redis", "rediss", "redis+cluster", "rediss+cluster", "unix", "valkey", "valkeys")


def store_from_url(url: str) -> TokenStore:
    """The token store that a URL names; nothing is connected yet.

    ``memory://`` (this process only, for development and tests), any URL of SQLAlchemy (``sqlite:///tokens.db``,
    ``postgresql+psycopg://…``, ``mysql+pymysql://…``, ``cockroachdb+psycopg://…``), ``redis://``, ``rediss://``,
    ``redis+cluster://``, ``rediss+cluster://``.

    :raises ConfigurationError: ``config_store_url``, it is not a URL of these; ``config_extra_missing``, the package
        for it is not installed.
    """
    scheme = urlsplit(url).scheme if isinstance(url, str) and "://" in url else ""
    if scheme == "memory":
        from .memory import MemoryTokenStore

        return MemoryTokenStore()
    if scheme in _REDIS:
        return _redis_store(url)
    if scheme:
        return _sql_store(url)
    raise ConfigurationError(
        "The token store is not given as a URL.",
        code="config_store_url",
        expected="sqlite:///…, postgresql+psycopg://…, mysql+pymysql://…, redis://…, rediss://… or redis+cluster://…",
        got=type(url).__name__,
    )


def _redis_store(url: str) -> TokenStore:
    try:
        from .redis import RedisTokenStore
    except ImportError as error:
        raise _missing("redis", "redis") from error
    return RedisTokenStore.from_url(url)


def _sql_store(url: str) -> TokenStore:
    try:
        from .sqlalchemy import SQLAlchemyTokenStore
    except ImportError as error:
        raise _missing("sqlalchemy", "SQLAlchemy") from error
    return SQLAlchemyTokenStore(url)


def _missing(extra: str, package: str) -> ConfigurationError:
    return ConfigurationError(
        f"This token store needs {package}: pip install 'flask-oauth[{extra}]'", code="config_extra_missing"
    )
