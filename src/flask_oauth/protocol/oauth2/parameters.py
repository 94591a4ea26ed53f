"""Parameters of a request: the protocol's own and those an application adds, each sent once.

Sections enforced here: RFC 6749 §3.1, §3.2 (a parameter at most once); RFC 8707 §2 (``resource`` may
be repeated); OpenID Connect Core §5.5 (``claims`` as JSON), RFC 9396 §2 (``authorization_details`` as JSON).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from ...errors import ConfigurationError

Pairs = tuple[tuple[str, str], ...]

#: Parameters that may come more than once: RFC 8707 §2, and ``audience`` of RFC 8693 §2.1.
REPEATABLE: Final = frozenset({"resource", "audience"})


def parameter_pairs(parameters: Mapping[str, Any]) -> Pairs:
    """An application's parameters as names and texts.

    ``None`` leaves a parameter out, a mapping or a list of mappings becomes
    JSON, a list of texts is joined by spaces, except for ``resource`` and
    ``audience``, which are repeated.
    """
    return tuple(
        (name, text) for name, value in parameters.items() if value is not None for text in _texts(name, value)
    )


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Mapping):
        return (_json(value),)
    if not isinstance(value, str) and isinstance(value, Iterable):
        items = list(value)
        if any(isinstance(item, Mapping) for item in items):
            return (_json(items),)
        texts = tuple(str(item) for item in items)
        return texts if name in REPEATABLE else (" ".join(texts),)
    return (str(value),)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def joined(own: Mapping[str, str | None], added: Mapping[str, Any], reserved: Collection[str] = ()) -> Pairs:
    """The protocol's own parameters with those that the application adds; where both name one, the application's wins.

    :param own: what the protocol sets; ``None`` leaves a parameter out.
    :param added: what the application adds, see :func:`parameter_pairs`.
    :param reserved: names that the application cannot change: they tie the answer to this browser and client.
    :raises ConfigurationError: a reserved parameter was given another value (``config_parameter_reserved``).
    """
    extra = parameter_pairs(added)
    names = {name for name, _ in extra}
    for name, value in extra:
        if name in reserved and own.get(name) != value:
            raise ConfigurationError(f"The parameter {name!r} cannot be given here", code="config_parameter_reserved")
    mine = tuple((name, value) for name, value in own.items() if value is not None and name not in names)
    return (*mine, *extra)
