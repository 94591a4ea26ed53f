"""B9: validating an ID Token, every claim included, beside decoding alone and beside PyJWT."""

from __future__ import annotations

from typing import Any

from . import samples
from .rows import timed_row
from .subjects import Bench

BARE = "joserfc, decoding"
ALGORITHMS = ("RS256", "ES256", "Ed25519")
#: Nine tenths of PyJWT's time, said as how much faster we are.
FASTER = 1 / 0.9


def run(bench: Bench) -> list[dict[str, Any]]:
    """The rows of B9."""
    return [row(bench, algorithm) for algorithm in ALGORITHMS]


def row(bench: Bench, algorithm: str) -> dict[str, Any]:
    provider = {"key": samples.new_key(algorithm), "algorithm": algorithm}
    times = bench.compare(
        {
            "ours": ("ours.id_token", provider),
            BARE: ("ours.joserfc_decode", provider),
            "joserfc with claims": ("ours.joserfc_validate", provider),
            "PyJWT": ("theirs.pyjwt", provider),
        },
        seconds=0.03,
        clock="cpu",
    )
    must = [("ratio", 1.3, BARE), ("faster", round(FASTER, 3), "PyJWT")]
    return timed_row(times, id="B9", what=f"ID Token, {algorithm}", unit="µs", bound=BARE, must=must)
