"""What a preset says about a provider: one frozen record, each deviation from the standard a field with a default.

A record is data.  What is done with it stands in ``exchange`` (requests and
answers of the token endpoint), ``userinfo`` (who signed in) and ``profile``
(claims).  Sections the defaults stand for: RFC 6749 §2.3.1, §3.3, §4.1, §5.1,
§5.2, RFC 6750 §2.1, RFC 5849 §3.4, OpenID Connect Discovery 1.0 §3.
"""

# ruff: noqa: S105 - words, not secrets
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from ..errors import ConfigurationError
from .profile import STANDARD_PROFILE, Source

Protocol = Literal["oauth1", "oauth2", "openid"]
ClientAuthentication = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
PKCE = Literal["required", "supported", "unsupported", "refused", "unknown"]
TokenPlacement = Literal["header", "query", "body", "path"]

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
#: Placeholders that are filled in when a request is made, beside ``{document:path}``.
RUNTIME_PLACEHOLDERS: Final = frozenset({"client_id", "access_token"})
PLACEHOLDER: Final = re.compile(r"\{([^{}\"]+)\}")


def _nothing() -> Mapping[str, str]:
    return NOTHING


def _freeze_mappings(record: Any) -> None:
    """A frozen record with a dict in it would be frozen in name only."""
    for entry in fields(record):
        value = getattr(record, entry.name)
        if isinstance(value, Mapping) and not isinstance(value, MappingProxyType):
            object.__setattr__(record, entry.name, MappingProxyType(dict(value)))


