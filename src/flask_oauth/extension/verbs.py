"""The shortcuts of an API client: one method for each HTTP method."""

from __future__ import annotations

from typing import Any

from .response import OAuthResponse


class Verbs:
    """``get``, ``post``, ``put``, ``patch``, ``delete``, ``head``, ``options``: each is ``request`` with its method."""

    def request(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Call the API."""
        raise NotImplementedError

    def get(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send a GET; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "GET"})

    def post(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send a POST; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "POST"})

    def put(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send a PUT; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "PUT"})

    def delete(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send a DELETE; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "DELETE"})

    def patch(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send a PATCH; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "PATCH"})

    def head(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send a HEAD; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "HEAD"})

    def options(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Send an OPTIONS; see :meth:`request`."""
        return self.request(*args, **{**kwargs, "method": "OPTIONS"})
