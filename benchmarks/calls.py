"""B1, B2, B4 and B11: calls to an API."""

from __future__ import annotations

from typing import Any

from . import api_server
from .rows import rounded, timed_row
from .subjects import Bench

Row = dict[str, Any]
BARE = "urllib3 and json"


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
            slow_threads(bench, {**secure, "url": api.slow}),
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
        }
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
    times = bench.compare(
        {"ours": ("ours.bearer_per_request", api), "Flask-Dance": ("theirs.flask_dance", api)},
    )
    what = "API call, Bearer, plain HTTP, one in each request"
    return timed_row(times, id="B2", what=what, unit="ms", must=[("faster", 3.5, "Flask-Dance")])


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
    """Several threads through one remote app: milliseconds from one answer to the next."""
    numbers = (1, 4, 16)
    ours = {f"{number} threads": ("ours.bearer_in_threads", {**api, "threads": number}) for number in numbers}
    bare = {f"{BARE}, {number}": ("ours.bare_in_threads", {**api, "threads": number}) for number in numbers}
    times = bench.compare({**ours, **bare}, seconds=0.1, rounds=40)
    found = []
    for number in numbers[1:]:
        name = f"{number} threads"
        found.append(
            {
                "id": "B11",
                "what": f"{number} threads, one remote app, TLS: milliseconds an answer",
                "unit": "ms",
                "ours": rounded(times.median(name) * 1e3),
                "spread": [rounded(part * 1e3) for part in times.spread(name)],
                "peers": {"1 thread": rounded(times.median("1 threads") * 1e3)},
                "bound": rounded(times.median(f"{BARE}, {number}") * 1e3),
                "bound is": f"{BARE}, one pool",
                "ratio": rounded(times.ratio(name, f"{BARE}, {number}")),
                "faster": {"1 thread": rounded(times.ratio("1 threads", name))},
                "must": "throughput never below one thread's",
                "reached": times.ratio("1 threads", name) >= 1,
            }
        )
    return found


def slow_threads(bench: Bench, api: Row) -> Row:
    """Where the API takes its time, sixteen threads get sixteen answers in that time: nothing is held while waiting."""
    one, bare = "1 thread", f"{BARE}, 16 threads"
    times = bench.compare(
        {
            "ours": ("ours.bearer_in_threads", {**api, "threads": 16}),
            one: ("ours.bearer_in_threads", {**api, "threads": 1}),
            bare: ("ours.bare_in_threads", {**api, "threads": 16}),
        },
        seconds=0.15,
        rounds=24,
    )
    what = f"16 threads, one remote app, an API that takes {api_server.SLOW_SECONDS * 1e3:g} ms: milliseconds an answer"
    return timed_row(times, id="B11", what=what, unit="ms", bound=bare, must=[("faster", 10, one)])
