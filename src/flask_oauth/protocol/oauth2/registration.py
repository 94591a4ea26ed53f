"""Dynamic registration: making this application known to a server, reading, changing and ending that.

Sections enforced here: RFC 7591 §3.1, §3.2.1, §3.2.2; RFC 7592 §2.1, §2.2, §2.3, §3;
OpenID Connect Dynamic Registration §3.
The registration access token goes to the host that the registration went to and to no other (N54).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...errors import ConfigurationError, InvalidResponseError
from ..http import Headers, HTTPRequest, HTTPResponse, is_secure_url, origin
from .answers import failure, number_of_seconds, one_line, optional_text, read_answer, text_member
from .metadata import ServerMetadata

#: Members of an answer that the server alone sets (RFC 7592 §2.2: MUST NOT be sent back).
SERVER_MEMBERS: Final = frozenset(
    {"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}
)


@dataclass(frozen=True, slots=True, repr=False)
class Registration:
    """A client as the server registered it.

    :param client_id: its identifier.
    :param client_secret: its secret, if it got one.
    :param client_secret_expires_at: when the secret ends, in seconds since the epoch; 0 if never.
    :param registration_access_token: the token for :func:`client_read_request` and its kin.
    :param registration_client_uri: where they go.
    :param client_metadata: what was registered, which may be less than was asked for.
    """

    client_id: str
    client_secret: str | None = None
    client_secret_expires_at: float = 0
    registration_access_token: str | None = None
    registration_client_uri: str | None = None
    client_metadata: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Registration {self.client_id}>"


def registration_request(
    metadata: ServerMetadata, client_metadata: Mapping[str, Any], *, initial_access_token: str | None = None
) -> HTTPRequest:
    """The request that registers a client (RFC 7591 §3.1).

    :param client_metadata: ``redirect_uris``, ``client_name``, ``jwks_uri`` … (RFC 7591 §2).
    :param initial_access_token: what the server's operator gave for it, if that is needed.
    :raises ConfigurationError: the server has no registration endpoint.
    """
    url = metadata.endpoint("registration_endpoint")
    return _json_request(metadata, "POST", url, initial_access_token, client_metadata)


def process_registration_response(
    response: HTTPResponse, metadata: ServerMetadata, *, previous: Registration | None = None
) -> Registration:
    """The client in an answer to a registration, a reading or an update.

    :param metadata: the server that was asked.
    :param previous: the registration before, whose credentials stay where the answer names none (RFC 7592 §3).
    :raises ServerError: the server refused, for example with ``invalid_client_metadata``.
    :raises InvalidResponseError: the answer does not hold, or its ``registration_client_uri`` is at another host.
    """
    # RFC 7591 §3.2.1: 201; RFC 7592 §2.1, §2.2: 200.
    answer = read_answer(response, statuses=(200, 201))
    old = previous or Registration("")
    secret = optional_text(answer, "client_secret")
    uri = optional_text(answer, "registration_client_uri")
    _check_place(uri, metadata)
    return Registration(
        client_id=_same_client(text_member(answer, "client_id"), previous),
        client_secret=secret or old.client_secret,
        client_secret_expires_at=number_of_seconds(answer, "client_secret_expires_at") or 0,
        registration_access_token=optional_text(answer, "registration_access_token") or old.registration_access_token,
        registration_client_uri=uri or old.registration_client_uri,
        client_metadata={
            name: value for name, value in answer.items() if name not in {*SERVER_MEMBERS, "client_id", "client_secret"}
        },
    )


def _check_place(uri: str | None, metadata: ServerMetadata) -> None:
    endpoint = metadata.endpoint("registration_endpoint")
    if uri is None or (is_secure_url(uri, metadata.insecure_hosts) and origin(uri) == origin(endpoint)):
        return
    raise InvalidResponseError(
        "The registration is to be managed at another host",
        code="registration_host",
        expected=origin(endpoint)[1],
        got=one_line(uri),
    )


def _same_client(client_id: str, previous: Registration | None) -> str:
    if previous is not None and client_id != previous.client_id:
        raise InvalidResponseError(
            "The answer is about another client", code="response_member", expected=previous.client_id, got=client_id
        )
    return client_id


def client_read_request(metadata: ServerMetadata, registration: Registration) -> HTTPRequest:
    """The request for the registration as it is now (RFC 7592 §2.1).

    The answer is read with :func:`process_registration_response`.

    :raises ConfigurationError: the server gave no means to manage the registration.
    """
    return _management_request(metadata, "GET", registration)


def client_update_request(
    metadata: ServerMetadata, registration: Registration, client_metadata: Mapping[str, Any]
) -> HTTPRequest:
    """The request that replaces what is registered (RFC 7592 §2.2).

    The answer is read with :func:`process_registration_response`.

    :param client_metadata: all of it: what is left out is deleted.
    """
    body = {name: value for name, value in client_metadata.items() if name not in SERVER_MEMBERS}
    body["client_id"] = registration.client_id
    if registration.client_secret:
        body["client_secret"] = registration.client_secret
    return _management_request(metadata, "PUT", registration, body)


def client_delete_request(metadata: ServerMetadata, registration: Registration) -> HTTPRequest:
    """The request that ends the registration (RFC 7592 §2.3)."""
    return _management_request(metadata, "DELETE", registration)


def process_client_delete_response(response: HTTPResponse, *, statuses: Collection[int] = (204,)) -> None:
    """Look whether the registration has ended.

    :raises ServerError: the server refused, with an error.
    :raises InvalidResponseError: it answered with another status than 204.
    """
    if response.status not in statuses:
        raise failure(response, statuses=statuses)


def _management_request(
    metadata: ServerMetadata, method: str, registration: Registration, body: Mapping[str, Any] | None = None
) -> HTTPRequest:
    url, token = registration.registration_client_uri, registration.registration_access_token
    if not url or not token:
        raise ConfigurationError("The server gave no means to manage this registration")
    return _json_request(metadata, method, url, token, body)


def _json_request(
    metadata: ServerMetadata, method: str, url: str, token: str | None, body: Mapping[str, Any] | None
) -> HTTPRequest:
    fields = {"Accept": "application/json"}
    if body is not None:
        fields["Content-Type"] = "application/json"
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode()
    return metadata.request(HTTPRequest(method, url, Headers(fields), content))
