"""Every error of Flask-OAuth, one tree, split by whose fault it is.

========================= =====================================================
:class:`ConfigurationError` ours: a setting or a call of the application is wrong
:class:`InvalidResponseError` theirs: the provider's answer breaks a rule
:class:`AccessDenied`      the user's answer: they said no
:class:`TransportError`    the wire: no answer came, or not all of it
========================= =====================================================

All are :class:`OAuthException`, as in 2010.  No error ever holds a token, a
code, a verifier or a secret: what is put into ``expected``, ``got`` or
``data`` may be logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .error_codes import ErrorCode


class OAuthException(RuntimeError):
    """Raised when something about OAuth goes wrong.

    ``str()`` of it is the message, one line.  The hint and the evidence are
    attributes and notes (:meth:`BaseException.add_note`), so a traceback shows
    them and a page that prints ``str(error)`` does not.

    :param message: what happened, one line.
    :param type: the kind of failure as in 2010, for example
        ``'invalid_response'``, ``'token_missing'``.
    :param data: what the provider sent, parsed; ``None`` if there is none.
    :param code: a stable code, documented in ``docs/errors.md``.
    :param hint: what to do about it; by default the cure documented for the code.
    :param expected: what a right answer would have held.
    :param got: what was seen.
    """

    message: str
    type: str | None
    data: Any
    code: ErrorCode
    hint: str
    expected: object
    got: object

    default_type: str | None = None
    default_code: ErrorCode = "oauth_error"

    def __init__(
        self,
        message: str,
        type: str | None = None,
        data: Any = None,
        *,
        code: ErrorCode | None = None,
        hint: str | None = None,
        expected: object = None,
        got: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type if type is not None else self.default_type
        self.data = data
        self.code = code or self.default_code
        self.hint = hint if hint is not None else _cure(self.code)
        self.expected = expected
        self.got = got
        self.add_note(f"code: {self.code}")
        if expected is not None:
            self.add_note(f"expected: {expected}")
        if got is not None:
            self.add_note(f"got: {got}")
        if self.hint:
            self.add_note(f"hint: {self.hint}")

    def __str__(self) -> str:
        return " ".join(str(self.message).split())


def _cure(code: ErrorCode) -> str:
    from .error_codes import EXPLANATIONS  # a long table, loaded when the first thing goes wrong

    return EXPLANATIONS[code].cure


class ConfigurationError(OAuthException):
    """A setting, or the way a method was called, is wrong; the application's to mend."""

    default_type = "configuration"
    default_code: ErrorCode = "configuration"


class DuplicateRemoteAppError(ConfigurationError, AssertionError):
    """A remote app of that name is registered already.  An ``AssertionError`` too, as in 2010."""

    default_code: ErrorCode = "config_duplicate_remote_app"


class InvalidResponseError(OAuthException):
    """The provider's answer breaks a rule of its protocol, or is not one at all."""

    default_type = "invalid_response"
    default_code: ErrorCode = "response_invalid"


class MetadataError(InvalidResponseError):
    """The server metadata or the JWK Set cannot be used."""

    default_code: ErrorCode = "metadata_invalid"


class AuthorizationResponseError(InvalidResponseError):
    """The answer that came back through the browser does not belong to a sign-in of this browser."""

    default_code: ErrorCode = "authorization_response_invalid"


class TokenResponseError(InvalidResponseError):
    """The token endpoint's answer is not a token and not a proper error either."""

    default_code: ErrorCode = "token_response_invalid"


class IDTokenError(InvalidResponseError):
    """An ID Token, or another JWT of the provider, does not hold."""

    default_code: ErrorCode = "id_token_invalid"


class UserinfoError(InvalidResponseError):
    """The userinfo answer does not hold, or speaks of another person."""

    default_code: ErrorCode = "userinfo_invalid"


class LogoutTokenError(InvalidResponseError):
    """A logout token does not hold."""

    default_code: ErrorCode = "logout_token_invalid"


class ServerError(InvalidResponseError):
    """The provider answered with an OAuth error (RFC 6749 §4.1.2.1, §5.2).

    :ivar error: the registered error, for example ``invalid_grant``.
    :ivar error_description: the provider's words, never to be shown unescaped.
    :ivar error_uri: a page about it, never to be shown as a link.
    """

    default_code: ErrorCode = "server_error"

    def __init__(
        self,
        message: str,
        type: str | None = None,
        data: Any = None,
        *,
        error: str = "",
        error_description: str | None = None,
        error_uri: str | None = None,
        code: ErrorCode | None = None,
        hint: str | None = None,
        expected: object = None,
        got: object = None,
    ) -> None:
        super().__init__(message, type, data, code=code, hint=hint, expected=expected, got=got)
        self.error = error
        self.error_description = error_description
        self.error_uri = error_uri


class AccessDenied(OAuthException):
    """The user said no at the provider.  An outcome, not a failure."""

    default_type = "access_denied"
    default_code: ErrorCode = "access_denied"


class TransportError(OAuthException, OSError):
    """No answer came, or not all of it.  An :class:`OSError` too, so old handlers of socket errors still work."""

    default_type = "transport"
    default_code: ErrorCode = "transport_failed"


class SignInRequired(OAuthException):
    """The page needs a signed-in user, or one who signed in more strictly."""

    default_type = "sign_in_required"
    default_code: ErrorCode = "sign_in_required"


class AccountLinkError(OAuthException):
    """Two accounts cannot be linked, or a link cannot be undone."""

    default_type = "account_link"
    default_code: ErrorCode = "account_linked_elsewhere"


class TokenMissing(OAuthException):
    """A call needs a token and there is none."""

    default_type = "token_missing"
    default_code: ErrorCode = "token_missing"


class ReauthorizationRequired(TokenMissing):
    """The stored token is spent and cannot be refreshed: the user must sign in again."""

    default_code: ErrorCode = "token_expired"


class StoreError(OAuthException):
    """The token store did not answer, or what it holds cannot be opened."""

    default_type = "store"
    default_code: ErrorCode = "store_failed"


class RefreshFailed(OAuthException):
    """The token could not be refreshed just now; the refresh token is kept, so a later call may succeed.

    The reason is the exception's ``__cause__``.
    """

    default_type = "refresh_failed"
    default_code: ErrorCode = "refresh_failed"
