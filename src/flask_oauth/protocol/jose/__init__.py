"""Signed and encrypted JWTs and their keys: the one door to joserfc.

joserfc, and cryptography behind it, are imported at the first use of a key,
so that an application that needs no JWT does not pay for them.
"""

from .algorithms import (
    ASYMMETRIC_ALGORITHMS,
    CONTENT_ENCRYPTION_ALGORITHMS,
    KEY_MANAGEMENT_ALGORITHMS,
    SIGNATURE_ALGORITHMS,
    SignatureAlgorithm,
    check_algorithms,
)
from .coding import b64url_decode, b64url_encode
from .encrypted import decrypt_jwt, encrypt_jwt, is_encrypted
from .key_set import KeySet, PublicKey
from .private_keys import (
    DecryptionKey,
    PrivateKey,
    SigningKey,
    generate_signing_key,
    load_decryption_key,
    load_signing_key,
)
from .signed import (
    JWT,
    PLAIN_TYPES,
    encoded_header,
    shown,
    sign_jwt,
    sign_jwt_with_secret,
    sign_under,
    unverified_jwt,
    verify_jwt,
)

__all__ = [
    "ASYMMETRIC_ALGORITHMS",
    "CONTENT_ENCRYPTION_ALGORITHMS",
    "JWT",
    "KEY_MANAGEMENT_ALGORITHMS",
    "PLAIN_TYPES",
    "SIGNATURE_ALGORITHMS",
    "DecryptionKey",
    "KeySet",
    "PrivateKey",
    "PublicKey",
    "SignatureAlgorithm",
    "SigningKey",
    "b64url_decode",
    "b64url_encode",
    "check_algorithms",
    "decrypt_jwt",
    "encoded_header",
    "encrypt_jwt",
    "generate_signing_key",
    "is_encrypted",
    "load_decryption_key",
    "load_signing_key",
    "shown",
    "sign_jwt",
    "sign_jwt_with_secret",
    "sign_under",
    "unverified_jwt",
    "verify_jwt",
]
