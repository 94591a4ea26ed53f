"""A client secret that is a JWT we sign ourselves (Apple): made when needed, kept until shortly before its end."""

from __future__ import annotations

from typing import Final

from ..protocol.jose import SigningKey, sign_jwt
from ..providers.special import apple_client_secret_claims

#: How long a secret lives, and how long before its end a new one is made, in seconds.
LIFETIME: Final = 3600
EARLY: Final = 300


class SecretMinter:
    """Makes client secrets.

    :param team_id: the developer team's id.
    :param client_id: the client id.
    :param key: the ES256 key; its ``kid`` is the key's id at the provider.
    """

    def __init__(self, team_id: str, client_id: str, key: SigningKey) -> None:
        self._team_id = team_id
        self._client_id = client_id
        self._key = key
        self._made: tuple[float, str] | None = None

    def secret(self, now: float) -> str:
        """The secret that is good now.

        :param now: seconds since the epoch.
        """
        made = self._made
        if made is None or now > made[0]:
            claims = apple_client_secret_claims(
                team_id=self._team_id, client_id=self._client_id, now=now, lifetime=LIFETIME
            )
            # Two threads may both make one; both are good.
            made = self._made = (now + LIFETIME - EARLY, sign_jwt(claims, self._key))
        return made[1]

    def __repr__(self) -> str:
        return f"<SecretMinter {self._client_id}>"
