"""Work on behalf of a user outside of their request: in a Celery or RQ task, or a script."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..protocol.token import Token
from . import stored_tokens
from .response import OAuthResponse
from .state import current_state
from .verbs import Verbs

if TYPE_CHECKING:
    from .calls import ApiCalls


class UserApi(Verbs):
    """A remote app's API with the stored token of one user.  Used as a context manager.

    :param remote: the remote app.
    :param owner: the user, as the tokens were saved for.
    :param label: which of several accounts.
    """

    def __init__(self, remote: ApiCalls, owner: Any, label: str = "") -> None:
        self._remote = remote
        self._owner = owner
        self._label = label
        self._contexts = ExitStack()

    def __enter__(self) -> UserApi:
        self._contexts.enter_context(stored_tokens.application_context(self._remote))
        if current_state().token_store is None:
            self._contexts.close()
            raise ConfigurationError(
                "Work for a user outside of their request needs a token store",
                code="config_store_url",
                hint='Set app.config["OAUTH_TOKEN_STORE"], for example to "sqlite:///tokens.db".',
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._contexts.close()

    def request(self, *args: Any, **kwargs: Any) -> OAuthResponse:
        """Call the API with the user's token; the arguments are those of :meth:`.OAuthRemoteApp.request`.

        :raises TokenMissing: the user has none.
        :raises ReauthorizationRequired: it is spent; the user must sign in again.
        """
        method, url, headers, body = self._remote._prepare(*args, **kwargs)
        key = stored_tokens.record_key(self._remote, self._owner, self._label)
        return OAuthResponse.of(stored_tokens.call_with_stored_token(self._remote, key, method, url, headers, body))

    @property
    def token(self) -> Token | None:
        """The token as it is kept, not refreshed."""
        return stored_tokens.load(self._remote, self._owner, self._label)

    def __repr__(self) -> str:
        return f"<UserApi {self._remote.name!r}>"
