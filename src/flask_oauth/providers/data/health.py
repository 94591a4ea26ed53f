"""Sport, sleep and scales."""

# ruff: noqa: S106 - addresses and words, not secrets
from __future__ import annotations

from typing import Final

from ..model import ErrorShape, Provider, Quirks

CHECKED: Final = "2026-11-24"

PROVIDERS: Final = (
    Provider(
        name="fitbit",
        title="Fitbit",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://dev.fitbit.com/build/reference/web-api/developer-guide/authorization/",
        portal_url="https://dev.fitbit.com/apps",
        authorization_endpoint="https://www.fitbit.com/oauth2/authorize",
        token_endpoint="https://api.fitbit.com/oauth2/token",
        userinfo_endpoint="https://api.fitbit.com/1/user/-/profile.json",
        revocation_endpoint="https://api.fitbit.com/oauth2/revoke",
        api_base_url="https://api.fitbit.com/1/",
        scopes=("profile",),
        client_authentication="client_secret_basic",
        pkce="supported",
        profile={
            "sub": "user.encodedId",
            "name": ("user.fullName", "user.displayName"),
            "nickname": "user.displayName",
            "picture": "user.avatar150",
            "locale": "user.locale",
            "zoneinfo": "user.timezone",
        },
        quirks=Quirks(
            token_error=ErrorShape("errors.0.errorType", "errors.0.message"),
            userinfo_error=ErrorShape("errors.0.errorType", "errors.0.message"),
        ),
    ),
    Provider(
        name="strava",
        title="Strava",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://developers.strava.com/docs/authentication/",
        portal_url="https://www.strava.com/settings/api",
        authorization_endpoint="https://www.strava.com/oauth/authorize",
        token_endpoint="https://www.strava.com/oauth/token",
        userinfo_endpoint="https://www.strava.com/api/v3/athlete",
        api_base_url="https://www.strava.com/api/v3/",
        scopes=("read",),
        scope_separator=",",
        client_authentication="client_secret_post",
        pkce="unsupported",
        authorization_parameters={"approval_prompt": "auto"},
        profile={
            "sub": "id",
            "given_name": "firstname",
            "family_name": "lastname",
            "preferred_username": "username",
            "picture": "profile",
        },
        quirks=Quirks(
            token_error=ErrorShape("errors.0.code", "message"),
            userinfo_error=ErrorShape("errors.0.code", "message"),
        ),
        notes="The scopes that the user left ticked are in the callback's scope.",
    ),
    Provider(
        name="withings",
        title="Withings",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://developer.withings.com/developer-guide/v3/integration-guide/public-health-data-api/get-access/oauth-web-flow/",
        portal_url="https://developer.withings.com/dashboard/",
        authorization_endpoint="https://account.withings.com/oauth2_user/authorize2",
        token_endpoint="https://wbsapi.withings.net/v2/oauth2",
        api_base_url="https://wbsapi.withings.net/",
        scopes=("user.info",),
        scope_separator=",",
        client_authentication="client_secret_post",
        pkce="unsupported",
        token_parameters={"action": "requesttoken"},
        profile={"sub": "token:userid"},
        quirks=Quirks(
            token_answer_path="body",
            granted_scope_separator=",",
            errors_in_200=True,
            token_error=ErrorShape("status", "error", success=(0,)),
        ),
        notes="Who signed in is a number in the token answer; there is no name.",
    ),
    Provider(
        name="oura",
        title="Oura",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://cloud.ouraring.com/docs/authentication",
        portal_url="https://cloud.ouraring.com/oauth/applications",
        authorization_endpoint="https://cloud.ouraring.com/oauth/authorize",
        token_endpoint="https://api.ouraring.com/oauth/token",
        userinfo_endpoint="https://api.ouraring.com/v2/usercollection/personal_info",
        api_base_url="https://api.ouraring.com/v2/",
        scopes=("personal", "email"),
        client_authentication="client_secret_post",
        profile={"sub": "id", "email": "email"},
        quirks=Quirks(userinfo_error=ErrorShape("status", "detail")),
    ),
)
