"""Presets: what is known about providers, as data, loaded when it is asked for.

``get("github")`` gives a :class:`Provider`; ``resolve()`` fills in what differs
from application to application.  The rest of this package turns the quirks that
a preset names into plain functions, so that the protocol itself stays strict.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError
from .index import GROUPS, OTHER_NAMES
from .names import ProviderName

if TYPE_CHECKING:
    from .exchange import (
        adapt_authorization_url,
        adapt_callback,
        adapt_token_request,
        adapt_token_response,
        authorization_parameters,
        callback_document,
        scope_text,
    )
    from .model import Document, ErrorShape, Parameter, Provider, Quirks
    from .profile import AllOf, Constant, Entry, claims
    from .userinfo import adapt_api_request, api_base_url, document_names, next_request, read_document

__all__ = [
    "AllOf",
    "Constant",
    "Document",
    "Entry",
    "ErrorShape",
    "Parameter",
    "Provider",
    "ProviderName",
    "Quirks",
    "adapt_api_request",
    "adapt_authorization_url",
    "adapt_callback",
    "adapt_token_request",
    "adapt_token_response",
    "api_base_url",
    "authorization_parameters",
    "callback_document",
    "claims",
    "document_names",
    "get",
    "names",
    "next_request",
    "read_document",
    "scope_text",
]


#: What is loaded when it is first asked for, and from where: an application without a preset needs none of it.
_LATER: Final = {
    **dict.fromkeys(("Document", "ErrorShape", "Parameter", "Provider", "Quirks"), "model"),
    **dict.fromkeys(("AllOf", "Constant", "Entry", "claims"), "profile"),
    **dict.fromkeys(
        ("adapt_api_request", "api_base_url", "document_names", "next_request", "read_document"), "userinfo"
    ),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER.get(name, 'exchange')}", __name__), name)


def names() -> tuple[str, ...]:
    """The names of all presets, in alphabetical order; loads none of them."""
    return tuple(sorted(name for group in GROUPS.values() for name in group))


def get(name: ProviderName | str) -> Provider:
    """The preset of that name.

    :raises ConfigurationError: there is none (``config_unknown_preset``); the hint names the nearest.
    """
    for group, members in GROUPS.items():
        if name in members:
            presets: tuple[Provider, ...] = import_module(f".data.{group}", __package__).PROVIDERS
            return next(provider for provider in presets if provider.name == name)
    near = nearest(name)
    hint = f'Did you mean "{near}"?' if near else "Use a name from `flask oauth providers`, or give the endpoints."
    raise ConfigurationError(f"There is no preset {name!r}", code="config_unknown_preset", hint=hint, got=name)


def nearest(name: str) -> str | None:
    """The preset that was probably meant; ``None`` if none comes near."""
    from difflib import get_close_matches

    folded = name.lower().replace("_", "-").replace(" ", "-").replace(".", "-")
    known = {**{each: each for each in names()}, **OTHER_NAMES}
    found = get_close_matches(folded, known, n=1, cutoff=0.7)
    return known[found[0]] if found else None
