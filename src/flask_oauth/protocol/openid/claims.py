"""Claims that others vouch for: aggregated (a JWT inside the answer) and distributed (a JWT to be fetched).

The provider only passes them on; whom to believe about what is the
application's choice, so the issuer of a source and its keys are arguments.

Sections enforced here: OpenID Connect Core §5.6.2; RFC 8725 §3.8, §3.10 (the address comes from a third party).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import InvalidResponseError
from ..http import Headers, HTTPRequest, HTTPResponse, is_secure_url
from ..jose import KeySet, verify_jwt
from ..oauth2.answers import failure
from .id_token import check_audience, check_issuer
from .times import check_expiry, check_not_before

#: Claims about the JWT, never about the person: no source can set them.
_OWN_CLAIMS: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "_claim_names", "_claim_sources"})


@dataclass(frozen=True, slots=True, repr=False)
class ClaimSource:
    """One source of claims, as an ID Token or a userinfo answer names it.

    :param name: the source's name in the answer.
    :param claims: the claims it is said to hold.
    :param jwt: the claims themselves, for an aggregated source.
    :param endpoint: where to fetch them, for a distributed source.
    :param access_token: what to show there; not the token of the sign-in.
    """

    name: str
    claims: tuple[str, ...]
    jwt: str | None = None
    endpoint: str | None = None
    access_token: str | None = None

    def __repr__(self) -> str:
        return f"<ClaimSource {self.name[:80]!r} {', '.join(self.claims)}>"


def claim_sources(claims: Mapping[str, Any]) -> tuple[ClaimSource, ...]:
    """The sources that an ID Token or a userinfo answer names.

    A name without a source, and a source without a name, count for nothing.

    :raises InvalidResponseError: ``claim_source_invalid``: a source is neither aggregated nor distributed.
    """
    names, sources = claims.get("_claim_names"), claims.get("_claim_sources")
    if not isinstance(names, dict) or not isinstance(sources, dict):
        return ()
    held: dict[str, list[str]] = {}
    for claim, source in names.items():
        if isinstance(source, str) and source in sources and claim not in _OWN_CLAIMS:
            held.setdefault(source, []).append(claim)
    return tuple(_source(name, sources[name], tuple(claims)) for name, claims in held.items())


def distributed_claims_request(source: ClaimSource, *, insecure_hosts: Collection[str] = ()) -> HTTPRequest:
    """Fetch the claims of a distributed source.

    The address came from the provider, so private addresses are refused, and
    the only token sent is the one that came with the address.

    :raises InvalidResponseError: ``claim_source_invalid``: it has no address, or not an https URL.
    """
    if source.endpoint is None or not is_secure_url(source.endpoint, insecure_hosts):
        raise _invalid(source.name, "an https endpoint")
    fields = {"Accept": "application/jwt"}
    if source.access_token is not None:
        fields["Authorization"] = f"Bearer {source.access_token}"
    return HTTPRequest(
        "GET", source.endpoint, Headers(fields), public_hosts_only=True, insecure_hosts=frozenset(insecure_hosts)
    )


def process_distributed_claims_response(response: HTTPResponse) -> str:
    """The JWT in the answer of a distributed source, yet to be verified.

    :raises InvalidResponseError: another status or content type.
    """
    if response.status != 200:
        raise failure(response)
    if response.media_type != "application/jwt":
        raise InvalidResponseError(
            "The claims did not come as a JWT",
            code="response_content_type",
            expected="application/jwt",
            got=response.media_type[:80],
        )
    return response.body.decode("ascii", "replace").strip()


def validate_source_claims(
    token: str,
    source: ClaimSource,
    keys: KeySet,
    algorithms: Collection[str],
    *,
    issuer: str,
    now: float,
    audience: str | None = None,
    clock_skew: float = 60,
) -> dict[str, Any]:
    """The claims that a source was named for, and no others.

    :param token: ``source.jwt``, or what the endpoint answered.
    :param keys: the keys of the claims provider.
    :param algorithms: the signature algorithms to take.
    :param issuer: the claims provider, whom the application chose to believe.
    :param audience: this client, if the JWT names an audience.
    :raises IDTokenError: the JWT does not hold.
    """
    claims = verify_jwt(token, keys, algorithms).claims
    check_issuer(claims, issuer)
    if "aud" in claims and audience is not None:
        check_audience(claims, audience)
    if "exp" in claims:
        check_expiry(claims, now, clock_skew)
    check_not_before(claims, now, clock_skew)
    return {name: claims[name] for name in source.claims if name in claims}


def _source(name: str, members: object, claims: tuple[str, ...]) -> ClaimSource:
    found = members if isinstance(members, dict) else {}
    jwt, endpoint, access_token = (found.get(member) for member in ("JWT", "endpoint", "access_token"))
    if isinstance(jwt, str):
        return ClaimSource(name, claims, jwt=jwt)
    if isinstance(endpoint, str) and (access_token is None or _sendable(access_token)):
        return ClaimSource(name, claims, endpoint=endpoint, access_token=access_token)
    raise _invalid(name, "a JWT or an endpoint")


def _sendable(access_token: object) -> bool:
    # It goes into a header field: nothing that could end one.
    return isinstance(access_token, str) and access_token.isascii() and access_token.isprintable()


def _invalid(name: str, expected: str) -> InvalidResponseError:
    return InvalidResponseError(
        f"The claim source {name[:80]!r} cannot be used", code="claim_source_invalid", expected=expected
    )
