"""A transport for tests: answers from a script, and remembers what it was asked.

It keeps the rules that a real transport keeps before and after sending (plain
http is refused, an answer that is too large is refused), so that a test does
not pass on something that would fail outside.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

from ..errors import TransportError
from ..protocol.http import FORM_CONTENT_TYPE, Headers, HTTPRequest, HTTPResponse, is_secure_url

#: What a rule answers with: a response, an error to raise, or a function of the request that returns either.
Answer: TypeAlias = HTTPResponse | BaseException | Callable[[HTTPRequest], HTTPResponse | BaseException]


class UnexpectedRequestError(AssertionError):
    """A request was made that the script does not know."""


@dataclass(slots=True)
class _Rule:
    method: str
    pattern: str | re.Pattern[str]
    answer: Answer
    once: bool
    used: int = 0

    def fits(self, request: HTTPRequest) -> bool:
        open_ = not (self.once and self.used)
        return open_ and self.method in ("*", request.method) and _url_fits(self.pattern, request.url)

    def __str__(self) -> str:
        pattern = self.pattern if isinstance(self.pattern, str) else f"/{self.pattern.pattern}/"
        state = "" if not self.once else " (once, used)" if self.used else " (once)"
        return f"{self.method} {pattern}{state}"


class ScriptedTransport:
    """Answers requests from a script.

    .. code-block:: python

        transport = ScriptedTransport()
        transport.once("POST", "https://as.example/token", json_response({"access_token": "a", "token_type": "Bearer"}))
        transport.always("GET", "https://api.example/*", json_response({"id": 7}))

    The URL of a rule is compared without the request's query, unless the rule
    has a query itself.  ``*`` stands for anything; a compiled regular expression
    must match the whole URL.  Rules used once come first, in the order they were
    given; then those that always hold.

    :ivar requests: every request made, in order.
    :ivar unexpected: those that no rule fitted.
    """

    def __init__(self) -> None:
        self.requests: list[HTTPRequest] = []
        self.unexpected: list[HTTPRequest] = []
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def always(self, method: str, url: str | re.Pattern[str], answer: Answer) -> ScriptedTransport:
        """Answer every such request alike.

        :param method: ``GET``, ``POST``, … or ``*``.
        :param url: the URL, with ``*`` for anything, or a compiled regular expression.
        :param answer: a response, an error to raise, or a function of the request.
        """
        return self._add(_Rule(method, url, answer, once=False))

    def once(self, method: str, url: str | re.Pattern[str], *answers: Answer) -> ScriptedTransport:
        """Answer the next such requests, each answer used once and in order; see :meth:`always`."""
        for answer in answers:
            self._add(_Rule(method, url, answer, once=True))
        return self

    def send(self, request: HTTPRequest) -> HTTPResponse:
        """Answer a request as the script says.

        :raises UnexpectedRequestError: the script does not know it.
        :raises TransportError: a real transport would refuse it.
        """
        if not is_secure_url(request.url, request.insecure_hosts):
            raise TransportError("Not sent: the URL would be reached without TLS", code="transport_insecure_url")
        answer = self._pick(request).answer
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, BaseException):
            raise answer
        if len(answer.body) > request.max_response_bytes:
            raise TransportError("The answer is larger than allowed", code="transport_too_large")
        return HTTPResponse(answer.status, answer.headers, answer.body, answer.url or request.url)

    def sent(self, method: str = "*", url: str | re.Pattern[str] = "*") -> list[HTTPRequest]:
        """The requests made so far that fit; see :meth:`always`."""
        with self._lock:
            return [r for r in self.requests if method in ("*", r.method) and _url_fits(url, r.url)]

    def assert_all_used(self) -> None:
        """Fail if an answer given with :meth:`once` was not asked for."""
        left = [str(rule) for rule in self._rules if rule.once and not rule.used]
        if left:
            raise AssertionError(f"Not asked for: {', '.join(left)}")

    def _add(self, rule: _Rule) -> ScriptedTransport:
        with self._lock:
            self._rules.append(rule)
        return self

    def _pick(self, request: HTTPRequest) -> _Rule:
        with self._lock:
            self.requests.append(request)
            fitting = [rule for rule in self._rules if rule.fits(request)]
            if fitting:
                rule = next((rule for rule in fitting if rule.once), fitting[0])
                rule.used += 1
                return rule
            self.unexpected.append(request)
            script = "\n  ".join(str(rule) for rule in self._rules) or "(empty)"
        # The query is left out: it may hold what should not be in a log.
        address = request.url.partition("?")[0]
        raise UnexpectedRequestError(f"No answer in the script for {request.method} {address}\nThe script:\n  {script}")


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """An answer in JSON."""
    fields = {"Content-Type": "application/json", **(headers or {})}
    return HTTPResponse(status, Headers(fields), json.dumps(data).encode())


def form_response(
    data: Mapping[str, str] | Sequence[tuple[str, str]], status: int = 200, headers: Mapping[str, str] | None = None
) -> HTTPResponse:
    """A form-encoded answer, as OAuth 1.0a gives it."""
    fields = {"Content-Type": FORM_CONTENT_TYPE, **(headers or {})}
    return HTTPResponse(status, Headers(fields), urlencode(data).encode())


def form_of(request: HTTPRequest) -> dict[str, str]:
    """The form parameters in the body of a request."""
    return dict(parse_qsl((request.body or b"").decode(), keep_blank_values=True))


def _url_fits(pattern: str | re.Pattern[str], url: str) -> bool:
    if isinstance(pattern, re.Pattern):
        return pattern.fullmatch(url) is not None
    address = url if "?" in pattern else url.partition("?")[0]
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), address, re.DOTALL) is not None
