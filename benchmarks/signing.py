"""B3: how long one OAuth 1.0a signature takes, HMAC-SHA1, for a request with a query and a form."""

from __future__ import annotations

from typing import Any

from .rows import timed_row
from .subjects import Bench

BARE = "the bare arithmetic"
#: What is allowed where the bare arithmetic takes 14 µs.
ALLOWED = 25 / 14


def run(bench: Bench) -> list[dict[str, Any]]:
    """The row of B3."""
    times = bench.compare(
        {
            "ours": ("ours.signature", {}),
            BARE: ("ours.bare_signature", {}),
            "oauthlib": ("theirs.oauthlib_signature", {}),
            "Authlib": ("theirs.authlib_signature", {}),
        },
        seconds=0.03,
        clock="cpu",
    )
    must = [("ratio", round(ALLOWED, 2), BARE), ("faster", 4.5, "oauthlib"), ("faster", 4.5, "Authlib")]
    what = "OAuth 1.0a signature, HMAC-SHA1, query and form"
    return [timed_row(times, id="B3", what=what, unit="µs", bound=BARE, must=must)]
