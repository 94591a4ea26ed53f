"""B5, B6 and the memory of B10: whole sign-ins at a provider within the process."""

from __future__ import annotations

from typing import Any

from . import samples
from .rows import rounded, timed_row
from .subjects import Bench, Subject

Row = dict[str, Any]
FLASK, BARE = "Flask alone", "one token verified"
#: Bytes of one cookie of a pending sign-in, and how many of them there may be.
COOKIE_BYTES, MOST_COOKIES = 600, 8
GROWTH_KIB = 1024


def run(bench: Bench) -> list[Row]:
    """The rows of B5 and B6."""
    provider = {"key": samples.new_key("RS256"), "algorithm": "RS256"}
    return [time_of_sign_in(bench, provider), *cookies(bench, provider)]


def time_of_sign_in(bench: Bench, provider: Row) -> Row:
    """What a library adds to two requests that Flask would answer anyway with two redirects."""
    whole = bench.compare(
        {
            "ours": ("ours.sign_in", provider),
            BARE: ("ours.bare_sign_in", provider),
            "Authlib": ("theirs.authlib_sign_in", provider),
            FLASK: ("ours.flask_alone", provider),
        },
        clock="cpu",
    )
    must = [("faster", 2, "Authlib")]
    what = "sign-in with ID Token: processor time that the library adds to Flask's own"
    with_flask = {name: rounded(whole.median(name) * 1e3) for name in whole.rounds}
    return timed_row(
        whole.beyond(FLASK), id="B5", what=what, unit="ms", bound=BARE, must=must, **{"with Flask": with_flask}
    )


def cookies(bench: Bench, provider: Row) -> list[Row]:
    ours = _cookies_of("ours.abandoned_sign_ins", provider)
    theirs = _cookies_of("theirs.authlib_abandoned_sign_ins", provider) if bench.peers else {}
    return [_cookie_row(number, ours[number], theirs.get(number)) for number in ours]


def _cookies_of(function: str, provider: Row) -> dict[int, dict[str, int]]:
    subject = Subject(function, **provider)
    try:
        return {number: subject.round(number) for number in (1, 20)}
    finally:
        subject.close()


def _cookie_row(number: int, ours: dict[str, int], theirs: dict[str, int] | None) -> Row:
    flows = [size for name, size in ours.items() if name != "session"]
    return {
        "id": "B6",
        "what": f"cookies after {number} abandoned sign-in{'s' if number > 1 else ''}",
        "unit": "bytes",
        "ours": sum(ours.values()),
        "each": max(flows),
        "cookies": len(flows),
        "session cookie": ours.get("session", 0),
        "peers": {} if theirs is None else {"Authlib": sum(theirs.values())},
        "bound": None,
        "ratio": None,
        "must": f"≤ {COOKIE_BYTES} bytes each, at most {MOST_COOKIES}, session cookie unchanged",
        "reached": max(flows) <= COOKIE_BYTES and len(flows) == min(number, MOST_COOKIES) and "session" not in ours,
    }


def memory(bench: Bench) -> Row:
    """What sign-ins leave behind in memory."""
    warm_up, number = (200, 800) if bench.quick else (2_000, 10_000)
    subject = Subject("ours.memory", key=samples.new_key("ES256"), algorithm="ES256")
    try:
        before = subject.round(warm_up)["resident"]
        after = subject.round(number)["resident"]
    finally:
        subject.close()
    return {
        "id": "B10",
        "what": f"memory that {number:,} sign-ins leave behind, after a warm-up of {warm_up:,}",
        "unit": "KiB",
        "ours": after - before,
        "peers": {},
        "bound": None,
        "ratio": None,
        "resident": after,
        "must": f"≤ {GROWTH_KIB} KiB",
        "reached": after - before <= GROWTH_KIB,
    }
