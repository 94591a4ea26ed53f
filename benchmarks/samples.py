"""What both sides are given: the same request to sign, the same provider to sign in at, the same browser.

Runs in our environment and in that of the peers, so it imports what both have.
"""

from __future__ import annotations

import base64
import io
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

#: A bearer token as providers make them.
ACCESS_TOKEN = "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a"[:36]

# -- OAuth 1.0a ---------------------------------------------------------------------------------------------------

CREDENTIALS = ("a-consumer-key-of-22-c", "c" * 43, "370773112-an-access-token-of-fifty-characters-000", "t" * 41)
SIGNED_URL = "https://api.example.com/1.1/statuses/update.json"
QUERY = "include_entities=true&trim_user=1"
FORM = "status=Hello+Ladies+%2B+Gentlemen%2C+a+signed+OAuth+request%21&lat=37.7821120598956"
PAIRS = [
    ("include_entities", "true"),
    ("trim_user", "1"),
    ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
    ("lat", "37.7821120598956"),
]
TIMESTAMP, NONCE = 1318622958, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"

# -- a provider ---------------------------------------------------------------------------------------------------

ISSUER = "https://id.example.com"
CLIENT_ID, CLIENT_SECRET = "a-client-id-of-some-length.apps.example.com", "a-client-secret-of-forty-characters-0000"
KEY_ID = "key-2026-1"


class Provider:
    """An OpenID provider as far as a sign-in needs it; what it says is made when it is asked for.

    :param key: its private key, as PEM.
    """

    def __init__(self, key: str, algorithm: str) -> None:
        self._key: Any = serialization.load_pem_private_key(key.encode(), None)
        self._algorithm = algorithm
        self.requests: dict[str, int] = {}
        self.documents = {
            "/.well-known/openid-configuration": json.dumps(self.metadata()).encode(),
            "/keys": json.dumps({"keys": [public_jwk(self._key, algorithm)]}).encode(),
        }

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "jwks_uri": f"{ISSUER}/keys",
            "scopes_supported": ["openid", "email", "profile"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self._algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["sub", "email", "email_verified", "name"],
        }

    def grant(self, authorization_url: str) -> str:
        """The user says yes: the query of the callback; the token endpoint now has its answer ready."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        answer = {
            "access_token": "ya29." + "a" * 180,
            "token_type": "Bearer",
            "expires_in": 3599,
            "scope": "openid email",
            "id_token": self.id_token(asked.get("nonce")),
        }
        self.documents["/token"] = json.dumps(answer).encode()
        return f"code=4%2F0AeanS0a-a-code-of-some-length-0123456789&state={asked['state']}&scope=openid+email"

    def id_token(self, nonce: str | None) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": "110169484474386276334",
            "aud": CLIENT_ID,
            "exp": now + 3600,
            "iat": now,
            "email": "mona@example.com",
            "email_verified": True,
            "name": "Mona Lisa Octocat",
        }
        return sign(claims if nonce is None else {**claims, "nonce": nonce}, self._key, self._algorithm)

    def answer(self, url: str) -> bytes:
        """What is at a URL."""
        path = urlsplit(url).path
        self.requests[path] = self.requests.get(path, 0) + 1
        return self.documents[path]


def new_key(algorithm: str) -> str:
    """A new private key for an algorithm, as PEM."""
    key: Any
    if algorithm == "RS256":
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()
    coding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(coding, form, serialization.NoEncryption()).decode())


def public_jwk(key: Any, algorithm: str) -> dict[str, str]:
    """The public half of a key as a JWK."""
    common = {"kid": KEY_ID, "use": "sig", "alg": algorithm}
    public = key.public_key()
    if algorithm == "RS256":
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _encoded(numbers.n.to_bytes(256, "big")), "e": "AQAB", **common}
    if algorithm == "ES256":
        numbers = public.public_numbers()
        x, y = (_encoded(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, **common}
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": _encoded(raw), **common}


def sign(claims: dict[str, Any], key: Any, algorithm: str) -> str:
    """A JWT."""
    header = {"alg": algorithm, "kid": KEY_ID, "typ": "JWT"}
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims)).encode()
    if algorithm == "RS256":
        signature = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "ES256":
        r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    else:
        signature = key.sign(text)
    return f"{text.decode()}.{_encoded(signature)}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


# -- a browser ----------------------------------------------------------------------------------------------------


class Browser:
    """The least that a WSGI application needs of a browser: cookies, and where it is sent.

    Flask's own test client takes longer than some of what it would measure.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}

    def get(self, path: str, query: str = "") -> tuple[str, str]:
        """Status and ``Location`` of an answer."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "app.example.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "app.example.com",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        said: list[Any] = []
        body = self._app(environ, lambda status, headers, exc_info=None: said.extend((status, headers)))
        list(body)
        if hasattr(body, "close"):
            body.close()
        self._keep([value for name, value in said[1] if name == "Set-Cookie"])
        return said[0], next((value for name, value in said[1] if name == "Location"), "")

    def _keep(self, fields: list[str]) -> None:
        for field in fields:
            name, _, value = field.partition(";")[0].partition("=")
            if "max-age=0" in field.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


class SignIns:
    """Whole sign-ins of new visitors: ``/login``, then ``/callback``.

    What is timed is the application; the provider's own work, signing above all, is not.

    :param app: the application.
    :param provider: where it sends the visitor.
    """

    def __init__(self, app: Any, provider: Provider) -> None:
        self._app = app
        self._provider = provider

    def measure(self, number: int) -> dict[str, Any]:
        wall = cpu = 0.0
        for _ in range(number):
            browser = Browser(self._app)
            location, *began = self._timed(browser, "/login")
            _, *ended = self._timed(browser, "/callback", self._provider.grant(location))
            wall, cpu = wall + began[0] + ended[0], cpu + began[1] + ended[1]
        return {"wall": wall / number, "cpu": cpu / number}

    @staticmethod
    def _timed(browser: Browser, path: str, query: str = "") -> tuple[str, float, float]:
        wall, cpu = time.perf_counter(), time.thread_time()
        status, location = browser.get(path, query)
        taken = time.perf_counter() - wall, time.thread_time() - cpu
        if not status.startswith("302"):
            raise RuntimeError(f"{path} answered {status}")
        return location, *taken


class Abandoned:
    """Sign-ins that a visitor begins and never ends."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def measure(self, number: int) -> dict[str, Any]:
        """Bytes of each cookie that one browser holds after so many."""
        browser = Browser(self._app)
        for _ in range(number):
            browser.get("/login")
        return {name: len(name) + 1 + len(value) for name, value in browser.cookies.items()}
