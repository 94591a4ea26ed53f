"""A browser small enough to read: keeps cookies, follows redirects and pages that lead on, fills in forms.

For ``examples/demo.py --once`` and for tests, so that a sign-in goes through the real pages. It runs no script,
because the pages need none.
"""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from html import unescape
from html.parser import HTMLParser
from typing import IO
from urllib.parse import urlencode, urljoin, urlsplit

MOST_REDIRECTS = 12
REFRESH = re.compile(r'<meta http-equiv="?refresh"? content="0; *url=([^"]*)"')
SECONDS = 10.0


class BrowserError(Exception):
    """The page is not as expected: no such form, no such button, too many redirects."""


@dataclass
class Form:
    """A form of a page: where it goes, what it carries, and its buttons as (name, value, text)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """What a request led to. ``hops`` are the addresses passed on the way, ``url`` is the last one."""

    url: str
    status: int
    text: str
    hops: tuple[str, ...]
    forms: tuple[Form, ...]
    links: Mapping[str, str]
    words: str


class _Reader(HTMLParser):
    """Collects the forms, the links by their text, and the words of a page."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url, self.forms, self.links = url, list[Form](), dict[str, str]()
        self.words: list[str] = []
        self._form: Form | None = None
        self._button: tuple[str, str] | None = None
        self._href: str | None = None
        self._area: str | None = None
        self._heard: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(urljoin(self.url, values.get("action") or self.url), values.get("method", "get").upper())
            self.forms.append(self._form)
        elif tag == "input" and self._form:
            self._form.fields[values.get("name", "")] = values.get("value", "")
        elif tag == "textarea":
            self._area, self._heard = values.get("name", ""), []
        elif tag == "button":
            self._button, self._heard = (values.get("name", ""), values.get("value", "")), []
        elif tag == "a":
            self._href, self._heard = urljoin(self.url, values.get("href", "")), []

    def handle_endtag(self, tag: str) -> None:
        heard = " ".join("".join(self._heard).split())
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._form and self._area is not None:
            self._form.fields[self._area] = heard
        elif tag == "button" and self._button and self._form:
            self._form.buttons.append((*self._button, heard))
        elif tag == "a" and self._href:
            self.links[heard] = self._href

    def handle_data(self, data: str) -> None:
        self._heard.append(data)
        self.words.append(data)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


class Browser:
    """Opens pages, presses buttons. Cookies live as long as the object.

    With ``stop_before`` a redirect to an address that begins so is not followed: it becomes the ``url`` of the page.
    """

    def __init__(self, *, stop_before: str | None = None) -> None:
        self._stop_before = stop_before
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies), _NoRedirect()
        )

    def open(self, url: str, form: Mapping[str, str] | None = None) -> Page:
        """Open ``url``, by POST if ``form`` is given, and follow redirects by GET."""
        hops: list[str] = []
        body = None if form is None else urlencode(form).encode()
        for _ in range(MOST_REDIRECTS):
            hops.append(url)
            status, location, text = self._send(url, body, origin=hops[-2] if len(hops) > 1 else url)
            location = location or _leads_on(text)
            if location is None:
                return _read(url, status, text, tuple(hops))
            url, body = urljoin(url, location), None
            if self._stop_before and url.startswith(self._stop_before):
                return _read(url, status, "", (*hops, url))
        raise BrowserError(f"More than {MOST_REDIRECTS} redirects, the last to {urlsplit(url).path}")

    def press(self, page: Page, button: str, **filled: str) -> Page:
        """Press the button whose text or value contains ``button``, after filling in fields of its form."""
        for form in page.forms:
            for name, value, text in form.buttons:
                if button == value or button in text:
                    return self._submit(form, {**form.fields, **filled, **({name: value} if name else {})})
        raise BrowserError(f"No button “{button}” at {urlsplit(page.url).path}: {page.words[:200]}")

    def follow(self, page: Page, link: str) -> Page:
        """Follow the link whose text contains ``link``."""
        for text, url in page.links.items():
            if link in text:
                return self.open(url)
        raise BrowserError(f"No link “{link}” at {urlsplit(page.url).path}: {page.words[:200]}")

    def _submit(self, form: Form, values: Mapping[str, str]) -> Page:
        if form.method == "POST":
            return self.open(form.action, values)
        return self.open(f"{form.action.partition('?')[0]}?{urlencode(values)}")

    def _send(self, url: str, body: bytes | None, *, origin: str) -> tuple[int, str | None, str]:
        request = urllib.request.Request(url, data=body, headers={"Accept": "text/html"})  # noqa: S310 -- loopback
        if body is not None:
            parts = urlsplit(origin)
            request.add_header("Origin", f"{parts.scheme}://{parts.netloc}")
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return _answer(answer.status, answer.headers, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error)


def _answer(status: int, headers: Message, body: IO[bytes]) -> tuple[int, str | None, str]:
    redirected = 300 <= status < 400
    return status, headers.get("Location") if redirected else None, body.read().decode("utf-8", "replace")


def _leads_on(text: str) -> str | None:
    """Where a page leads at once, by itself."""
    found = REFRESH.search(text)
    return unescape(found[1]) if found else None


def _read(url: str, status: int, text: str, hops: tuple[str, ...]) -> Page:
    reader = _Reader(url)
    reader.feed(text)
    words = " ".join(" ".join(reader.words).split())
    return Page(url, status, text, hops, tuple(reader.forms), reader.links, words)
