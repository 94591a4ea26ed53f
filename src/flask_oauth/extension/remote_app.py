"""A remote application: send a user there, take the answer, call its API.

The methods and attributes of 2010 keep their names and their meaning; under
them stand today's protocols (:mod:`flask_oauth.client`).
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from flask import has_request_context, redirect, request, session
from werkzeug.wrappers import Response

from ..errors import AccessDenied, AuthorizationResponseError, ConfigurationError, OAuthException, TokenMissing
from ..protocol.token import Token
from . import sign_in, signals, stored_tokens
from .answers import TokenAnswer, as_token
from .facts import KnownFacts
from .grants import Grants
from .options import TodaysOptions, one_spelling
from .presets import placeholders, wanted_preset
from .remote import token_method
from .response import add_query
from .state import request_state

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..client.profile import Profile
    from ..client.sign_in import SignIn
    from ..client.transaction import Transaction
    from ..transport import Transport
    from .oauth import OAuth

R = TypeVar("R")

#: Methods that programs of 2010 override; where one is, the session keys of 2010 are kept as well.
OVERRIDABLE = (
    "authorize",
    "handle_oauth1_response",
    "handle_oauth2_response",
    "handle_unknown_response",
    "generate_request_token",
    "get_request_token",
)


def _answer_as_sent(token: Token) -> dict[str, Any]:
    from ..protocol.oauth1.credentials import answer_as_sent

    return answer_as_sent(token)


class RequestToken(NamedTuple):
    """A token as the client of 2010 took it.

    :param key: the token.
    :param secret: its secret.
    """

    key: str
    secret: str

    def __repr__(self) -> str:
        return "<RequestToken>"


class OAuthRemoteApp(Grants):
    """A remote application.

    :param oauth: the registry; may be ``None``.
    :param name: how it is called in configuration keys and URLs.
    :param base_url: every relative URL is joined with it.
    :param request_token_url: OAuth 1.0a: where temporary credentials come from. Without it the app speaks OAuth 2.
    :param access_token_url: where tokens come from.
    :param authorize_url: where the user is sent.
    :param consumer_key: the client id; without it ``OAUTH_<NAME>_CLIENT_ID`` is read when it is first needed.
    :param consumer_secret: the client secret; likewise ``OAUTH_<NAME>_CLIENT_SECRET``.
    :param request_token_params: further parameters of the request for temporary credentials (OAuth 1.0a) or of the
        authorization request (OAuth 2); read at each :meth:`authorize`, never changed.
    :param access_token_params: further parameters of the token request.
    :param access_token_method: ``POST`` unless ``GET`` is asked for.
    :param transport: sends requests instead of the process's own transport.
    :param options: today's names, see :class:`~flask_oauth.extension.options.TodaysOptions`.
    :raises ConfigurationError: an option is unknown, or two that mean the same are given.
    :raises OAuthException: ``access_token_method`` is neither GET nor POST.
    """

    def __init__(
        self,
        oauth: OAuth | None,
        name: str,
        base_url: str | None = None,
        request_token_url: str | None = None,
        access_token_url: str | None = None,
        authorize_url: str | None = None,
        consumer_key: str | bytes | None = None,
        consumer_secret: str | bytes | None = None,
        request_token_params: Mapping[str, Any] | None = None,
        access_token_params: Mapping[str, Any] | None = None,
        access_token_method: str | None = None,
        *,
        transport: Transport | None = None,
        **options: Unpack[TodaysOptions],
    ) -> None:
        given: dict[str, Any] = {
            "base_url": base_url,
            "request_token_url": request_token_url,
            "access_token_url": access_token_url,
            "authorize_url": authorize_url,
            "consumer_key": consumer_key,
            "consumer_secret": consumer_secret,
            "request_token_params": request_token_params,
            "access_token_params": access_token_params,
            "access_token_method": access_token_method,
            **options,
        }
        given = one_spelling(given, name, others=placeholders(name, given))
        self.oauth = oauth
        self.name = name
        self._consumer_key = given.pop("consumer_key", None)
        self._consumer_secret = given.pop("consumer_secret", None)
        self.request_token_params: Mapping[str, Any] = given.get("request_token_params") or {}
        self.access_token_params: Mapping[str, Any] = given.get("access_token_params") or {}
        if "access_token_method" in given:
            given["access_token_method"] = token_method(given["access_token_method"])
        self._known = KnownFacts(name, given)
        self._known.check(self)
        self.tokengetter_func = None
        self.tokensetter_func = None
        self._transport = transport
        self._made = None

    @property
    def title(self) -> str:
        """What visitors call the provider: ``title=``, the preset's title, or the name."""
        own = self._options.get("title")
        # The one it is for, also while the development provider acts for it.
        preset = self._provider or wanted_preset(self.name, self._known.given)
        return str(own or (preset.title if preset else self.name.replace("_", " ").capitalize()))

    @property
    def signs_in(self) -> bool:
        """Whether it is known how its provider says who signed in."""
        return bool(self._provider or self.issuer or self._options.get("userinfo_endpoint"))

    # -- sign-in ----------------------------------------------------------------------------------------------

    def authorize(self, callback: str | None = None, *, state: str | None = None, **parameters: Any) -> Response:
        """Send the user to the provider.

        :param callback: where they come back to: a URL of this application whose view is decorated with
            :meth:`authorized_handler` or calls :meth:`authorized_response`.  A relative one is made absolute.
            OAuth 1.0a without one is out of band: the provider shows a PIN.
        :param state: a state of the application's own; by default an unpredictable one is made.
        :param parameters: further parameters of the authorization URL: ``prompt``, ``login_hint``, ``max_age``,
            ``claims``, ``resource``, ``authorization_details``, …; ``scope`` instead of the remote app's own;
            ``acr`` for authentication contexts, one of which is then demanded of the ID Token.
        :returns: a redirect (302) whose ``Location`` may still be changed.
        :raises ConfigurationError: an endpoint or a credential is missing.
        :raises OAuthException: the provider gave no temporary credentials (``type='token_generation_failed'``).
        """
        nested = parameters.pop("params", None)
        further = {**nested, **parameters} if isinstance(nested, Mapping) else parameters
        if self._is_oauth1:
            token = self.generate_request_token(callback)[0]
            own = sign_in.preset_parameters(self)
            url = add_query(self._endpoint(self.authorize_url) or "", {"oauth_token": token, **own, **further})
        else:
            url = sign_in.begin_oauth2(self, callback, further, state=state)
        return redirect(url, 302)

    def authorized_handler(self, f: Callable[..., R]) -> Callable[..., R]:
        """Make a function the view of the callback.

        It is passed the answer first: a mapping with everything the provider sent, or ``None`` if the user said no.
        The temporary credentials are gone by then.

        :raises OAuthException: raised within the view's request when the answer does not hold.
        """

        @functools.wraps(f)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            sign_in.guard_callback()
            landed_at = sign_in.landing(self)
            if landed_at is not None:
                return redirect(landed_at, 302)
            try:
                data = self._handle_response()
            finally:
                self.free_request_token()  # a failure leaves no credentials behind either
            return f(data, *args, **kwargs)

        return decorated

    def authorized_response(self) -> TokenAnswer:
        """Take the answer, in a view without decorator.

        The token is kept for the user of this request (see :meth:`save_token`), unless there is a tokengetter.

        :returns: everything the provider sent, with ``.token`` and ``.claims``.
        :raises AccessDenied: the user said no.
        :raises OAuthException: the answer does not hold; nothing of it is kept.
        """
        answer = self._complete()
        if answer.token is not None:
            stored_tokens.remember(self, answer.token)
            signals.send(signals.token_issued, remote_app=self.name, token=answer.token)
        return answer

    def _complete(self) -> TokenAnswer:
        return self._answer_of(self._finish())

    def _finish(self) -> SignIn:
        """Take the answer, whatever protocol it is of; refuse everything that does not hold."""
        sign_in.guard_callback()
        try:
            transaction = sign_in.take(self)
            if self._is_oauth1:
                from ..client.sign_in import SignIn

                token = self._token_of_oauth1(transaction)
                return SignIn(token, _answer_as_sent(token))
            client = self._oauth2(required=True)
            response = client.receive(sign_in.answer_parameters(), transaction)
            answer = client.exchange(response, transaction, **self.access_token_params)
            return client.accept(answer, response, transaction)
        finally:
            self.free_request_token()

    def _profile(self, result: SignIn) -> Profile:
        """Who signed in, by the standard claims."""
        return self._oauth1().profile(result.token) if self._is_oauth1 else self._oauth2().profile(result)

    def userinfo(self, token: Any = None, *, subject: str | None = None) -> dict[str, Any]:
        """What the provider's userinfo endpoint says about the person who signed in.

        :param token: in any shape that a tokengetter may return; by default the token of a call.
        :param subject: ``sub`` of their ID Token; by default that of the sign-in this request completes, of the
            token's own ID Token, or of whoever is signed in here.
        :returns: the claims; ``sub`` is the person who signed in.
        :raises UserinfoError: the answer speaks of another person, or is not in the form that is registered.
        :raises ConfigurationError: it is not known who signed in, so the answer could be about anybody.
        """
        held = self._token_for_userinfo(token)
        if self.issuer is not None:
            subject = subject or self._subject_of(held)
        return self._oauth2().userinfo(held, subject)

    def sourced_claims(self, claims: Mapping[str, Any], *, trusted: Collection[str]) -> dict[str, Any]:
        """The claims that others vouch for: aggregated and distributed claims (OpenID Connect Core §5.6.2).

        :param claims: what :meth:`userinfo` returned, or the claims of an ID Token.
        :param trusted: issuers whom the application believes about a person; what others say is left out.
        :returns: the claims that each trusted source was named for, verified with that issuer's own keys.
        :raises IDTokenError: what a trusted issuer is said to have signed does not hold.
        :raises TransportError: a distributed source does not answer.
        """
        return self._oauth2().sourced_claims(claims, trusted)

    def _token_for_userinfo(self, token: Any) -> Token:
        value = as_token(token, now=time.time())
        if value is not None:
            return value
        if self._keeps_tokens():
            return stored_tokens.coordinator().fresh(stored_tokens.record_key(self), self._refresh)
        value = self._token_of_program(None)
        if value is None:
            raise TokenMissing("No token available")
        return value

    def _subject_of(self, token: Token) -> str:
        """Who signed in; OpenID Connect Core §5.3.2 forbids to use userinfo without comparing."""
        completed = request_state().subjects.get(self.name) if has_request_context() else None
        if completed is not None:
            return completed
        if token.id_token:
            return str(self._oauth2().openid.claims_of(token.id_token)["sub"])
        raise ConfigurationError(
            "It is not known who signed in, so the userinfo answer cannot be compared",
            code="userinfo_subject",
            hint="Give subject=, the sub of the ID Token, or a token that still has its ID Token.",
        )

    def _handle_response(self) -> Any:
        """The three handlers that programs override, called by what came."""
        if sign_in.answer_value("oauth_verifier"):
            return self.handle_oauth1_response()
        if sign_in.answer_value("code") is not None:
            return self.handle_oauth2_response()
        if sign_in.answer_value("response") is not None and not self._is_oauth1:
            with contextlib.suppress(AccessDenied):  # it is within the signed answer that the user said no
                return self.handle_oauth2_response()
            return None
        named = self._is_oauth1 and sign_in.answer_value("oauth_token")
        if named and not sign_in.answer_value("denied") and not sign_in.answer_value("oauth_problem"):
            return self.handle_oauth1_response()
        return self.handle_unknown_response()

    def handle_oauth1_response(self) -> Any:
        """Handle an OAuth 1.0a answer.  What it returns is passed to the view.

        :raises OAuthException: the answer does not hold.
        """
        return self._complete_oauth1()

    def handle_oauth2_response(self) -> Any:
        """Handle an OAuth 2 answer.  What it returns is passed to the view.

        As in 2010 a 200 answer with an ``error`` member is passed on, for the view to look at.

        :raises OAuthException: the answer does not hold.
        """
        transaction = self._take()
        client = self._oauth2(required=True)
        response = client.receive(sign_in.answer_parameters(), transaction)
        answer = client.exchange(response, transaction, **self.access_token_params)
        if answer.get("error") and client.settings.lenient:
            return TokenAnswer(answer)
        return self._answer_of(client.accept(answer, response, transaction))

    def handle_unknown_response(self) -> Any:
        """Handle an answer without code and verifier, which usually means that the user said no; returns ``None``.

        A sign-in is ended by it only if the answer carries its state: an error that anybody can write into a link
        is not trusted.
        """
        try:
            sign_in.take(self)
        except (AuthorizationResponseError, ConfigurationError):
            return None
        return None

    def _complete_oauth1(self) -> TokenAnswer:
        token = self._token_of_oauth1(sign_in.take(self))
        return TokenAnswer(_answer_as_sent(token), token)

    def _token_of_oauth1(self, transaction: Transaction) -> Token:
        return self._oauth1().complete(sign_in.answer_parameters(), transaction, dict(self.access_token_params))

    def _answer_of(self, result: SignIn) -> TokenAnswer:
        claims: Mapping[str, Any] = {}
        if result.id_token is not None:
            claims = result.id_token.claims
            request_state().subjects[self.name] = result.id_token.subject
        return TokenAnswer(result.answer, result.token, claims, result.parameters)

    def _take(self) -> Transaction:
        try:
            return sign_in.take(self)
        except AuthorizationResponseError as error:
            if type(self).authorize is OAuthRemoteApp.authorize or not error.code.startswith("state_"):
                raise
            raise AuthorizationResponseError(
                f"This sign-in was not begun by Flask-OAuth: {type(self).__name__} overrides authorize()",
                code="state_foreign",
            ) from error

    # -- temporary credentials, by the names of 2010 ----------------------------------------------------------

    def generate_request_token(self, callback: str | None = None) -> tuple[str, str]:
        """Ask for temporary credentials and keep the pending sign-in in this browser.

        :returns: token and secret.
        :raises OAuthException: there are none (``type='token_generation_failed'``).
        """
        _, transaction = sign_in.begin_oauth1(self, callback)
        return transaction.key, transaction.token_secret

    def get_request_token(self, token: Any = None) -> Any:
        """The token that a call is signed with: that of the sign-in being completed, or the tokengetter's.

        :returns: an object with ``key`` and ``secret``.
        :raises OAuthException: there is none (``type='token_missing'``).
        """
        transaction = self._completing()
        if transaction is not None:
            return RequestToken(transaction.key, transaction.token_secret)
        value = as_token(self._ask_tokengetter(token), now=time.time())
        if value is None and has_request_context():
            value = as_token(session.get(f"{self.name}_oauthtok"), now=time.time())
        if value is None:
            raise TokenMissing("No token available")
        return RequestToken(value.access_token, value.token_secret)

    def free_request_token(self) -> None:
        """Forget the temporary credentials of the sign-in that this request completes."""
        if has_request_context():
            if request_state().answering.get(self.name) is None and self._speaks_2010():
                # A handler of the program's own has used the sign-in without taking it.
                with contextlib.suppress(OAuthException):
                    sign_in.take(self)
            sign_in.forget(self)

    def _completing(self) -> Transaction | None:
        """The OAuth 1.0a sign-in whose answer this request brings, if it does."""
        if not (self._is_oauth1 and has_request_context() and request.args.get("oauth_verifier")):
            return None
        try:
            return sign_in.find(self)
        except AuthorizationResponseError:
            return None

    def _speaks_2010(self) -> bool:
        """Whether a subclass replaces a step of the sign-in, and so may look for the session keys of 2010."""
        return any(getattr(type(self), name) is not getattr(OAuthRemoteApp, name) for name in OVERRIDABLE)
