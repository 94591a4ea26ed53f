"""How long one OAuth 1.0a signature takes, beside oauthlib and Authlib, for one request with a query and a form.

Run it with ``python benchmarks/oauth1_signing.py``.  The bare arithmetic is what no signer can leave out when it
encodes with :mod:`urllib`: encoding, sorting, HMAC.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import timeit
from collections.abc import Callable
from urllib.parse import quote

import authlib.oauth1
import oauthlib.oauth1

from flask_oauth.protocol.http import FORM_CONTENT_TYPE, Headers, HTTPRequest
from flask_oauth.protocol.oauth1 import ClientCredentials, sign_request
from flask_oauth.protocol.token import Token

URL = "https://api.example.com/1.1/statuses/update.json"
QUERY = "include_entities=true&trim_user=1"
FORM = "status=Hello+Ladies+%2B+Gentlemen%2C+a+signed+OAuth+request%21&lat=37.7821120598956"
PLAIN = [
    ("include_entities", "true"),
    ("trim_user", "1"),
    ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
    ("lat", "37.7821120598956"),
]
CREDENTIALS = ("a-consumer-key-of-22-c", "c" * 43, "370773112-an-access-token-of-fifty-characters-000", "t" * 41)
TIMESTAMP, NONCE = 1318622958, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
HEADERS = {"Content-Type": FORM_CONTENT_TYPE}


def bare() -> bytes:
    """Encode, sort, sign."""
    protocol = [
        ("oauth_consumer_key", CREDENTIALS[0]),
        ("oauth_nonce", NONCE),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", str(TIMESTAMP)),
        ("oauth_token", CREDENTIALS[2]),
        ("oauth_version", "1.0"),
    ]
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in protocol + PLAIN)
    text = "&".join(f"{name}={value}" for name, value in pairs)
    base_string = f"POST&{quote(URL, safe='~')}&{quote(text, safe='~')}"
    key = f"{CREDENTIALS[1]}&{CREDENTIALS[3]}"
    return base64.b64encode(hmac.new(key.encode(), base_string.encode(), hashlib.sha1).digest())


def signers() -> dict[str, Callable[[], object]]:
    """Each signer as a call without arguments that signs the same request."""
    url, body = f"{URL}?{QUERY}", FORM.encode()
    client = ClientCredentials(*CREDENTIALS[:2])
    token = Token(*CREDENTIALS[2:], "OAuth1")
    request = HTTPRequest("POST", url, Headers(HEADERS), body)
    theirs = oauthlib.oauth1.Client(*CREDENTIALS, timestamp=str(TIMESTAMP), nonce=NONCE)
    also_theirs = authlib.oauth1.ClientAuth(*CREDENTIALS)
    return {
        "Flask-OAuth": lambda: sign_request(request, client, token, timestamp=TIMESTAMP, nonce=NONCE),
        "bare arithmetic": bare,
        "oauthlib": lambda: theirs.sign(url, "POST", FORM, HEADERS),
        "Authlib": lambda: also_theirs.prepare("POST", url, HEADERS, FORM),
    }


def microseconds(call: Callable[[], object], number: int = 2000, repeat: int = 7) -> float:
    """The best of several runs: what the machine does when it does nothing else."""
    return min(timeit.repeat(call, number=number, repeat=repeat)) / number * 1e6


def main() -> None:
    ours = 0.0
    for name, call in signers().items():
        taken = microseconds(call)
        ours = ours or taken
        print(f"{name:16} {taken:7.1f} µs  {taken / ours:4.1f} ×")


if __name__ == "__main__":
    main()
