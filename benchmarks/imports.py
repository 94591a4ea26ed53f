"""B10: what importing costs on top of Flask, in a fresh interpreter each time."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

from .rows import timed_row
from .sign_ins import memory
from .subjects import HERE, Bench, Times, environment, peers_python

#: By what it is called in the results: which environment has it, and the line that a program begins with.
LINES = {
    "ours": ("ours", "from flask_oauth import OAuth"),
    "Authlib": ("theirs", "from authlib.integrations.flask_client import OAuth"),
    "Flask-Dance": ("theirs", "from flask_dance.consumer import OAuth2ConsumerBlueprint"),
    "urllib3": ("ours", "import urllib3"),
    "joserfc": ("ours", "from joserfc import jwt"),
}

_SCRIPT = """
import flask, sys, time
sys.path.insert(0, sys.argv[2])
from worker import resident_kib
before = resident_kib()
began = time.process_time()
exec(sys.argv[1])
print(time.process_time() - began, resident_kib() - before)
"""


def run(bench: Bench) -> list[dict[str, Any]]:
    """The rows of B10."""
    return [import_row(bench), memory(bench)]


def import_row(bench: Bench) -> dict[str, Any]:
    times, kib = Times(), []
    lines = {name: one for name, one in LINES.items() if bench.peers or one[0] == "ours"}
    for _ in range(5 if bench.quick else 25):
        for name in random.sample(list(lines), len(lines)):
            seconds, grown = _import(*lines[name])
            times.rounds.setdefault(name, []).append(seconds)
            if name == "ours":
                kib.append(grown)
    must = [("at most", 40, "ours")]
    more = {"memory": f"{sorted(kib)[len(kib) // 2]} KiB"}
    return timed_row(times, id="B10", what="import on top of Flask", unit="ms", must=must, **more)


def _import(side: str, line: str) -> tuple[float, int]:
    python = sys.executable if side == "ours" else str(peers_python())
    command = [python, "-W", "ignore", "-c", _SCRIPT, line, str(HERE)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout.split()
    return float(said[0]), int(said[1])
