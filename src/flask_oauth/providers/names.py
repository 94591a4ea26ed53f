"""The names of all presets as a type, so that an editor completes them; checked by a test."""

from __future__ import annotations

from typing import Literal

# fmt: off
ProviderName = Literal[
    "42-school", "adobe", "airtable", "amazon", "apple", "asana", "asgardeo", "atlassian", "auth0",
    "authelia", "authentik", "azure-b2c", "bankid-no", "basecamp", "battlenet", "bitbucket", "bluesky",
    "box", "boxyhq", "bungie", "calendly", "canva", "casdoor", "cilogon", "clerk", "clickup", "codeberg",
    "cognito", "coinbase", "deezer", "descope", "dex", "digitalocean", "dingtalk", "discogs", "discord",
    "docusign", "dropbox", "duende", "ebay", "epicgames", "etsy", "eventbrite", "eveonline", "evernote",
    "facebook", "faceit", "figma", "fitbit", "flickr", "forgejo", "foursquare", "franceconnect",
    "freshbooks", "frontegg", "fusionauth", "garmin", "gitea", "gitee", "github", "gitlab", "globus",
    "google", "gumroad", "harvest", "heroku", "hubspot", "huggingface", "instagram", "intercom",
    "jira-server", "kakao", "keycloak", "kick", "kinde", "lichess", "line", "linear", "linkedin", "logingov",
    "logto", "mailchimp", "mailru", "mastodon", "mattermost", "mediawiki", "mediawiki-oauth1",
    "mercadolibre", "microsoft", "miro", "monday", "musicbrainz", "naver", "netlify", "nextcloud", "notion",
    "okta", "onelogin", "openstreetmap", "orcid", "ory", "osu", "oura", "patreon", "paypal", "pingidentity",
    "pinterest", "pipedrive", "qq", "quickbooks", "railway", "reddit", "roblox", "salesforce", "seznam",
    "shopify", "simplelogin", "slack", "slack-app", "soundcloud", "spotify", "stackexchange", "strava",
    "stripe", "surveymonkey", "telegram", "threads", "tiktok", "todoist", "trakt", "trello", "tumblr",
    "tumblr-oauth2", "twitch", "twitter", "typeform", "uber", "untappd", "vercel", "vimeo", "vipps", "vk",
    "wakatime", "webex", "wechat", "weibo", "withings", "wordpress", "workos", "x", "xero", "yahoo",
    "yandex", "zendesk", "zitadel", "zoho", "zoom", "zotero",
]
# fmt: on
