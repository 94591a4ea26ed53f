"""What a misbehaviour is: one change to one thing that the provider says, and the refusal that must follow.

The things that can be changed, in the order in which they are said:

========================== ====================================================================
``metadata``               the members of the metadata document, before they are sent
``metadata_answer``        the whole answer
``par`` ``par_answer``     likewise for pushed authorization requests
``authorization``          the parameters that go back through the browser
``delivery``               how they go: ``query``, ``fragment`` or ``form_post``
``front_claims``           the claims of the ID Token beside the code (hybrid flow)
``front_sign``             that ID Token itself, made from its claims
``jarm_claims``            the claims of a signed authorization response
``jarm_sign``              that response itself
``jarm``                   the parameters that go back through the browser with it
``token_nonce``            the nonce that a DPoP proof must hold at the token endpoint; ``None`` for any
``token`` ``token_answer`` the members of the token answer, and the whole answer
``claims`` ``sign``        the claims of the ID Token beside the access token, and the ID Token
``encrypt``                the encrypted ID Token, made from the signed one
``jwks`` ``jwks_answer``   the JWK Set, and the whole answer
``userinfo``               the claims of the userinfo answer
``userinfo_sign``          the signed userinfo answer, made from its claims
``userinfo_encrypt``       the encrypted one, made from the signed one
``userinfo_answer``        the whole answer
``refresh`` ``refresh_answer`` ``refresh_claims`` ``refresh_sign``  as for ``token``, when a refresh token was used
``resource_nonce``         the nonce that a DPoP proof must hold at userinfo and the API
``challenge``              what ``WWW-Authenticate`` says there
``signed_out``             the parameters with which the browser comes back from signing out
``logout_claims`` ``logout_sign``  the claims of a logout token, and the token
``webfinger`` ``webfinger_answer`` ``registration`` ``registration_answer`` ``management``  likewise
========================== ====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ...error_codes import ErrorCode
from ...errors import (
    AuthorizationResponseError,
    IDTokenError,
    InvalidResponseError,
    LogoutTokenError,
    MetadataError,
    OAuthException,
    TokenResponseError,
    UserinfoError,
)

if TYPE_CHECKING:
    from .flow import Flow
    from .keys import Keys
    from .provider import MisbehavingProvider


@dataclass(frozen=True, slots=True)
class Scene:
    """What a change may look at.

    :param provider: the provider.
    :param flow: the sign-in this is about; ``None`` for documents that are the same for all.
    :param now: seconds since the epoch.
    """

    provider: MisbehavingProvider
    flow: Flow | None
    now: int

    @property
    def keys(self) -> Keys:
        """The provider's keys."""
        return self.provider.keys

    @property
    def sign_in(self) -> Flow:
        """The sign-in, where there is one."""
        assert self.flow is not None
        return self.flow


#: From what an honest provider would say to what is said instead.
Change = Callable[[Any, Scene], Any]

#: The stages of a sign-in in which an application notices, and the endpoints that were asked by then.
ASKED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "login": ("metadata",),
    "callback": ("metadata", "authorization"),
    "front": ("metadata", "authorization", "jwks"),
    "token": ("metadata", "authorization", "token"),
    "id_token": ("metadata", "authorization", "token", "jwks"),
    "hybrid": ("metadata", "authorization", "jwks", "token"),
    "userinfo": ("metadata", "authorization", "token", "jwks", "userinfo"),
    "refresh": ("metadata", "authorization", "token", "jwks", "token"),
    "par": ("metadata", "par"),
    "jarm": ("metadata", "authorization", "jwks"),
    "token_twice": ("metadata", "authorization", "token", "token"),
    "webfinger": ("webfinger",),
    "registration": ("metadata", "registration"),
}

