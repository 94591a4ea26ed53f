"""What the provider remembers: requests that were granted, users it waits for, tokens it issued."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


def new_value() -> str:
    """An unpredictable value."""
    return secrets.token_urlsafe(24)


@dataclass(slots=True, repr=False)
class Sought:
    """An authorization request that was granted, until its code is redeemed."""

    parameters: dict[str, str]
    jkt: str | None
    code: str = field(default_factory=new_value)
    used: bool = False


@dataclass(slots=True, repr=False)
class Waiting:
    """A device or a backchannel request whose user has not answered yet."""

    kind: str
    scope: str
    interval: int
    expires_at: float
    secret: str = field(default_factory=new_value)
    user_code: str = field(default_factory=lambda: secrets.token_hex(4).upper())
    notification_token: str | None = None
    asked_at: float = 0.0


@dataclass(slots=True, repr=False)
class Issued:
    """A token, and what it is bound to."""

    scope: str
    subject: str
    expires_at: float
    jkt: str | None = None
    thumbprint: str | None = None
    audience: str | None = None
    actor: str | None = None
    access_token: str = field(default_factory=new_value)
    refresh_token: str = field(default_factory=new_value)
    active: bool = True
