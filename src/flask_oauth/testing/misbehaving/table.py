"""Every misbehaviour and every oddity, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from . import (
    back_cases,
    fapi_cases,
    front_cases,
    id_token_cases,
    logout_cases,
    registration_cases,
    signature_cases,
)
from .cases import Misbehaviour

_ROOMS: Final = (
    front_cases,
    id_token_cases,
    signature_cases,
    back_cases,
    fapi_cases,
    logout_cases,
    registration_cases,
)


def _by_name(rows: Iterable[Misbehaviour]) -> Mapping[str, Misbehaviour]:
    table: dict[str, Misbehaviour] = {}
    for row in rows:
        if row.name in table:
            raise ValueError(f"two rows are named {row.name!r}")
        table[row.name] = row
    return table


#: What an application must refuse.
MISBEHAVIOURS: Final = _by_name(row for room in _ROOMS for row in room.CASES)
#: What is odd, and an application must accept.
ODDITIES: Final = _by_name(row for room in _ROOMS for row in room.ODD)
