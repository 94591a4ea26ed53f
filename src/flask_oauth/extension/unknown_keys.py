"""Keys that look like settings of ours and are none: misspelt ones, and those of other libraries.

Other extensions may use the prefix ``OAUTH_`` too, so none of this is an error:
a key that comes near one of ours is warned about at ``init_app``, and
``flask oauth doctor`` lists them all.
"""

from __future__ import annotations

import difflib
import functools
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..providers import get, names
from . import members
from .config import SETTING_NAMES, config_key

#: What other libraries call a client id and a client secret, behind the provider's name.
FOREIGN_ENDINGS: Final = {
    "OAUTH_CLIENT_ID": "CLIENT_ID",
    "OAUTH_CLIENT_SECRET": "CLIENT_SECRET",
    "CLIENT_ID": "CLIENT_ID",
    "CLIENT_SECRET": "CLIENT_SECRET",
    "CONSUMER_KEY": "CLIENT_ID",
    "CONSUMER_SECRET": "CLIENT_SECRET",
    "ACCESS_TOKEN_URL": "TOKEN_ENDPOINT",
    "AUTHORIZE_URL": "AUTHORIZATION_ENDPOINT",
    "API_BASE_URL": "API_BASE_URL",
    "SERVER_METADATA_URL": "DISCOVERY_URL",
}
#: Settings of other extensions, and ours that does the same.
FOREIGN_SETTINGS: Final = {
    "OAUTHLIB_INSECURE_TRANSPORT": "allow_http_hosts=[…], for one remote app; this machine needs nothing",
    "OAUTHLIB_RELAX_TOKEN_SCOPE": "nothing: a scope that differs is kept as it was granted",
    "OIDC_CLIENT_SECRETS": "OAUTH_<NAME>_ISSUER, OAUTH_<NAME>_CLIENT_ID and OAUTH_<NAME>_CLIENT_SECRET",
    "OVERWRITE_REDIRECT_URI": "OAUTH_EXTERNAL_URL",
    "OIDC_OVERWRITE_REDIRECT_URI": "OAUTH_EXTERNAL_URL",
}


class UnknownKey(NamedTuple):
    """A key that nobody reads.

    :param key: as it is in the configuration or the environment.
    :param meant: what was probably meant; empty if nothing comes near.
    """

    key: str
    meant: str


def unknown_keys(config: Mapping[str, Any], remote_apps: Collection[str]) -> Iterator[UnknownKey]:
    """Keys with our prefix that are neither a setting nor a keyword of any remote app.

    :param remote_apps: names of the remote apps, for what was meant.
    """
    for key in sorted(config):
        if key.startswith("OAUTH_") and key not in SETTING_NAMES and not _may_be_of_a_remote_app(key):
            yield UnknownKey(key, _nearest(key, remote_apps))
    nested = config.get("OAUTH")
    for name, group in sorted(nested.items()) if isinstance(nested, Mapping) else ():
        known = [*members.kinds(), *(spelling.lower() for spelling in members.spellings()), *_placeholders()]
        for member in group if isinstance(group, Mapping) else ():
            if member not in known:
                near = difflib.get_close_matches(str(member), known, 1)
                yield UnknownKey(f"OAUTH[{name!r}][{member!r}]", f"OAUTH[{name!r}][{near[0]!r}]" if near else "")


def orphans(keys: Collection[str], remote_apps: Collection[str]) -> Iterator[UnknownKey]:
    """Keys that would be a remote app's, if there were one of that name."""
    prefixes = {f"OAUTH_{config_key(name)}_": name for name in remote_apps}
    for key in sorted(keys):
        if not key.startswith("OAUTH_") or key in SETTING_NAMES or key.startswith(tuple(prefixes)):
            continue
        ending = _ending(key)
        if ending:
            name = key.removeprefix("OAUTH_").removesuffix(f"_{ending}")
            near = difflib.get_close_matches(name, [config_key(other) for other in remote_apps], 1, 0.7)
            yield UnknownKey(key, f"OAUTH_{near[0]}_{ending}" if near else "")


def foreign_keys(keys: Collection[str], remote_apps: Collection[str]) -> Iterator[UnknownKey]:
    """Keys of other libraries that say what one of ours would say, and ours is not there."""
    for key in sorted(keys):
        if key in FOREIGN_SETTINGS:
            yield UnknownKey(key, FOREIGN_SETTINGS[key])
    for name in remote_apps:
        for ending, ours in FOREIGN_ENDINGS.items():
            key, wanted = f"{config_key(name)}_{ending}", f"OAUTH_{config_key(name)}_{ours}"
            if key in keys and wanted not in keys:
                yield UnknownKey(key, wanted)


def warn_about_misspelt(config: Mapping[str, Any], remote_apps: Collection[str]) -> None:
    """Warn about each key that comes near one of ours."""
    for key, meant in unknown_keys(config, remote_apps):
        if meant:
            warnings.warn(f"{key} is not a setting of Flask-OAuth. Did you mean {meant}?", stacklevel=4)


def _may_be_of_a_remote_app(key: str) -> bool:
    return bool(_ending(key))


def _ending(key: str) -> str:
    """The keyword that a key ends in, if a name stands before it."""
    rest = key.removeprefix("OAUTH_")
    return _longest(rest, members.spellings()) or _longest(rest, (name.upper() for name in _placeholders()))


def _longest(text: str, endings: Iterable[str]) -> str:
    # The longest counts: OAUTH_GITHUB_CLIENT_ID, not a remote app named GITHUB_CLIENT with an ID.
    return max((ending for ending in endings if text.endswith(f"_{ending}")), key=len, default="")


@functools.cache
def _placeholders() -> frozenset[str]:
    """Every preset's; they are loaded for it, so this is asked last."""
    return frozenset(placeholder for name in names() for placeholder in get(name).parameters)


def _nearest(key: str, remote_apps: Collection[str]) -> str:
    known = [*SETTING_NAMES, *(f"OAUTH_{config_key(n)}_{s}" for n in remote_apps for s in members.spellings())]
    near = difflib.get_close_matches(key, known, 1, 0.8)
    if near:
        return near[0]
    parts = re.sub(r"^OAUTH_", "", key).split("_")
    for at in range(1, len(parts)):
        ending = difflib.get_close_matches("_".join(parts[at:]), list(members.spellings()), 1, 0.8)
        if ending:
            return f"OAUTH_{'_'.join(parts[:at])}_{ending[0]}"
    return ""
