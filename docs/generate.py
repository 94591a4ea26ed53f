"""Makes those pages of the documentation that are made from data.

python docs/generate.py          writes them
python docs/generate.py --check  says which of them are out of date, and exits with 1 if any is
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flask_oauth.cli.findings import EXPLANATIONS as FINDINGS
from flask_oauth.error_codes import EXPLANATIONS
from flask_oauth.extension.config import SETTINGS, Setting
from flask_oauth.extension.members import MEANINGS
from flask_oauth.providers import Provider, Quirks, document_names, get, names
from flask_oauth.providers.profile import STANDARD_PROFILE

HERE = Path(__file__).parent
PROTOCOLS = {"oauth1": "OAuth 1.0a", "oauth2": "OAuth 2.0", "openid": "OpenID Connect"}
AUTHENTICATION = {
    "client_secret_basic": "secret in the Basic header",
    "client_secret_post": "secret in the request's body",
    "private_key_jwt": "a JWT signed with your key",
    "none": "none (public client)",
}

#: Quirks that are of no use to a reader.
TEDIOUS = frozenset({"token_error", "userinfo_error", "token_answer_names", "userinfo_json"})

INTRODUCTION = """\
# Providers

<!-- Made by docs/generate.py from the presets; change those, not this page. -->

{count} providers are known by name: `oauth.remote_app("github")` is all it takes.  For each of them this page says
where to register an application, what to enter there as the callback URL, which settings to make, and what comes back.

- The callback URL is that of `oauth.blueprint` under `/auth`; with another prefix it changes accordingly.
- Settings are names in the application's configuration or in the environment.
- *Comes back* names the claims of `oauth.user`; the provider's whole answer is in `oauth.user.raw`.  A claim is there
  only if the provider sends it, the user agreed and the scopes allow it.  `email_verified` is what the provider said.
- *Checked* is the day on which the facts were last compared with other libraries' sources and, where those were silent
  or disagreed, with documentation.  They are tested against answers in the documented shape, not against the live
  provider: if something has changed there, please report it.

