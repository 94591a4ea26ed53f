"""A call to a provider's API: the credentials of this call, and where they may go.

Redirects are followed here and not in the transport, because each hop needs
credentials of its own (an OAuth 1.0a signature and a DPoP proof cover the URL),
and a hop to another origin gets none at all (RFC 9700 §4.12, RFC 6750 §5.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urljoin

from ..errors import TransportError
from ..protocol.http import Headers, HTTPRequest, HTTPResponse, origin
from ..transport import Transport

MOST_REDIRECTS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: What a request keeps on its way to another origin; any other field may be a credential (X-Shopify-Access-Token).
HARMLESS_FIELDS: Final = frozenset({"accept", "accept-language", "user-agent"})

Deliver = Callable[[HTTPRequest], HTTPResponse]


def call_api(transport: Transport, request: HTTPRequest, deliver: Deliver, *, at_home: bool = False) -> HTTPResponse:
    """Send a request with its credentials; GET and HEAD follow redirects.

    :param deliver: puts the credentials on a request and sends it.
    :param at_home: a redirect to another origin is not followed but is the answer.
    :raises TransportError: no answer, or more than :data:`MOST_REDIRECTS` redirects (``transport_redirect``).
    """
    response = deliver(request)
    if response.status not in REDIRECTS or request.method not in ("GET", "HEAD"):
        return response
    home, left_home = origin(request.url), False
    for _ in range(MOST_REDIRECTS):
        location = response.headers.get("location")
        if response.status not in REDIRECTS or not location:
            return response
        request = replace(request, url=urljoin(request.url, location))
        # Once a stranger has said where to go, the credentials stay behind, even if it leads back home.
        left_home = left_home or origin(request.url) != home
        if not left_home:
            response = deliver(request)
        elif at_home:
            return response
        else:
            response = transport.send(replace(request, headers=_harmless(request.headers), client_certificate=None))
    raise TransportError("The API redirects in a circle", code="transport_redirect", got=request.url.partition("?")[0])


def _harmless(headers: Headers) -> Headers:
    return Headers([(name, value) for name, value in headers.items_as_sent() if name.lower() in HARMLESS_FIELDS])
