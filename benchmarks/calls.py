"""B1, B2, B4 and B11: calls to an API."""

from __future__ import annotations

from typing import Any

from . import api_server
from .rows import rounded, timed_row
from .subjects import Bench, Times

Row = dict[str, Any]
BARE = "urllib3 and json"
THREADS = (1, 4, 16)


def run(bench: Bench) -> list[Row]:
    """The rows of B1, B2, B4 and B11."""
    with api_server.running() as api:
        secure = {"url": api.secure, "ca_certs": api.ca_certs}
        plain = {**secure, "url": api.plain}
        found = [
            bearer(bench, secure),
            turbo(bench, secure),
            without_tls(bench, plain),
            per_request(bench, plain),
            oauth1(bench, secure),
            *threads(bench, secure),
            *slow_threads(bench, {**secure, "url": api.slow}),
        ]
    return [{**row, "server": api.kind} for row in found]


def bearer(bench: Bench, api: Row) -> Row:
    times = bench.compare(
        {
            "ours": ("ours.bearer", api),
            BARE: ("ours.bare_urllib3", api),
            "Authlib": ("theirs.authlib", api),
            "Flask-Dance": ("theirs.flask_dance", api),
            "requests-oauthlib": ("theirs.requests_oauthlib", api),
            "httpx": ("theirs.httpx", api),
            "pyreqwest": ("theirs.pyreqwest", api),
        }
    )
    must = [("faster", 7, "Authlib"), ("ratio", 1.3, BARE)]
    return timed_row(times, id="B1", what="API call, Bearer, TLS", unit="ms", bound=BARE, must=must)


def turbo(bench: Bench, api: Row) -> Row:
    default = "the default transport"
    times = bench.compare(
        {
            "ours": ("ours.turbo", api),
            default: ("ours.bearer", api),
            "pyreqwest": ("theirs.pyreqwest", api),
        },
        seconds=0.1,
    )
    bound = "pyreqwest" if bench.peers else None
    what = "API call, Bearer, TLS, over the extra [turbo]"
    return timed_row(times, id="B1", what=what, unit="ms", bound=bound, must=[("ratio", 0.75, default)])


def without_tls(bench: Bench, api: Row) -> Row:
    times = bench.compare(
        {
            "ours": ("ours.bearer", api),
            BARE: ("ours.bare_urllib3", api),
            "Authlib": ("theirs.authlib", api),
            "requests-oauthlib": ("theirs.requests_oauthlib", api),
            "httpx": ("theirs.httpx", api),
            "pyreqwest": ("theirs.pyreqwest", api),
        }
    )
    must = [("faster", 2.4, "Authlib")]
    return timed_row(times, id="B2", what="API call, Bearer, plain HTTP", unit="ms", bound=BARE, must=must)


def per_request(bench: Bench, api: Row) -> Row:
    """Flask-Dance keeps its session for one request, so each call has a request of its own."""
    flask = "Flask alone"
    whole = bench.compare(
        {
            "ours": ("ours.bearer_per_request", api),
            "Flask-Dance": ("theirs.flask_dance", api),
            flask: ("ours.flask_request", api),
        }
    )
    what = "API call, Bearer, plain HTTP, the only one of its request: what it adds to the request"
    must = [("faster", 3.5, "Flask-Dance")]
    with_flask = {name: rounded(whole.median(name) * 1e3) for name in whole.rounds}
    return timed_row(whole.beyond(flask), id="B2", what=what, unit="ms", must=must, **{"with Flask": with_flask})


def oauth1(bench: Bench, api: Row) -> Row:
    times = bench.compare(
        {
            "ours": ("ours.oauth1", api),
            BARE: ("ours.bare_urllib3", api),
            "Authlib": ("theirs.authlib_oauth1", api),
            "requests-oauthlib": ("theirs.requests_oauthlib_oauth1", api),
        }
    )
    must = [("faster", 7, "Authlib")]
    return timed_row(times, id="B4", what="API call, OAuth 1.0a, TLS", unit="ms", bound=BARE, must=must)


def threads(bench: Bench, api: Row) -> list[Row]:
    """An API that answers at once: the threads share one processor's worth of Python, so the lock decides.

    No thread may cost more than it does in a bare pool.
    """
    ours = {f"{number} threads": ("ours.bearer_in_threads", {**api, "threads": number}) for number in THREADS}
    bare = {f"{BARE}, {number}": ("ours.bare_in_threads", {**api, "threads": number}) for number in THREADS}
    times = bench.compare({**ours, **bare}, seconds=0.15, rounds=40)
    return [_shares(times, number) for number in THREADS[1:]]


def _shares(times: Times, number: int) -> Row:
    name, bare = f"{number} threads", f"{BARE}, {number}"
    kept, bound = times.ratio("1 threads", name), times.ratio(f"{BARE}, 1", bare)
    return {
        "id": "B11",
        "what": f"{number} threads, an API that answers at once: throughput, of one thread's",
        "unit": "×",
        "ours": rounded(kept),
        "peers": {},
        "bound": rounded(bound),
        "bound is": f"one pool of {BARE}, under the same interpreter lock",
        "ratio": rounded(kept / bound),
        "milliseconds an answer": {one: rounded(times.median(one) * 1e3) for one in ("1 threads", name, bare)},
        "must": "what the bare pool keeps, or more",
        "reached": kept >= min(1, bound),
    }


def slow_threads(bench: Bench, api: Row) -> list[Row]:
    """An API that takes its time, as APIs do: nothing is held while waiting, so the answers come side by side."""
    ours = {f"{number} threads": ("ours.bearer_in_threads", {**api, "threads": number}) for number in THREADS}
    bare = {f"{BARE}, {number}": ("ours.bare_in_threads", {**api, "threads": number}) for number in THREADS[1:]}
    times = bench.compare({**ours, **bare}, seconds=0.15, rounds=24)
    return [_multiple(times, number) for number in THREADS[1:]]


def _multiple(times: Times, number: int) -> Row:
    name, bare, seconds = f"{number} threads", f"{BARE}, {number}", api_server.SLOW_SECONDS
    multiple = times.ratio("1 threads", name)
    return {
        "id": "B11",
        "what": f"{number} threads, an API that takes {seconds * 1e3:g} ms: throughput, of one thread's",
        "unit": "×",
        "ours": rounded(multiple),
        "peers": {},
        "bound": rounded(times.ratio("1 threads", bare)),
        "bound is": f"one pool of {BARE}",
        "ratio": rounded(times.ratio(bare, name)),
        "milliseconds an answer": {one: rounded(times.median(one) * 1e3) for one in ("1 threads", name, bare)},
        "must": f"≥ {number * 0.6:g} ×: nothing is held while an answer is awaited",
        "reached": multiple >= number * 0.6,
    }
