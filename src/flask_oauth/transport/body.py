"""Reading an answer to its end, and no further than allowed.

What is counted is what ends up in memory: the bytes read, and after that the
bytes decompressed, each against the same limit.

Sections enforced here: RFC 9112 §6.3 (where an answer ends; one that is
incomplete or that contradicts itself is an error), RFC 9110 §8.4 (content codings).
"""

from __future__ import annotations

import zlib
from http.client import HTTPException, HTTPResponse
from typing import Final

from ..errors import TransportError
from ..protocol.http import Headers

#: The codings asked for; an answer in any other one is refused.
ACCEPT_ENCODING: Final = "gzip, deflate"

_PIECE: Final = 64 * 1024
#: More gzip members than this in one answer are an attempt to keep us busy.
_MEMBER_LIMIT: Final = 16
_CODING_LIMIT: Final = 2

_GZIP: Final = zlib.MAX_WBITS | 16
_ZLIB: Final = zlib.MAX_WBITS
_RAW_DEFLATE: Final = -zlib.MAX_WBITS


def read_body(response: HTTPResponse, headers: Headers, limit: int) -> bytes:
    """The body of an answer, decompressed.

    :param limit: bytes; a longer answer is refused.
    :raises TransportError: it is longer (``transport_too_large``).
    :raises HTTPException: it is incomplete, or cannot be decoded.
    :raises OSError: reading failed, or took too long.
    """
    _refuse_contradictions(headers)
    content = _read(response, limit)
    if content and "content-encoding" in headers:
        return decode(content, headers["content-encoding"], limit)
    return content


def decode(content: bytes, coding: str, limit: int) -> bytes:
    """Undo the content codings of an answer.

    :param coding: the value of ``Content-Encoding``.
    :param limit: bytes that may come out.
    """
    codings = [name for part in coding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(codings) > _CODING_LIMIT:
        raise HTTPException("The answer is compressed too many times")
    for name in reversed(codings):
        if name in ("gzip", "x-gzip"):
            content = _inflate(content, _GZIP, limit)
        elif name == "deflate":
            content = _inflate_either(content, limit)
        else:
            raise HTTPException("The answer is compressed in a way that was not asked for")
    return content


def too_large(limit: int) -> TransportError:
    """The error for an answer that is longer than allowed."""
    return TransportError(
        "The answer is larger than allowed", code="transport_too_large", expected=f"at most {limit} bytes"
    )


def _refuse_contradictions(headers: Headers) -> None:
    # RFC 9112 §6.3: lengths that differ, or a last transfer coding other than chunked, leave the end unknown.
    if "content-length" in headers and len({length.strip() for length in headers["content-length"].split(",")}) > 1:
        raise HTTPException("The answer states two lengths")
    if "transfer-encoding" in headers and headers["transfer-encoding"].strip().lower() != "chunked":
        raise HTTPException("The answer uses a transfer coding that is not known")


def _read(response: HTTPResponse, limit: int) -> bytes:
    length = response.length
    if length is None:
        return _read_pieces(response, limit)
    if length > limit:
        raise too_large(limit)
    return response.read()  # raises IncompleteRead when the connection ends before


def _read_pieces(response: HTTPResponse, limit: int) -> bytes:
    """Read an answer that does not say how long it is."""
    pieces: list[bytes] = []
    total = 0
    while piece := response.read(_PIECE):
        total += len(piece)
        if total > limit:
            raise too_large(limit)
        pieces.append(piece)
    return b"".join(pieces)


def _inflate_either(content: bytes, limit: int) -> bytes:
    # RFC 9110 §8.4.1.2: "deflate" is the zlib format, and some servers leave its wrapper off.
    try:
        return _inflate(content, _ZLIB, limit)
    except HTTPException:
        return _inflate(content, _RAW_DEFLATE, limit)


def _inflate(content: bytes, window: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    room = limit
    for _ in range(_MEMBER_LIMIT):
        piece, content = _inflate_member(content, window, room)
        pieces.append(piece)
        room -= len(piece)
        if room < 0:
            raise too_large(limit)
        # A gzip file may consist of several; anything else that trails is padding.
        if window != _GZIP or not content.startswith(b"\x1f\x8b"):
            return b"".join(pieces)
    raise HTTPException("The answer is compressed in too many parts")


def _inflate_member(content: bytes, window: int, room: int) -> tuple[bytes, bytes]:
    machine = zlib.decompressobj(window)
    try:
        piece = machine.decompress(content, room + 1)  # one more than allowed tells a bomb from a full house
    except zlib.error as error:
        raise HTTPException("The answer cannot be decompressed") from error
    if not machine.eof and len(piece) <= room:
        raise HTTPException("The compressed answer ends too early")
    return piece, machine.unused_data
