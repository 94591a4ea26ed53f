"""What is known about a remote app in one application: from the code, the configuration, the environment, the preset.

In this order: what the code says always wins.  Remote apps are made before
applications are, and may serve several, so nothing of this is kept in the remote
app for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload
from weakref import WeakKeyDictionary, ref

from flask import Flask

from ..errors import ConfigurationError
from . import members, stand_in
from .config import config_key, setting
from .presets import PLACES, filled_in, placeholders, preset_of
from .state import app_in_reach

if TYPE_CHECKING:
    from ..providers import Provider
    from .remote import Remote

T = TypeVar("T")

#: The value of :attr:`Facts.origins` for what ``remote_app()`` was given, and for what the preset fills in.
CODE: Final = "code"
PRESET: Final = "preset"


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known about a remote app.

    :param options: keywords of ``remote_app()``, under their names of 2010 where they have one.
    :param origins: where each comes from: ``code``, ``preset``, or the key it was found under.
    :param provider: the preset, its placeholders filled in.
    :param stand_in: the address of the development provider that acts for it, if one does.
    """

    options: Mapping[str, Any]
    origins: Mapping[str, str]
    provider: Provider | None = None
    stand_in: str | None = None


def find(name: str, given: Mapping[str, Any], config: Mapping[str, Any], stand_in_at: str | None = None) -> Facts:
    """Put together what is known.

    :param name: the remote app's.
    :param given: what ``remote_app()`` was given, in one spelling.
    :param config: the application's configuration; empty where there is none.
    :param stand_in_at: the address of the provider that acts for all others, in development.
    :raises ConfigurationError: there is no such preset, a placeholder of it has no value, or a value is of the wrong
        kind.
    """
    found = members.read(name, config)
    if "scope" in (given.get("request_token_params") or {}):
        found.pop("scope", None)  # the program of 2010 has said it
    known = {**{member: value for member, (value, _) in found.items()}, **given}
    for member in sorted(placeholders(name, known) - known.keys()):
        value, key = members.look_up(name, member, config)
        if value is not None:
            known[member], found[member] = str(value), (value, key)
    origins = {**{member: key for member, (_, key) in found.items()}, **dict.fromkeys(given, CODE)}
    if stand_in_at is not None:
        options = stand_in.acting_for(name, known, stand_in_at)
        return Facts(options, dict.fromkeys(options, stand_in.SETTING), None, stand_in_at)
    try:
        provider = preset_of(name, known)
    except ConfigurationError as error:
        raise _with_settings(error, name, known) from error
    options = filled_in(known, provider) if provider is not None else known
    return Facts(options, {option: origins.get(option, PRESET) for option in options}, provider)


def _with_settings(error: ConfigurationError, name: str, known: Mapping[str, Any]) -> ConfigurationError:
    """A placeholder that has no value may also be set in the configuration: say so."""
    if error.code != "config_endpoint_missing":
        return error
    keys = ", ".join(f"OAUTH_{config_key(name)}_{member.upper()}" for member in sorted(placeholders(name, known)))
    return ConfigurationError(str(error), code=error.code, hint=f"{error.hint} Or set {keys}.")


class KnownFacts:
    """What is known about one remote app, for each application that it works in.

    :param name: the remote app's.
    :param given: what ``remote_app()`` was given, in one spelling, without the credentials.
    """

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self._name = name
        self.given = given
        # With each goes the size of the configuration: while an application is being set up, settings are added.
        self._found: WeakKeyDictionary[Flask, tuple[int, Facts]] = WeakKeyDictionary()
        self._alone: Facts | None = None
        # What was asked for last, without a look into the table: every attribute of a remote app asks.
        self._last: tuple[ref[Flask] | None, int, Facts | None] = (None, -1, None)

    def check(self, remote: Remote) -> bool:
        """Look at what is known so far; only what a configuration can still bring may be missing.

        :returns: whether it is known where the server is.
        :raises ConfigurationError: see :func:`find`.
        """
        app = app_in_reach(remote.oauth)
        config = app.config if app is not None else {}
        if app is not None and setting(config, stand_in.SETTING):
            return True  # to try a program nothing needs to be complete
        try:
            facts = find(self._name, self.given, config)
        except ConfigurationError as error:
            if app is None and error.code == "config_endpoint_missing":
                return False
            raise
        return facts.provider is not None or any(facts.options.get(place) for place in PLACES)

    def in_reach(self, remote: Remote) -> Facts:
        """What is known in the application at work, or in the only one there is.

        :raises ConfigurationError: see :func:`find`.
        """
        app = app_in_reach(remote.oauth)
        if app is None:
            if self._alone is None:
                self._alone = find(self._name, self.given, {})
            return self._alone
        last_app, size, facts = self._last
        if facts is None or size != len(app.config) or last_app is None or last_app() is not app:
            facts = self._look_up(app)
            self._last = (ref(app), len(app.config), facts)
        return facts

    def _look_up(self, app: Flask) -> Facts:
        size, facts = self._found.get(app, (-1, None))
        if facts is None or size != len(app.config):
            facts = find(self._name, self.given, app.config, stand_in.address(app.config))
            self._found[app] = (len(app.config), facts)
        return facts


class Fact(Generic[T]):
    """An attribute of a remote app that says what is known, until a program assigns to it.

    :param default: the value where nothing is known.
    :param option: the keyword, if it is not the attribute's name.
    """

    def __init__(self, default: T, *, option: str | None = None) -> None:
        self._default = default
        self._option = option

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._option = self._option or name

    @overload
    def __get__(self, remote: None, owner: type) -> Fact[T]: ...
    @overload
    def __get__(self, remote: Remote, owner: type) -> T: ...
    def __get__(self, remote: Remote | None, owner: type) -> T | Fact[T]:
        if remote is None:
            return self
        if self._name in remote.__dict__:
            return remote.__dict__[self._name]  # type: ignore[no-any-return]
        value = remote._facts.options.get(self._option or self._name)
        return self._default if value is None else value

    def __set__(self, remote: Remote, value: T) -> None:
        remote.__dict__[self._name] = value

    def __delete__(self, remote: Remote) -> None:
        remote.__dict__.pop(self._name, None)
