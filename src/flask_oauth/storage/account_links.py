"""Which accounts at providers belong to which user of the application: the optional table of account links.

An account is known by ``(issuer, subject)`` and by nothing else: e-mail addresses change hands.
Any object with the methods of :class:`AccountLinks` will do.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import AccountLinkError, ConfigurationError, StoreError

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """An account at a provider that belongs to a user of the application.

    :param issuer: the issuer, or the address of a provider that has none.
    :param subject: the account's identifier there.
    :param account: the application's user.
    :param provider: the name of the remote app.
    :param name: how the person is called there, to tell several accounts apart.
    :param label: by what label its token is kept.
    :param linked_at: when, in seconds since the epoch.
    """

    issuer: str
    subject: str
    account: str
    provider: str = ""
    name: str = ""
    label: str = ""
    linked_at: float = 0.0


class AccountLinks(Protocol):
    """Keeps account links."""

    def find(self, issuer: str, subject: str) -> str | None:
        """The application's user to whom an account belongs."""
        ...

    def link(self, linked: LinkedAccount) -> None:
        """Let an account belong to a user; again for the same user does nothing.

        :raises AccountLinkError: it belongs to another user (``account_linked_elsewhere``).
        """
        ...

    def unlink(self, account: str, issuer: str, subject: str) -> bool:
        """Undo it; whether there was such a link."""
        ...

    def links_of(self, account: str) -> list[LinkedAccount]:
        """The accounts that belong to a user, the oldest first."""
        ...


def linked_elsewhere() -> AccountLinkError:
    """What to raise for an account that belongs to another user."""
    return AccountLinkError("The account belongs to another user already", code="account_linked_elsewhere")


class MemoryAccountLinks:
    """Account links in the memory of one process, for tests."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], LinkedAccount] = {}
        self._lock = threading.Lock()

    def find(self, issuer: str, subject: str) -> str | None:
        linked = self._links.get((issuer, subject))
        return linked.account if linked else None

    def link(self, linked: LinkedAccount) -> None:
        with self._lock:
            known = self._links.setdefault((linked.issuer, linked.subject), linked)
        if known.account != linked.account:
            raise linked_elsewhere()

    def unlink(self, account: str, issuer: str, subject: str) -> bool:
        with self._lock:
            known = self._links.get((issuer, subject))
            if known is None or known.account != account:
                return False
            del self._links[issuer, subject]
            return True

    def links_of(self, account: str) -> list[LinkedAccount]:
        return [linked for linked in self._links.values() if linked.account == account]


class SQLAccountLinks:
    """Account links in a SQL database.

    :param source: a URL, an :class:`sqlalchemy.Engine`, a Flask-SQLAlchemy object, or a SQL token store, whose
        database is then used.
    :raises ConfigurationError: it is none of these (``config_store_url``).
    """

    def __init__(self, source: Any) -> None:
        from .sql_schema import account_links

        self._table = account_links
        self._source = source
        if isinstance(source, str):
            from .sql_connections import engine_from_url

            self._source = engine_from_url(source)
        elif hasattr(source, "metadata") and hasattr(type(source), "engine"):
            if account_links.name not in source.metadata.tables:
                account_links.to_metadata(source.metadata)  # for db.create_all() and Flask-Migrate
        elif not hasattr(source, "engine") and not hasattr(source, "begin"):
            raise ConfigurationError(
                "Account links are kept in no such place", code="config_store_url", got=type(source).__name__
            )

    @property
    def _engine(self) -> sa.Engine:
        engine: sa.Engine = getattr(self._source, "engine", self._source)
        return engine

    def create_schema(self) -> None:
        """Make the table, if it is not there."""
        self._table.create(self._engine, checkfirst=True)

    def find(self, issuer: str, subject: str) -> str | None:
        import sqlalchemy as sa

        query = sa.select(self._table.c.account).where(self._table.c.id == _id(issuer, subject))
        found: str | None = self._run(lambda connection: connection.execute(query).scalar())
        return found

    def link(self, linked: LinkedAccount) -> None:
        from sqlalchemy.exc import IntegrityError

        values = {name: getattr(linked, name) for name in linked.__slots__}
        values |= {"id": _id(linked.issuer, linked.subject), "linked_at": linked.linked_at or time.time()}
        try:
            self._run(lambda connection: connection.execute(self._table.insert(), values))
        except IntegrityError:
            if self.find(linked.issuer, linked.subject) != linked.account:
                raise linked_elsewhere() from None

    def unlink(self, account: str, issuer: str, subject: str) -> bool:
        table = self._table
        statement = table.delete().where(table.c.id == _id(issuer, subject), table.c.account == account)
        return bool(self._run(lambda connection: connection.execute(statement).rowcount))

    def links_of(self, account: str) -> list[LinkedAccount]:
        import sqlalchemy as sa

        table, names = self._table, LinkedAccount.__slots__
        query = sa.select(*(table.c[name] for name in names)).where(table.c.account == account)
        rows = self._run(lambda connection: connection.execute(query.order_by(table.c.linked_at)).all())
        # Once more in Python: a database may have compared without regard to letter case.
        return [linked for row in rows if (linked := LinkedAccount(*row)).account == account]

    def _run(self, work: Any) -> Any:
        from sqlalchemy.exc import DBAPIError, IntegrityError

        try:
            with self._engine.begin() as connection:
                return work(connection)
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise StoreError("The table of account links did not answer", code="store_failed") from error


def _id(issuer: str, subject: str) -> bytes:
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()[:24]
