"""Our side of each measurement, and the bounds: the same without us.  Run by :mod:`.worker` in our environment."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import samples
from flask import Flask, Response, redirect, request, session, url_for

from flask_oauth import OAuth, OAuthRemoteApp
from flask_oauth.protocol.http import FORM_CONTENT_TYPE, Headers, HTTPRequest, HTTPResponse
from flask_oauth.transport import Transport, Urllib3Transport

Call = Callable[[], object]

# -- calls ----------------------------------------------------------------------------------------------------------


def application() -> Flask:
    app = Flask("benchmark")
    app.config["SECRET_KEY"] = "a secret key of a usual length"
    app.config["PROPAGATE_EXCEPTIONS"] = True  # a failure ends the measurement and says why
    return app


def bearer_app(url: str, transport: Transport) -> tuple[Flask, OAuthRemoteApp]:
    """A program of 2010's shape that calls an API with a bearer token."""
    app = application()
    oauth = OAuth(app, transport=transport)
    remote = oauth.remote_app(
        "api",
        base_url=url,
        access_token_url="/token",
        authorize_url="/authorize",
        consumer_key=samples.CLIENT_ID,
        consumer_secret=samples.CLIENT_SECRET,
    )
    remote.tokengetter(lambda: (samples.ACCESS_TOKEN, ""))
    return app, remote


def bearer(url: str, ca_certs: str) -> Call:
    """Calls within one request."""
    app, remote = bearer_app(url, Urllib3Transport(ca_certs=ca_certs))
    app.test_request_context().push()
    return lambda: remote.get("user").data


def dpop(url: str, ca_certs: str) -> Call:
    """The same calls with a token that is bound to a key (RFC 9449)."""
    from flask_oauth import Token
    from flask_oauth.client.proofs import written
    from flask_oauth.protocol.jose import generate_signing_key

    app, remote = bearer_app(url, Urllib3Transport(ca_certs=ca_certs))
    token = Token(samples.ACCESS_TOKEN, token_type="DPoP", dpop_key=written(generate_signing_key()))
    remote.tokengetter(lambda: token)
    app.test_request_context().push()
    return lambda: remote.get("user").data


def bearer_and_signature(url: str, ca_certs: str) -> Call:
    """The bound of a DPoP call."""
    call, sign = bearer(url, ca_certs), bare_es256()
    return lambda: (call(), sign())


def bare_es256() -> Call:
    """An ES256 signature as JWS has it, by cryptography alone, over as many bytes as a proof has."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    key, algorithm, data = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256()), b"x" * 450

    def sign() -> bytes:
        r, s = decode_dss_signature(key.sign(data, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def bearer_per_request(url: str, ca_certs: str) -> Call:
    """Each call within a request of its own."""
    app, remote = bearer_app(url, Urllib3Transport(ca_certs=ca_certs))
    context = app.test_request_context
    environ = context().request.environ

    def call() -> None:
        with app.request_context(environ):
            remote.get("user").data  # noqa: B018 - parsing is what is measured

    return call


def flask_request(url: str, ca_certs: str) -> Call:
    """A request in which nothing is called: what Flask itself takes for one."""
    app = application()
    environ = app.test_request_context().request.environ

    def call() -> None:
        with app.request_context(environ):
            pass

    return call


def turbo(url: str, ca_certs: str) -> Call:
    """The same calls over the transport of the extra."""
    from flask_oauth.transport.pyreqwest_transport import PyreqwestTransport

    app, remote = bearer_app(url, PyreqwestTransport(ca_certs=ca_certs))
    app.test_request_context().push()
    return lambda: remote.get("user").data


def bare_urllib3(url: str, ca_certs: str) -> Call:
    """The bound of a call: urllib3's pool, and the JSON of the answer."""
    import urllib3

    pool = urllib3.PoolManager(ca_certs=ca_certs)
    fields = {"Authorization": f"Bearer {samples.ACCESS_TOKEN}"}
    address = url + "user"
    return lambda: json.loads(pool.request("GET", address, headers=fields).data)


