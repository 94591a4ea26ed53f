"""Redirects that browsers would not follow, as pages that lead on by themselves.

Two rules of browsers stop a plain redirect:

``form-action``
    A Content-Security-Policy is held against every hop of a form's POST, so a
    button that ends at the provider does nothing at all.
``SameSite=Strict``
    A redirect that follows the provider's still counts as sent by the provider,
    so the session cookie that was just set does not come along.

A page with ``<meta http-equiv=refresh>`` begins a navigation of its own.  Whether
it is needed is decided at the last moment, when all header fields are there.

Sections: CSP Level 3 §6.4.1, RFC 6265bis §5.2, §8.8.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Response, current_app, request
from markupsafe import Markup

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Headers

_PAGE = (
    "<!doctype html>\n<html lang={lang}>\n<head>\n<meta charset=utf-8>\n"
    '<meta http-equiv=refresh content="0; url={url}">\n'
    '<meta name=viewport content="width=device-width, initial-scale=1">\n'
    "<title>{title}</title>\n</head>\n<body>\n<main><h1>{title}</h1>\n"
    '<p><a href="{url}" rel="nofollow noreferrer">{link}</a></p></main>\n</body>\n</html>\n'
)


class LeavingResponse(Response):
    """A redirect, or a small page that does the same.

    :param location: where to.
    :param code: the status of the redirect.
    :param needs_page: looks at the final header fields.
    :param words: language, title and the text of the link.
    """

    def __init__(
        self, location: str, code: int, needs_page: Callable[[Headers], bool], words: tuple[str, str, str]
    ) -> None:
        super().__init__(status=code)
        self.headers["Location"] = location
        self._needs_page = needs_page
        self._words = words

    def get_wsgi_response(self, environ: WSGIEnvironment) -> Any:
        location = self.headers.get("Location")
        if self.status_code in (302, 303) and location and self._needs_page(self.headers):
            self._become_page(location)
        return super().get_wsgi_response(environ)

    def _become_page(self, location: str) -> None:
        lang, title, link = self._words
        del self.headers["Location"]
        self.status_code = 200
        self.headers["Content-Type"] = "text/html; charset=utf-8"
        self.set_data(Markup(_PAGE).format(lang=lang, url=location, title=title, link=link))  # noqa: S704 - escapes


def start_response(location: str, words: tuple[str, str, str]) -> LeavingResponse:
    """From our own form to the provider."""
    wish = current_app.config.get("OAUTH_START_RESPONSE", "auto")
    posted = request.method == "POST"

    def needs_page(headers: Headers) -> bool:
        if wish == "auto":
            return posted and not form_may_lead_to(location, headers.getlist("Content-Security-Policy"))
        return bool(wish == "page")

    response = LeavingResponse(location, 303 if posted else 302, needs_page, words)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def landing_response(location: str, words: tuple[str, str, str]) -> LeavingResponse:
    """From the provider's answer to the page the visitor wanted."""
    strict = session_is_strict()
    response = LeavingResponse(location, 303 if request.method == "POST" else 302, lambda _: strict, words)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def session_is_strict() -> bool:
    """Whether the session cookie stays at home when another site leads here."""
    return str(current_app.config.get("SESSION_COOKIE_SAMESITE") or "").lower() == "strict"


def form_may_lead_to(url: str, policies: Iterable[str]) -> bool:
    """Whether these Content-Security-Policies let a form end at a URL; all of them have to."""
    lists = [each for policy in policies for each in policy.split(",")]
    return all(_allows(_form_action(policy), url) for policy in lists)


def _form_action(policy: str) -> list[str] | None:
    """The sources of ``form-action``; ``None`` if the policy says nothing (default-src does not stand in for it)."""
    for directive in policy.split(";"):
        words = directive.split()
        if words and words[0].lower() == "form-action":
            return words[1:]
    return None


def _allows(sources: list[str] | None, url: str) -> bool:
    return sources is None or any(_fits(source.lower(), url) for source in sources)


def _fits(source: str, url: str) -> bool:
    target = urlsplit(url)
    if source in ("*", f"{target.scheme}:"):
        return True
    scheme, separator, rest = source.rpartition("://")
    if separator and scheme != target.scheme:
        return False
    host, _, port = rest.partition("/")[0].partition(":")
    default = {"https": 443, "http": 80}.get(target.scheme)
    if port != "*" and (int(port) if port.isdecimal() else default) != (target.port or default):
        return False
    own = target.hostname or ""
    return own.endswith(host[1:]) if host.startswith("*.") else own == host
