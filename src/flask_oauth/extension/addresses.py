"""Addresses: where a visitor may be sent, whether a form was ours, and where our own views are.

Sections enforced here: RFC 9700 §2.1, §4.11 (no open redirect), §4.7 (a sign-in begins on our own page).
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote, urlsplit
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request, url_for

from ..errors import ConfigurationError
from ..protocol.http import origin

MOST_CHARACTERS: Final = 2000
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_DOTS: Final = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)

#: By what name, with its parents' names, each application registered the blueprint first.
mounted: WeakKeyDictionary[Flask, str] = WeakKeyDictionary()


def safe_path(target: str | None, otherwise: str | None = None) -> str:
    """A place to go on to, if it is a path on this site; else the setting's, or ``otherwise``.

    Refused is all that a browser may read as another site (``//host``, ``/\\host``) or as no address at all
    (``javascript:``), and control characters, which browsers drop before they read.
    """
    if target and is_own_path(target):
        return target
    return otherwise if otherwise is not None else home("OAUTH_AFTER_SIGN_IN")


def home(setting: str | None = None) -> str:
    """The first page of the application, or the path in a setting."""
    path = current_app.config.get(setting) if setting else None
    return path if path and path != "/" else f"{request.script_root}/"


def is_own_path(target: str) -> bool:
    """Whether a text is a path on this site to every reader of it."""
    path = re.split("[?#]", target, maxsplit=1)[0]
    # "/.//host" becomes "//host" for whoever removes the dot.
    odd = path.startswith("//") or _DOTS.search(path) or _UNSAFE.search(target)
    return path.startswith("/") and len(target) <= MOST_CHARACTERS and not odd


def here() -> str:
    """The path of this request, to come back to; of a form's, where a visitor usually goes on."""
    if request.method not in ("GET", "HEAD"):
        return safe_path(None)
    return safe_path(as_asked())


def as_asked() -> str:
    """Path and query of this request, encoded as they came."""
    path = quote(request.script_root + request.path, safe="/:@!$&'()*+,;=~")
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def from_own_page() -> bool:
    """Whether a POST was sent from a page of this site.

    Programs that are no browsers send neither header, and no cookies of somebody else either.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    sender = request.headers.get("Origin")
    return sender is None or origin(sender) in own_origins()


def own_origins() -> set[tuple[str, str, int | None]]:
    """The origins under which browsers know this site."""
    external = current_app.config.get("OAUTH_EXTERNAL_URL")
    return {origin(url) for url in (request.host_url, external) if url} - {("", "", None)}


def endpoint(name: str) -> str:
    """The endpoint of one of our views, under the name the blueprint was registered by.

    :raises ConfigurationError: it was not registered (``config_no_blueprint``).
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if app not in mounted:
        raise ConfigurationError("The sign-in pages are not part of this application", code="config_no_blueprint")
    prefix = mounted[app]
    if request and request.endpoint and request.blueprint in own_names():
        prefix = request.endpoint.rpartition(".")[0]  # inside one of several registrations stay there
    return f"{prefix}.{name}"


def own_names() -> set[str]:
    """The full names under which this application has our blueprint."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return every_mount.get(app, set())


#: All names by which each application registered the blueprint.
every_mount: WeakKeyDictionary[Flask, set[str]] = WeakKeyDictionary()


def login_url(next_url: str | None = None, **values: Any) -> str:
    """The sign-in page."""
    return url_for(endpoint("login"), next=next_url or None, **values)


def start_url(name: str) -> str:
    """Where a sign-in with one provider starts (POST)."""
    return url_for(endpoint("start"), name=name)


def logout_url() -> str:
    """Where a user signs out (POST)."""
    return url_for(endpoint("logout"))


def callback_url(name: str) -> str:
    """Where a provider sends the user back to, absolute."""
    from .sign_in import absolute

    return absolute(url_for(endpoint("callback"), name=name))


def path_of(url: str) -> str:
    """A URL of ours without scheme and host."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
