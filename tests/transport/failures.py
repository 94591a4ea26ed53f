"""The error of a request, and what may not be in it."""

from __future__ import annotations

import pytest

from flask_oauth.errors import TransportError
from flask_oauth.protocol.http import HTTPRequest
from flask_oauth.transport import Transport

SECRET = "s3cret-in-the-query"


def failure(transport: Transport, request: HTTPRequest) -> TransportError:
    """The error of a request, looked over for what may not be in it."""
    with pytest.raises(TransportError) as caught:
        transport.send(request)
    error = caught.value
    assert isinstance(error, OSError)
    shown = [str(error), repr(error), str(error.expected), str(error.got), *error.__notes__]
    assert SECRET not in " ".join(shown)
    return error
