"""base64url and JSON as JOSE wants them: one spelling for each value, everything else refused.

Sections enforced here: RFC 7515 §2 (base64url without padding, line breaks or
other characters), §5.2 step 3 to 5 and §10.12 (unique member names), RFC 8259 §8.1.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any, Final

from ...errors import InvalidResponseError
from ..http import json_object

# "+", "/" and "=" belong to the other base64: they become a character that no alphabet has.
_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING: Final = (b"", None, b"==", b"=")
# The last character of a group of two or three carries 4 or 2 bits that must be zero,
# or one signature would have sixteen spellings.
_LAST: Final = (frozenset(range(128)), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))

_encode_json: Final = json.JSONEncoder(separators=(",", ":")).encode


def b64url_encode(data: bytes) -> bytes:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")


def b64url_decode(segment: bytes) -> bytes:
    """The bytes that a segment stands for.

    :raises ValueError: it is not the base64url form of any bytes.
    """
    if not segment:
        return b""
    over = len(segment) & 3
    padding = _PADDING[over]
    if padding is None or segment[-1] not in _LAST[over]:
        raise ValueError("not base64url")
    return a2b_base64(segment.translate(_TO_STANDARD) + padding, strict_mode=True)


def encode_json(value: Mapping[str, Any]) -> bytes:
    """A JSON object as base64url, the form in which JOSE sends it."""
    return b64url_encode(_encode_json(value).encode("ascii"))


def decode_json(content: bytes) -> dict[str, Any]:
    """The JSON object in a header or payload, each of its members named once.

    :raises ValueError: it is not one; not UTF-8, not an object, or a member named twice.
    """
    try:
        return json_object(content.decode("utf-8"))
    except InvalidResponseError as error:
        raise ValueError(error.message) from error
