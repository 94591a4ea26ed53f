"""What an application can listen to (blinker).  The sender is the Flask application object.

======================  ========================================================================
``sign_in_started``     ``remote_app``, ``flow``, ``purpose``: a browser is sent to the provider
``signed_in``           ``remote_app``, ``identity``, ``token``, ``flow``
``sign_in_failed``      ``remote_app`` (or ``None``), ``error``, ``flow``
``sign_in_denied``      ``remote_app``, ``flow``: the user said no
``token_issued``        ``remote_app``, ``token``
``token_refreshed``     ``remote_app``, ``token``
``token_revoked``       ``remote_app``, ``outcome``
``signed_out``          ``identity``, ``reason``: ``"user"``, ``"back-channel"``, ``"front-channel"``
======================  ========================================================================

``remote_app`` is a name.  Listeners take ``**extra``: arguments may be added.
"""

from __future__ import annotations

from typing import Any, Final

from blinker import NamedSignal, Namespace
from flask import current_app, has_app_context

_signals: Final = Namespace()

sign_in_started = _signals.signal("sign-in-started")
signed_in = _signals.signal("signed-in")
sign_in_failed = _signals.signal("sign-in-failed")
sign_in_denied = _signals.signal("sign-in-denied")
token_issued = _signals.signal("token-issued")
token_refreshed = _signals.signal("token-refreshed")
token_revoked = _signals.signal("token-revoked")
signed_out = _signals.signal("signed-out")


def send(signal: NamedSignal, **arguments: Any) -> None:
    """Send a signal of the application at work; nothing where there is none."""
    if signal.receivers and has_app_context():
        signal.send(current_app._get_current_object(), **arguments)  # type: ignore[attr-defined]
