"""Server metadata: where an authorization server's endpoints are and what it can do.

Sections enforced here: RFC 8414 §2, §3 (well-known URL), §3.3 (issuer identical to the one asked);
OpenID Connect Discovery 1.0 §4.1, §4.3; RFC 8705 §5 (endpoint aliases for mutual TLS);
RFC 9700 §2.6 and RFC 6749 §3.1, §3.2 (TLS, no fragment).
Metadata only narrows what the client is ready to do; it never widens it (RFC 9700 §2.1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, cast
from urllib.parse import urlsplit

from ...errors import ConfigurationError, MetadataError
from ..http import Headers, HTTPRequest, HTTPResponse, is_secure_url, origin
from .answers import read_answer, text_member

#: What stands for the tenant in the issuer of a multi-tenant server (Microsoft Entra ID).
TENANT_PLACEHOLDER: Final = "{tenantid}"
#: Where the document of a template issuer is kept, and the names it answers to.
COMMON_TENANT: Final = "common"
SHARED_TENANTS: Final = frozenset({COMMON_TENANT, "organizations", "consumers"})


@dataclass(frozen=True, slots=True, repr=False)
class ServerMetadata:
    """What is known about an authorization server; each field may be left out, so an application can fill it by hand.

    Names are those of the registry (RFC 8414 §7.1).  A list that the server did
    not send is ``None``: unknown, which is something else than an empty list.

    :param issuer: the issuer identifier, or its template with ``{tenantid}``.
    :param mtls_endpoint_aliases: endpoints to use with mutual TLS (RFC 8705 §5).
    :param raw: the whole document, unknown members too; empty if the fields were filled by hand.
    :param insecure_hosts: hosts for which plain http was allowed by name.
    :param public_hosts_only: a third party named the issuer, so no endpoint may be at a private address.
    """

    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    jwks_uri: str | None = None
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None
    end_session_endpoint: str | None = None
    registration_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    backchannel_authentication_endpoint: str | None = None
    scopes_supported: tuple[str, ...] | None = None
    response_types_supported: tuple[str, ...] | None = None
    response_modes_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    acr_values_supported: tuple[str, ...] | None = None
    prompt_values_supported: tuple[str, ...] | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] | None = None
    id_token_encryption_alg_values_supported: tuple[str, ...] | None = None
    id_token_encryption_enc_values_supported: tuple[str, ...] | None = None
    userinfo_signing_alg_values_supported: tuple[str, ...] | None = None
    request_object_signing_alg_values_supported: tuple[str, ...] | None = None
    authorization_signing_alg_values_supported: tuple[str, ...] | None = None
    introspection_signing_alg_values_supported: tuple[str, ...] | None = None
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None
    authorization_details_types_supported: tuple[str, ...] | None = None
    backchannel_token_delivery_modes_supported: tuple[str, ...] | None = None
    backchannel_authentication_request_signing_alg_values_supported: tuple[str, ...] | None = None
    protected_resources: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_parameter_supported: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    backchannel_logout_supported: bool = False
    frontchannel_logout_supported: bool = False
    mtls_endpoint_aliases: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
    insecure_hosts: frozenset[str] = frozenset()
    public_hosts_only: bool = False

    def endpoint(self, name: str, *, mutual_tls: bool = False) -> str:
        """The URL of an endpoint.

        :param name: the registered name, for example ``token_endpoint``.
        :param mutual_tls: take the alias for mutual TLS where there is one (RFC 8705 §5).
        :raises ConfigurationError: there is none (``config_endpoint_missing``),
            or it is plain http on another machine (``config_insecure_url``).
        """
        alias = self.mtls_endpoint_aliases.get(name) if mutual_tls else None
        url = alias or cast("str | None", getattr(self, name))
        if not url:
            raise ConfigurationError(f"There is no {name}: give {name}= or issuer=", code="config_endpoint_missing")
        # RFC 6749 §3.1, §3.2: credentials cross TLS only.
        if not is_secure_url(url, self.insecure_hosts):
            raise ConfigurationError(f"The {name} is not https", code="config_insecure_url", got=url.partition("?")[0])
        return url

    def request(self, request: HTTPRequest) -> HTTPRequest:
        """The request with this server's rules about hosts on it."""
        if not self.insecure_hosts and not self.public_hosts_only:
            return request
        return replace(request, insecure_hosts=self.insecure_hosts, public_hosts_only=self.public_hosts_only)

    def __repr__(self) -> str:
        return f"<ServerMetadata {self.issuer} {[name for name in _URLS if getattr(self, name)]}>"


_OWN: Final = frozenset({"mtls_endpoint_aliases", "raw", "insecure_hosts", "public_hosts_only"})
_KINDS: Final = {f.name: str(f.type) for f in fields(ServerMetadata) if f.name not in _OWN}
_LISTS: Final = tuple(name for name, kind in _KINDS.items() if kind.startswith("tuple"))
_FLAGS: Final = tuple(name for name, kind in _KINDS.items() if kind == "bool")
_URLS: Final = tuple(name for name, kind in _KINDS.items() if kind.startswith("str") and name != "issuer")