class Threads:
    """Many threads that make a call again and again.

    :param call: one call.
    :param number: how many threads.
    """

    def __init__(self, call: Call, number: int) -> None:
        self._call = call
        self._number = number

    def measure(self, number: int) -> dict[str, Any]:
        share = max(number // self._number, 1)
        start = threading.Barrier(self._number + 1)

        def work() -> None:
            start.wait()
            for _ in range(share):
                self._call()

        threads = [threading.Thread(target=work) for _ in range(self._number)]
        for thread in threads:
            thread.start()
        start.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.join()
        calls = share * self._number
        return {"wall": (time.perf_counter() - wall) / calls, "cpu": (time.process_time() - cpu) / calls}


def bearer_in_threads(url: str, ca_certs: str, threads: int) -> Threads:
    """Calls through one remote app, each in a request of its own."""
    return Threads(bearer_per_request(url, ca_certs), threads)


def bare_in_threads(url: str, ca_certs: str, threads: int) -> Threads:
    """The same through one pool of urllib3's."""
    import urllib3

    pool = urllib3.PoolManager(ca_certs=ca_certs, maxsize=threads)
    fields = {"Authorization": f"Bearer {samples.ACCESS_TOKEN}"}
    return Threads(lambda: json.loads(pool.request("GET", url + "user", headers=fields).data), threads)


# -- OAuth 1.0a -----------------------------------------------------------------------------------------------------


def oauth1(url: str, ca_certs: str) -> Call:
    app = application()
    remote = OAuth(app, transport=Urllib3Transport(ca_certs=ca_certs)).remote_app(
        "api",
        base_url=url,
        request_token_url="/request",
        access_token_url="/access",
        authorize_url="/authorize",
        consumer_key=samples.CREDENTIALS[0],
        consumer_secret=samples.CREDENTIALS[1],
    )
    remote.tokengetter(lambda: samples.CREDENTIALS[2:])
    app.test_request_context().push()
    return lambda: remote.get("user").data


def signature() -> Call:
    """One signature of a request with a query and a form."""
    from flask_oauth.protocol.oauth1 import ClientCredentials, sign_request
    from flask_oauth.protocol.token import Token

    client = ClientCredentials(*samples.CREDENTIALS[:2])
    token = Token(*samples.CREDENTIALS[2:], "OAuth1")
    body = samples.FORM.encode()
    unsigned = HTTPRequest(
        "POST", f"{samples.SIGNED_URL}?{samples.QUERY}", Headers({"Content-Type": FORM_CONTENT_TYPE}), body
    )
    return lambda: sign_request(unsigned, client, token, timestamp=samples.TIMESTAMP, nonce=samples.NONCE)


def bare_signature() -> Call:
    """The bound of a signature: encode, sort, sign."""

    def bare() -> bytes:
        protocol = [
            ("oauth_consumer_key", samples.CREDENTIALS[0]),
            ("oauth_nonce", samples.NONCE),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", str(samples.TIMESTAMP)),
            ("oauth_token", samples.CREDENTIALS[2]),
            ("oauth_version", "1.0"),
        ]
        pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in protocol + samples.PAIRS)
        text = "&".join(f"{name}={value}" for name, value in pairs)
        base_string = f"POST&{quote(samples.SIGNED_URL, safe='~')}&{quote(text, safe='~')}"
        key = f"{samples.CREDENTIALS[1]}&{samples.CREDENTIALS[3]}"
        return base64.b64encode(hmac.new(key.encode(), base_string.encode(), hashlib.sha1).digest())

    return bare


# -- sign-in --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, weakref_slot=True, eq=False)
class Scripted:
    """A transport whose other end is a provider in this process."""

    provider: samples.Provider
    json = Headers({"Content-Type": "application/json"})

    def send(self, request: HTTPRequest) -> HTTPResponse:
        return HTTPResponse(200, self.json, self.provider.answer(request.url), request.url)


