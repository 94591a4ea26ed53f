"""Providers that we did not write: the npm package oidc-provider in a node process, driven over HTTP.

:class:`Counterparties` is the process (see ``provider.mjs``), :class:`Counterparty` one provider in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: The oldest major version of node that oidc-provider starts on.
OLDEST_NODE = 20


class UnavailableError(Exception):
    """This machine cannot run the counterparty; the message says why."""


class Counterparties:
    """The node process with the providers; ends with the ``with`` block.

    :param certificate: the server's, for https.
    :param key: its private key.
    :param authority: the certificate of whoever signs client certificates; all three are paths of PEM files.
    """

    def __init__(self, certificate: str, key: str, authority: str) -> None:
        self._environment = {"INTEROP_CERTIFICATE": certificate, "INTEROP_KEY": key, "INTEROP_CA": authority}
        self._made = 0

    def __enter__(self) -> Counterparties:
        node = installed()
        self._words = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [node, str(HERE / "provider.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env={**os.environ, **self._environment},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.__exit__()
            raise RuntimeError(f"provider.mjs did not start:\n{self.said}")
        self.addresses: dict[str, str] = json.loads(line)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.terminate()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()
        self._words.seek(0)
        self.said = self._words.read().decode("utf-8", "replace")
        self._words.close()

    def provider(self, **settings: Any) -> Counterparty:
        """A provider of its own; see ``provider.mjs`` for its settings."""
        self._made += 1
        return Counterparty(f"{self.addresses['http']}/admin/p{self._made}", settings)


class Counterparty:
    """One provider.

    :param admin: where the test tells it things.
    :param settings: oidc-provider's configuration, and more; see ``provider.mjs``.
    """

    def __init__(self, admin: str, settings: dict[str, Any]) -> None:
        self._admin = admin
        self._settings = settings
        self.issuer: str = self.change()["issuer"]

    def change(self, **settings: Any) -> Any:
        """Restart it with other settings and the state it has: new keys, for example."""
        self._settings.update(settings)
        return self._send("PUT", self._admin, self._settings)

    def log(self, event: str = "grant.success") -> list[dict[str, Any]]:
        """What it did, by event."""
        return [line for line in self._send("GET", f"{self._admin}/log") if line["event"] == event]

    def grants(self) -> list[str]:
        """The grant types of all token answers so far."""
        return [line["grant_type"] for line in self.log()]

    def person_says(self, word: str) -> None:
        """Answer the newest CIBA request: ``yes`` or ``no``."""
        self._send("POST", f"{self._admin}/ciba", {"say": word})

    def forget(self, kind: str) -> None:
        """Drop everything it keeps of one kind: ``AccessToken``, ``Session``, …"""
        self._send("POST", f"{self._admin}/forget", {"kind": kind})

    @staticmethod
    def _send(method: str, url: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(url, data, method=method), timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(error.read().decode().replace("\\n", "\n")) from None


def installed() -> str:
    """The node program, with oidc-provider in place; fetched by npm if it is not there.

    :raises UnavailableError: node or npm is missing or too old, or the package cannot be had.
    """
    node = shutil.which("node")
    if node is None:
        raise UnavailableError("node is not installed")
    version = _run(node, "--version").strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise UnavailableError(f"node is {version}; oidc-provider needs {OLDEST_NODE} or newer")
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["oidc-provider"]
    if _version_in_place() != wanted:
        _install(wanted)
    return node


def _install(wanted: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError("npm is not installed")
    with _lock():
        if _version_in_place() != wanted:
            _run(npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent", "--fetch-retries=1")
    if _version_in_place() != wanted:
        raise UnavailableError(f"npm has not put oidc-provider {wanted} in place")


def _version_in_place() -> str | None:
    try:
        return str(json.loads((HERE / "node_modules/oidc-provider/package.json").read_text())["version"])
    except (OSError, ValueError):
        return None


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or error
        raise UnavailableError(f"{Path(command[0]).name} {command[1]} failed: {str(said)[-300:]}") from error
    return done.stdout


@contextmanager
def _lock() -> Iterator[None]:
    """One installation at a time, whichever process of a test run comes first."""
    import fcntl  # not on Windows

    with (HERE / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
