"""The memory of the development provider: one object, one lock, gone when the process ends.

Single use is decided under the lock: a code (RFC 6749 §4.1.2), a refresh token (RFC 9700 §4.14.2), a nonce
(RFC 5849 §3.3), temporary credentials (RFC 5849 §2.3).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from .models import AuthorizationCode, Credentials, IssuedToken, RegisteredClient, Status
from .people import Person

NONCE_SECONDS = 600.0
MANY_NONCES = 10_000
FIRST_STATUSES = (
    ("bob", "Three clocks on the bench, and each of them is sure of itself.", 5400),
    ("carol", "Finished the coast. Nobody can tell me it is wrong: nobody has been there.", 2700),
    ("alice", "First honey of the year. It tastes of lime trees and a little of dictionaries.", 660),
)


class Store:
    """Everything that the provider remembers. Safe under threads."""

    def __init__(self, clients: Iterable[RegisteredClient], people: Iterable[Person]) -> None:
        self._lock = threading.RLock()
        self._clients = {client.client_id: client for client in clients}
        self.people = {person.username: person for person in people}
        self._codes: dict[str, AuthorizationCode] = {}
        self._redeemed: dict[str, str] = {}
        self._access: dict[str, IssuedToken] = {}
        self._refresh: dict[str, IssuedToken] = {}
        self._temporary: dict[str, Credentials] = {}
        self._credentials: dict[str, Credentials] = {}
        self._nonces: dict[tuple[str, ...], float] = {}
        self._consents: set[tuple[str, str, str]] = set()
        self._statuses: list[Status] = []
        for username, text, age in FIRST_STATUSES:
            if username in self.people:
                self.add_status(self.people[username], text, created_at=time.time() - age)

    # clients

    def add_client(self, client: RegisteredClient) -> None:
        """Register ``client``, or replace the one of the same identifier."""
        with self._lock:
            self._clients[client.client_id] = client

    def client(self, client_id: str | None) -> RegisteredClient | None:
        return self._clients.get(client_id or "")

    def clients(self) -> list[RegisteredClient]:
        with self._lock:
            return list(self._clients.values())

    # authorization codes

    def add_code(self, code: AuthorizationCode) -> None:
        with self._lock:
            self._codes[code.code] = code

    def code(self, value: str, client: RegisteredClient) -> AuthorizationCode | None:
        """The code if it is this client's, fresh and unused; tokens won with a code used twice are revoked."""
        with self._lock:
            if value in self._redeemed:
                self.revoke_family(self._redeemed[value])  # RFC 6749 §4.1.2: SHOULD revoke
                return None
            code = self._codes.get(value)
        fresh = code is not None and code.client_id == client.client_id and time.time() < code.expires_at
        return code if fresh else None

    def peek_code(self, value: str) -> AuthorizationCode | None:
        """The code without any check, to see which failure was asked for."""
        return self._codes.get(value)

    def redeem_code(self, value: str, family: str) -> bool:
        """Use the code up. False if somebody else was faster."""
        with self._lock:
            if self._codes.pop(value, None) is None:
                return False
            self._redeemed[value] = family
            return True

    # tokens

    def add_token(self, token: IssuedToken) -> None:
        with self._lock:
            self._access[token.access_token] = token
            if token.refresh_token:
                self._refresh[token.refresh_token] = token

    def token(self, value: str) -> IssuedToken | None:
        """The token whose access token or refresh token is ``value``."""
        return self.access_token(value) or self.refresh_token(value)

    def access_token(self, value: str) -> IssuedToken | None:
        return self._access.get(value)

    def refresh_token(self, value: str) -> IssuedToken | None:
        return self._refresh.get(value)

    def use_refresh_token(self, token: IssuedToken) -> bool:
        """Use the refresh token up. A second use is a theft or a fault: the whole family ends (RFC 9700 §4.14.2)."""
        with self._lock:
            if token.refreshed or token.revoked:
                self.revoke_family(token.family)
                return False
            token.refreshed = True
            return True

    def revoke_family(self, family: str) -> None:
        with self._lock:
            for token in self._access.values():
                token.revoked = token.revoked or token.family == family

    def tokens_of_session(self, session_id: str) -> list[IssuedToken]:
        """The tokens that were issued because of one session at the provider."""
        with self._lock:
            return [token for token in self._access.values() if token.session_id == session_id]

    def expire_access_tokens(self) -> None:
        """Let every access token be past its time now, so that a refresh can be tried without waiting."""
        with self._lock:
            for token in self._access.values():
                token.expires_in = 0

    def forget_tokens(self) -> None:
        """Forget every token and all OAuth 1.0a credentials, as if the provider had been started anew."""
        with self._lock:
            self._access.clear()
            self._refresh.clear()
            self._credentials.clear()

    # OAuth 1.0a

    def add_temporary(self, credentials: Credentials) -> None:
        with self._lock:
            self._temporary[credentials.token] = credentials

    def temporary(self, token: str | None) -> Credentials | None:
        return self._temporary.get(token or "")

    def take_temporary(self, token: str | None) -> Credentials | None:
        with self._lock:
            return self._temporary.pop(token or "", None)

    def add_credentials(self, credentials: Credentials) -> None:
        with self._lock:
            self._credentials[credentials.token] = credentials

    def credentials(self, token: str | None) -> Credentials | None:
        return self._credentials.get(token or "")

    def seen_nonce(self, *parts: str | None) -> bool:
        """Remember a nonce with its timestamp, client and token; whether it was there already (RFC 5849 §3.3)."""
        key, now = tuple(part or "" for part in parts), time.monotonic()
        with self._lock:
            if len(self._nonces) > MANY_NONCES:
                self._nonces = {known: until for known, until in self._nonces.items() if until > now}
            seen = key in self._nonces
            self._nonces[key] = now + NONCE_SECONDS
            return seen

    # consent and statuses

    def remember_consent(self, person: Person, client_id: str, scope: str) -> None:
        with self._lock:
            self._consents.add((person.subject, client_id, scope))

    def has_consent(self, person: Person, client_id: str, scope: str) -> bool:
        return (person.subject, client_id, scope) in self._consents

    def add_status(self, person: Person, text: str, *, created_at: float | None = None) -> Status:
        with self._lock:
            moment = time.time() if created_at is None else created_at
            status = Status(len(self._statuses) + 1, person, text, moment)
            self._statuses.append(status)
            return status

    def statuses(self, limit: int = 20) -> list[Status]:
        """The newest ``limit`` statuses, newest first."""
        with self._lock:
            return self._statuses[: -limit - 1 : -1]
