"""Metadata and keys: kept within bounds, fetched by one thread, used when stale while the server is down (N33, A05)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from flask_oauth.client.cache import COOL_DOWN, ServerCache, Source, lifetime_of
from flask_oauth.errors import MetadataError, OAuthException, TransportError
from flask_oauth.protocol.http import Headers, HTTPRequest, HTTPResponse
from flask_oauth.testing import ScriptedTransport, json_response

ISSUER = "https://id.example"
METADATA = f"{ISSUER}/.well-known/openid-configuration"
OLD_PLACE = f"{ISSUER}/.well-known/oauth-authorization-server"
JWKS = f"{ISSUER}/jwks"
DOWN = TransportError("no answer")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport() -> ScriptedTransport:
    return ScriptedTransport()


@pytest.fixture
def cache(transport: ScriptedTransport, clock: Clock) -> ServerCache:
    return ServerCache(transport, clock=clock)


def document(control: str = "", **members: Any) -> HTTPResponse:
    headers = {"Cache-Control": control} if control else {}
    return json_response({"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token", **members}, headers=headers)


def keys(*names: str) -> HTTPResponse:
    return json_response({"keys": [{"kty": "RSA", "kid": name} for name in names]})


def fetched(transport: ScriptedTransport, url: str = METADATA) -> int:
    return len(transport.sent("GET", url))


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("", 3600),
        ("max-age=600", 600),
        ('public, max-age="600"', 600),
        ("MAX-AGE=600", 600),
        ("max-age=1", 300),
        ("max-age=0", 300),
        ("no-store", 300),
        ("no-cache, max-age=7200", 300),
        ("max-age=99999999999", 86400),
        ("max-age=-5", 3600),
        ("max-age=soon", 3600),
        ("max-age=", 3600),
        ("s-maxage=900", 3600),
    ],
)
def test_lifetime_is_the_servers_within_bounds(control: str, seconds: float) -> None:
    assert lifetime_of(HTTPResponse(200, Headers({"Cache-Control": control} if control else {}), b"")) == seconds


def test_kept_for_its_lifetime_and_then_fetched_anew(
    cache: ServerCache, transport: ScriptedTransport, clock: Clock
) -> None:
    transport.once("GET", METADATA, document("max-age=600"), document(userinfo_endpoint=f"{ISSUER}/userinfo"))
    first = cache.metadata(ISSUER)
    clock.now += 599
    assert cache.metadata(ISSUER) is first
    clock.now += 1
    assert cache.metadata(ISSUER).userinfo_endpoint is not None
    assert fetched(transport) == 2


def test_a_stale_copy_is_used_while_the_server_is_down(
    cache: ServerCache, transport: ScriptedTransport, clock: Clock
) -> None:
    transport.once("GET", METADATA, document("max-age=600"), DOWN, DOWN, document())
    first = cache.metadata(ISSUER)
    clock.now += 601
    for _ in range(5):
        assert cache.metadata(ISSUER) is first
    assert fetched(transport) == 2  # asked once in each cool-down, not at each call
    clock.now += COOL_DOWN
    assert cache.metadata(ISSUER) is first
    clock.now += COOL_DOWN
    assert cache.metadata(ISSUER) is not first
    assert fetched(transport) == 4


def test_N11_a_copy_that_was_checked_is_used_when_the_server_begins_to_lie(
    cache: ServerCache, transport: ScriptedTransport, clock: Clock
) -> None:
    transport.once("GET", METADATA, document("max-age=600"), document(issuer="https://elsewhere.example"))
    first = cache.metadata(ISSUER)
    clock.now += 601
    assert cache.metadata(ISSUER) is first


def test_no_copy_and_no_answer(cache: ServerCache, transport: ScriptedTransport, clock: Clock) -> None:
    transport.once("GET", METADATA, DOWN, document())
    with pytest.raises(TransportError):
        cache.metadata(ISSUER)
    clock.now += 1
    assert cache.metadata(ISSUER).issuer == ISSUER  # the next sign-in tries again


def test_the_second_place_is_asked_where_the_first_has_nothing(
    cache: ServerCache, transport: ScriptedTransport
) -> None:
    transport.always("GET", METADATA, json_response({}, 404))
    transport.always("GET", OLD_PLACE, document())
    assert cache.metadata(ISSUER).issuer == ISSUER


def test_N11_a_wrong_document_at_the_first_place_ends_it(cache: ServerCache, transport: ScriptedTransport) -> None:
    transport.always("GET", METADATA, document(issuer="https://elsewhere.example"))
    transport.always("GET", OLD_PLACE, document())
    with pytest.raises(MetadataError) as caught:
        cache.metadata(ISSUER)
    assert caught.value.code == "metadata_issuer"
    assert fetched(transport, OLD_PLACE) == 0


def test_N33_one_look_at_newer_keys_in_thirty_seconds(
    cache: ServerCache, transport: ScriptedTransport, clock: Clock
) -> None:
    transport.once("GET", JWKS, keys("a"), keys("b"), keys("c"))
    first = cache.keys(JWKS)
    clock.now += 5
    second = cache.keys(JWKS, newer_than=clock.now)
    assert second is not first
    for _ in range(3):
        clock.now += 5
        assert cache.keys(JWKS, newer_than=clock.now) is second
    clock.now += COOL_DOWN
    assert cache.keys(JWKS, newer_than=clock.now) is not second
    assert fetched(transport, JWKS) == 3


def test_N33_keys_that_are_newer_already_will_do(
    cache: ServerCache, transport: ScriptedTransport, clock: Clock
) -> None:
    transport.once("GET", JWKS, keys("a"), keys("b"))
    cache.keys(JWKS)
    began = clock.now + 1
    clock.now += 2
    second = cache.keys(JWKS, newer_than=began)
    assert cache.keys(JWKS, newer_than=began) is second  # another thread that saw the same old keys
    assert fetched(transport, JWKS) == 2


def test_N33_old_keys_stay_when_the_look_at_newer_ones_fails(
    cache: ServerCache, transport: ScriptedTransport, clock: Clock
) -> None:
    transport.once("GET", JWKS, keys("a"), DOWN)
    first = cache.keys(JWKS)
    clock.now += 5
    assert cache.keys(JWKS, newer_than=clock.now) is first


def test_N12_keys_are_not_fetched_from_where_a_redirect_leads(cache: ServerCache, transport: ScriptedTransport) -> None:
    for target in (
        "https://elsewhere.example/jwks",
        "http://id.example/jwks",
        "//elsewhere.example/",
        "https://id.example:8443/",
    ):
        transport.once("GET", JWKS, HTTPResponse(302, Headers({"Location": target}), b""))
        with pytest.raises(TransportError) as caught:
            ServerCache(transport).keys(JWKS)
        assert caught.value.code == "transport_redirect"
    assert {request.url for request in transport.requests} == {JWKS}


def test_N12_a_redirect_in_a_circle_ends(transport: ScriptedTransport, cache: ServerCache) -> None:
    transport.always("GET", JWKS, HTTPResponse(302, Headers({"Location": JWKS}), b""))
    with pytest.raises(TransportError):
        cache.keys(JWKS)
    assert fetched(transport, JWKS) <= 5


class Slow:
    """A transport that answers when it is let."""

    def __init__(self, answer: Callable[[], HTTPResponse]) -> None:
        self.answer = answer
        self.asked = 0
        self.arrived = threading.Event()
        self.go_on = threading.Event()

    def send(self, request: HTTPRequest) -> HTTPResponse:
        self.asked += 1
        self.arrived.set()
        assert self.go_on.wait(10)
        return self.answer()


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """What many threads get."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except OAuthException as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    return [threads, results]


