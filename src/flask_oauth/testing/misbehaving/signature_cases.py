"""How an ID Token may be wrongly signed or encrypted: N26 to N33, N36; and what is odd and right (A04, A05)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from ...protocol.jose import DecryptionKey, SigningKey
from .cases import Change, Misbehaviour, Scene, case, put
from .id_tokens import sealed
from .keys import (
    WeakKey,
    by_hand,
    der_signature,
    encrypted,
    new_client_key,
    new_key,
    public_pem,
    published,
    spoilt,
    unsigned,
    with_header,
    with_hmac,
    with_payload_of,
)

ES256: Final = {"id_token_signed_response_alg": "ES256"}
HS256: Final = {"id_token_signed_response_alg": "HS256"}
ENCRYPTED: Final = {"id_token_encrypted_response_alg": "RSA-OAEP-256"}
#: A symmetric key that the provider publishes, as no provider should.
PUBLISHED_SECRET: Final = {"kty": "oct", "kid": "oct-1", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ"}


@cache
def _weak() -> WeakKey:
    return WeakKey()


@cache
def _strange_client_key() -> DecryptionKey:
    return new_client_key()


@cache
def _another(algorithm: str) -> SigningKey:
    return new_key(algorithm, f"another-{algorithm}")


def _unsigned(algorithm: str) -> Change:
    return lambda claims, scene: unsigned(claims, algorithm)


def _header(**members: Any) -> Change:
    """A right signature under a header with further or other members."""
    return lambda claims, scene: with_header(scene.keys.rsa, claims, **_told(members, scene))


def _strangers(**members: Any) -> Change:
    """The signature of a stranger's key under the key id of the right one."""
    return lambda claims, scene: with_header(scene.keys.stranger, claims, **_told(members, scene))


def _told(members: dict[str, Any], scene: Scene) -> dict[str, Any]:
    return {name: item(scene) if callable(item) else item for name, item in members.items()}


def _algorithm(name: str) -> Change:
    return lambda claims, scene: with_header(scene.keys.for_algorithm(name), claims)


def _right(claims: dict[str, Any], scene: Scene) -> str:
    return with_header(scene.keys.rsa, claims)


def _ec_zero(where: slice) -> Change:
    """An ES256 signature with r or s, or both, set to zero."""

    def sign(claims: dict[str, Any], scene: Scene) -> str:
        def zeroed(data: bytes) -> bytes:
            raw = bytearray(scene.keys.ec.sign(data))
            raw[where] = bytes(len(raw[where]))
            return bytes(raw)

        return by_hand({"alg": "ES256", "kid": scene.keys.ec.kid}, claims, zeroed)

    return sign


def _keys(*more: Any, **changes: Any) -> Change:
    """A JWK Set in which the RSA key has other members (``None`` leaves one out), and others stand beside it."""

    def change(document: dict[str, Any], scene: Scene) -> dict[str, Any]:
        rsa, ec = document["keys"]
        mine = {name: value for name, value in {**rsa, **changes}.items() if value is not None}
        return {"keys": [mine, ec, *(make() if callable(make) else make for make in more)]}

    return change


def _rotating(claims: dict[str, Any], scene: Scene) -> dict[str, Any]:
    scene.provider.rotate_keys()
    return claims


def _jwe(**header: Any) -> Change:
    return lambda text, scene: encrypted(text, scene.provider.client_key, **header)


def _bomb(text: str, scene: Scene) -> str:
    return encrypted(text + " " * 20_000_000, scene.provider.client_key, zip="DEF")


def _spoilt_jwe(text: str, scene: Scene) -> str:
    return spoilt(sealed(scene.provider, text))


