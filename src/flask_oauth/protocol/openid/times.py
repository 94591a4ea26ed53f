"""The times in a JWT: numbers, in order, and near the present.

Sections enforced here: RFC 7519 §2 (NumericDate), §4.1.4 to §4.1.6; OpenID Connect Core §3.1.3.7 items 9 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...error_codes import ErrorCode
from ...errors import IDTokenError

#: Core §3.1.3.7 item 10: how old a token may be is the client's choice; seconds.
OLDEST: Final = 7 * 86400
_END_OF_TIME: Final = 1e15


def number(claims: Mapping[str, Any], name: str, code: ErrorCode) -> float:
    """A claim that must be a NumericDate.

    :raises IDTokenError: it is missing, or no finite number.
    """
    value = claims.get(name)
    # "not <" rather than ">=": every comparison with NaN is false.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _END_OF_TIME:
        got = "missing" if value is None else f"a value of kind {type(value).__name__}"
        raise IDTokenError(f"{name} is not a time", code=code, expected="seconds since the epoch", got=got)
    return value


def check_expiry(claims: Mapping[str, Any], now: float, skew: float) -> None:
    """``exp`` is there and not yet reached (Core §3.1.3.7 item 9)."""
    expires = number(claims, "exp", "id_token_expired")
    if now >= expires + skew:
        raise _out_of_time("The token has expired", "id_token_expired", f"exp after {now:.0f}", expires)


def check_issued_at(claims: Mapping[str, Any], now: float, skew: float, oldest: float = OLDEST) -> None:
    """``iat`` is there, not in the future, and not too long ago (Core §3.1.3.7 item 10).

    :param oldest: seconds.
    """
    issued = number(claims, "iat", "id_token_issued_at")
    if issued > now + skew:
        raise _out_of_time("The token is from the future", "id_token_issued_at", f"iat up to {now:.0f}", issued)
    if issued < now - oldest - skew:
        raise _out_of_time("The token is too old", "id_token_issued_at", f"iat from {now - oldest:.0f}", issued)


def check_not_before(claims: Mapping[str, Any], now: float, skew: float) -> None:
    """``nbf``, if it is there, is reached (RFC 7519 §4.1.5)."""
    if "nbf" not in claims:
        return
    begins = number(claims, "nbf", "id_token_not_yet_valid")
    if begins > now + skew:
        raise _out_of_time("The token is not valid yet", "id_token_not_yet_valid", f"nbf up to {now:.0f}", begins)


def _out_of_time(message: str, code: ErrorCode, expected: str, got: float) -> IDTokenError:
    return IDTokenError(message, code=code, expected=expected, got=got)
