"""Calls to a protected resource, and what its refusals say.

Sections enforced here: RFC 6750 §2 (one method of sending the token a request), §2.1, §2.3, §5.2, §5.3 (TLS,
never in a URL unless the application names an old server), §3 (challenges); RFC 9110 §11.3, §11.6.1 (their
grammar; scheme without regard to case); RFC 9470 §3, §4 (step-up); RFC 9449 §7.1 (the DPoP scheme).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from ..http import (
    RESOURCE_ANSWER_LIMIT,
    ClientCertificate,
    Headers,
    HTTPRequest,
    add_query,
    is_secure_url,
    parse_form,
)
from ..token import Token


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a ``WWW-Authenticate`` field.

    :param scheme: the scheme in lower case, for example ``bearer`` or ``dpop``.
    :param parameters: its parameters, names in lower case.
    :param token68: the credentials-like text of schemes that have no parameters.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token68: str = ""

    @property
    def error(self) -> str | None:
        """The error code: ``invalid_token``, ``insufficient_scope``, ``insufficient_user_authentication``,
        ``use_dpop_nonce`` …"""
        return self.parameters.get("error")


def resource_request(
    method: str,
    url: str,
    token: Token | None,
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    scheme: str | None = None,
    query_parameter: str | None = None,
    dpop_proof: str | None = None,
    insecure_hosts: Collection[str] = (),
    client_certificate: ClientCertificate | None = None,
    max_response_bytes: int = RESOURCE_ANSWER_LIMIT,
) -> HTTPRequest:
    """A request to a protected resource, the access token in its ``Authorization`` field.

    A field that the caller set is kept and the token is then not added (RFC 6750 §2: not twice).

    :param url: absolute URL; that the token may go to this host is for the caller to see to.
    :param token: the token; ``None`` sends the request without.
    :param scheme: the scheme of the field where it differs from the token's type (``OAuth`` of old servers).
    :param query_parameter: put the token into the query under this name, for servers that know nothing else.
    :param dpop_proof: the proof for this request (RFC 9449 §7.1).
    :param insecure_hosts: hosts for which plain http is allowed.
    :param client_certificate: for tokens bound to a certificate (RFC 8705 §3).
    :raises ConfigurationError: the URL is plain http on another machine (``config_insecure_url``).
    """
    if not is_secure_url(url, insecure_hosts):  # RFC 6750 §5.2
        raise ConfigurationError(
            "The URL of this call is not https", code="config_insecure_url", got=url.partition("?")[0]
        )
    fields = headers if isinstance(headers, Headers) else Headers(headers)
    added: dict[str, str] = {}
    if token is not None and "authorization" not in fields:
        if query_parameter is None:
            added["Authorization"] = f"{scheme or _scheme(token)} {_sendable(token)}"
        elif query_parameter not in dict(parse_form(urlsplit(url).query)):
            url = add_query(url, [(query_parameter, _sendable(token))])
        if dpop_proof is not None:
            added["DPoP"] = dpop_proof
    return HTTPRequest(
        method,
        url,
        Headers([*fields.items_as_sent(), *added.items()]),
        body,
        max_response_bytes=max_response_bytes,
        insecure_hosts=frozenset(insecure_hosts),
        client_certificate=client_certificate,
    )


def _scheme(token: Token) -> str:
    # RFC 6749 §7.1, RFC 8693 §2.2.1: a token of another type (N_A, say) is not for a resource.
    if token.token_type not in ("Bearer", "DPoP"):
        raise ConfigurationError("A token of this type cannot be sent to an API", got=token.token_type)
    return token.token_type


def _sendable(token: Token) -> str:
    # RFC 6749 appendix A.12: visible ASCII and space; a line break would end the field.
    if not (token.access_token.isascii() and token.access_token.isprintable()):
        raise ConfigurationError("The access token holds characters that cannot be sent")
    return token.access_token


_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's token, RFC 9110 §5.6.2
_PARAMETER: Final = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"({_TOKEN})(?:[ \t]+([A-Za-z0-9._~+/-]+=*)(?=[ \t]*(?:,|$)))?")
_ESCAPE: Final = re.compile(r"\\(.)")


def parse_challenges(headers: Mapping[str, str]) -> list[Challenge]:
    """The challenges of an answer, in their order; reading stops where the field breaks the grammar.

    :param headers: the header fields of an answer, usually with status 401.
    """
    return list(_challenges(headers.get("www-authenticate", "")))


def _challenges(text: str) -> Iterator[Challenge]:
    position = _skip(text, 0)
    while position < len(text):
        match = _SCHEME.match(text, position)
        if match is None:
            return
        parameters, position = _parameters(text, match.end())
        yield Challenge(match[1].lower(), parameters, match[2] or "")


def _parameters(text: str, position: int) -> tuple[dict[str, str], int]:
    parameters: dict[str, str] = {}
    position = _skip(text, position)
    while match := _PARAMETER.match(text, position):
        value = match[3] if match[2] is None else _ESCAPE.sub(r"\1", match[2])
        parameters.setdefault(match[1].lower(), value)
        position = _skip(text, match.end())
    return parameters, position


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t,":
        position += 1
    return position


def find_challenge(headers: Mapping[str, str], *schemes: str) -> Challenge | None:
    """The first challenge of one of these schemes, in any letter case; without schemes, the first of all."""
    wanted = {scheme.lower() for scheme in schemes}
    return next((item for item in parse_challenges(headers) if not wanted or item.scheme in wanted), None)


def step_up_parameters(challenge: Challenge) -> dict[str, str]:
    """What a new authorization request must ask for, so that the call is accepted next time.

    :param challenge: the challenge of a refused call.
    :returns: ``acr_values`` and ``max_age`` (RFC 9470 §4) or ``scope`` (RFC 6750 §3.1); empty if the
        challenge asks for nothing of the kind.
    """
    wanted = {
        "insufficient_user_authentication": ("acr_values", "max_age"),
        "insufficient_scope": ("scope",),
    }.get(challenge.error or "", ())
    values = {name: challenge.parameters[name] for name in wanted if challenge.parameters.get(name)}
    if not values.get("max_age", "0").isdecimal():
        del values["max_age"]
    return values
