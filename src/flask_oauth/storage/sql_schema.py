"""The tables of the SQL store, and the database's own clock.

``metadata`` can be given to Alembic (``target_metadata = [db.metadata, flask_oauth.storage.sql_schema.metadata]``).
Ids are hashes (see :attr:`~.records.RecordKey.id`), so nothing depends on how a database compares text.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

metadata = sa.MetaData()


def _bytes(length: int) -> sa.types.TypeEngine[bytes]:
    return sa.LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql", "mariadb")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(mysql.VARCHAR(length, charset="utf8mb4"), "mysql", "mariadb")


_sealed = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")

# A row whose `sealed` is NULL holds only a lease: somebody is about to fetch the first token of this record.
tokens = sa.Table(
    "flask_oauth_tokens",
    metadata,
    sa.Column("id", _bytes(24), primary_key=True),
    sa.Column("remote_app", _text(255), nullable=False),
    sa.Column("issuer", _text(1024), nullable=False),
    sa.Column("owner", _text(512), nullable=False),
    sa.Column("label", _text(255), nullable=False),
    sa.Column("sealed", _sealed),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.Double),
    sa.Column("holder", sa.String(32)),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("lease_until", sa.Double, nullable=False),
)

marks = sa.Table(
    "flask_oauth_marks",
    metadata,
    sa.Column("id", _bytes(24), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Double, nullable=False),
)

# In a metadata of its own: only applications that link accounts have it.
account_links = sa.Table(
    "flask_oauth_account_links",
    sa.MetaData(),
    sa.Column("id", _bytes(24), primary_key=True),
    sa.Column("issuer", _text(1024), nullable=False),
    sa.Column("subject", _text(255), nullable=False),
    sa.Column("account", _text(255), nullable=False, index=True),
    sa.Column("provider", _text(255), nullable=False),
    sa.Column("name", _text(255), nullable=False),
    sa.Column("label", _text(255), nullable=False),
    sa.Column("linked_at", sa.Double, nullable=False),
)


class database_now(FunctionElement[float]):
    """Seconds since the epoch by the clock of the database."""

    type = sa.Double()
    inherit_cache = True
    name = "database_now"


@compiles(database_now)
def _now_postgresql(element: database_now, compiler: Any, **options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(database_now, "sqlite")
def _now_sqlite(element: database_now, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "mysql", "mariadb")
def _now_mysql(element: database_now, compiler: Any, **options: Any) -> str:
    # Not UNIX_TIMESTAMP(NOW()): that goes through local time, which repeats an hour each autumn.
    return "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1e6)"
