"""A sign-in that another site asks us to begin, most often the provider's list of applications.

Anyone can send such a request, so it may only begin what a visitor could begin
by hand: a sign-in at an issuer we know, ending on a page of ours.

Sections enforced here: OpenID Connect Core §4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ...errors import InvalidResponseError
from ..http import origin, read_once


@dataclass(frozen=True, slots=True)
class LoginInitiation:
    """A request to begin a sign-in.

    :param issuer: where.
    :param login_hint: passed on to the provider.
    :param target_link_uri: where the user should end up, a URL of ours; ``None`` if it was not said.
    """

    issuer: str
    login_hint: str | None = None
    target_link_uri: str | None = None


def read_login_initiation(
    parameters: Iterable[tuple[str, str]], *, issuers: Collection[str], own_url: str
) -> LoginInitiation:
    """The request in a query or form, checked.

    :param parameters: query or form, as pairs.
    :param issuers: the issuers at which this application signs people in.
    :param own_url: any absolute URL of this application; the target must have its origin.
    :raises InvalidResponseError: ``login_initiation_invalid``, or a parameter came twice.
    """
    given = read_once(parameters)
    issuer, target = given.get("iss"), given.get("target_link_uri") or None
    if issuer is None or issuer not in issuers:
        raise _refused("issuer", "iss of a provider we use", issuer)
    # Core §4: the value MUST be verified, to prevent being used as an open redirector.
    if target is not None and not is_own_url(target, own_url):
        raise _refused("page", f"a URL that begins with {own_url}", target)
    return LoginInitiation(issuer, given.get("login_hint") or None, target)


def is_own_url(url: str, own_url: str) -> bool:
    """Whether an absolute URL has the origin of ours; False for anything that browsers and we may read differently."""
    return origin(own_url)[1] != "" and origin(url) == origin(own_url)


def _refused(what: str, expected: str, got: str | None) -> InvalidResponseError:
    return InvalidResponseError(
        f"A request to begin a sign-in names a foreign {what}",
        code="login_initiation_invalid",
        expected=expected,
        got=None if got is None else repr(got)[:80],
    )