def signing_in_app(provider: samples.Provider, algorithm: str) -> Flask:
    app = application()
    corp = OAuth(app, transport=Scripted(provider)).remote_app(
        "corp",
        issuer=samples.ISSUER,
        client_id=samples.CLIENT_ID,
        client_secret=samples.CLIENT_SECRET,
        scope="openid email",
        id_token_signed_response_alg=algorithm,
    )
    corp.tokengetter(lambda: session.get("token"))  # as with the peer, the program keeps what it wants to keep

    @app.get("/login")
    def login() -> Any:
        return corp.authorize(callback=url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> Any:
        session["user"] = corp.authorized_response().claims["sub"]
        return redirect("/")

    return app


def sign_in(key: str, algorithm: str) -> samples.SignIns:
    provider = samples.Provider(key, algorithm)
    return samples.SignIns(signing_in_app(provider, algorithm), provider)


def abandoned_sign_ins(key: str, algorithm: str) -> samples.Abandoned:
    return samples.Abandoned(signing_in_app(samples.Provider(key, algorithm), algorithm))


def memory(key: str, algorithm: str) -> Any:
    """The memory that sign-ins leave behind."""
    from worker import resident_kib

    work = sign_in(key, algorithm)

    class Memory:
        def measure(self, number: int) -> dict[str, Any]:
            work.measure(number)
            return {"wall": 0.0, "resident": resident_kib()}

    return Memory()


def bare_sign_in(key: str, algorithm: str) -> samples.SignIns:
    """The bound of a sign-in: two requests to Flask, the session, one token verified."""
    from joserfc import jwk, jwt

    provider = samples.Provider(key, algorithm)
    jwks = jwk.KeySet.import_key_set(json.loads(provider.documents["/keys"]))
    app = application()

    @app.get("/login")
    def login() -> Response:
        session["state"] = samples.NONCE
        asked = {"client_id": samples.CLIENT_ID, "state": samples.NONCE, "nonce": samples.NONCE}
        return redirect(f"{samples.ISSUER}/authorize?{urlencode(asked)}")  # type: ignore[return-value]

    @app.get("/callback")
    def callback() -> Response:
        assert request.args["state"] == session.pop("state")
        answer = json.loads(provider.answer(f"{samples.ISSUER}/token"))
        session["user"] = jwt.decode(answer["id_token"], jwks, algorithms=[algorithm]).claims["sub"]
        return redirect("/")  # type: ignore[return-value]

    return samples.SignIns(app, provider)


def flask_alone(key: str, algorithm: str) -> samples.SignIns:
    """What is left of a sign-in without anybody's library: two requests, two redirects, a line in the session."""
    provider = samples.Provider(key, algorithm)
    app = application()

    @app.get("/login")
    def login() -> Any:
        return redirect(f"{samples.ISSUER}/authorize?state=0&nonce=0&callback={url_for('callback', _external=True)}")

    @app.get("/callback")
    def callback() -> Any:
        session["user"] = request.args["code"]
        return redirect("/")

    return samples.SignIns(app, provider)


# -- tokens ---------------------------------------------------------------------------------------------------------


def id_token(key: str, algorithm: str) -> Call:
    """Every check of an ID Token."""
    from flask_oauth.protocol.jose import KeySet
    from flask_oauth.protocol.openid.id_token import IDTokenExpectation, validate_id_token

    provider = samples.Provider(key, algorithm)
    keys = KeySet.from_jwks(json.loads(provider.documents["/keys"]))
    token = provider.id_token(samples.NONCE)
    expected = IDTokenExpectation(
        issuer=samples.ISSUER, client_id=samples.CLIENT_ID, nonce=samples.NONCE, algorithms=(algorithm,)
    )
    return lambda: validate_id_token(token, keys, expected, now=time.time())


def joserfc_decode(key: str, algorithm: str) -> Call:
    """The bound of a token: joserfc's decoding with the key at hand, no claim looked at."""
    from joserfc import jwk, jwt

    provider = samples.Provider(key, algorithm)
    known = jwk.import_key(json.loads(provider.documents["/keys"])["keys"][0])
    token = provider.id_token(samples.NONCE)
    return lambda: jwt.decode(token, known, algorithms=[algorithm])


def joserfc_validate(key: str, algorithm: str) -> Call:
    """joserfc with its own checks of the claims."""
    from joserfc import jwk, jwt

    provider = samples.Provider(key, algorithm)
    known = jwk.KeySet.import_key_set(json.loads(provider.documents["/keys"]))
    token = provider.id_token(samples.NONCE)
    essential = {
        "iss": {"essential": True, "value": samples.ISSUER},
        "aud": {"essential": True, "value": samples.CLIENT_ID},
        "nonce": {"essential": True, "value": samples.NONCE},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    registry = jwt.JWTClaimsRegistry(leeway=60, **essential)  # type: ignore[arg-type]

    def call() -> None:
        registry.validate(jwt.decode(token, known, algorithms=[algorithm]).claims)

    return call
