"""A server in a thread of the test process, and what it saw.

One request at a time and HTTP/1.0 on purpose: no thread and no kept-alive
connection outlives the test that started the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

FORM = "application/x-www-form-urlencoded"


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_request(self, *args: Any) -> None:
        """Tests print nothing."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived.

    :param target: path and query exactly as sent.
    :param query: the parameters of the query, decoded, in order.
    :param form: the parameters of a form-encoded body, decoded, in order.
    :param headers: header fields, names in lower case.
    """

    method: str
    path: str
    target: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")

    @property
    def header_parameters(self) -> list[tuple[str, str]]:
        """The parameters of ``Authorization: OAuth …`` (RFC 5849 §3.5.1)."""
        scheme, _, rest = self.authorization.partition(" ")
        if scheme.lower() != "oauth" or "=" not in rest:
            return []
        pairs = (part.strip().partition("=") for part in rest.split(","))
        return [(unquote(name), unquote(value.strip('"'))) for name, _, value in pairs]

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Every parameter, wherever it was."""
        return self.header_parameters + self.query + self.form

    def values(self, name: str) -> list[str]:
        """Every value of a parameter, wherever it was."""
        return [value for key, value in self.parameters if key == name]

    def repeated(self) -> list[str]:
        """Names that came more than once."""
        names = [name for name, _ in self.parameters]
        return sorted({name for name in names if names.count(name) > 1})

    @classmethod
    def of(cls, request: Request) -> Self:
        body = request.get_data()
        target = request.environ["REQUEST_URI"]
        is_form = request.mimetype == FORM
        return cls(
            method=request.method,
            path=request.path,
            target=target,
            query=parse_qsl(target.partition("?")[2], keep_blank_values=True),
            form=parse_qsl(body.decode("utf-8"), keep_blank_values=True) if is_form else [],
            headers={name.lower(): value for name, value in request.headers},
            body=body,
        )

    def echo(self) -> dict[str, Any]:
        """What the API of the test servers answers with."""
        return {
            "method": self.method,
            "args": self.query,
            "form": self.form,
            "headers": self.headers,
            "body": self.body.decode("utf-8", "replace"),
        }


@dataclass(frozen=True)
class Answer:
    """An answer to give as it is; ``content_type=None`` sends none."""

    body: bytes | str = b""
    status: int = 200
    content_type: str | None = FORM
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        response = Response(self.body, self.status, headers=dict(self.headers), content_type=self.content_type)
        if self.content_type is None:
            response.headers.pop("Content-Type", None)
        return response


class Server:
    """A WSGI application on a free port of 127.0.0.1.

    :ivar url: its address, without a slash at the end.
    :ivar seen: every request, in order.
    :ivar instead: answers given by path instead of what the server would say.
    :ivar reply: further members for what the API answers to a request.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.instead: dict[str, Answer | Callable[[Seen], Answer]] = {}
        self.reply: Callable[[Seen], dict[str, Any]] = lambda seen: {}
        self._listener = make_server("127.0.0.1", 0, self._application, request_handler=_Handler)
        self.url = f"http://127.0.0.1:{self._listener.port}"
        self._thread = Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown()
        self._thread.join()

    def answer(self, seen: Seen) -> Answer:
        """What to answer; to be given by the server proper."""
        return Answer(f"nothing at {seen.path}", 404, "text/plain")

    def requests_to(self, path: str) -> list[Seen]:
        """The requests to one path, in order."""
        return [seen for seen in self.seen if seen.path == path]

    def last(self, path: str) -> Seen:
        """The latest request to one path."""
        return self.requests_to(path)[-1]

    def _application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen = Seen.of(Request(environ))
        self.seen.append(seen)
        instead = self.instead.get(seen.path)
        if callable(instead):
            instead = instead(seen)
        answer = instead or self.answer(seen)
        return answer.response()(environ, start_response)
