"""Waiting for the user on another device: when to ask again, and when to stop.

Sections enforced here: RFC 8628 §3.5 (interval, ``slow_down``, exponential backoff after a timeout, stop at
everything else); OpenID Connect CIBA §7.3, §11 (the same for the backchannel).
"""

from __future__ import annotations

from typing import Final

from ...errors import AccessDenied, OAuthException, ReauthorizationRequired, ServerError, TransportError

#: The interval where the server named none, in seconds (RFC 8628 §3.2).
DEFAULT_INTERVAL: Final = 5.0
#: What ``slow_down`` adds, in seconds (RFC 8628 §3.5).
SLOW_DOWN_SECONDS: Final = 5.0
#: The longest wait that backing off leads to, in seconds.
LONGEST_INTERVAL: Final = 120.0


def next_interval(error: OAuthException, interval: float) -> float:
    """How long to wait before asking again, in seconds.

    :param error: what the last request came to.
    :param interval: how long was waited before it, in seconds.
    :raises AccessDenied: the user said no.
    :raises ReauthorizationRequired: the request has expired; begin anew.
    :raises OAuthException: the error itself, for anything else (RFC 8628 §3.5: MUST stop).
    """
    if isinstance(error, TransportError):
        return min(interval * 2, LONGEST_INTERVAL)
    if not isinstance(error, ServerError):
        raise error
    if error.error == "authorization_pending":
        return interval
    if error.error == "slow_down":
        return interval + SLOW_DOWN_SECONDS
    raise _final(error) from error


def _final(error: ServerError) -> OAuthException:
    if error.error == "access_denied":
        return AccessDenied("The user said no on the other device", data=error.data)
    if error.error == "expired_token":
        return ReauthorizationRequired("The request expired before the user answered", data=error.data)
    return error
