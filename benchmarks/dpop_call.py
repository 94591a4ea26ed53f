"""B12: what a DPoP call costs beside a bearer call: at most one signature more (RFC 9449).

The bound is a bearer call and a bare signature, one after the other: a signature in a loop of its own takes a third of
what it takes between two calls, when its tables have left the processor's cache.
"""

from __future__ import annotations

from typing import Any

from . import api_server
from .rows import timed_row
from .subjects import Bench

BOUND = "bearer call and bare ES256 signature"


def run(bench: Bench) -> list[dict[str, Any]]:
    """The row of B12."""
    with api_server.running() as api:
        place = {"url": api.secure, "ca_certs": api.ca_certs}
        times = bench.compare(
            {
                "ours": ("ours.dpop", place),
                BOUND: ("ours.bearer_and_signature", place),
                "bearer call": ("ours.bearer", place),
                "bare ES256 signature": ("ours.bare_es256", {}),
            }
        )
        kind = api.kind
    must = [("ratio", 1.25, BOUND)]
    row = timed_row(times, id="B12", what="API call, DPoP, TLS", unit="ms", bound=BOUND, must=must)
    return [{**row, "server": kind}]