ALGORITHMS: Final[tuple[Misbehaviour, ...]] = (
    *(
        case(f"alg_{spelling}", "N26", f"alg is {spelling}, without a signature", "id_token_algorithm",
             sign=_unsigned(spelling))
        for spelling in ("none", "None", "NONE", "nOnE", "")
    ),
    case("alg_missing", "N26", "the header names no alg", "id_token_algorithm", sign=_header(alg=None)),
    case("alg_none_signed", "N26", "alg is none, beside a right signature", "id_token_algorithm",
         sign=_header(alg="none")),
    case("alg_ES256", "N27", "a right signature with ES256, where RS256 is registered", "id_token_algorithm",
         sign=_algorithm("ES256")),
    case("alg_PS256", "N27", "a right signature with PS256, where RS256 is registered", "id_token_algorithm",
         sign=_algorithm("PS256")),
    case("alg_RS512", "N27", "a right signature with RS512, where RS256 is registered", "id_token_algorithm",
         sign=_algorithm("RS512")),
    case("alg_HS256_with_secret", "N27", "a right HS256 with the client secret, where RS256 is registered",
         "id_token_algorithm", sign=lambda claims, scene: with_hmac(claims, scene.provider.client_secret.encode())),
    case("alg_RS256_for_ES256", "N27", "a right signature with RS256, where ES256 is registered", "id_token_algorithm",
         sign=_right, agreed=ES256),
    case("alg_unknown", "N27", "alg is something nobody knows", "id_token_algorithm", sign=_header(alg="RS257")),
    case("hmac_with_public_key", "N28", "HS256 with the public RSA key as its secret", "id_token_algorithm",
         sign=lambda claims, scene: with_hmac(claims, public_pem(scene.keys.rsa), kid=scene.keys.rsa.kid)),
    case("hmac_with_public_key_HS256", "N28", "the same, where HS256 is registered", "id_token_signature",
         sign=lambda claims, scene: with_hmac(claims, public_pem(scene.keys.rsa), kid=scene.keys.rsa.kid),
         agreed=HS256),
    case("hmac_with_published_key", "N28", "HS256 with an oct key out of the JWK Set", "id_token_signature",
         sign=lambda claims, scene: with_hmac(claims, b"secret-secret-secret-secret-1234", kid="oct-1"),
         jwks=_keys(PUBLISHED_SECRET), agreed=HS256),
    case("hmac_with_empty_key", "N28", "HS256 with an empty secret", "id_token_signature",
         sign=lambda claims, scene: with_hmac(claims, b""), agreed=HS256),
)  # fmt: skip

