"""Signing keys of the development provider, one RSA and one P-256, made at start and published as a JWK Set."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from joserfc.jwk import ECKey, KeySet, RSAKey


class ProviderKeys:
    """Makes each key when it is first needed (an RSA key takes a tenth of a second) and keeps it for the process."""

    @cached_property
    def _rsa(self) -> RSAKey:
        return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    @cached_property
    def _ec(self) -> ECKey:
        return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    def key(self, algorithm: str) -> RSAKey | ECKey:
        """The signing key for ``RS256`` or ``ES256``."""
        return self._ec if algorithm == "ES256" else self._rsa

    def key_set(self) -> KeySet:
        return KeySet([self._rsa, self._ec])

    def public_jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in (self._rsa, self._ec)]}
