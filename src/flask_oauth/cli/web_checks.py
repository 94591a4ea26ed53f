"""The checks of ``flask oauth doctor`` on what browsers see: callback, cookies, the sign-in page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, got_request_exception

from ..errors import OAuthException
from ..protocol.http import LOOPBACK_HOSTS, origin
from .application import callback_of
from .findings import Finding, found

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ..extension.oauth import OAuth
    from .checks import Check


def check_callback(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """The address that is registered at providers is one they can send users back to, safely."""
    external = app.config.get("OAUTH_EXTERNAL_URL")
    if external:
        scheme, host, _ = origin(external)
        if scheme not in ("http", "https") or not host or urlsplit(external).query:
            yield found("error", "doctor_external_url", f"OAUTH_EXTERNAL_URL is {external}")
            return
    callback = callback_of(app, "NAME")
    scheme, host, _ = origin(external or callback or "")
    if scheme == "http" and host not in LOOPBACK_HOSTS:
        yield found("error", "doctor_callback_http", f"{callback or external}")
    if scheme == "https" and host not in LOOPBACK_HOSTS and not _behind_proxy_fix(app):
        yield found("note", "doctor_proxy", "no ProxyFix around app.wsgi_app")


def _behind_proxy_fix(app: Flask) -> bool:
    """Whether ProxyFix is among the layers around the application."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    layer: Any = app.wsgi_app
    for _ in range(20):
        if isinstance(layer, ProxyFix):
            return True
        layer = getattr(layer, "app", None) or getattr(layer, "wsgi_app", None) or getattr(layer, "application", None)
        if layer is None:
            return False
    return False


def check_cookies(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """The session cookie comes back after a sign-in, and only where it should."""
    from ..extension.addresses import mounted

    same_site = str(app.config.get("SESSION_COOKIE_SAMESITE") or "").lower()
    if same_site == "strict":
        level = "note" if app in mounted else "warning"
        yield found(level, "doctor_cookie_strict", "SESSION_COOKIE_SAMESITE is Strict")  # type: ignore[arg-type]
    if same_site == "none":
        yield found("warning", "doctor_cookie_none", "SESSION_COOKIE_SAMESITE is None")
    external = str(app.config.get("OAUTH_EXTERNAL_URL") or "")
    if external.startswith("https://") and not app.config.get("SESSION_COOKIE_SECURE"):
        yield found("warning", "doctor_cookie_insecure", f"the site is {external}")


def check_sign_in_page(app: Flask, oauth: OAuth) -> Iterator[Finding]:
    """The sign-in page can be shown, and browsers let its buttons lead to the providers."""
    from ..extension import addresses
    from ..extension.leaving import form_may_lead_to

    if app not in addresses.mounted:
        return
    external = str(app.config.get("OAUTH_EXTERNAL_URL") or "http://127.0.0.1:5000")
    with app.test_request_context(base_url=external):
        path = addresses.login_url()
    response, failure = _fetched(app, path, external)
    if failure or response is None or response.status_code != 200:
        yield found("error", "doctor_login_page", f"{path} {failure or f'answers {response and response.status_code}'}")
        return
    policies = response.headers.getlist("Content-Security-Policy")
    if app.config.get("OAUTH_START_RESPONSE", "auto") != "redirect":
        return
    for remote in oauth.remote_apps.values():
        try:
            target = _leads_to(remote)
        except OAuthException:
            continue  # the checks of credentials and of metadata speak of it
        if target and not form_may_lead_to(target, policies):
            yield found("error", "doctor_form_action", f"{'; '.join(policies)} does not name {target}", remote.name)


def _fetched(app: Flask, path: str, base_url: str) -> tuple[TestResponse | None, str]:
    """A page, or why there is none."""
    raised: list[str] = []

    def note(_: Flask, exception: BaseException, **__: Any) -> None:
        raised.append(f"raises {type(exception).__name__}: {exception}")

    with got_request_exception.connected_to(note, app):
        try:
            response = app.test_client().get(path, base_url=base_url)
        except Exception as error:
            return None, f"raises {type(error).__name__}: {error}"
    return response, raised[0] if raised else ""


def _leads_to(remote: Any) -> str | None:
    """Where the button of a remote app leads, as far as is known without asking the provider."""
    if remote.authorize_url:
        return str(remote.expand_url(remote.authorize_url))
    return remote.issuer  # type: ignore[no-any-return]


CHECKS: Final[dict[str, Check]] = {
    "callback": check_callback,
    "cookies": check_cookies,
    "sign-in page": check_sign_in_page,
}
