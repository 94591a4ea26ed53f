"""The server's public keys: chosen by key id, checked for their purpose, parsed at first use and then held.

When a signed JWT names no key, it is accepted if exactly one key of the set
fits, and refused as ambiguous if several do: OpenID Connect Core §10.1 makes
``kid`` a MUST then, and trying key after key would hide a server's mistake.

Sections enforced here: RFC 7517 §4.5, §5, §9.3; OpenID Connect Core §10.1, §10.2; RFC 8725 §3.1, §3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...errors import IDTokenError, MetadataError
from .algorithms import SIGNATURE_ALGORITHMS
from .fitness import ENCRYPT, PUBLIC_MEMBERS, VERIFY, Purpose, unfit
from .private_keys import import_members

if TYPE_CHECKING:
    from joserfc.jwk import Key

#: The most keys one JWK Set may have.
KEYS_LIMIT: Final = 256

#: Takes the signing input and the signature; says whether they belong together.
Verifier = Callable[[bytes, bytes], bool]


@dataclass(frozen=True, slots=True, repr=False)
class PublicKey:
    """One key of a JWK Set, not parsed yet.

    :param members: its members as they were sent.
    """

    members: Mapping[str, Any]

    @property
    def kid(self) -> object:
        return self.members.get("kid")

    def parsed(self) -> Key:
        """The key as joserfc holds it; only its public members count.

        :raises ValueError: it is no key.
        """
        return import_members(self.members, PUBLIC_MEMBERS[self.members["kty"]])

    def __repr__(self) -> str:
        return f"<PublicKey {self.members.get('kty')} kid={self.kid!r}>"


class KeySet:
    """A JWK Set (RFC 7517 §5).  Never changes; what it has parsed it keeps.

    :param keys: its keys.
    """

    __slots__ = ("_keys", "_verifiers")

    def __init__(self, keys: tuple[PublicKey, ...] = ()) -> None:
        self._keys = keys
        self._verifiers: dict[tuple[str | None, str], Verifier] = {}

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any]) -> KeySet:
        """The keys of a JWK Set document.

        Keys of unknown types are kept out of the way, not refused (RFC 7517 §5).

        :raises MetadataError: it has no list of keys, or an unreasonable number of them.
        """
        keys = document.get("keys")
        if not isinstance(keys, list) or len(keys) > KEYS_LIMIT:
            raise MetadataError(
                "The JWK Set has no proper list of keys", code="jwks_invalid", expected=f"at most {KEYS_LIMIT} keys"
            )
        return cls(tuple(PublicKey(key) for key in keys if isinstance(key, dict)))

    def candidates(self, header: Mapping[str, Any], algorithm: str, purpose: Purpose = VERIFY) -> tuple[PublicKey, ...]:
        """The keys that fit a JOSE header and an algorithm.

        :param header: a JOSE header, of which only ``kid`` counts: ``jwk``,
            ``jku``, ``x5u`` and ``x5c`` say what the sender says (RFC 8725 §3.10).
        """
        return tuple(key for key in self._named(header.get("kid")) if not unfit(key.members, algorithm, purpose))

    def verifier(self, kid: str | None, algorithm: str) -> Verifier:
        """What verifies a signature by the key of that name.

        :raises IDTokenError: ``id_token_key_unknown`` (fetching the keys again
            may help), ``id_token_key_ambiguous``, ``id_token_key_weak`` (too
            small, of another kind, or for another use).
        """
        verifier = self._verifiers.get((kid, algorithm))
        if verifier is None:
            verifier = self._verifiers[(kid, algorithm)] = _verifier(self._choose(kid, algorithm), algorithm)
        return verifier

    def encryption_key(self, algorithm: str) -> PublicKey:
        """The first key that something may be encrypted to.

        :raises MetadataError: there is none.
        """
        keys = self.candidates({}, algorithm, ENCRYPT)
        if not keys:
            raise MetadataError(
                f"The server publishes no key to encrypt to with {algorithm}", code="jwks_invalid", got=repr(self)
            )
        return keys[0]

    def _named(self, kid: object) -> tuple[PublicKey, ...]:
        return self._keys if kid is None else tuple(key for key in self._keys if key.kid == kid)

    def _choose(self, kid: str | None, algorithm: str) -> PublicKey:
        fit = self.candidates({"kid": kid}, algorithm)
        if len(fit) == 1:
            return fit[0]
        named = self._named(kid)
        expected = f"a key for {algorithm}" if kid is None else f"a key for {algorithm} with kid {kid[:80]!r}"
        if fit:
            raise IDTokenError(
                "The JWT does not say which of several keys signed it",
                code="id_token_key_ambiguous",
                expected=expected,
                got=f"{len(fit)} keys",
            )
        reasons = {reason for key in named if (reason := unfit(key.members, algorithm, VERIFY))}
        if kid is None or not named:
            raise IDTokenError(
                "No key of the server fits the JWT",
                code="id_token_key_unknown",
                expected=expected,
                got="; ".join(sorted(reasons)) or repr(self),
            )
        raise _weak("; ".join(sorted(reasons)), expected)

    def __repr__(self) -> str:
        return f"<KeySet {', '.join(str(key.kid)[:80] for key in self._keys)}>"


def _verifier(key: PublicKey, algorithm: str) -> Verifier:
    from joserfc.jws import JWSRegistry

    try:
        native = key.parsed()
    except ValueError as error:
        raise _weak(str(error), f"a key for {algorithm}") from None
    model = JWSRegistry.algorithms[SIGNATURE_ALGORITHMS[algorithm].name]

    def verify(signing_input: bytes, signature: bytes) -> bool:
        return model.verify(signing_input, signature, native)

    return verify


def _weak(reason: str, expected: str) -> IDTokenError:
    return IDTokenError(f"The key {reason}", code="id_token_key_weak", expected=expected, got=reason)
