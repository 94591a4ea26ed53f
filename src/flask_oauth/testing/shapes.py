"""A provider's answers about a person of one's own choice, in the shape that its preset says they have.

The preset's profile says where each claim is read; here it is written there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..providers import AllOf, Constant, Entry, Provider, document_names
from ..providers.model import PLACEHOLDER
from ..providers.profile import COMMON_DOCUMENTS, Source, find

Documents = dict[str, Any]


def documents_for(provider: Provider, claims: Mapping[str, Any]) -> Documents:
    """Every answer that the profile of a preset is read from, such that it says what ``claims`` say.

    :param provider: a preset, resolved.
    :param claims: by their standard names; those that this provider has no place for are left out.
    :returns: the answers by name; ``token`` are further members of the token answer, ``id_token`` further claims.
    """
    documents: Documents = {"token": {}, "id_token": {}, "callback": {}}
    documents |= {name: {} for name in document_names(provider)}
    if provider.protocol == "openid":  # its metadata names a userinfo endpoint, whether the preset does or not
        documents["userinfo"] = {"sub": claims["sub"]}
    # The subject comes last: where two claims are read from one place, it counts.
    for claim, source in sorted(provider.profile.items(), key=lambda entry: entry[0] == "sub"):
        if claim in claims:
            _place(source, claims[claim], documents)
    for url in _addresses(provider):
        _complete(url, documents)
    return documents


def token_answer_for(provider: Provider | None, members: Mapping[str, Any]) -> dict[str, Any]:
    """A standard token answer as this provider writes it."""
    answer = dict(members)
    if provider is None:
        return answer
    quirks = provider.quirks
    for theirs, standard in quirks.token_answer_names.items():
        if standard in answer:
            answer[theirs] = answer.pop(standard)
    if quirks.token_type_is:
        answer["token_type"] = quirks.token_type_is
    if quirks.expires_in_text and "expires_in" in answer:
        answer["expires_in"] = str(answer["expires_in"])
    return _nested(quirks.token_answer_path, answer)


def _nested(path: str, value: dict[str, Any]) -> dict[str, Any]:
    if not path:
        return value
    holder: dict[str, Any] = {}
    _put(holder, path, value)
    return holder


def _addresses(provider: Provider) -> Iterator[str]:
    yield provider.userinfo_endpoint
    yield provider.api_base_url
    yield from (document.url for document in provider.documents.values())
    yield from provider.userinfo_parameters.values()


def _complete(url: str, documents: Documents) -> None:
    """Give an address what it needs of earlier answers."""
    for name in PLACEHOLDER.findall(url):
        document, colon, path = name.partition(":")
        if colon and document in documents and find(documents[document], path) is None:
            _put(documents[document], path, "x")


def _place(source: Source, value: Any, documents: Documents) -> bool:
    """Write a value where a source would read it; whether there is such a place."""
    if isinstance(source, tuple):
        return any(_place(each, value, documents) for each in source)
    if isinstance(source, Constant):
        return bool(source.value == value)
    if isinstance(source, AllOf):
        return all(_place(path, value, documents) for path in source.paths)
    if isinstance(source, Entry):
        name, path = _home(source.path, documents)
        return _place_entry(documents, name, path, source, value)
    name, path = _home(source, documents)
    if "{" in source or name == "callback":
        return False
    _put(documents[name], path, value)
    return True


def _place_entry(documents: Documents, name: str, path: str, source: Entry, value: Any) -> bool:
    entries = (find(documents[name], path) if path else documents[name]) or []
    entry = entries[0] if entries else {}
    _put(entry, source.member, value)
    _put(entry, source.primary, True)
    if path:
        _put(documents[name], path, [entry])
    else:
        documents[name] = [entry]
    return True


def _home(source: str, documents: Documents) -> tuple[str, str]:
    """The answer that a path is in, and the path there."""
    name, colon, path = source.partition(":")
    if colon and (name in COMMON_DOCUMENTS or name in documents):
        documents.setdefault(name, {})
        return name, path
    return ("userinfo" if "userinfo" in documents else "id_token"), source


def _put(holder: Any, path: str, value: Any) -> None:
    """Write a value at a path; a path with a scheme in it is one name."""
    head, dot, rest = (path, "", "") if "://" in path else path.partition(".")
    if not dot:
        _set(holder, head, value)
        return
    inner = find(holder, head)
    if not isinstance(inner, (dict, list)):
        inner = [] if rest.partition(".")[0].isdecimal() else {}
        _set(holder, head, inner)
    _put(inner, rest, value)


def _set(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, list):
        while len(holder) <= int(name):
            holder.append({})
        holder[int(name)] = value
    else:
        holder[name] = value
