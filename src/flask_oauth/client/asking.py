"""What one sign-in asks for: the application's parameters, and what of them must be known when the user comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..protocol.oauth2.metadata import ServerMetadata
from .settings import OAuth2Settings


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What one sign-in asks for.

    :param scope: space separated.
    :param response_mode: empty for the default.
    :param max_age: seconds; ``None`` if it is not asked for.
    :param acr_values: the authentication contexts, one of which is demanded of the ID Token.
    :param resource: the resource indicators (RFC 8707).
    :param parameters: everything that goes into the request as the application gave it.
    """

    scope: str
    response_type: str
    response_mode: str
    max_age: int | None
    acr_values: tuple[str, ...]
    resource: tuple[str, ...]
    parameters: Mapping[str, Any]


def what_is_asked(
    settings: OAuth2Settings,
    metadata: ServerMetadata,
    scope: str,
    parameters: Mapping[str, Any] | None,
    acr: Iterable[str],
) -> Asked:
    """What a sign-in asks for, by its parameters and, where they say nothing, by the settings.

    :param scope: the scope where no parameter names one.
    :param acr: authentication contexts, one of which is demanded.
    """
    extra = dict(parameters or {})
    scope = str(extra.pop("scope", None) or scope)
    demanded = tuple(acr)
    if demanded:
        extra.setdefault("acr_values", " ".join(demanded))
        if metadata.raw.get("claims_parameter_supported") is True:
            extra["claims"] = _demanding(extra.get("claims"), demanded)
    if settings.default_max_age is not None:
        extra.setdefault("max_age", settings.default_max_age)
    response_type = str(extra.pop("response_type", None) or settings.response_type)
    response_mode = _mode_for(response_type, extra.pop("response_mode", None) or settings.response_mode)
    return Asked(
        scope,
        response_type,
        response_mode or "",
        max_age=_whole(extra.get("max_age")),
        acr_values=demanded or _essential_acr(extra.get("claims")),
        resource=_texts(extra.get("resource")),
        parameters=extra,
    )


def _mode_for(response_type: str, asked: str | None) -> str | None:
    """Hybrid answers come in the fragment by default, which a server never sees; so they are asked for by form."""
    if response_type == "code":
        return asked
    return {None: "form_post", "jwt": "form_post.jwt"}.get(asked, asked)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _demanding(claims: Any, acr: tuple[str, ...]) -> Any:
    """A ``claims`` parameter that demands one of these contexts (Core §5.5.1.1); ``acr_values`` alone is a wish."""
    given = claims if isinstance(claims, Mapping) else {}
    wanted = {"essential": True, "values": list(acr)}
    return {**given, "id_token": {**(given.get("id_token") or {}), "acr": wanted}}


def _essential_acr(claims: Any) -> tuple[str, ...]:
    """The authentication contexts that a ``claims`` parameter demands (Core §5.5.1.1)."""
    wanted = (claims.get("id_token") or {}).get("acr") if isinstance(claims, Mapping) else None
    if not isinstance(wanted, Mapping) or wanted.get("essential") is not True:
        return ()
    return _texts(wanted.get("values") or wanted.get("value"))