SIGNATURES: Final[tuple[Misbehaviour, ...]] = (
    case("signature_wrong", "N29", "a stranger's signature under the right key id", "id_token_signature",
         sign=_strangers()),
    case("signature_spoilt", "N29", "one bit of the signature is turned over", "id_token_signature",
         sign=lambda claims, scene: spoilt(_right(claims, scene))),
    case("signature_truncated", "N29", "the signature is cut short", "id_token_signature",
         sign=lambda claims, scene: _right(claims, scene)[:-2]),
    case("signature_not_base64", "N29", "the signature holds a character of the other base64", "id_token_malformed",
         sign=lambda claims, scene: _right(claims, scene)[:-4] + "+/=="),
    case("signature_empty", "N29", "there is no signature", "id_token_signature",
         sign=lambda claims, scene: _right(claims, scene).rpartition(".")[0] + "."),
    case("signature_part_missing", "N29", "the token has two parts", "id_token_malformed",
         sign=lambda claims, scene: _right(claims, scene).rpartition(".")[0]),
    case("signature_of_other_claims", "N29", "the claims were changed after signing", "id_token_signature",
         sign=lambda claims, scene: with_payload_of(_right(claims, scene), {**claims, "sub": "mallory"})),
    case("signature_wrong_ES256", "N29", "a wrong ES256 signature", "id_token_signature",
         sign=lambda claims, scene: spoilt(with_header(scene.keys.ec, claims)), agreed=ES256),
    case("signature_wrong_HS256", "N29", "a wrong HS256 signature", "id_token_signature",
         sign=lambda claims, scene: with_hmac(claims, b"another secret of thirty-two bytes"), agreed=HS256),
    case("signature_der", "N29", "an ES256 signature in DER", "id_token_signature", agreed=ES256,
         sign=lambda claims, scene: by_hand({"alg": "ES256", "kid": scene.keys.ec.kid}, claims,
                                            lambda data: der_signature(scene.keys.ec, data))),
    case("signature_zero", "N29", "an ES256 signature of zeros (CVE-2022-21449)", "id_token_signature",
         sign=_ec_zero(slice(0, 64)), agreed=ES256),
    case("signature_r_zero", "N29", "an ES256 signature with r = 0", "id_token_signature",
         sign=_ec_zero(slice(0, 32)), agreed=ES256),
    case("signature_s_zero", "N29", "an ES256 signature with s = 0", "id_token_signature",
         sign=_ec_zero(slice(32, 64)), agreed=ES256),
    case("not_a_jwt", "N29", "the ID Token is no JWT", "id_token_malformed",
         sign=lambda claims, scene: "yes, it is alice"),
    case("header_jwk", "N30", "a stranger's signature with the stranger's key in the header", "id_token_signature",
         sign=_strangers(jwk=lambda scene: scene.keys.stranger.public_jwk(bare=True))),
    case("header_jku", "N30", "a stranger's signature with the address of the stranger's keys", "id_token_signature",
         sign=_strangers(jku=lambda scene: scene.provider.url + "/strangers-keys")),
    case("header_x5u", "N30", "a stranger's signature with the address of the stranger's certificate",
         "id_token_signature", sign=_strangers(x5u=lambda scene: scene.provider.url + "/strangers-certificate")),
    case("header_x5c", "N30", "a stranger's signature with a certificate in the header", "id_token_signature",
         sign=_strangers(x5c=["MIIBszCCAVmgAwIBAgIUQ2VydGlmaWNhdGU="])),
    case("header_jwk_without_kid", "N30", "the stranger's key in the header, and no key id", "id_token_signature",
         sign=_strangers(kid=None, jwk=lambda scene: scene.keys.stranger.public_jwk(bare=True))),
    case("crit_unknown", "N30", "an extension that nobody knows is critical", "id_token_critical",
         sign=_header(crit=["colour"], colour="blue")),
    case("crit_b64", "N30", "the extension b64 is critical", "id_token_critical", sign=_header(crit=["b64"], b64=True)),
    case("crit_empty", "N30", "crit is an empty list", "id_token_critical", sign=_header(crit=[])),
    case("typ_access_token", "N30", "the JWT says that it is an access token", "id_token_type",
         sign=_header(typ="at+jwt")),
    case("typ_logout_token", "N30", "the JWT says that it is a logout token", "id_token_type",
         sign=_header(typ="logout+jwt")),
    case("typ_full_name", "N30", "the same with the whole media type", "id_token_type",
         sign=_header(typ="application/logout+jwt")),
    case("kid_of_wrong_kind", "N31", "kid is a number", "id_token_malformed", sign=_header(kid=7)),
)  # fmt: skip

KEYS: Final[tuple[Misbehaviour, ...]] = (
    case("kid_unknown", "N31", "no key of that id is published, now or after one more look", "id_token_key_unknown",
         sign=_header(kid="nobody")),
    case("key_for_encryption", "N31", "the key is published with use=enc", "id_token_key_weak", jwks=_keys(use="enc")),
    case("key_of_wrong_type", "N31", "the key id is that of an EC key", "id_token_key_weak",
         sign=_header(kid=lambda scene: scene.keys.ec.kid)),
    case("key_ops_without_verify", "N31", "the key is published for encryption alone (key_ops)", "id_token_key_weak",
         jwks=_keys(key_ops=["encrypt"])),
    case("key_for_other_algorithm", "N31", "the key is published for PS256", "id_token_key_weak",
         jwks=_keys(alg="PS256")),
    case("key_weak", "N31", "an RSA key of 1024 bits", "id_token_key_weak", jwks=_keys(lambda: _weak().jwk()),
         sign=lambda claims, scene: by_hand({"alg": "RS256", "kid": _weak().kid}, claims, _weak().sign)),
    case("key_set_empty", "N31", "the JWK Set is empty", "id_token_key_unknown",
         jwks=lambda document, scene: {"keys": []}),
    case("kid_absent_several_keys", "N32", "no key id, and two keys would fit", "id_token_key_ambiguous",
         sign=_header(kid=None), jwks=_keys(lambda: published(_another("RS256")))),
    case("key_rotated_unpublished", "N33", "signed with a new key that is not published", "id_token_signature",
         sign=_strangers()),
)  # fmt: skip

