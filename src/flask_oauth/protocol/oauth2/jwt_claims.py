"""Claims that every JWT from an authorization server must hold, whatever it is for.

Sections enforced here: RFC 7519 §4.1.1, §4.1.3, §4.1.4, §4.1.5; RFC 8725 §3.8, §3.9.
ID Tokens have rules of their own: :mod:`flask_oauth.protocol.openid.id_token`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from ...errors import IDTokenError
from .answers import one_line


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """``iss`` is the issuer, letter by letter (RFC 8725 §3.8).

    :raises IDTokenError: ``id_token_issuer``.
    """
    if claims.get("iss") != issuer:
        raise IDTokenError(
            "The JWT is of another issuer", code="id_token_issuer", expected=issuer, got=one_line(claims.get("iss"))
        )


def check_audience(claims: Mapping[str, Any], audience: str) -> None:
    """``aud`` names us, alone or in a list (RFC 8725 §3.9).

    :raises IDTokenError: ``id_token_audience``.
    """
    stated = claims.get("aud")
    if audience not in (stated if isinstance(stated, list) else [stated]):
        raise IDTokenError(
            "The JWT is for another audience", code="id_token_audience", expected=audience, got=one_line(stated)
        )


def check_expiry(claims: Mapping[str, Any], now: float, clock_skew: float) -> None:
    """``exp`` is there and has not come; ``nbf``, if it is there, has.

    :param now: the time, in seconds since the epoch.
    :param clock_skew: how far the two clocks may be apart, in seconds.
    :raises IDTokenError: ``id_token_expired`` or ``id_token_not_yet_valid``.
    """
    expires = claims.get("exp")
    if not _is_number(expires) or not now - clock_skew < expires:
        raise IDTokenError(
            "The JWT has expired", code="id_token_expired", expected=f"after {now}", got=one_line(expires)
        )
    begins = claims.get("nbf", now)
    if not _is_number(begins) or not begins <= now + clock_skew:
        raise IDTokenError(
            "The JWT is not valid yet", code="id_token_not_yet_valid", expected=f"before {now}", got=one_line(begins)
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
