"""What a completed sign-in gives, whatever grant it came by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..protocol.openid.id_token import IDToken
from ..protocol.token import Token


@dataclass(frozen=True, slots=True, repr=False)
class SignIn:
    """What a completed sign-in gives.

    :param token: the access token with what came beside it.
    :param answer: everything the token endpoint sent.
    :param id_token: the validated ID Token, with OpenID Connect.
    :param parameters: everything the authorization response held.
    """

    token: Token
    answer: Mapping[str, Any]
    id_token: IDToken | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<SignIn {self.token!r}>"
