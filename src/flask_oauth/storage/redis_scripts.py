"""The scripts of the Redis store: each runs whole on the server, on keys of one hash tag, in Redis and in Valkey.

``KEYS``: the record, its lease, the index of its owner.  A record's bytes are laid out as in :func:`pack`; a lease's
value is its holder (32 characters) and its fence.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass

from .records import Record, RecordKey

_HEAD = struct.Struct(">BQdH")
_LAYOUT = 1


def pack(record: Record) -> bytes:
    """A record as bytes: layout, version, expiry (NaN for none), length of the key, key, sealed."""
    key = record.key.associated()
    expires_at = math.nan if record.expires_at is None else record.expires_at
    return _HEAD.pack(_LAYOUT, record.version, expires_at, len(key)) + key + record.sealed


def unpack(value: bytes, key: RecordKey | None = None) -> Record:
    """The record that :func:`pack` wrote; ``key`` spares reading it from the bytes."""
    _, version, expires_at, length = _HEAD.unpack_from(value)
    start = _HEAD.size + length
    if key is None:
        key = RecordKey.from_associated(value[_HEAD.size : start])
    # NaN is the one number that does not equal itself.
    return Record(key, value[start:], version, expires_at if expires_at == expires_at else None)


def pack_version(version: int | None) -> bytes:
    """A version as it stands in a record's bytes; empty for none."""
    return version.to_bytes(8, "big") if version else b""


@dataclass(frozen=True, slots=True)
class Script:
    """The text of a script and the name that the server knows it by."""

    text: str
    sha: str


def _script(text: str) -> Script:
    # SHA-1 is how EVALSHA names scripts.
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


# ARGV 1: holder, or '' for none.  ARGV 2: the version the record had, or ''.  ARGV 3: the new version, for the same
# write coming twice after a lost connection.  ARGV 4: '1' if there is a condition at all.
_MAY_WRITE = """
local lease = redis.call('GET', KEYS[2])
local held = lease and ARGV[1] ~= '' and string.sub(lease, 1, 32) == ARGV[1]
if ARGV[4] == '1' and not held then
  local version = redis.call('GETRANGE', KEYS[1], 1, 8)
  if version == '' or (version ~= ARGV[2] and version ~= ARGV[3]) then return 0 end
end
"""

# What the index holds is the record's name without that of the index.
_MEMBER = "string.sub(KEYS[1], #KEYS[3] + 2)"

# A save without any condition.  ARGV 1: the record's bytes.
SAVE_ANYWAY = _script(
    f"""
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SADD', KEYS[3], {_MEMBER})
redis.call('DEL', KEYS[2])
return 1
"""
)

# A save under a condition.  ARGV 5: the record's bytes.  A lease of others stays.
SAVE = _script(
    _MAY_WRITE
    + f"""
redis.call('SET', KEYS[1], ARGV[5])
redis.call('SADD', KEYS[3], {_MEMBER})
if held then redis.call('DEL', KEYS[2]) end
return 1
"""
)

DELETE = _script(
    _MAY_WRITE
    + f"""
redis.call('DEL', KEYS[2])
redis.call('SREM', KEYS[3], {_MEMBER})
return redis.call('DEL', KEYS[1])
"""
)

# ARGV 1: holder.  ARGV 2: milliseconds.  The fence is the server's time in microseconds: later is higher.
ACQUIRE = _script(
    """
local lease = redis.call('GET', KEYS[2])
if lease and string.sub(lease, 1, 32) ~= ARGV[1] then return false end
local time = redis.call('TIME')
local fence = string.format('%d%06d', time[1], time[2])
redis.call('SET', KEYS[2], ARGV[1] .. fence, 'PX', ARGV[2])
return {fence, redis.call('GET', KEYS[1])}
"""
)

# ARGV 1: holder.  ARGV 2: milliseconds.
EXTEND = _script(
    """
local lease = redis.call('GET', KEYS[2])
if lease and string.sub(lease, 1, 32) == ARGV[1] then return redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return 0
"""
)

RELEASE = _script(
    """
local lease = redis.call('GET', KEYS[2])
if lease and string.sub(lease, 1, 32) == ARGV[1] then return redis.call('DEL', KEYS[2]) end
return 0
"""
)
