"""Subjects in processes of their own, measured in rounds that take turns.

What else the machine does meets all of them alike, so ratios hold where absolute numbers do not.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS = HERE / ".venv"


class Subject:
    """A subject at work in its process.

    :param name: a function of :mod:`.ours` or of :mod:`.theirs`, which also says in which environment it runs.
    """

    def __init__(self, name: str, **options: Any) -> None:
        module, _, function = name.partition(".")
        python = sys.executable if module == "ours" else str(peers_python())
        command = [python, "-W", "ignore", str(HERE / "worker.py"), module, function]
        self._name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        self._send(json.dumps(options))
        self._ready = False

    def wait(self) -> None:
        """Wait until it is made."""
        if not self._ready:
            self._receive()
            self._ready = True

    def round(self, number: int) -> dict[str, Any]:
        """One round of so many operations."""
        self.wait()
        self._send(str(number))
        return self._receive()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # what ended it stands in its standard error
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._name} ended with status {self._process.wait()}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def environment() -> dict[str, str]:
    """This process's environment, without what would lead calls to loopback elsewhere, and with plain http for all."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.endswith(("_CA_BUNDLE", "SSL_CERT_FILE"))
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled once
    bytecode = {"PYTHONPYCACHEPREFIX": str(PEERS / "bytecode")}
    return {**kept, **bytecode, "OAUTHLIB_INSECURE_TRANSPORT": "1", "AUTHLIB_INSECURE_TRANSPORT": "1"}


def peers_python() -> Path:
    """The interpreter of the peers' environment."""
    return PEERS / "bin" / "python"


def ensure_peers() -> bool:
    """Make the peers' environment if it is not there; whether it is there now."""
    wanted = (HERE / "requirements.txt").read_text()
    ready = PEERS / "ready.txt"
    if ready.exists() and ready.read_text() == wanted:
        return True
    print("Installing the peers into an environment of their own …", file=sys.stderr)
    pip = [str(peers_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
    except subprocess.CalledProcessError as error:
        print(f"The peers cannot be installed ({error}): their rows are left out.", file=sys.stderr)
        return False
    ready.write_text(wanted)
    return True


@dataclass
class Times:
    """What some rounds of some subjects took, in seconds an operation.

    :param rounds: by name, in the order of the rounds.
    """

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        return statistics.median(self.rounds[name])

    def spread(self, name: str) -> tuple[float, float]:
        """The first and the third quartile."""
        first, _, third = statistics.quantiles(self.rounds[name], n=4)
        return first, third

    def beyond(self, base: str) -> Times:
        """The same without one of the subjects, and without what that one takes: what is added to it."""
        return Times(
            {
                name: [taken - alone for taken, alone in zip(rounds, self.rounds[base], strict=True)]
                for name, rounds in self.rounds.items()
                if name != base
            }
        )

    def ratio(self, name: str, other: str) -> float:
        """How much longer one takes than another: the median over the rounds, each compared within itself."""
        pairs = zip(self.rounds[name], self.rounds[other], strict=True)
        return statistics.median(mine / yours for mine, yours in pairs)


#: Subjects by what they are called in the results: a function of ours or theirs, and its options.
Wanted = Mapping[str, tuple[str, Mapping[str, Any]]]


@contextmanager
def at_work(wanted: Wanted) -> Iterator[dict[str, Subject]]:
    """Subjects that are started, and stopped when the block ends."""
    with ExitStack() as stack:
        started = {}
        for name, (function, options) in wanted.items():
            started[name] = Subject(function, **options)
            stack.callback(started[name].close)
        for subject in started.values():
            subject.wait()
        yield started


@dataclass(frozen=True, slots=True)
class Bench:
    """How thoroughly is measured.

    :param quick: fewer and shorter rounds: enough to see where things stand.
    :param peers: whether the peers are installed; without them only the bounds stand beside us.
    """

    quick: bool = False
    peers: bool = True

    def compare(self, wanted: Wanted, *, seconds: float = 0.05, rounds: int = 60, clock: str = "wall") -> Times:
        """Measure subjects against each other.

        :param seconds: how long a turn takes, about; half of it in a quick run.
        :param rounds: how many turns each has; a sixth of them in a quick run.
        :param clock: ``wall``, or ``cpu`` where waiting is not the point.
        """
        if self.quick:
            seconds, rounds = seconds / 2, rounds // 6
        times = Times()
        present = {name: one for name, one in wanted.items() if self.peers or not one[0].startswith("theirs.")}
        with at_work(present) as subjects:
            numbers = {name: _operations(subject, seconds) for name, subject in subjects.items()}
            for _ in range(rounds):
                for name in random.sample(list(subjects), len(subjects)):
                    times.rounds.setdefault(name, []).append(subjects[name].round(numbers[name])[clock])
        return times


def _operations(subject: Subject, seconds: float) -> int:
    """How many operations fit into a turn; asking warms the subject up."""
    subject.round(10)
    taken = min(subject.round(5)["wall"] for _ in range(3))
    return max(int(seconds / taken), 1)