def test_one_thread_fetches_and_the_others_wait_for_it(clock: Clock) -> None:
    slow = Slow(document)
    cache = ServerCache(slow, clock=clock)
    threads, results = at_once(8, lambda: cache.metadata(ISSUER))
    assert slow.arrived.wait(10)
    slow.go_on.set()
    for thread in threads:
        thread.join(10)
    assert slow.asked == 1
    assert len(results) == 8
    assert len({id(result) for result in results}) == 1


def test_a_herd_that_waited_for_one_failure_does_not_repeat_it(clock: Clock) -> None:
    def fail() -> HTTPResponse:
        raise DOWN

    slow = Slow(fail)
    cache = ServerCache(slow, clock=clock)
    threads, results = at_once(8, lambda: cache.metadata(ISSUER))
    assert slow.arrived.wait(10)
    slow.go_on.set()
    for thread in threads:
        thread.join(10)
    assert slow.asked == 1
    assert [type(result) for result in results] == [TransportError] * 8
    assert len({id(result) for result in results}) == 8  # no exception is raised in two threads


def test_with_a_stale_copy_nobody_waits(clock: Clock) -> None:
    slow = Slow(lambda: document("max-age=600"))
    slow.go_on.set()
    cache = ServerCache(slow, clock=clock)
    first = cache.metadata(ISSUER)
    clock.now += 601
    slow.arrived.clear()
    slow.go_on.clear()
    [fetching], results = at_once(1, lambda: cache.metadata(ISSUER))
    assert slow.arrived.wait(10)
    assert cache.metadata(ISSUER) is first  # while the other thread is still fetching
    slow.go_on.set()
    fetching.join(10)
    assert results[0] is not first
    assert cache.metadata(ISSUER) is results[0]
    assert slow.asked == 2


def test_servers_and_rules_are_kept_apart(cache: ServerCache, transport: ScriptedTransport) -> None:
    from flask_oauth.client.cache import Source

    transport.always("GET", METADATA, document())
    cache.metadata(ISSUER)
    guarded = cache.metadata(ISSUER, Source(public_hosts_only=True))
    assert guarded.public_hosts_only
    assert not cache.metadata(ISSUER).public_hosts_only
    assert [request.public_hosts_only for request in transport.requests] == [False, True]


def test_strangers_documents_do_not_crowd_out_the_programs_own(
    cache: ServerCache, transport: ScriptedTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_oauth.client.cache.MOST_DOCUMENTS", 4)
    transport.always("GET", METADATA, document())
    cache.metadata(ISSUER)
    for number in range(20):
        stranger = f"https://stranger-{number}.example"
        transport.always("GET", f"{stranger}/.well-known/openid-configuration", DOWN)
        with pytest.raises(OAuthException):
            cache.metadata(stranger, Source(public_hosts_only=True))
    assert len(cache._slots) == 4
    cache.metadata(ISSUER)
    assert fetched(transport) == 1


def test_a_lifetime_in_odd_digits_is_none() -> None:
    assert lifetime_of(document("max-age=²")) == lifetime_of(document())
