"""Undoing content codings, within a limit."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib
from http.client import HTTPException

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_oauth.errors import TransportError
from flask_oauth.transport.body import decode


def raw_deflate(content: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(content) + machine.flush()


COMPRESSORS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, " Deflate ": raw_deflate}


@settings(deadline=None)
@given(content=st.binary(max_size=2000), coding=st.sampled_from(sorted(COMPRESSORS)), room=st.integers(0, 50))
def test_what_was_compressed_comes_back(content, coding, room):
    assert decode(COMPRESSORS[coding](content), coding, len(content) + room) == content


@settings(deadline=None)
@given(
    content=st.binary(min_size=1, max_size=2000), coding=st.sampled_from(sorted(COMPRESSORS)), excess=st.integers(1, 50)
)
def test_N14_one_byte_more_than_allowed_is_refused(content, coding, excess):
    limit = max(len(content) - excess, 0)
    with pytest.raises(TransportError) as caught:
        decode(COMPRESSORS[coding](content), coding, limit)
    assert caught.value.code == "transport_too_large"
    assert caught.value.expected == f"at most {limit} bytes"


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "gzip, gzip", "br", "identity", "zstd, gzip"]))
def test_anything_is_decoded_or_refused(content, coding):
    with contextlib.suppress(TransportError, HTTPException):
        assert len(decode(content, coding, 1000)) <= 1000


@pytest.mark.parametrize("coding", sorted(COMPRESSORS))
def test_N14_bomb_is_not_unpacked(coding):
    bomb = COMPRESSORS[coding](bytes(100_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TransportError):
            decode(bomb, coding, 10_000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_two_codings():
    assert decode(zlib.compress(gzip.compress(b"x")), "gzip, deflate", 100) == b"x"
    assert decode(gzip.compress(b"x"), "identity, gzip", 100) == b"x"
    with pytest.raises(HTTPException, match="too many times"):
        decode(b"", "gzip, gzip, gzip", 100)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "chunked"])
def test_coding_that_was_not_asked_for(coding):
    with pytest.raises(HTTPException, match="not asked for"):
        decode(b"x", coding, 100)


def test_gzip_in_parts():
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 7) == b"one two"
    assert decode(gzip.compress(b"one") + b"\x00" * 20, "gzip", 100) == b"one"  # padding
    with pytest.raises(TransportError):
        decode(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 6)
    with pytest.raises(HTTPException, match="too many parts"):
        decode(gzip.compress(b"") * 1000, "gzip", 100)
