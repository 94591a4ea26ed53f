"""What ``flask oauth doctor`` finds: a code, what was seen, what to change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from ..errors import OAuthException

Level = Literal["error", "warning", "note"]

#: Codes that only the doctor uses, with cause and cure; all others are those of errors.
EXPLANATIONS: Final[dict[str, tuple[str, str]]] = {
    "doctor_app_not_loading": (
        "The application does not load, so nothing in it can be looked at.",
        "Mend what the message names; then run the doctor again.",
    ),
    "doctor_no_oauth": (
        "No OAuth object is bound to the application.",
        "Call oauth.init_app(app), or OAuth(app). Programs of 2010 run without it, but cannot be looked at.",
    ),
    "doctor_secret_key_weak": (
        "SECRET_KEY is short or well known, so sessions and pending sign-ins can be forged.",
        "Make one with python -c 'import secrets; print(secrets.token_hex())' and keep it out of the source.",
    ),
    "doctor_secret_key_changes": (
        "SECRET_KEY is another one each time the application starts, so no worker can read what another has sealed.",
        "Make it once, and read it from the configuration or the environment.",
    ),
    "doctor_credential_blank": (
        "A client id or secret has blanks around it, or is still a placeholder.",
        "Copy it again from the provider's page.",
    ),
    "doctor_key_unknown": (
        "A key looks like a setting of Flask-OAuth and is none, so nobody reads it.",
        "Correct its name, or remove it; if it is another extension's, nothing is wrong.",
    ),
    "doctor_key_foreign": (
        "A key is what another library calls it, and the setting that would say the same here is not there.",
        "Set the one that is named.",
    ),
    "doctor_external_url": (
        "OAUTH_EXTERNAL_URL is no address of a site.",
        "Give scheme and host, as in https://app.example.com.",
    ),
    "doctor_callback_http": (
        "The callback is plain http on another machine than this, so codes travel for all to read.",
        "Serve the site over https and set OAUTH_EXTERNAL_URL to that address.",
    ),
    "doctor_proxy": (
        "The site is known under https, and the application is told nothing of a proxy that ends TLS.",
        "If there is one, add app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1).",
    ),
    "doctor_cookie_insecure": (
        "The session cookie would also be sent over plain http.",
        "Set SESSION_COOKIE_SECURE = True.",
    ),
    "doctor_cookie_strict": (
        "SESSION_COOKIE_SAMESITE is Strict: right after a sign-in browsers do not send the session cookie, unless the "
        "sign-in pages of the blueprint lead on.",
        'Use oauth.blueprint, or set SESSION_COOKIE_SAMESITE = "Lax".',
    ),
    "doctor_cookie_none": (
        "SESSION_COOKIE_SAMESITE is None: any site can post forms in the name of who is signed in.",
        'Set SESSION_COOKIE_SAMESITE = "Lax".',
    ),
    "doctor_login_page": (
        "The sign-in page cannot be shown.",
        "Open it with `flask run --debug` and read the traceback.",
    ),
    "doctor_form_action": (
        "The Content-Security-Policy of the sign-in page does not let a form end at the provider, so browsers stop the "
        "button without a word.",
        'Set OAUTH_START_RESPONSE = "auto", or add the provider to form-action.',
    ),
    "doctor_dotenv": (
        "There is an .env file, and python-dotenv, which reads it, is not installed.",
        "pip install python-dotenv",
    ),
    "doctor_no_store": (
        "No token store is set: tokens live in the session cookie, sealed, and end with it.",
        'Set OAUTH_TOKEN_STORE if work goes on while users are away; "sqlite:///tokens.db" is enough on one machine.',
    ),
    "doctor_clock": (
        "This machine's clock and the provider's differ, so what it signs seems to come too early or too late.",
        "Set the clock by NTP.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the doctor has found.

    :param level: ``error``: sign-in does not work or is not safe; ``warning``: it may not be; ``note``: worth knowing.
    :param code: stable; ``flask oauth explain`` knows it.
    :param saw: what was seen; never a secret.
    :param change: what to do.
    :param about: the remote app or the key it is about.
    """

    level: Level
    code: str
    saw: str
    change: str = ""
    about: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def found(level: Level, code: str, saw: str, about: str = "", change: str = "") -> Finding:
    """A finding with the cure that the tables have for its code, unless a better one is given."""
    from ..error_codes import EXPLANATIONS as OF_ERRORS

    known = {**EXPLANATIONS, **{str(name): tuple(explanation) for name, explanation in OF_ERRORS.items()}}
    return Finding(level, code, saw, change or known[code][1], about)


def of_error(error: OAuthException, about: str = "") -> Finding:
    """A finding out of an error of ours."""
    saw = str(error)
    if error.expected is not None:
        saw += f" (expected {error.expected}, got {error.got})"
    return Finding("error", error.code, saw, error.hint, about)
