"""Pages for visitors: one base with blocks, in their language, for one browser alone.

``OAUTH_BASE_TEMPLATE`` puts them into the application's own layout.  No script,
no inline style, nothing from the query string.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from flask import Response, current_app, jsonify, make_response, render_template, request, url_for

from ..errors import StoreError
from . import addresses, texts
from .state import current_state

if TYPE_CHECKING:
    from .oauth import OAuth

OWN_BASE: Final = "flask_oauth/base.html"
#: For pages in our own base; form-action is left out, since a sign-in leads to other sites.
POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
#: How long a notice is good, in seconds.
NOTICE_SECONDS: Final = 600


def page(oauth: OAuth, template: str, status: int = 200, *, referrer: str = "same-origin", **values: Any) -> Response:
    """A page of ours.

    :param template: its name within ``flask_oauth/``.
    :param referrer: the referrer policy; forms on a page with ``no-referrer`` send ``Origin: null``.
    """
    base = current_app.config.get("OAUTH_BASE_TEMPLATE") or OWN_BASE
    text = render_template(
        f"flask_oauth/{template}",
        oauth_base=base,
        oauth_css=url_for(addresses.endpoint("static"), filename="flask_oauth.css"),
        lang=texts.visitors_language(),
        home_url=addresses.home(),
        t=translator(oauth),
        **values,
    )
    response = make_response(text, status)
    guard(response, own_base=base == OWN_BASE)
    response.headers["Referrer-Policy"] = referrer
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def guard(response: Response, *, own_base: bool = True) -> Response:
    """Out of caches, search engines and frames."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if own_base:
        response.headers.setdefault("Content-Security-Policy", POLICY)
    return response


def translator(oauth: OAuth) -> Callable[..., str]:
    """What turns a text of ours into the visitor's language."""
    return oauth.gettext or texts.in_own_words


def wants_json() -> bool:
    """Whether the answer is for a program: ``fetch()``, or whoever prefers JSON to HTML."""
    if request.headers.get("Sec-Fetch-Dest") == "empty":
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def json_answer(status: int, **members: Any) -> Response:
    """An answer for a program; what is ``None`` is left out."""
    response = jsonify({name: value for name, value in members.items() if value is not None})
    response.status_code = status
    return guard(response)


# -- what crosses the browser and must come from us --------------------------------------------------------------


def seal(purpose: str, content: Any) -> str:
    """A value for the query that only we can have written."""
    from .pending import as_text

    sealed = current_state().flow_keys.seal(json.dumps([int(time.time()), content]).encode(), purpose.encode())
    return as_text(sealed)


def unseal(purpose: str, text: str | None, *, seconds: float = NOTICE_SECONDS) -> Any:
    """What was sealed, if it is ours and not older than that; ``None`` otherwise."""
    from .pending import as_bytes

    if not text:
        return None
    try:
        at, content = json.loads(current_state().flow_keys.open(as_bytes(text), purpose.encode()))
    except (StoreError, ValueError):
        return None
    return content if time.time() - at <= seconds else None