def metadata_requests(
    issuer: str,
    *,
    discovery_url: str | None = None,
    insecure_hosts: Collection[str] = (),
    public_hosts_only: bool = False,
) -> tuple[HTTPRequest, ...]:
    """The requests for an issuer's metadata, to be tried in this order: OpenID Connect Discovery, then RFC 8414.

    :param issuer: the issuer identifier, exactly; ``{tenantid}`` in it makes it a template.
    :param discovery_url: the one place to look, for a server that keeps its document elsewhere.
    :param insecure_hosts: hosts for which plain http is allowed; loopback hosts are always.
    :param public_hosts_only: a third party named the issuer; refuse private addresses.
    :raises ConfigurationError: the issuer is not an https URL without query and fragment (RFC 8414 §2).
    """
    _check_issuer(issuer, insecure_hosts)
    urls = (discovery_url,) if discovery_url else well_known_urls(issuer)
    return tuple(
        HTTPRequest(
            "GET",
            url,
            Headers({"Accept": "application/json"}),
            public_hosts_only=public_hosts_only,
            insecure_hosts=frozenset(insecure_hosts),
        )
        for url in urls
    )


def well_known_urls(issuer: str) -> tuple[str, str]:
    """Where an issuer's metadata is: OpenID Connect Discovery §4.1 appends, RFC 8414 §3.1 puts before the path."""
    place = issuer.replace(TENANT_PLACEHOLDER, COMMON_TENANT).removesuffix("/")
    parts = urlsplit(place)
    return (
        f"{place}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}",
    )


def _check_issuer(issuer: str, insecure_hosts: Collection[str]) -> None:
    if not is_secure_url(issuer, insecure_hosts):
        raise ConfigurationError("The issuer is not an https URL", code="config_insecure_url", got=issuer)
    # RFC 8414 §2: no query or fragment components.
    if "?" in issuer or "#" in issuer:
        raise ConfigurationError("The issuer holds a query or a fragment", got=issuer)


def process_metadata_response(
    response: HTTPResponse,
    *,
    issuer: str,
    insecure_hosts: Collection[str] = (),
    public_hosts_only: bool = False,
) -> ServerMetadata:
    """The metadata in an answer.

    :param issuer: the issuer that was asked about; the document must name the same one.
    :param insecure_hosts: hosts for which plain http is allowed.
    :param public_hosts_only: kept on the result for the requests to come.
    :raises MetadataError: ``response_status`` (with ``got`` the status: try the next request on 404),
        ``metadata_issuer``, ``metadata_invalid``, or the code of an answer that is not proper JSON.
    """
    document = read_answer(response, MetadataError)
    stated = text_member(document, "issuer", MetadataError)
    if not _speaks_for(stated, issuer):
        # RFC 8414 §3.3, OpenID Connect Discovery §4.3: identical, or the document MUST NOT be used.
        raise MetadataError(
            "The metadata document speaks for another issuer", code="metadata_issuer", expected=issuer, got=stated
        )
    return read_metadata(document, insecure_hosts=insecure_hosts, public_hosts_only=public_hosts_only)


def read_metadata(
    document: Mapping[str, Any], *, insecure_hosts: Collection[str] = (), public_hosts_only: bool = False
) -> ServerMetadata:
    """The members of a document as typed fields; unknown ones stay in ``raw``.

    :raises MetadataError: a member is of the wrong kind, or an endpoint is not an https URL (``metadata_invalid``).
    """
    secure_issuer = str(document.get("issuer", "")).startswith("https:")
    allowed = frozenset(insecure_hosts)
    members: dict[str, Any] = {name: _url(document, name, allowed, secure_issuer) for name in _URLS}
    members |= {name: _list(document, name) for name in _LISTS}
    members |= {name: document.get(name) is True for name in _FLAGS}
    return ServerMetadata(
        issuer=document.get("issuer"),
        mtls_endpoint_aliases=_aliases(document, allowed, secure_issuer),
        raw=dict(document),
        insecure_hosts=allowed,
        public_hosts_only=public_hosts_only,
        **members,
    )


def _speaks_for(stated: str, issuer: str) -> bool:
    """Whether a document is the issuer's: compared by code points, templates by the names they are kept under."""
    if stated == issuer:
        return True
    # The document at …/common/v2.0 states …/{tenantid}/v2.0: each token then names its own tenant.
    return any(stated.replace(TENANT_PLACEHOLDER, tenant) == issuer for tenant in SHARED_TENANTS)


def issuer_matches(known: str, stated: str) -> bool:
    """Whether a stated issuer is the known one, or one that the known template stands for."""
    if TENANT_PLACEHOLDER not in known:
        return known == stated
    before, _, after = known.partition(TENANT_PLACEHOLDER)
    return re.fullmatch(f"{re.escape(before)}[A-Za-z0-9.-]+{re.escape(after)}", stated) is not None


def _url(document: Mapping[str, Any], name: str, allowed: frozenset[str], secure_issuer: bool) -> str | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise MetadataError(f"The metadata member {name!r} is not a text", code="metadata_invalid")
    if not is_secure_url(value, allowed) or "#" in value or (secure_issuer and _downgraded(value, allowed)):
        raise MetadataError(
            f"The metadata member {name!r} is not an https URL without a fragment", code="metadata_invalid", got=value
        )
    return value


def _downgraded(url: str, allowed: frozenset[str]) -> bool:
    """Plain http where the issuer is https: refused even for this machine, where anything may listen."""
    scheme, host, _ = origin(url)
    return scheme != "https" and host not in allowed


def _list(document: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MetadataError(f"The metadata member {name!r} is not a list of texts", code="metadata_invalid")
    return tuple(value)


def _aliases(document: Mapping[str, Any], allowed: frozenset[str], secure_issuer: bool) -> dict[str, str]:
    aliases = document.get("mtls_endpoint_aliases") or {}
    if not isinstance(aliases, Mapping):
        raise MetadataError("The metadata member 'mtls_endpoint_aliases' is not an object", code="metadata_invalid")
    urls = {name: _url(aliases, name, allowed, secure_issuer) for name in aliases if name in _URLS}
    return {name: url for name, url in urls.items() if url}
