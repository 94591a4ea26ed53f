"""What both sides know of each other before the first request: the client's registration, and keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trustme
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from tests.interop.counterparty import Counterparty
from tests.interop.site import CALLBACK, Site

SECRET = "a-client-secret-of-the-tests-that-is-long-enough-for-HS256-and-more"


class Keys:
    """Private keys as JWKs, made once for the session."""

    def __init__(self) -> None:
        self.rsa = as_jwk(RSAKey.generate_key(2048), "rsa")
        self.ec = as_jwk(ECKey.generate_key("P-256"), "ec")
        self.ed = as_jwk(OKPKey.generate_key("Ed25519"), "ed")
        self.of_client = {
            "RS256": as_jwk(RSAKey.generate_key(2048), "client-rsa"),
            "ES256": as_jwk(ECKey.generate_key("P-256"), "client-ec"),
            "EdDSA": as_jwk(OKPKey.generate_key("Ed25519"), "client-ed"),
        }
        self.of_client["PS256"] = self.of_client["RS256"]

    @property
    def of_provider(self) -> dict[str, Any]:
        return {"keys": [{**key, "use": "sig"} for key in (self.rsa, self.ec, self.ed)]}


class Certificates:
    """Certificates as PEM files, made once for the session.

    :param folder: where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.authority = str(folder / "authority.pem")
        self._authority.cert_pem.write_to_path(self.authority)
        self.server = self.issued("127.0.0.1")

    def issued(self, name: str, *, by: trustme.CA | None = None) -> tuple[str, str]:
        """A certificate for a name and its private key."""
        leaf = (by or self._authority).issue_cert(name)
        number = len(list(self._folder.iterdir()))
        certificate, key = (str(self._folder / f"{number}-{kind}.pem") for kind in ("certificate", "key"))
        for blob in leaf.cert_chain_pems:
            blob.write_to_path(certificate, append=True)
        leaf.private_key_pem.write_to_path(key)
        return certificate, key


def as_jwk(key: Key, kid: str) -> dict[str, Any]:
    """A private key as a JWK."""
    return {**key.as_dict(private=True), "kid": kid}


def public(jwk: dict[str, Any]) -> dict[str, Any]:
    """The public half of a JWK."""
    return {name: value for name, value in jwk.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}


def registered(**metadata: Any) -> dict[str, Any]:
    """A client as it is registered at the provider; ``None`` leaves a member out."""
    known = {
        "client_id": "app",
        "client_secret": SECRET,
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        **metadata,
    }
    return {name: value for name, value in known.items() if value is not None}


def site_at(provider: Counterparty, **options: Any) -> Site:
    """An application whose remote app is the provider's client; ``None`` leaves an option out."""
    known = {
        "issuer": provider.issuer,
        "client_id": "app",
        "client_secret": SECRET,
        "scope": "openid email",
        "base_url": f"{provider.issuer}/",
        **options,
    }
    return Site(**{name: value for name, value in known.items() if value is not None})
