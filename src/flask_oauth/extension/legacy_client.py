"""The client that programs of 2010 call by hand: ``make_client().request(...)``.

It returned ``(resp, content)``, where ``resp`` is a mapping of header names in
lower case with ``'status'`` as text, and it still does.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..protocol.http import FORM_CONTENT_TYPE, RESOURCE_ANSWER_LIMIT, Headers, HTTPRequest
from ..protocol.token import Token
from .response import ClientResponse

if TYPE_CHECKING:
    from .calls import ApiCalls


class LegacyClient:
    """Sends requests for a remote app, with a token or without.

    :param remote_app: the remote app.
    :param token: the token; without one, OAuth 1.0a requests are signed with the consumer's credentials alone.
    """

    def __init__(self, remote_app: ApiCalls, token: Token | None = None) -> None:
        self._remote_app = remote_app
        self.token = token

    def request(
        self, url: str, method: str = "GET", body: Any = "", headers: Mapping[str, str] | None = None, **_ignored: Any
    ) -> tuple[ClientResponse, bytes]:
        """Send a request.

        :param body: text or bytes; without a content type it is taken for a form, as in 2010.
        :returns: the header fields with ``'status'``, and the content.
        """
        fields = {str(name): str(value) for name, value in (headers or {}).items()}
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        if content and not any(name.lower() == "content-type" for name in fields):
            fields["Content-Type"] = FORM_CONTENT_TYPE
        response = self._remote_app._call(method.upper(), url, Headers(fields), content or None, self.token)
        return ClientResponse.of(response), response.body

    def __setattr__(self, name: str, value: Any) -> None:
        # Attributes of httplib2 that old programs set on the private client.
        if name == "ca_certs":
            self._remote_app._trust(value)
        elif name == "disable_ssl_certificate_validation":
            if value:
                warnings.warn("disable_ssl_certificate_validation is ignored: name a file in ca_certs", stacklevel=2)
        else:
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"<LegacyClient of {self._remote_app.name}>"


def plain_request(
    method: str, url: str, headers: Headers, body: bytes | None, insecure_hosts: frozenset[str]
) -> HTTPRequest:
    """A call to an API, before its credentials are put on."""
    return HTTPRequest(
        method, url, headers, body, max_response_bytes=RESOURCE_ANSWER_LIMIT, insecure_hosts=insecure_hosts
    )