_HOST = r"(?:https?://)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*/?"
_SHAPES: Final = {
    "host": re.compile(_HOST),
    "label": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "domain": re.compile(r"[A-Za-z]+(?:\.[A-Za-z]+)*"),
    "segment": re.compile(r"(?!\.+$)[A-Za-z0-9._~-]+"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of a provider's addresses that differs from application to application.

    :param meaning: what it is, a few words for a person.
    :param default: the value if none is given; ``None``: the application must give one.
    :param shape: what a value may look like.  ``host`` is a host with port and
        path where needed (``http://`` before it is kept, for servers on this
        machine), ``label`` one part of a host name, ``domain`` the end of one,
        ``segment`` one part of a path.  A value that could move a request to
        another host is refused.
    """

    meaning: str
    default: str | None = None
    shape: Literal["host", "label", "domain", "segment"] = "host"


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """Where a provider's answer holds an error, if not in ``error`` and ``error_description`` (RFC 6749 §5.2).

    :param code: path of the error.
    :param description: path of its description.
    :param success: values found at ``code`` that mean that nothing is wrong.
    :param names: the provider's codes that have a registered name, and that name.
    """

    code: str = "error"
    description: str = "error_description"
    success: tuple[object, ...] = ()
    names: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Document:
    """A further answer of the API that the profile needs.

    :param url: its address; placeholders as in a provider's other addresses.
    :param first: whether it is needed before the userinfo request can be made.
    :param optional: whether a sign-in goes on without it (the scope may not have been granted).
    """

    url: str
    first: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where a provider leaves the standard.  The defaults are the standard.

    Authorization request and callback

    :param authorization_names: other names of parameters of the authorization request.
    :param authorization_omits: parameters that the authorization request must not have.
    :param authorization_fragment: what it wants behind the ``#``.
    :param code_parameter: the name of the code in the callback.
    :param callback_json: parameters of the callback that hold JSON.
    :param callback_hmac: the callback is signed with the client secret (Shopify).
    :param callback_locations: values of the callback's ``location`` and the server each stands for (Zoho).
    :param callback_kept: parameters of the callback that are needed later, for refreshing; kept with the token.
    :param form_post_when_scopes: the callback is a cross-site POST as soon as a scope is asked for (Apple).
    :param redirect_uri_is_name: ``redirect_uri`` holds a name that the provider gave, no URL (eBay).
    :param scopes_fixed: scopes are chosen where the application is registered; the parameter may be left out.

    Client authentication

    :param secret_is_jwt: the client secret is a JWT that the application signs (Apple).
    :param basic_raw: the Basic header takes id and secret as they are, not form-encoded (against RFC 6749 §2.3.1).
    :param client_id_is_metadata_url: ``client_id`` is the URL of the client's own metadata (AT Protocol).
    :param par_required: the authorization request must be pushed (RFC 9126).
    :param dpop_required: tokens must be bound with DPoP (RFC 9449).

    Token request

    :param token_method: the method of the token request, where it is not POST (against RFC 6749 §3.2).
    :param token_request_json: the request is JSON, not a form.
    :param token_request_names: other names of parameters of the token request.
    :param token_request_omits: parameters that the token request must not have.
    :param token_request_from_callback: parameters of the callback to be sent on.

    Token answer

    :param token_answer_form_encoded: the answer is form-encoded, or may be.
    :param token_answer_path: where in the answer the token lies.
    :param token_answer_names: other names of members of the token answer.
    :param token_type_missing_ok: there is no ``token_type`` (against RFC 6749 §5.1); Bearer is meant.
    :param token_type_is: an odd ``token_type`` that means Bearer.
    :param expires_in_text: ``expires_in`` is a number in quotation marks.
    :param expires_in_zero_means_never: so says ``expires_in: 0``.
    :param granted_scope_separator: what stands between scopes in the answer.
    :param errors_in_200: errors come with status 200.
    :param token_error: where errors of the token endpoint are.

    Userinfo and API

    :param userinfo_method: ``POST`` where the provider wants it.
    :param userinfo_json: the body of the userinfo request, JSON text.
    :param userinfo_form: the body of the userinfo request, form parameters.
    :param userinfo_error: where errors of the userinfo endpoint are.
    :param userinfo_is_jwt: the userinfo is a JWT signed with the client secret (MediaWiki).
    :param token_placement: where the access token goes in the userinfo request.
    :param token_parameter: its name there.
    :param token_header: a header for the access token instead of ``Authorization``.
    :param authorization_scheme: the scheme in ``Authorization``; empty for the bare token.
    :param appsecret_proof: calls carry an HMAC of the token (Meta).
    :param picture_html_escaped: the picture's URL is written for HTML.
    :param user_agent_required: requests need a User-Agent that names the application.

    OpenID Connect

    :param issuer_template: what ``iss`` looks like where one server speaks for many tenants (Entra ID).
    :param issuer_aliases: further spellings of ``iss``.
    :param id_token_algorithms: signature algorithms to expect where they are not the usual ones.
    :param nonce_missing_ok: ID Tokens carry no nonce (LinkedIn).
    :param nonce_length: the shortest ``nonce`` and ``state`` it takes, in characters.

    OAuth 1.0a

    :param signature_method: how requests are signed (RFC 5849 §3.4).
    :param credentials_method: the HTTP method for both kinds of credentials.
    """

    authorization_names: Mapping[str, str] = field(default_factory=_nothing)
    authorization_omits: tuple[str, ...] = ()
    authorization_fragment: str = ""
    code_parameter: str = "code"
    callback_json: tuple[str, ...] = ()
    callback_hmac: bool = False
    callback_locations: Mapping[str, str] = field(default_factory=_nothing)
    callback_kept: tuple[str, ...] = ()
    form_post_when_scopes: bool = False
    redirect_uri_is_name: bool = False
    scopes_fixed: bool = False

    secret_is_jwt: bool = False
    basic_raw: bool = False
    client_id_is_metadata_url: bool = False
    par_required: bool = False
    dpop_required: bool = False

    token_method: Literal["POST", "GET"] = "POST"
    token_request_json: bool = False
    token_request_names: Mapping[str, str] = field(default_factory=_nothing)
    token_request_omits: tuple[str, ...] = ()
    token_request_from_callback: tuple[str, ...] = ()

    token_answer_form_encoded: bool = False
    token_answer_path: str = ""
    token_answer_names: Mapping[str, str] = field(default_factory=_nothing)
    token_type_missing_ok: bool = False
    token_type_is: str = ""
    expires_in_text: bool = False
    expires_in_zero_means_never: bool = False
    granted_scope_separator: str = " "
    errors_in_200: bool = False
    token_error: ErrorShape = ErrorShape()

    userinfo_method: Literal["GET", "POST"] = "GET"
    userinfo_json: str = ""
    userinfo_form: Mapping[str, str] = field(default_factory=_nothing)
    userinfo_error: ErrorShape = ErrorShape()
    userinfo_is_jwt: bool = False
    token_placement: TokenPlacement = "header"
    token_parameter: str = "access_token"
    token_header: str = ""
    authorization_scheme: str = "Bearer"
    appsecret_proof: bool = False
    picture_html_escaped: bool = False
    user_agent_required: bool = False

    issuer_template: str = ""
    issuer_aliases: tuple[str, ...] = ()
    id_token_algorithms: tuple[str, ...] = ()
    nonce_missing_ok: bool = False
    nonce_length: int = 0

    signature_method: Literal["HMAC-SHA1", "RSA-SHA1"] = "HMAC-SHA1"
    credentials_method: Literal["POST", "GET"] = "POST"

    def __post_init__(self) -> None:
        _freeze_mappings(self)

    def changed(self) -> dict[str, Any]:
        """The fields that are not at their defaults."""
        names = [entry.name for entry in fields(self)]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(STANDARD, name)}


STANDARD: Final = Quirks()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Provider:
    """A preset.

    :param name: the name for ``remote_app()``; also the last part of the callback URL.
    :param title: the name people know.
    :param protocol: ``oauth1`` (RFC 5849), ``oauth2`` (RFC 6749) or ``openid`` (with an ID Token).
    :param documentation_url: the provider's documentation of its sign-in; empty if none is known.
    :param portal_url: where an application is registered; empty if none is known.
    :param checked: the day (ISO 8601) on which these facts were last compared with their sources.
    :param issuer: the issuer; endpoints of an ``openid`` preset are looked up from it.
    :param discovery_url: where its metadata is if not at the place that follows from the issuer.
    :param request_token_url: OAuth 1.0a's temporary credentials endpoint.
    :param refresh_endpoint: the token endpoint for refreshing, if it is another one.
    :param email_endpoint: where the e-mail addresses are, if the userinfo has none; document ``emails``.
    :param api_base_url: what relative URLs of API calls are joined to; may hold ``{token:path}``.
    :param parameters: placeholders of the addresses.
    :param scopes: scopes asked for by default: enough to know who signs in.
    :param scope_separator: what stands between them in the request.
    :param client_authentication: how the client authenticates; ``None``: as the server's metadata says.
    :param pkce: what is known about RFC 7636 there.  ``refused``: a sign-in with it fails, so it is not sent.
    :param authorization_parameters: further parameters of the authorization request.
    :param token_parameters: further parameters of the token request, for each grant.
    :param refresh_parameters: further parameters of the refresh request alone.
    :param offline_scopes: scopes that must be asked for to get a refresh token.
    :param offline_parameters: parameters of the authorization request that must be sent to get one.
    :param headers: header fields of every request to the provider.
    :param documents: further answers of the API that the profile needs.
    :param profile: how the answers become standard claims; see ``profile``.
    :param credentials: what the application must be given by the provider.
    :param notes: what a developer should know, one or two sentences.
    """

    name: str
    title: str
    protocol: Protocol
    checked: str
    documentation_url: str = ""
    portal_url: str = ""
    issuer: str = ""
    discovery_url: str = ""
    request_token_url: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    refresh_endpoint: str = ""
    userinfo_endpoint: str = ""
    email_endpoint: str = ""
    revocation_endpoint: str = ""
    registration_endpoint: str = ""
    api_base_url: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    client_authentication: ClientAuthentication | None = None
    pkce: PKCE = "unknown"
    response_mode: str = ""
    authorization_parameters: Mapping[str, str] = field(default_factory=_nothing)
    token_parameters: Mapping[str, str] = field(default_factory=_nothing)
    refresh_parameters: Mapping[str, str] = field(default_factory=_nothing)
    userinfo_parameters: Mapping[str, str] = field(default_factory=_nothing)
    offline_scopes: tuple[str, ...] = ()
    offline_parameters: Mapping[str, str] = field(default_factory=_nothing)
    headers: Mapping[str, str] = field(default_factory=_nothing)
    documents: Mapping[str, Document] = field(default_factory=dict)
    profile: Mapping[str, Source] = field(default_factory=lambda: STANDARD_PROFILE)
    quirks: Quirks = STANDARD
    credentials: tuple[str, ...] = ("client_id", "client_secret")
    notes: str = ""

    def __post_init__(self) -> None:
        _freeze_mappings(self)

    def __repr__(self) -> str:
        return f"<Provider {self.name} {self.protocol}>"

    @property
    def missing_parameters(self) -> tuple[str, ...]:
        """Placeholders that have no default and are still in the addresses."""
        return tuple(name for name, parameter in self.parameters.items() if parameter.default is None)

    def resolve(self, **values: str) -> Provider:
        """The same preset with its placeholders filled in.

        :param values: a value for each placeholder that has no default, and for others as wanted.
        :raises ConfigurationError: a placeholder is missing or unknown, or a value is not of its shape.
        """
        chosen = self._chosen(values)
        if not self.parameters:
            return self
        texts: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name not in ("name", "title", "notes", "profile", "parameters"):
                texts[entry.name] = _fill(value, chosen)
        return replace(self, **texts, parameters={})

    def _chosen(self, values: Mapping[str, str]) -> dict[str, str]:
        unknown = sorted(set(values) - set(self.parameters))
        if unknown:
            raise ConfigurationError(
                f"The preset {self.name!r} has no parameter {', '.join(unknown)}",
                code="config_unknown_keyword",
                expected=", ".join(self.parameters) or "no parameters",
                hint=f"Parameters of {self.name!r}: {', '.join(self.parameters) or 'none'}.",
            )
        missing = [name for name in self.missing_parameters if not values.get(name)]
        if missing:
            meanings = "; ".join(f"{name}: {self.parameters[name].meaning}" for name in missing)
            raise ConfigurationError(
                f"The preset {self.name!r} needs {', '.join(missing)}",
                code="config_endpoint_missing",
                hint=f"Pass {', '.join(f'{name}=…' for name in missing)} to remote_app() ({meanings}).",
            )
        return {
            name: self._checked(name, values.get(name) or parameter.default or "")
            for name, parameter in self.parameters.items()
        }

    def _checked(self, name: str, value: str) -> str:
        shape = self.parameters[name].shape
        if not _SHAPES[shape].fullmatch(value):
            raise ConfigurationError(
                f"The parameter {name} of the preset {self.name!r} is not a {shape}",
                code="config_setting",
                expected=f"{shape} ({self.parameters[name].meaning})",
                got=value[:80],
            )
        return value.removeprefix("https://").rstrip("/") if shape == "host" else value

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain dicts and lists, fields at their defaults left out; for ``--json``."""
        return {
            entry.name: _plain(self.quirks.changed()) if entry.name == "quirks" else _plain(value)
            for entry in fields(self)
            if (value := getattr(self, entry.name)) and value != STANDARD
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(element) for key, element in value.items()}
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    return value


def _fill(value: Any, chosen: Mapping[str, str]) -> Any:
    """Placeholders filled in, wherever text is; those of a running request stay."""
    if isinstance(value, str):
        return _fill_text(value, chosen)
    if isinstance(value, Mapping):
        return {name: _fill(element, chosen) for name, element in value.items()}
    if isinstance(value, tuple):
        return tuple(_fill(element, chosen) for element in value)
    if isinstance(value, Document):
        return replace(value, url=_fill_text(value.url, chosen))
    if isinstance(value, Quirks):
        return replace(value, issuer_template=_fill_text(value.issuer_template, chosen))
    return value


def _fill_text(text: str, chosen: Mapping[str, str]) -> str:
    for name, value in chosen.items():
        if value.startswith("http://"):
            text = text.replace(f"https://{{{name}}}", value)
        text = text.replace(f"{{{name}}}", value)
    return text
