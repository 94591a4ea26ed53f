"""What a test of an application needs: an answer without a network, a sign-in without a provider.

============================ =================================================
:func:`oauth_stage`          signs people in, in one line, through the real views
:class:`MisbehavingProvider` an OpenID provider that does one thing wrong
:class:`Misbehaviour`        one wrong thing it can do, and the error it must end in
:class:`ScriptedTransport`   answers from a script and remembers every request
:func:`json_response`        an answer in JSON
:func:`form_response`        a form-encoded answer
:func:`form_of`              the form parameters of a request that was made
============================ =================================================

The names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .misbehaving import MisbehavingProvider as MisbehavingProvider
    from .misbehaving import Misbehaviour as Misbehaviour
    from .sign_in import SignInFailedError as SignInFailedError
    from .sign_in import oauth_stage as oauth_stage
    from .transport import ScriptedTransport as ScriptedTransport
    from .transport import UnexpectedRequestError as UnexpectedRequestError
    from .transport import form_of as form_of
    from .transport import form_response as form_response
    from .transport import json_response as json_response

_HOMES = {
    "Misbehaviour": ".misbehaving",
    "MisbehavingProvider": ".misbehaving",
    "ScriptedTransport": ".transport",
    "SignInFailedError": ".sign_in",
    "UnexpectedRequestError": ".transport",
    "form_of": ".transport",
    "form_response": ".transport",
    "json_response": ".transport",
    "oauth_stage": ".sign_in",
}

__all__ = [
    "ScriptedTransport",
    "SignInFailedError",
    "UnexpectedRequestError",
    "form_of",
    "form_response",
    "json_response",
    "oauth_stage",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
