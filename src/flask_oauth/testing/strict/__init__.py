"""An authorization server that demands what FAPI 2.0 demands and knows every grant, for tests and examples.

::

    with StrictProvider(profile="fapi2") as provider:
        corp = oauth.remote_app("corp", **provider.settings, profile="fapi2")

It checks what the client sends by itself, with joserfc and without the code that it is there to test.
"""

from .provider import StrictProvider

__all__ = ["StrictProvider"]