A provider that is not here needs no preset: give `issuer=`, or the endpoints, to `remote_app()`.
"""

LEFT_OUT = {
    "closed, or replaced by their owners": (
        "500px, AngelList, Azure DevOps (classic), Lyft, Medium, OpenStreetMap (OAuth 1.0a), Upwork (OAuth 1.0a), "
        "VK (classic), Windows Live, XING"
    ),
    "each call needs a signature of the provider's own making": "Odnoklassniki",
    "sources contradict each other, or none bears out who signed in": (
        "Buffer, Copper, Fedora, Feishu, Garmin (OAuth 2.0), ID.me, Meetup, RingCentral, SmugMug, Snapchat, Square, "
        "Squarespace, YNAB"
    ),
}


def quirk_words() -> dict[str, str]:
    """Each quirk in the words of its documentation."""
    found = re.findall(r":param (\w+): (.*?)(?=\n *:param |\n *\n|$)", Quirks.__doc__ or "", re.S)
    return {name: re.sub(r"\s+", " ", words).replace("``", "`").strip() for name, words in found}


def providers_page() -> str:
    """The page of all presets."""
    presets = sorted((get(name) for name in names()), key=lambda provider: provider.title.casefold())
    index = ", ".join(f"[{provider.title}](#{provider.name})" for provider in presets)
    words = quirk_words()
    sections = ["\n".join(provider_section(provider, words)) for provider in presets]
    left_out = [f"- {reason}: {which}." for reason, which in LEFT_OUT.items()]
    end = ["## Left out, and why", "", *left_out, ""]
    return "\n".join([INTRODUCTION.format(count=len(presets)), index, "", *sections, *end])


def provider_section(provider: Provider, words: dict[str, str]) -> Iterator[str]:
    """The lines about one preset."""
    yield f'<a id="{provider.name}"></a>\n'
    yield f"## {provider.title}"
    yield ""
    yield f"```python\noauth.remote_app({_arguments(provider)})\n```"
    yield ""
    if provider.notes:
        yield f"{provider.notes}\n"
    for label, text in _facts(provider, words):
        yield f"- **{label}:** {text}"
    yield ""


def _arguments(provider: Provider) -> str:
    missing = [f'{name}="…"' for name in provider.missing_parameters]
    return ", ".join([f'"{provider.name}"', *missing])


def _facts(provider: Provider, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "Protocol", f"{PROTOCOLS[provider.protocol]} ([documentation]({provider.documentation_url}))"
    if provider.portal_url:
        yield "Register at", _address(provider.portal_url)
    yield "Callback URL", f"`https://YOUR-APP/auth/callback/{provider.name}`"
    yield "Settings", ", ".join(f"`{_setting(provider.name, member)}`" for member in provider.credentials)
    for name, parameter in provider.parameters.items():
        default = f"; `{parameter.default}` if not given" if parameter.default else ""
        yield f"`{name}`", f"{parameter.meaning}{default}"
    yield "Scopes", _scopes(provider)
    if provider.client_authentication:
        yield "Client authentication", AUTHENTICATION[provider.client_authentication]
    if provider.pkce == "refused":
        yield "PKCE", "refused, so it is not sent"
    yield "Comes back", _claims(provider)
    if len(document_names(provider)) > 1:
        yield "Requests after the sign-in", ", ".join(document_names(provider))
    if provider.offline_scopes or provider.offline_parameters:
        yield "For a refresh token", _offline(provider)
    quirks = {name: value for name, value in provider.quirks.changed().items() if name not in TEDIOUS}
    if quirks:
        yield "Peculiar", "; ".join(f"{_quirk(words[name], value)} (`{name}`)" for name, value in quirks.items())
    yield "Checked", provider.checked


def _address(url: str) -> str:
    return f"`{url}`" if "{" in url else f"<{url}>"


def _setting(name: str, member: str) -> str:
    return f"OAUTH_{re.sub(r'[^A-Z0-9]+', '_', name.upper())}_{member.upper()}"


def _scopes(provider: Provider) -> str:
    if not provider.scopes:
        return "none are asked for"
    separator = {" ": "", ",": ", joined by commas"}[provider.scope_separator]
    return " ".join(f"`{scope}`" for scope in provider.scopes) + separator


def _offline(provider: Provider) -> str:
    scopes = [f"the scope `{scope}`" for scope in provider.offline_scopes]
    return ", ".join([*scopes, *(f"`{name}={value}`" for name, value in provider.offline_parameters.items())])


def _claims(provider: Provider) -> str:
    own = [claim for claim, source in provider.profile.items() if STANDARD_PROFILE.get(claim) != source]
    found = [claim for claim in own if provider.profile[claim] != ()]
    if len(provider.profile) < len(STANDARD_PROFILE):
        return ", ".join(f"`{claim}`" for claim in provider.profile)
    other = f"; {', '.join(f'`{claim}`' for claim in found)} from elsewhere" if found else ""
    return f"the standard claims of OpenID Connect{other}"


def _quirk(words: str, value: object) -> str:
    text = words.rstrip(".")
    if isinstance(value, Mapping):
        return f"{text}: {', '.join(f'`{name}` is `{other}`' for name, other in value.items())}"
    if value is True:
        return text
    shown = value if isinstance(value, tuple) else (value,)
    return f"{text}: {', '.join(f'`{each}`' for each in shown if each != '') or 'none'}"


# -- errors -------------------------------------------------------------------------------------------------------

ERRORS_INTRODUCTION = """\
# Errors

<!-- Made by docs/generate.py from src/flask_oauth/error_codes.py; change that, not this page. -->

Every error of Flask-OAuth is an `OAuthException` and has a code. A code keeps its name and its meaning: compare
codes, not messages. `flask oauth explain CODE` prints what stands here, without a network.

| attribute | |
| --- | --- |
| `error.code` | the code |
| `error.message`, `str(error)` | what happened, one line |
| `error.hint` | what to do about it |
| `error.expected`, `error.got` | what a right answer would have held, and what was seen |
| `error.data` | what the provider sent, parsed, or `None` |
| `error.type` | the kind of failure by its name of 2010 |

No error holds a token, a code, a verifier or a secret. Classes divide errors by whose they are:
`ConfigurationError` is the application's to mend, `InvalidResponseError` and its kin are the provider's,
`AccessDenied` is the user's answer, and `TransportError` (an `OSError` too) says that no answer came.
"""
#: Headings, and the beginnings of the codes below each.
ERROR_GROUPS: dict[str, tuple[str, ...]] = {
    "The application": ("configuration", "config_", "oauth_error"),
    "The sign-in": ("state_", "authorization_response_", "issuer_", "access_denied", "sign_in_", "login_initiation_"),
    "More than a sign-in": ("scope_not_granted", "step_up_", "account_"),
    "The token": ("token_", "refresh_"),
    "ID Token and userinfo": ("id_token_", "userinfo_", "claim_source_", "logout_token_"),
    "What the provider answers": ("server_error", "response_", "metadata_", "jwks_", "introspection_", "notification_"),
    "Registration and WebFinger": ("registration_", "webfinger_"),
    "OAuth 1.0a": ("oauth1_",),
    "The wire": ("transport_",),
    "The token store": ("store_",),
}


def errors_page() -> str:
    """The page of all codes."""
    parts = [ERRORS_INTRODUCTION]
    left = {str(code): tuple(explanation) for code, explanation in EXPLANATIONS.items()}
    for heading, beginnings in ERROR_GROUPS.items():
        parts += [
            f"## {heading}\n",
            *_codes({code: left.pop(code) for code in list(left) if code.startswith(beginnings)}),
        ]
    if left:
        parts += ["## Others\n", *_codes(left)]
    parts += ["## What `flask oauth doctor` finds\n", *_codes(FINDINGS)]
    return "\n".join(parts)


def _codes(table: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for code, (cause, cure) in table.items():
        yield f'<a id="{code}"></a>\n\n### `{code}`\n\n{cause}\n\n{cure}\n'


# -- settings -----------------------------------------------------------------------------------------------------

SETTINGS_INTRODUCTION = """\
# Settings