_NOTICED: Final = {
    "metadata": "login",
    "authorization": "callback",
    "delivery": "callback",
    "token": "token",
    "claims": "id_token",
    "sign": "id_token",
    "encrypt": "id_token",
    "jwks": "id_token",
    "userinfo": "userinfo",
    "refresh": "refresh",
    "logout": "logout",
    "signed": "signed_out",
    "par": "par",
    "jarm": "jarm",
    "resource": "userinfo",
    "webfinger": "webfinger",
    "registration": "registration",
}
_ERRORS: Final[Mapping[str, type[OAuthException]]] = {
    "metadata": MetadataError,
    "authorization": AuthorizationResponseError,
    "delivery": AuthorizationResponseError,
    "front": IDTokenError,
    "token": TokenResponseError,
    "claims": IDTokenError,
    "sign": IDTokenError,
    "encrypt": IDTokenError,
    "jwks": IDTokenError,
    "userinfo": UserinfoError,
    "refresh": IDTokenError,
    "logout": LogoutTokenError,
    "par": InvalidResponseError,
    "jarm": AuthorizationResponseError,
    "webfinger": MetadataError,
    "registration": InvalidResponseError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """One wrong thing (or, with ``code`` ``None``, one odd thing that is right) that the provider can do.

    :param name: what it is called.
    :param case: the id of the rule it breaks, ``N01`` to ``N56``; ``A01`` to ``A13`` for what must be accepted.
    :param meaning: one line.
    :param code: the code of the error that an application must get; ``None`` if it must accept.
    :param error: the class of that error.  At a refresh it is the cause of :class:`~flask_oauth.errors.RefreshFailed`,
        but for :class:`~flask_oauth.errors.ReauthorizationRequired`.
    :param noticed: when: a key of :data:`ASKED_BY`, or ``logout`` or ``signed_out``.
    :param changes: what is said differently.
    :param agreed: what client and provider must have agreed on for it to matter, as keywords of ``remote_app()``.
    :param ask: parameters of ``authorize()`` without which it does not matter.
    :param second: only a second sign-in of one process shows it, as the first fills the caches.
    """

    name: str
    case: str
    meaning: str
    code: ErrorCode | None
    error: type[OAuthException] | None
    noticed: str
    changes: Mapping[str, Change]
    agreed: Mapping[str, Any] = field(default_factory=dict)
    ask: Mapping[str, Any] = field(default_factory=dict)
    second: bool = False

    @property
    def accepted(self) -> bool:
        """Whether an application must accept it."""
        return self.code is None

    @property
    def asked(self) -> tuple[str, ...]:
        """The endpoints that may have been asked when it is refused, the last of them included."""
        names = ASKED_BY.get(self.noticed, ())
        # A client that is registered for the client secret needs no keys.
        symmetric = str(self.agreed.get("id_token_signed_response_alg")).startswith("HS")
        return tuple(name for name in names if not (symmetric and name == "jwks"))

    def __str__(self) -> str:
        return f"{self.case}-{self.name}"


def case(
    name: str,
    case: str,
    meaning: str,
    code: ErrorCode | None,
    *,
    error: type[OAuthException] | None = None,
    noticed: str | None = None,
    agreed: Mapping[str, Any] | None = None,
    ask: Mapping[str, Any] | None = None,
    second: bool = False,
    **changes: Change,
) -> Misbehaviour:
    """A row of the table; class and time of the error follow from what is changed first, unless they are given."""
    stage = next(iter(changes)).partition("_")[0]
    return Misbehaviour(
        name=name,
        case=case,
        meaning=meaning,
        code=code,
        error=None if code is None else error or _ERRORS[stage],
        noticed=noticed or _NOTICED[stage],
        changes=changes,
        agreed=agreed or {},
        ask=ask or {},
        second=second,
    )


# -- changes --------------------------------------------------------------------------------------------------


def put(**members: Any) -> Change:
    """Other or further members; a callable is given the scene."""

    def change(value: Any, scene: Scene) -> Any:
        return {**value, **{name: item(scene) if callable(item) else item for name, item in members.items()}}

    return change


def member(name: str, value: Any) -> Change:
    """One other or further member."""
    return put(**{name: value})


def drop(*names: str) -> Change:
    """Without some members."""
    return lambda value, scene: {name: item for name, item in value.items() if name not in names}


def later(seconds: float) -> Callable[[Scene], float]:
    """A time so many seconds from now; negative ones are past."""
    return lambda scene: scene.now + seconds


def parameters(**members: Any) -> Change:
    """Authorization response parameters with other values; ``None`` leaves one out."""

    def change(pairs: Any, scene: Scene) -> Any:
        values = {name: item(scene) if callable(item) else item for name, item in members.items()}
        changed = {**dict(pairs), **values}
        return [(name, value) for name, value in changed.items() if value is not None]

    return change


def only(**members: str) -> Change:
    """Nothing but these parameters, and the state."""
    return lambda pairs, scene: [*members.items(), *((name, value) for name, value in pairs if name == "state")]


def again(name: str, value: str | None = None) -> Change:
    """One parameter a second time; with its own value unless another is given."""
    return lambda pairs, scene: [*pairs, (name, dict(pairs)[name] if value is None else value)]
