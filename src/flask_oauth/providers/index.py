"""Which module holds which preset, so that one can be loaded without the others; checked by a test."""

from __future__ import annotations

from typing import Final

# fmt: off
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "asia": (
        "kakao", "line", "naver", "wechat", "weibo", "qq", "dingtalk",
    ),
    "big": (
        "google", "microsoft", "apple", "facebook", "amazon", "yahoo", "linkedin", "x", "discord",
    ),
    "business": (
        "salesforce", "hubspot", "pipedrive", "zendesk", "zoho", "intercom", "mailchimp", "surveymonkey",
        "typeform", "quickbooks", "xero", "freshbooks", "harvest", "dropbox", "box", "nextcloud",
    ),
    "commerce": (
        "shopify", "stripe", "coinbase", "ebay", "etsy", "mercadolibre", "uber",
    ),
    "developer": (
        "github", "gitlab", "bitbucket", "gitea", "forgejo", "codeberg", "gitee", "atlassian", "linear",
        "figma", "huggingface", "digitalocean", "heroku", "netlify", "vercel", "railway", "stackexchange",
        "wakatime", "42-school",
    ),
    "eastern": (
        "yandex", "vk", "mailru", "seznam",
    ),
    "games": (
        "battlenet", "bungie", "epicgames", "eveonline", "faceit", "osu", "roblox", "lichess",
    ),
    "health": (
        "fitbit", "strava", "withings", "oura",
    ),
    "identity": (
        "auth0", "okta", "keycloak", "authentik", "cognito", "zitadel", "fusionauth", "onelogin",
        "pingidentity", "ory", "logto", "kinde", "clerk", "descope", "frontegg", "workos", "authelia", "dex",
        "casdoor", "duende", "azure-b2c", "asgardeo", "boxyhq", "simplelogin", "paypal",
    ),
    "media": (
        "spotify", "soundcloud", "deezer", "vimeo", "twitch", "kick", "musicbrainz", "trakt", "wordpress",
        "gumroad", "untappd",
    ),
    "oauth1": (
        "twitter", "garmin", "tumblr", "trello", "discogs", "flickr", "mediawiki-oauth1", "jira-server",
        "evernote", "zotero",
    ),
    "public": (
        "logingov", "franceconnect", "bankid-no", "vipps", "cilogon", "globus", "orcid", "mediawiki",
        "openstreetmap",
    ),
    "social": (
        "instagram", "threads", "mastodon", "bluesky", "reddit", "pinterest", "tiktok", "tumblr-oauth2",
        "telegram", "patreon", "foursquare", "mattermost", "slack", "slack-app",
    ),
    "work": (
        "airtable", "asana", "basecamp", "calendly", "canva", "clickup", "docusign", "eventbrite", "miro",
        "monday", "notion", "todoist", "webex", "zoom", "adobe",
    ),
}
# fmt: on

#: Names that people try, for "did you mean".
OTHER_NAMES: Final[dict[str, str]] = {
    "aad": "microsoft",
    "azure": "microsoft",
    "azure-ad": "microsoft",
    "azuread": "microsoft",
    "entra": "microsoft",
    "entra-id": "microsoft",
    "aws-cognito": "cognito",
    "b2c": "azure-b2c",
    "bnet": "battlenet",
    "confluence": "atlassian",
    "eve-online": "eveonline",
    "intuit": "quickbooks",
    "jira": "atlassian",
    "login-gov": "logingov",
    "login-with-amazon": "amazon",
    "lwa": "amazon",
    "mail-ru": "mailru",
    "meta": "facebook",
    "office365": "microsoft",
    "openid": "keycloak",
    "osm": "openstreetmap",
    "ping": "pingidentity",
    "pingone": "pingidentity",
    "twitter-oauth2": "x",
    "vkontakte": "vk",
    "weixin": "wechat",
    "wikimedia": "mediawiki",
    "wikipedia": "mediawiki",
}
