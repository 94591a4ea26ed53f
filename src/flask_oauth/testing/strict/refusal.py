"""What the provider answers when a request is not as it must be."""

from __future__ import annotations

from collections.abc import Mapping


class RefusalError(Exception):
    """A request is refused.

    :param error: the OAuth error.
    :param reason: what was wrong, in words.
    """

    def __init__(self, error: str, reason: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{error}: {reason}")
        self.members = {"error": error, "error_description": reason}
        self.status = status
        self.headers = headers or {}
