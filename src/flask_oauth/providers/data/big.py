"""The accounts that most people have."""

# ruff: noqa: S106 - addresses and words, not secrets
from __future__ import annotations

from typing import Final

from ..model import ErrorShape, Parameter, Provider, Quirks
from ..profile import openid_profile

CHECKED: Final = "2026-11-24"
OPENID: Final = ("openid", "profile", "email")

PROVIDERS: Final = (
    Provider(
        name="google",
        title="Google",
        protocol="openid",
        checked=CHECKED,
        documentation_url="https://developers.google.com/identity/openid-connect/openid-connect",
        portal_url="https://console.cloud.google.com/apis/credentials",
        issuer="https://accounts.google.com",
        api_base_url="https://www.googleapis.com/",
        scopes=("openid", "email", "profile"),
        pkce="supported",
        offline_parameters={"access_type": "offline", "prompt": "consent"},
        quirks=Quirks(issuer_aliases=("accounts.google.com",)),
        notes="hd= as an authorization parameter asks for one Workspace domain; check the hd claim as well.",
    ),
    Provider(
        name="microsoft",
        title="Microsoft Entra ID",
        protocol="openid",
        checked=CHECKED,
        documentation_url="https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc",
        portal_url="https://entra.microsoft.com/",
        issuer="https://login.microsoftonline.com/{tenant}/v2.0",
        api_base_url="https://graph.microsoft.com/",
        parameters={
            "tenant": Parameter(
                "a tenant's id or domain; or common, organizations, consumers", default="common", shape="segment"
            )
        },
        scopes=(*OPENID, "User.Read"),
        client_authentication="client_secret_post",
        pkce="supported",
        offline_scopes=("offline_access",),
        # The picture in the userinfo is an address that wants the access token.
        profile=openid_profile(picture=()),
        quirks=Quirks(issuer_template="https://login.microsoftonline.com/{tenantid}/v2.0"),
        notes=(
            "The email claim is no proof that the address belongs to the user: never link accounts by it. "
            "With common or organizations every tenant can sign in: set allowed_tenants."
        ),
    ),
    Provider(
        name="apple",
        title="Apple",
        protocol="openid",
        checked=CHECKED,
        documentation_url="https://developer.apple.com/documentation/signinwithapple",
        portal_url="https://developer.apple.com/account/resources/identifiers/list/serviceId",
        issuer="https://appleid.apple.com",
        scopes=("name", "email"),
        client_authentication="client_secret_post",
        pkce="supported",
        response_mode="form_post",
        profile=openid_profile(
            given_name="callback:user.name.firstName", family_name="callback:user.name.lastName", name=()
        ),
        quirks=Quirks(secret_is_jwt=True, form_post_when_scopes=True, callback_json=("user",)),
        credentials=("client_id", "team_id", "key_id", "signing_key"),
        notes=(
            "The name comes at the first sign-in alone, and unsigned: keep it then. "
            "The address may be a relay that Apple made for the application."
        ),
    ),
    Provider(
        name="facebook",
        title="Facebook",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow/",
        portal_url="https://developers.facebook.com/apps",
        authorization_endpoint="https://www.facebook.com/v{version}/dialog/oauth",
        token_endpoint="https://graph.facebook.com/v{version}/oauth/access_token",
        userinfo_endpoint="https://graph.facebook.com/v{version}/me",
        api_base_url="https://graph.facebook.com/v{version}/",
        parameters={"version": Parameter("the version of the Graph API", default="24.0", shape="segment")},
        scopes=("email", "public_profile"),
        scope_separator=",",
        client_authentication="client_secret_post",
        userinfo_parameters={"fields": "id,name,first_name,last_name,email,picture.type(large)"},
        profile={
            "sub": "id",
            "name": "name",
            "given_name": "first_name",
            "family_name": "last_name",
            "email": "email",
            "picture": "picture.data.url",
        },
        quirks=Quirks(
            appsecret_proof=True,
            token_error=ErrorShape("error.type", "error.message"),
            userinfo_error=ErrorShape("error.type", "error.message"),
        ),
        notes="There may be no address: not everybody has one, and everybody may refuse it.",
    ),
    Provider(
        name="amazon",
        title="Amazon",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://developer.amazon.com/docs/login-with-amazon/authorization-code-grant.html",
        portal_url="https://developer.amazon.com/loginwithamazon/console/site/lwa/overview.html",
        authorization_endpoint="https://www.amazon.com/ap/oa",
        token_endpoint="https://api.amazon.com/auth/o2/token",
        userinfo_endpoint="https://api.amazon.com/user/profile",
        api_base_url="https://api.amazon.com/",
        scopes=("profile",),
        client_authentication="client_secret_post",
        profile={"sub": "user_id", "name": "name", "email": "email"},
    ),
    Provider(
        name="yahoo",
        title="Yahoo",
        protocol="openid",
        checked=CHECKED,
        documentation_url="https://developer.yahoo.com/oauth2/guide/openid_connect/",
        portal_url="https://developer.yahoo.com/apps/",
        issuer="https://api.login.yahoo.com",
        scopes=OPENID,
        client_authentication="client_secret_basic",
        # Confidential clients that send a code challenge are told that their client id is invalid.
        pkce="refused",
        quirks=Quirks(id_token_algorithms=("ES256", "RS256")),
    ),
    Provider(
        name="linkedin",
        title="LinkedIn",
        protocol="openid",
        checked=CHECKED,
        documentation_url=(
            "https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2"
        ),
        portal_url="https://www.linkedin.com/developers/apps",
        issuer="https://www.linkedin.com/oauth",
        api_base_url="https://api.linkedin.com/",
        scopes=OPENID,
        client_authentication="client_secret_post",
        # A code verifier beside the client secret is answered with invalid_client.
        pkce="refused",
        # locale comes as an object of language and country.
        profile=openid_profile(locale=("locale.language", "locale")),
        quirks=Quirks(nonce_missing_ok=True, token_type_missing_ok=True, granted_scope_separator=","),
        notes=(
            "The application needs the product 'Sign In with LinkedIn using OpenID Connect'. "
            "LinkedIn takes neither PKCE nor a nonce, so state alone ties the answer to the browser."
        ),
    ),
    Provider(
        name="x",
        title="X",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code",
        portal_url="https://developer.x.com/en/portal/dashboard",
        authorization_endpoint="https://x.com/i/oauth2/authorize",
        token_endpoint="https://api.x.com/2/oauth2/token",
        userinfo_endpoint="https://api.x.com/2/users/me",
        revocation_endpoint="https://api.x.com/2/oauth2/revoke",
        api_base_url="https://api.x.com/2/",
        scopes=("users.read", "tweet.read"),
        client_authentication="client_secret_basic",
        pkce="required",
        userinfo_parameters={"user.fields": "profile_image_url"},
        offline_scopes=("offline.access",),
        profile={
            "sub": "data.id",
            "name": "data.name",
            "preferred_username": "data.username",
            "picture": "data.profile_image_url",
            "email": "data.confirmed_email",
        },
        quirks=Quirks(userinfo_error=ErrorShape("title", "detail")),
        notes="An address comes only with the scope users.email and confirmed_email among user.fields.",
    ),
    Provider(
        name="discord",
        title="Discord",
        protocol="oauth2",
        checked=CHECKED,
        documentation_url="https://discord.com/developers/docs/topics/oauth2",
        portal_url="https://discord.com/developers/applications",
        authorization_endpoint="https://discord.com/oauth2/authorize",
        token_endpoint="https://discord.com/api/oauth2/token",
        userinfo_endpoint="https://discord.com/api/users/@me",
        revocation_endpoint="https://discord.com/api/oauth2/token/revoke",
        api_base_url="https://discord.com/api/",
        scopes=("identify", "email"),
        client_authentication="client_secret_post",
        pkce="supported",
        profile={
            "sub": "id",
            "name": "global_name",
            "preferred_username": "username",
            "email": "email",
            "email_verified": "verified",
            "picture": "https://cdn.discordapp.com/avatars/{id}/{avatar}.png",
            "locale": "locale",
        },
        quirks=Quirks(user_agent_required=True, userinfo_error=ErrorShape("code", "message")),
    ),
)
