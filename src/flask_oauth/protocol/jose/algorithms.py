"""The algorithms of JOSE this library takes part in, as tables.

What is not in a table does not exist here, whatever joserfc can do: ``none``
in any spelling (RFC 8725 §3.2), RSA1_5 (RFC 8725 §3.2, padding oracles),
PBES2 and compression (RFC 8725 §3.6).

Sections enforced here: RFC 7518 §3.1, §3.2, §4.1, §5.1; RFC 8037 §3.1; RFC 9864 §2.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ...errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """What one ``alg`` value asks of a key.

    :param name: the registered name.
    :param key_type: the JWK ``kty``.
    :param curve: the JWK ``crv``, if the key type has curves.
    :param digest: the hash, by its :mod:`hashlib` name; also the one behind
        ``at_hash`` and its kin (OpenID Connect Core §3.1.3.6).
    """

    name: str
    key_type: str
    curve: str | None
    digest: str

    @property
    def symmetric(self) -> bool:
        return self.key_type == "oct"


def _table(*rows: tuple[str, str, str | None, str]) -> dict[str, SignatureAlgorithm]:
    return {row[0]: SignatureAlgorithm(*row) for row in rows}


SIGNATURE_ALGORITHMS: Final = _table(
    ("HS256", "oct", None, "sha256"),
    ("HS384", "oct", None, "sha384"),
    ("HS512", "oct", None, "sha512"),
    ("RS256", "RSA", None, "sha256"),
    ("RS384", "RSA", None, "sha384"),
    ("RS512", "RSA", None, "sha512"),
    ("PS256", "RSA", None, "sha256"),
    ("PS384", "RSA", None, "sha384"),
    ("PS512", "RSA", None, "sha512"),
    ("ES256", "EC", "P-256", "sha256"),
    ("ES384", "EC", "P-384", "sha384"),
    ("ES512", "EC", "P-521", "sha512"),
    ("EdDSA", "OKP", "Ed25519", "sha512"),
    ("Ed25519", "OKP", "Ed25519", "sha512"),
)

#: The algorithms that need no shared secret; what a client takes when nothing narrower was said.
ASYMMETRIC_ALGORITHMS: Final = tuple(name for name, row in SIGNATURE_ALGORITHMS.items() if not row.symmetric)

#: Key management algorithms and the key types they work with.
KEY_MANAGEMENT_ALGORITHMS: Final[dict[str, tuple[str, ...]]] = {
    "RSA-OAEP": ("RSA",),
    "RSA-OAEP-256": ("RSA",),
    "ECDH-ES": ("EC", "OKP"),
    "ECDH-ES+A128KW": ("EC", "OKP"),
    "ECDH-ES+A192KW": ("EC", "OKP"),
    "ECDH-ES+A256KW": ("EC", "OKP"),
    "A128KW": ("oct",),
    "A192KW": ("oct",),
    "A256KW": ("oct",),
    "dir": ("oct",),
}

#: Content encryption algorithms and the size of their key in bits.
CONTENT_ENCRYPTION_ALGORITHMS: Final[dict[str, int]] = {
    "A128CBC-HS256": 256,
    "A192CBC-HS384": 384,
    "A256CBC-HS512": 512,
    "A128GCM": 128,
    "A192GCM": 192,
    "A256GCM": 256,
}


def check_algorithms(names: Collection[str], known: Collection[str] = SIGNATURE_ALGORITHMS) -> tuple[str, ...]:
    """A list of algorithms as the application gave it, checked.

    :raises ConfigurationError: it is empty, one text instead of a list, or
        names an algorithm that is not in the table (``none`` never is).
    """
    wanted = () if isinstance(names, str) else tuple(names)
    foreign = [name for name in wanted if name not in known]
    if not wanted or foreign:
        raise ConfigurationError(
            f"Not a list of known algorithms: {', '.join(map(str, foreign)) or names!r}",
            code="config_algorithm",
            expected=sorted(known),
            got=names,
        )
    return wanted