<!-- Made by docs/generate.py from src/flask_oauth/extension/config.py and members.py; change those, not this page. -->

`flask oauth settings` shows which value is in force in an application, and where it comes from; `flask oauth
settings NAME` shows one.

| said in | wins over | example |
| --- | --- | --- |
| code | all else | `oauth.remote_app("github", scope="repo")` |
| the application's configuration | the environment | `app.config["OAUTH_GITHUB_SCOPE"] = "repo"` |
| the same, nested | the environment | `app.config["OAUTH"] = {"github": {"scope": "repo"}}` |
| the environment | a preset, a default | `OAUTH_GITHUB_SCOPE=repo` |

`app.config.from_prefixed_env()` copies variables that begin with `FLASK_` into the configuration:
`FLASK_OAUTH_GITHUB_SCOPE` arrives as `OAUTH_GITHUB_SCOPE`, and `FLASK_OAUTH__github__scope` as the nested form.
It reads values as JSON, so a secret such as `12345e67` arrives as a number that nobody can turn back:
Flask-OAuth refuses it (`config_secret_not_text`). Quote it, or leave the prefix out: what begins with `OAUTH_`
is read as text, without `from_prefixed_env()`.

A key that comes near one of these is warned about when the application starts; `flask oauth doctor` lists every
key that nobody reads, and the names that other libraries use.
"""
REMOTE_APPS_INTRODUCTION = """\
## Settings of remote apps

Each keyword of `remote_app()` may be a setting: `OAUTH_`, the remote app's name, and the keyword, in capitals,
with `_` for what is neither letter nor digit. `issuer=` of `remote_app("mail.ru")` is `OAUTH_MAIL_RU_ISSUER`.
What a preset needs besides has its name too: `OAUTH_KEYCLOAK_HOST`, `OAUTH_KEYCLOAK_REALM`;
[the page of the providers](providers.md) says which.

`OAUTH_PROVIDERS=github,corp` registers remote apps without a line of code: `github` has a preset, and `corp` is
whatever `OAUTH_CORP_ISSUER` and its kin say.

| setting | meaning |
| --- | --- |
"""


def settings_page() -> str:
    """The page of all settings."""
    own = ["## Settings of the application\n", *(part for entry in SETTINGS for part in _setting_section(entry))]
    rows = [f"| `OAUTH_<NAME>_{member.upper()}` | {meaning} |" for member, meaning in MEANINGS.items()]
    return "\n".join([SETTINGS_INTRODUCTION, *own, REMOTE_APPS_INTRODUCTION + "\n".join(rows), ""])


def _setting_section(entry: Setting) -> Iterator[str]:
    kinds = {str: "text", float: "a number", bool: "true or false", list: "a list", object: "an object"}
    shown = " or ".join(kinds[kind] for kind in entry.kinds if kind in kinds)
    default = "nothing" if entry.default is None else f"`{entry.default}`"
    yield f'<a id="{entry.name}"></a>\n\n### `{entry.name}`\n\n{entry.meaning}\n'
    yield f"*{shown[:1].upper()}{shown[1:]}; default: {default}.*\n"


PAGES: dict[str, Callable[[], str]] = {
    "providers.md": providers_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or look whether they are up to date."""
    stale = [name for name, make in PAGES.items() if not (HERE / name).exists() or (HERE / name).read_text() != make()]
    if "--check" in arguments:
        _say(*[f"{name} is out of date: run python docs/generate.py" for name in stale])
        return int(bool(stale))
    for name in stale:
        (HERE / name).write_text(PAGES[name]())
        _say(f"wrote {name}")
    return 0


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