ENCRYPTION: Final[tuple[Misbehaviour, ...]] = (
    case("jwe_rsa1_5", "N36", "encrypted with RSA1_5, where RSA-OAEP-256 is registered", "id_token_encryption",
         encrypt=_jwe(alg="RSA1_5"), agreed=ENCRYPTED),
    case("jwe_zip_bomb", "N36", "twenty megabytes in a few kilobytes", "id_token_encryption", encrypt=_bomb,
         agreed=ENCRYPTED),
    case("jwe_zip", "N36", "compressed before encryption", "id_token_encryption", encrypt=_jwe(zip="DEF"),
         agreed=ENCRYPTED),
    case("jwe_plain", "N36", "not encrypted, where encryption is registered", "id_token_encryption",
         encrypt=lambda text, scene: text, agreed=ENCRYPTED),
    case("jwe_unexpected", "N36", "encrypted, where it is not registered", "id_token_encryption",
         sign=lambda claims, scene: sealed(scene.provider, _right(claims, scene))),
    case("jwe_for_another", "N36", "encrypted to another key", "id_token_encryption", agreed=ENCRYPTED,
         encrypt=lambda text, scene: encrypted(text, _strange_client_key())),
    case("jwe_other_encoding", "N36", "another enc than the registered one", "id_token_encryption",
         encrypt=_jwe(enc="A128GCM"), agreed=ENCRYPTED),
    case("jwe_crit", "N36", "an extension of the encryption that nobody knows is critical", "id_token_encryption",
         encrypt=_jwe(crit=["colour"], colour="blue"), agreed=ENCRYPTED),
    case("jwe_spoilt", "N36", "one bit of the authentication tag is turned over", "id_token_encryption",
         encrypt=_spoilt_jwe, agreed=ENCRYPTED),
    case("jwe_unsigned_claims", "N36", "encrypted and not signed", "id_token_malformed", agreed=ENCRYPTED,
         sign=lambda claims, scene: json.dumps(claims)),
    case("jwe_alg_none_inside", "N36", "encrypted, and inside alg is none", "id_token_algorithm", agreed=ENCRYPTED,
         sign=_unsigned("none")),
)  # fmt: skip

ODD: Final[tuple[Misbehaviour, ...]] = (
    case("kid_absent_single_key", "A04", "no key id, and one key would fit", None, sign=_header(kid=None)),
    case("kid_absent_everywhere", "A04", "no key id, neither in the token nor in the JWK Set", None,
         sign=_header(kid=None), jwks=_keys(kid=None)),
    case("keys_rotated_before_signing", "A05", "new keys, published at once, since the last sign-in", None,
         claims=_rotating, second=True),
    case("strange_keys_published", "A08", "keys of unknown types stand in the JWK Set", None,
         jwks=_keys({"kty": "lattice", "kid": "x"}, {"kty": "oct", "kid": "y", "k": "AAAA"}, "not a key")),
    case("header_keys_ignored", "N30", "a right signature, and a stranger's key in the header", None,
         sign=_header(jwk=lambda scene: scene.keys.stranger.public_jwk(bare=True), jku="https://elsewhere.example/keys")),
    case("typ_jwt", "N30", "typ is JWT", None, sign=_header(typ="JWT")),
    case("signed_ES256", "N27", "ES256, where it is registered", None, claims=put(), agreed=ES256),
    case("signed_HS256", "N28", "HS256, where it is registered", None, claims=put(), agreed=HS256),
    case("signed_PS256", "N27", "PS256, where it is registered", None, claims=put(),
         agreed={"id_token_signed_response_alg": "PS256"}),
    case("jwe_right", "N36", "encrypted as it is registered", None, encrypt=_jwe(), agreed=ENCRYPTED),
)  # fmt: skip

CASES: Final = (*ALGORITHMS, *SIGNATURES, *KEYS, *ENCRYPTION)
