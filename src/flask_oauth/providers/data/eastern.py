"""Russia and the Czech Republic."""

# ruff: noqa: S106 - addresses and words, not secrets
from __future__ import annotations

from typing import Final

from ..model import ErrorShape, Provider, Quirks

CHECKED: Final = "2026-11-24"

PROVIDERS: Final = (
    Provider(
        name="yandex",
        title="Yandex",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://yandex.com/dev/id/doc/en/",
        portal_url="https://oauth.yandex.com/",
        authorization_endpoint="https://oauth.yandex.com/authorize",
        token_endpoint="https://oauth.yandex.com/token",
        userinfo_endpoint="https://login.yandex.ru/info",
        revocation_endpoint="https://oauth.yandex.com/revoke_token",
        api_base_url="https://login.yandex.ru/",
        scopes=("login:info", "login:email", "login:avatar"),
        client_authentication="client_secret_basic",
        userinfo_parameters={"format": "json"},
        profile={
            "sub": "id",
            "name": "real_name",
            "given_name": "first_name",
            "family_name": "last_name",
            "preferred_username": "login",
            "email": ("default_email", "emails.0"),
            "picture": "https://avatars.yandex.net/get-yapic/{default_avatar_id}/islands-200",
            "birthdate": "birthday",
            "gender": "sex",
        },
        quirks=Quirks(authorization_scheme="OAuth"),
    ),
    Provider(
        name="vk",
        title="VK ID",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url=(
            "https://id.vk.com/about/business/go/docs/en/vkid/latest/vk-id/connection/api-integration/api-description"
        ),
        portal_url="https://id.vk.com/about/business/go",
        authorization_endpoint="https://id.vk.ru/authorize",
        token_endpoint="https://id.vk.ru/oauth2/auth",
        userinfo_endpoint="https://id.vk.ru/oauth2/user_info",
        api_base_url="https://id.vk.ru/",
        scopes=("email",),
        client_authentication="client_secret_post",
        pkce="required",
        profile={
            "sub": "user.user_id",
            "given_name": "user.first_name",
            "family_name": "user.last_name",
            "email": "user.email",
            "picture": "user.avatar",
            "birthdate": "user.birthday",
        },
        quirks=Quirks(
            callback_kept=("device_id",),
            token_request_from_callback=("device_id", "state"),
            errors_in_200=True,
            userinfo_method="POST",
            userinfo_form={"client_id": "{client_id}"},
            token_placement="body",
        ),
        notes="The callback's device_id goes into the token request and is kept with the token, for refreshing.",
    ),
    Provider(
        name="mailru",
        title="Mail.ru",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://api.mail.ru/docs/guides/oauth/",
        portal_url="https://o2.mail.ru/app/",
        authorization_endpoint="https://oauth.mail.ru/login",
        token_endpoint="https://oauth.mail.ru/token",
        userinfo_endpoint="https://oauth.mail.ru/userinfo",
        scopes=("userinfo",),
        client_authentication="client_secret_basic",
        profile={
            "sub": "id",
            "name": "name",
            "nickname": "nickname",
            "given_name": "first_name",
            "family_name": "last_name",
            "email": "email",
            "picture": "image",
            "locale": "locale",
        },
        quirks=Quirks(errors_in_200=True, token_placement="query"),
    ),
    Provider(
        name="seznam",
        title="Seznam",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://vyvojari.seznam.cz/oauth/doc?lang=en",
        portal_url="https://vyvojari.seznam.cz/oauth/admin",
        authorization_endpoint="https://login.szn.cz/api/v1/oauth/auth",
        token_endpoint="https://login.szn.cz/api/v1/oauth/token",
        userinfo_endpoint="https://login.szn.cz/api/v1/user",
        scopes=("identity",),
        scope_separator=",",
        client_authentication="client_secret_post",
        profile={
            "sub": "oauth_user_id",
            "given_name": "firstname",
            "family_name": "lastname",
            "preferred_username": "username",
            "email": "email",
        },
        quirks=Quirks(userinfo_error=ErrorShape("status", "message", success=(200,))),
    ),
)
