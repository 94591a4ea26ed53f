"""The small web server under the misbehaving provider: a thread on a loopback port, and a memory of what was asked.

HTTP/1.0 on purpose: no kept connection outlives the ``with`` block that started the server.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from ...protocol.http import FORM_CONTENT_TYPE, Headers

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Pairs = list[tuple[str, str]]
LOOPBACK: Final = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing is written: a query holds codes."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """One request as it arrived.

    :param endpoint: what the path is: ``metadata``, ``authorization``, ``token``, ``jwks``, ``userinfo``, …; empty for
        a path that is none of the provider's.
    :param query: the parameters of the query, decoded, in order.
    :param form: those of a form-encoded body.
    :param certificate: the client's certificate as PEM, where it showed one (mutual TLS).
    """

    endpoint: str
    method: str
    path: str
    query: Pairs
    form: Pairs
    headers: Headers
    body: bytes
    certificate: str = ""

    def value(self, name: str) -> str | None:
        """The first value of a parameter, in the body or the query."""
        return next((value for key, value in (*self.form, *self.query) if key == name), None)

    @classmethod
    def of(cls, request: Request, endpoint: str) -> Self:
        body = request.get_data()
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return cls(
            endpoint,
            request.method,
            request.path,
            parse_qsl(request.environ.get("QUERY_STRING", ""), keep_blank_values=True),
            form if request.mimetype == FORM_CONTENT_TYPE else [],
            Headers(list(request.headers.items())),
            body,
            request.environ.get("SSL_CLIENT_CERT", ""),
        )

    def __repr__(self) -> str:
        return f"<Asked {self.endpoint or '?'}: {self.method} {self.path}>"  # no query: it holds codes


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, before it is sent."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(self.body, self.status, headers=headers, content_type=self.content_type)


def json_answer(
    value: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Answer:
    """An answer in JSON."""
    return Answer(json.dumps(value).encode(), status, content_type, headers or {})


def text_answer(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Answer:
    """An answer in words."""
    return Answer(text.encode(), status, content_type)


def redirect_answer(url: str, status: int = 302) -> Answer:
    """A redirect."""
    return Answer(b"", status, "text/plain", {"Location": url})


def form_post_answer(url: str, pairs: Pairs) -> Answer:
    """A page that posts a form by itself (OAuth 2.0 Form Post Response Mode §2)."""
    fields = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in pairs)
    return text_answer(
        f'<!doctype html><title>Back to the application</title><form method="post" action="{escape(url)}">{fields}'
        "<noscript><button>Go on</button></noscript></form><script>document.forms[0].submit()</script>",
        content_type="text/html; charset=utf-8",
    )


class LoopbackServer:
    """A WSGI application on a free port of this machine, from :meth:`start` to :meth:`stop`.

    :param application: answers a request.
    :param ssl_context: to speak TLS; its certificate must be for ``127.0.0.1``.
    """

    def __init__(self, application: Callable[[Request], Answer], ssl_context: SSLContext | None = None) -> None:
        self._application = application
        self._scheme = "http" if ssl_context is None else "https"
        self._server = make_server(
            LOOPBACK, 0, self._wsgi, threaded=True, request_handler=_Handler, ssl_context=ssl_context
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{self._scheme}://{LOOPBACK}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and wait until that is done."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._application(Request(environ)).response()(environ, start_response)
