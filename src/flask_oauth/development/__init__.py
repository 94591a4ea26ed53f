"""A provider for development and demos, on this machine only, with three made-up people and no passwords.

``create_provider`` makes it as a Flask application, ``running_provider`` serves it in a ``with`` block, and
``python -m flask_oauth.development`` serves it until Ctrl-C. Needs the extra ``[dev-provider]`` (Authlib).
"""

from __future__ import annotations

try:
    import authlib  # noqa: F401 -- only to say in time what is missing
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "The development provider needs Authlib: pip install 'Flask-OAuth[dev-provider]'", name="authlib"
    ) from error

from .models import RegisteredClient
from .people import FAILURES, PEOPLE, Person
from .provider import DEMO_CLIENT, create_provider, provider_of
from .server import running_app, running_provider

__all__ = [
    "DEMO_CLIENT",
    "FAILURES",
    "PEOPLE",
    "Person",
    "RegisteredClient",
    "create_provider",
    "provider_of",
    "running_app",
    "running_provider",
]
