"""The checks of ``flask oauth doctor --online``: what the providers themselves say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from flask import Flask

from ..client.oauth2 import OAuth2Client
from ..errors import OAuthException
from ..protocol.oauth2.metadata import metadata_requests
from .findings import Finding, found, of_error

if TYPE_CHECKING:
    from ..extension.oauth import OAuth
    from ..extension.remote_app import OAuthRemoteApp


def check_online(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """Every issuer answers, speaks for itself, has keys, and agrees with us about the time."""
    for remote in oauth.remote_apps.values():
        try:
            hub = remote._hub()
            if isinstance(hub, OAuth2Client) and remote.issuer:
                hub.server.metadata()
                hub.server.keys()
                yield from _clock(remote, remote.issuer)
        except OAuthException as error:
            yield of_error(error, remote.name)


def _clock(remote: OAuthRemoteApp, issuer: str) -> Iterator[Finding]:
    """By how much this machine's clock differs from the provider's, as its Date header has it (RFC 9110 §6.6.1)."""
    from ..extension.state import transport_in_reach

    hosts = frozenset(remote._options.get("allow_http_hosts", ()))
    request = replace(metadata_requests(issuer, insecure_hosts=hosts)[0], insecure_hosts=hosts)
    response = (remote._transport or transport_in_reach(remote.oauth)).send(request)
    try:
        theirs = parsedate_to_datetime(response.headers.get("date") or "").timestamp()
    except ValueError:
        return
    ahead = time.time() - theirs
    if abs(ahead) > float(remote._options.get("clock_skew", 60)):
        saw = f"this clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the provider's"
        yield found("error", "doctor_clock", saw, remote.name)
