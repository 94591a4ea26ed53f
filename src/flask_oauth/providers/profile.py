"""From a provider's answers to the standard claims (OpenID Connect Core 1.0 §5.1): a small language, and its reader.

A preset's ``profile`` maps a claim to where it is found:

``"data.name"``
    a path: members by name, elements of lists by number.  A member that has the
    whole text as its name wins (``"https://slack.com/user_id"``).
``"token:athlete.id"``
    a path in another answer: ``token`` (what the token endpoint sent),
    ``id_token``, ``callback``, ``emails`` or a document of the preset.  Without
    a prefix the userinfo is meant, then the ID Token.
``"https://cdn.example/{id}/{avatar}.png"``
    a URL made from such paths; nothing if one of them is missing.
``("nickname", "login")``
    the first that is there.
``Entry("emails", "value", primary="primary")``
    a member of one element of a list: the primary one, or else the first.
``AllOf("is_valid", "is_verified")``
    true if all are true, false if one is false, nothing if one is missing.
``Constant("…")``
    always this value.

The name of a person, if the mapping finds none: given and family name joined,
then ``nickname``, then ``preferred_username``, then ``email``.
``email_verified`` is only ever what the provider said.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from ..errors import UserinfoError

if TYPE_CHECKING:
    from .model import Provider

#: Names before a colon that are documents for every preset; presets add their own.
COMMON_DOCUMENTS: Final = frozenset({"userinfo", "token", "id_token", "callback", "emails"})

TEXT_CLAIMS: Final = (
    "sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
    "picture", "website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
)  # fmt: skip
FLAG_CLAIMS: Final = ("email_verified", "phone_number_verified")
OTHER_CLAIMS: Final = ("address", "updated_at")
CLAIMS: Final = (*TEXT_CLAIMS, *FLAG_CLAIMS, *OTHER_CLAIMS)

_FLAGS: Final[Mapping[object, bool]] = MappingProxyType({True: True, False: False, "true": True, "false": False})
_IN_BRACES: Final = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Constant:
    """Always this value."""

    value: str | bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if all paths hold true, false if one holds false, nothing if one is missing."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of one element of a list.

    :param path: where the list is; ``"emails:"`` is a whole document.
    :param member: the member to take; a path.
    :param primary: the member that marks the element to take; without such an element the first is taken.
    """

    path: str
    member: str
    primary: str = "primary"


Source: TypeAlias = "str | tuple[Source, ...] | Constant | AllOf | Entry"

#: Claims under their own names: what an OpenID Connect provider sends.
STANDARD_PROFILE: Final[Mapping[str, Source]] = MappingProxyType({claim: claim for claim in CLAIMS})


def openid_profile(**changes: Source) -> Mapping[str, Source]:
    """The standard profile with some claims found elsewhere."""
    return MappingProxyType({**STANDARD_PROFILE, **changes})


def find(document: Any, path: str) -> Any:
    """What a path leads to; ``None`` if it leads nowhere."""
    if not path:
        return document
    if isinstance(document, Mapping) and path in document:
        return document[path]
    head, dot, rest = path.partition(".")
    if isinstance(document, Mapping) and head in document:
        return find(document[head], rest) if dot else document[head]
    if isinstance(document, list) and head.isdecimal() and int(head) < len(document):
        return find(document[int(head)], rest)
    return None


def read(source: Source, documents: Mapping[str, Any]) -> Any:
    """What a source of a profile says about these documents; ``None`` for nothing."""
    if isinstance(source, str):
        return _url(source, documents) if "{" in source else _at(source, documents)
    if isinstance(source, tuple):
        return next((value for each in source if (value := read(each, documents)) not in (None, "")), None)
    if isinstance(source, Constant):
        return source.value
    if isinstance(source, AllOf):
        return _all_of([_flag(_at(path, documents)) for path in source.paths])
    return _entry(source, documents)


def _at(source: str, documents: Mapping[str, Any]) -> Any:
    name, colon, path = source.partition(":")
    if colon and (name in COMMON_DOCUMENTS or name in documents):
        return find(documents.get(name), path)
    found = find(documents.get("userinfo"), source)
    return found if found is not None else find(documents.get("id_token"), source)


def _url(template: str, documents: Mapping[str, Any]) -> str | None:
    parts = {name: _text(_at(name, documents)) for name in _IN_BRACES.findall(template)}
    if None in parts.values():
        return None
    return _IN_BRACES.sub(lambda match: quote(parts[match[1]] or "", safe="/:"), template)


def _all_of(flags: list[bool | None]) -> bool | None:
    if False in flags:
        return False
    return None if None in flags else True


def _entry(source: Entry, documents: Mapping[str, Any]) -> Any:
    entries = _at(source.path, documents)
    if not isinstance(entries, list) or not entries:
        return None
    marked = [entry for entry in entries if find(entry, source.primary) in (True, "true", 1)]
    return find((marked or entries)[0], source.member)


def _text(value: Any) -> str | None:
    """Text; a whole number too, since many providers number their users."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _flag(value: Any) -> bool | None:
    """A flag as it is written by those who send one: JSON, its text (Apple, Cognito), or 1 and 0 (Zoom)."""
    return _FLAGS.get(value) if isinstance(value, (bool, int, str)) else None


def claims(provider: Provider, documents: Mapping[str, Any]) -> dict[str, Any]:
    """Standard claims of the person who signed in.

    :param provider: the preset.
    :param documents: the answers by name: ``userinfo``, ``id_token`` (its
        claims, validated), ``token`` (the token answer), ``callback``, and the
        preset's own documents.
    :returns: claims by their standard names; one that was not found is absent.
    :raises UserinfoError: there is no subject.
    """
    found = {claim: _claim(claim, source, documents) for claim, source in provider.profile.items()}
    if provider.quirks.picture_html_escaped and found.get("picture"):
        found["picture"] = html.unescape(found["picture"])
    if not found.get("sub"):
        raise UserinfoError(
            f"The answers of {provider.title} do not say who signed in",
            expected=f"a subject at {provider.profile.get('sub')}",
            got=", ".join(sorted(name for name, document in documents.items() if document)) or "nothing",
        )
    found["name"] = found.get("name") or _fallback_name(found)
    return {claim: value for claim, value in found.items() if value is not None}


def _claim(claim: str, source: Source, documents: Mapping[str, Any]) -> Any:
    value = read(source, documents)
    if claim in FLAG_CLAIMS:
        return _flag(value)
    if claim in OTHER_CLAIMS:
        return value if isinstance(value, (Mapping, int, float, str)) and not isinstance(value, bool) else None
    text = _text(value)
    if claim == "picture":
        return text if text and urlsplit(text).scheme in ("https", "http") else None
    if claim == "email":
        return text if text and "@" in text else None
    return text


def _fallback_name(found: Mapping[str, Any]) -> str | None:
    whole = " ".join(_present(found, ("given_name", "family_name")))
    return next(iter([whole] if whole else _present(found, ("nickname", "preferred_username", "email"))), None)


def _present(found: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [found[name] for name in names if found.get(name)]
