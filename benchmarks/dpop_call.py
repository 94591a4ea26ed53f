"""B12: what a DPoP call costs beside a bearer call: at most one signature more (RFC 9449)."""

from __future__ import annotations

from typing import Any

from . import api_server
from .rows import timed_row
from .subjects import Bench

BOUND = "bearer call + bare ES256 signature"


def run(bench: Bench) -> list[dict[str, Any]]:
    """The row of B12."""
    with api_server.running() as api:
        place = {"url": api.secure, "ca_certs": api.ca_certs}
        times = bench.compare(
            {
                "ours": ("ours.dpop", place),
                "bearer call": ("ours.bearer", place),
                "bare ES256 signature": ("ours.bare_es256", {}),
            }
        )
        kind = api.kind
    pairs = zip(times.rounds["bearer call"], times.rounds["bare ES256 signature"], strict=True)
    times.rounds[BOUND] = [call + signature for call, signature in pairs]
    row = timed_row(times, id="B12", what="API call, DPoP, TLS", unit="ms", bound=BOUND, must=[("ratio", 1.25, BOUND)])
    return [{**row, "server": kind}]
