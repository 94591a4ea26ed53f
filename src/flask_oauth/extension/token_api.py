"""A remote app's API with a token that is not the signed-in user's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..protocol.token import Token
from .response import OAuthResponse
from .state import app_in_reach, state_of
from .stored_tokens import place_of, says_invalid_token
from .verbs import Verbs

if TYPE_CHECKING:
    from ..client.application_tokens import Shelf
    from .calls import ApiCalls


class TokenApi(Verbs):
    """The API with one token.

    :param remote: the remote app.
    :param token: the token.
    """

    def __init__(self, remote: ApiCalls, token: Token) -> None:
        self._remote = remote
        self.token = token

    def request(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Call the API; the arguments are those of :meth:`.OAuthRemoteApp.request`."""
        method, url, headers, body = self._remote._prepare(*args, **kwargs)
        return OAuthResponse.of(self._remote._call(method, url, headers, body, self.token))

    def __repr__(self) -> str:
        return f"<TokenApi {self._remote.name!r}>"


class ClientApi(Verbs):
    """The API for the application itself.

    :param remote: the remote app.
    :param scope: what is asked for, space separated.
    :param parameters: further parameters of the token request.
    """

    def __init__(self, remote: ApiCalls, scope: str, parameters: Mapping[str, Any]) -> None:
        self._remote = remote
        self._scope = scope
        self._parameters = parameters

    def request(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Call the API; the arguments are those of :meth:`.OAuthRemoteApp.request`.

        A token that the API refuses is replaced once.

        :raises ConfigurationError: the client does not authenticate.
        :raises ServerError: the server gave no token.
        """
        method, url, headers, body = self._remote._prepare(*args, **kwargs)
        if self._remote._is_oauth1:  # signed with the client's credentials alone: two-legged
            return OAuthResponse.of(self._remote._call(method, url, headers, body, None))
        token = self.token
        response = self._remote._call(method, url, headers, body, token)
        if response.status == 401 and says_invalid_token(response):
            response = self._remote._call(method, url, headers, body, self._get(refused=token))
        return OAuthResponse.of(response)

    @property
    def token(self) -> Token:
        """The application's own token, obtained if there is none that is good for another minute."""
        return self._get()

    def _get(self, refused: Token | None = None) -> Token:
        grants = self._remote._oauth2(required=True).grants
        name = self._name()

        def obtain() -> Token:
            return grants.client_credentials(scope=self._scope, parameters=self._parameters)

        return grants.application_tokens.get(name, obtain, shelf=self._shelf(name), refused=refused)

    def _name(self) -> str:
        """One name for one scope and one set of parameters, in any order."""
        asked = [sorted(self._scope.split()), sorted(self._parameters.items())]
        return f"client:{hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:32]}"

    def _shelf(self, name: str) -> Shelf | None:
        app = app_in_reach(self._remote.oauth)
        if app is None or state_of(app).token_store is None:
            return None
        from ..client.application_tokens import Shelf
        from ..storage import RecordKey

        keeper = state_of(app).coordinator.keeper
        return Shelf(keeper, RecordKey(self._remote.name, place_of(self._remote), "", name))

    def __repr__(self) -> str:
        return f"<ClientApi {self._remote.name!r} scope={self._scope!r}>"
