"""Every error code, with its cause and its cure: the one table behind hints, documentation and `flask oauth explain`.

A code is stable: once released it keeps its name and its meaning.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

ErrorCode = Literal[
    "oauth_error",
    "configuration",
    "config_duplicate_remote_app",
    "config_both_spellings",
    "config_unknown_keyword",
    "config_unknown_preset",
    "config_endpoint_missing",
    "config_client_id_missing",
    "config_client_secret_missing",
    "config_secret_not_text",
    "config_no_secret_key",
    "config_no_app",
    "config_no_blueprint",
    "config_already_bound",
    "config_callback_missing",
    "config_insecure_url",
    "config_key_invalid",
    "config_algorithm",
    "config_client_authentication",
    "config_profile",
    "config_store_url",
    "config_extra_missing",
    "config_encryption_key",
    "config_setting",
    "config_parameter_reserved",
    "config_http_method",
    "transport_failed",
    "transport_timeout",
    "transport_too_large",
    "transport_redirect",
    "transport_insecure_url",
    "transport_private_address",
    "transport_forked",
    "response_invalid",
    "response_status",
    "response_content_type",
    "response_not_json",
    "response_duplicate_member",
    "response_too_deep",
    "response_member",
    "response_xml",
    "metadata_invalid",
    "metadata_issuer",
    "metadata_unavailable",
    "jwks_invalid",
    "authorization_response_invalid",
    "authorization_response_repeated",
    "authorization_response_no_code",
    "authorization_response_mode",
    "authorization_response_error",
    "state_missing",
    "state_cookie_missing",
    "state_other_host",
    "state_mismatch",
    "state_expired",
    "state_used",
    "state_other_key",
    "state_other_remote_app",
    "state_foreign",
    "issuer_mismatch",
    "issuer_missing",
    "access_denied",
    "server_error",
    "token_response_invalid",
    "token_response_no_token",
    "token_response_no_type",
    "token_response_type",
    "token_missing",
    "token_expired",
    "sign_in_required",
    "sign_in_loop",
    "scope_not_granted",
    "step_up_unsupported",
    "account_linked_elsewhere",
    "account_link_last",
    "token_host",
    "token_in_query",
    "id_token_missing",
    "id_token_invalid",
    "id_token_malformed",
    "id_token_signature",
    "id_token_algorithm",
    "id_token_key_unknown",
    "id_token_key_ambiguous",
    "id_token_key_weak",
    "id_token_type",
    "id_token_critical",
    "id_token_issuer",
    "id_token_tenant",
    "id_token_audience",
    "id_token_authorized_party",
    "id_token_subject",
    "id_token_expired",
    "id_token_issued_at",
    "id_token_not_yet_valid",
    "id_token_nonce",
    "id_token_at_hash",
    "id_token_c_hash",
    "id_token_s_hash",
    "id_token_auth_time",
    "id_token_acr",
    "id_token_changed",
    "id_token_encryption",
    "userinfo_invalid",
    "userinfo_subject",
    "userinfo_content_type",
    "logout_token_invalid",
    "webfinger_identifier",
    "webfinger_no_issuer",
    "login_initiation_invalid",
    "claim_source_invalid",
    "oauth1_callback_token",
    "oauth1_callback_not_confirmed",
    "oauth1_verifier_missing",
    "oauth1_credentials_missing",
    "oauth1_problem",
    "oauth1_plaintext_insecure",
    "oauth1_signature_method",
    "token_generation_failed",
    "store_failed",
    "store_schema",
    "store_sealed",
    "store_session_full",
    "store_lease_lost",
    "store_no_owner",
    "refresh_failed",
    "registration_host",
    "introspection_audience",
    "notification_invalid",
]


class Explanation(NamedTuple):
    """What a code means.

    :param cause: what happened, one sentence.
    :param cure: what to do about it, one sentence.
    """

    cause: str
    cure: str


EXPLANATIONS: Final[dict[ErrorCode, Explanation]] = {
    "oauth_error": Explanation(
        "An error raised without a code of its own, usually by an application's subclass.",
        "Read the message and the cause of the exception.",
    ),
    "configuration": Explanation(
        "A setting or the way a method was called is wrong.",
        "Change the line the message names.",
    ),
    "config_duplicate_remote_app": Explanation(
        "Two remote apps were registered under one name in one OAuth object.",
        "Give one of them another name, or pass register=False.",
    ),
    "config_both_spellings": Explanation(
        "A keyword of 2010 and its name of today were both given.",
        "Keep one of the two keywords the message names.",
    ),
    "config_unknown_keyword": Explanation(
        "remote_app() was given a keyword it does not know.",
        "Use the spelling the message proposes.",
    ),
    "config_unknown_preset": Explanation(
        "There is no preset of that name, and no endpoint was given either.",
        "Use a name from `flask oauth providers`, or give issuer= or the endpoints.",
    ),
    "config_endpoint_missing": Explanation(
        "The remote app lacks an endpoint that this step needs.",
        "Give the endpoint the message names, or issuer= so that it can be looked up.",
    ),
    "config_client_id_missing": Explanation(
        "The remote app has no client id.",
        "Set OAUTH_<NAME>_CLIENT_ID in the configuration or the environment, or pass client_id=.",
    ),
    "config_client_secret_missing": Explanation(
        "The way this client authenticates needs a client secret and there is none.",
        'Set OAUTH_<NAME>_CLIENT_SECRET, or choose token_endpoint_auth_method="none" for a public client.',
    ),
    "config_secret_not_text": Explanation(
        "A client id or secret came out of the configuration as a number, and is no longer what was written.",
        "Quote the value in the environment, or use the variable without the FLASK_ prefix.",
    ),
    "config_no_secret_key": Explanation(
        "The application has no SECRET_KEY, so a pending sign-in cannot be sealed.",
        'Set app.config["SECRET_KEY"] to a long random value, the same in every worker.',
    ),
    "config_no_app": Explanation(
        "No Flask application is in reach.",
        "Call this inside a request or an application context, after init_app(app).",
    ),
    "config_no_blueprint": Explanation(
        "Sign-in pages are needed and the application has none.",
        'Add app.register_blueprint(oauth.blueprint, url_prefix="/auth").',
    ),
    "config_already_bound": Explanation(
        "A second OAuth object was bound to one application.",
        "Import and use the object that is bound already.",
    ),
    "config_callback_missing": Explanation(
        "authorize() was called without a callback for a protocol that needs one.",
        "Call authorize(callback=url_for(...)).",
    ),
    "config_insecure_url": Explanation(
        "An endpoint is plain http on a host that is not this machine.",
        "Use https, or name the host in allow_http_hosts=[...] for this remote app.",
    ),
    "config_key_invalid": Explanation(
        "A key could not be read, is of the wrong kind, or is too small.",
        "Give a PEM, a JWK or the path of a file that holds one; RSA keys need 2048 bits.",
    ),
    "config_algorithm": Explanation(
        "An algorithm was asked for that this client does not use.",
        "Choose one of the algorithms the message names.",
    ),
    "config_client_authentication": Explanation(
        "The way of client authentication is unknown, or the server does not take it.",
        "Choose a method that the server's metadata lists.",
    ),
    "config_profile": Explanation(
        "The server lacks something that the chosen profile demands.",
        "Ask the server's operator, or choose another profile.",
    ),
    "config_store_url": Explanation(
        "The token store's URL or object is not one that can be used.",
        "Use a URL such as sqlite:///tokens.db, postgresql+psycopg://… or redis://…",
    ),
    "config_extra_missing": Explanation(
        "A feature needs a package that is not installed.",
        "Install the extra that the message names.",
    ),
    "config_encryption_key": Explanation(
        "An encryption key is missing or malformed.",
        "Make one with `flask oauth keys new` and put it first in OAUTH_ENCRYPTION_KEYS.",
    ),
    "config_setting": Explanation(
        "An OAUTH_* setting is unknown or has a value of the wrong kind.",
        "Look it up with `flask oauth settings`.",
    ),
    "config_parameter_reserved": Explanation(
        "A parameter that the protocol sets itself was given by the application.",
        "Leave the parameter out; Flask-OAuth sends it.",
    ),
    "config_http_method": Explanation(
        "access_token_method is neither GET nor POST.",
        'Leave it out, or set it to "POST".',
    ),
    "transport_failed": Explanation(
        "The provider did not answer: name, connection, TLS or reading failed.",
        "See the cause of the exception; try the URL from the same machine.",
    ),
    "transport_timeout": Explanation(
        "The provider did not answer in time.",
        "Try again; raise connect_timeout or read_timeout if the provider is known to be slow.",
    ),
    "transport_too_large": Explanation(
        "The answer is larger than this kind of answer may be, so reading stopped.",
        "Ask for less; an answer of the protocol itself is never that large.",
    ),
    "transport_redirect": Explanation(
        "A redirect was answered where none may be followed.",
        "Use the URL the server redirects to, if you trust it.",
    ),
    "transport_insecure_url": Explanation(
        "A request to plain http on another machine was stopped before it was sent.",
        "Use https, or name the host in allow_http_hosts=[...] for this remote app.",
    ),
    "transport_private_address": Explanation(
        "A URL that a third party supplied leads to a private or loopback address.",
        "Refuse that tenant, or register the remote app by hand if it is your own.",
    ),
    "transport_forked": Explanation(
        "A client made before a fork was used after it.",
        "Make the transport in the worker, not in the master process.",
    ),
    "response_invalid": Explanation(
        "The provider's answer breaks a rule of its protocol.",
        "Compare what was seen with what was expected; report it to the provider.",
    ),
    "response_status": Explanation(
        "The provider answered with an HTTP status that this step does not allow.",
        "Look at the status and the parsed answer in error.data.",
    ),
    "response_content_type": Explanation(
        "The answer is not of the content type that this step demands.",
        "Check that the endpoint is the right one.",
    ),
    "response_not_json": Explanation(
        "The answer is not a JSON object.",
        "Check that the endpoint is the right one.",
    ),
    "response_duplicate_member": Explanation(
        "The JSON answer, or the query, names one member twice.",
        "Report it to the provider; which of the two would count is not defined.",
    ),
    "response_too_deep": Explanation(
        "The JSON answer is nested deeper than any answer of the protocol.",
        "Check that the endpoint is the right one.",
    ),
    "response_member": Explanation(
        "A member of the answer is missing or of the wrong kind.",
        "Compare what was seen with what was expected.",
    ),
    "response_xml": Explanation(
        "The XML answer defines entities, which is how a few bytes are made into gigabytes.",
        "Ask the API for JSON, or report it to the provider.",
    ),
    "metadata_invalid": Explanation(
        "The server metadata cannot be used.",
        "Check the issuer; open its /.well-known/openid-configuration.",
    ),
    "metadata_issuer": Explanation(
        "The metadata document speaks for another issuer than the one asked.",
        "Set issuer= to exactly the value that the document states, if that is the server you mean.",
    ),
    "metadata_unavailable": Explanation(
        "The server metadata could not be fetched and no copy is at hand.",
        "Check the issuer and the network; the next call tries again.",
    ),
    "jwks_invalid": Explanation(
        "The server's JWK Set cannot be used.",
        "Report it to the provider.",
    ),
    "authorization_response_invalid": Explanation(
        "The answer that came back through the browser does not hold together.",
        "Start the sign-in again.",
    ),
    "authorization_response_repeated": Explanation(
        "A parameter came twice in the answer, or code and error came together.",
        "Start the sign-in again; report it to the provider if it happens again.",
    ),
    "authorization_response_no_code": Explanation(
        "The answer holds neither a code nor an error.",
        "Check that the callback URL is reached by the provider only.",
    ),
    "authorization_response_mode": Explanation(
        "The answer came by GET where POST was asked for, or the reverse.",
        "Register the callback for the response mode that the remote app names.",
    ),
    "authorization_response_error": Explanation(
        "The provider ended the sign-in with an error.",
        "See error.data for the provider's words.",
    ),
    "state_missing": Explanation(
        "The answer holds no state.",
        "Start the sign-in again; an answer without state is not trusted.",
    ),
    "state_cookie_missing": Explanation(
        "The browser did not bring back the cookie of this sign-in.",
        "Use one host name for start and callback, and reach the site over https if its cookies are Secure.",
    ),
    "state_other_host": Explanation(
        "The sign-in began on one host name and came back on another, and browsers keep their cookies apart.",
        "Set OAUTH_EXTERNAL_URL to the one address of the site and register that callback.",
    ),
    "state_mismatch": Explanation(
        "The answer belongs to a sign-in of another browser.",
        "Start the sign-in again in this browser.",
    ),
    "state_expired": Explanation(
        "The sign-in took longer than ten minutes.",
        "Start the sign-in again.",
    ),
    "state_used": Explanation(
        "The answer of this sign-in was used already.",
        "Nothing is lost: open the page you wanted, or start again.",
    ),
    "state_other_key": Explanation(
        "The sign-in was sealed with another key than this process has.",
        "Give all workers the same SECRET_KEY, and keep the old one in SECRET_KEY_FALLBACKS when it changes.",
    ),
    "state_other_remote_app": Explanation(
        "The answer for one remote app arrived at the callback of another.",
        "Use one callback URL per remote app.",
    ),
    "state_foreign": Explanation(
        "A state came back that this extension did not send.",
        "In an override of authorize() call super().authorize(callback, state=...).",
    ),
    "issuer_mismatch": Explanation(
        "The answer names another issuer than the one the user was sent to.",
        "Stop: this is what a mix-up attack looks like. Check issuer=.",
    ),
    "issuer_missing": Explanation(
        "The answer names no issuer although the server says it always does.",
        "Report it to the provider.",
    ),
    "access_denied": Explanation(
        "The user said no at the provider.",
        "Let them go on without it, or offer another way to sign in.",
    ),
    "server_error": Explanation(
        "The provider answered with an OAuth error.",
        "See error.error and error.data for the provider's words.",
    ),
    "token_response_invalid": Explanation(
        "The token endpoint's answer is not a token.",
        "Check token_endpoint= and the client's credentials.",
    ),
    "token_response_no_token": Explanation(
        "The token answer lacks the access token.",
        "Check token_endpoint= and report it to the provider.",
    ),
    "token_response_no_type": Explanation(
        "The token answer lacks token_type.",
        "Report it to the provider; RFC 6749 §5.1 requires it.",
    ),
    "token_response_type": Explanation(
        "The token answer is of a token type that was not asked for.",
        "Check whether the provider needs DPoP.",
    ),
    "token_missing": Explanation(
        "A call needs a token and there is none.",
        "Send the user to sign in; check that the tokengetter returns the pair.",
    ),
    "token_expired": Explanation(
        "The token is spent and cannot be refreshed.",
        "Send the user to sign in again.",
    ),
    "sign_in_required": Explanation(
        "The page needs a signed-in user.",
        "Sign in.",
    ),
    "sign_in_loop": Explanation(
        "A browser signed in again and again within a minute, and the session cookie never came back.",
        "Check SESSION_COOKIE_SECURE, …_DOMAIN and …_SAMESITE, and that the cookie stays under 4 KB.",
    ),
    "scope_not_granted": Explanation(
        "The page needs a scope that the user did not grant, also when asked for it.",
        "Let them go on without it; explain on the page what it is needed for.",
    ),
    "step_up_unsupported": Explanation(
        "The page demands to know how or when the user authenticated, and their provider does not say.",
        "Let users of an OpenID Connect provider in here, or drop acr= and max_age= for this page.",
    ),
    "account_linked_elsewhere": Explanation(
        "The account at the provider is linked to another user already.",
        "Sign in as that user and unlink it there first.",
    ),
    "account_link_last": Explanation(
        "The link is the only way for its user to sign in.",
        "Link another account first.",
    ),
    "token_host": Explanation(
        "A call would have sent the token to a host outside the provider's API.",
        "Name the host in allow_hosts=[...] if the token may go there.",
    ),
    "token_in_query": Explanation(
        "An access token was about to be put into a URL.",
        "Leave it to the Authorization header.",
    ),
    "id_token_missing": Explanation(
        "openid was asked for and the answer holds no ID Token.",
        "Check that the client is registered for OpenID Connect.",
    ),
    "id_token_invalid": Explanation(
        "The ID Token does not hold.",
        "Compare what was seen with what was expected.",
    ),
    "id_token_malformed": Explanation(
        "The ID Token is not a JWT.",
        "Report it to the provider.",
    ),
    "id_token_signature": Explanation(
        "The signature does not verify.",
        "Check issuer= and jwks_uri; this may be an attack.",
    ),
    "id_token_algorithm": Explanation(
        "The ID Token is signed with an algorithm that this client does not take.",
        "Set id_token_signed_response_alg= to what the client is registered with.",
    ),
    "id_token_key_unknown": Explanation(
        "No key of the server fits the ID Token, also after fetching the keys again.",
        "Report it to the provider.",
    ),
    "id_token_key_ambiguous": Explanation(
        "The ID Token names no key and several would fit.",
        "Report it to the provider.",
    ),
    "id_token_key_weak": Explanation(
        "The key is too small or not meant for this use.",
        "Report it to the provider; RSA keys need 2048 bits.",
    ),
    "id_token_type": Explanation(
        "The JWT is of another kind than an ID Token.",
        "Report it to the provider.",
    ),
    "id_token_critical": Explanation(
        "The JWT demands an extension that this client does not know.",
        "Report it to the provider.",
    ),
    "id_token_issuer": Explanation(
        "iss is not the issuer.",
        "Check issuer=; this may be an attack.",
    ),
    "id_token_tenant": Explanation(
        "The ID Token's tenant is not one of those allowed.",
        "Add the tenant to allowed_tenants= if its users may sign in.",
    ),
    "id_token_audience": Explanation(
        "aud does not name this client, or names others that are not trusted.",
        "Check client_id; name further audiences in trusted_audiences=.",
    ),
    "id_token_authorized_party": Explanation(
        "azp is missing or is not this client.",
        "Check client_id.",
    ),
    "id_token_subject": Explanation(
        "sub is missing or not a proper identifier.",
        "Report it to the provider.",
    ),
    "id_token_expired": Explanation(
        "The ID Token has expired.",
        "Check this machine's clock against the provider's.",
    ),
    "id_token_issued_at": Explanation(
        "iat is missing, lies in the future or too far in the past.",
        "Check this machine's clock against the provider's.",
    ),
    "id_token_not_yet_valid": Explanation(
        "nbf lies in the future.",
        "Check this machine's clock against the provider's.",
    ),
    "id_token_nonce": Explanation(
        "nonce is missing or is not the one sent.",
        "Start the sign-in again; this may be an attack.",
    ),
    "id_token_at_hash": Explanation(
        "at_hash does not fit the access token.",
        "Start the sign-in again; this may be an attack.",
    ),
    "id_token_c_hash": Explanation(
        "c_hash does not fit the code.",
        "Start the sign-in again; this may be an attack.",
    ),
    "id_token_s_hash": Explanation(
        "s_hash does not fit the state.",
        "Start the sign-in again; this may be an attack.",
    ),
    "id_token_auth_time": Explanation(
        "auth_time is missing or older than max_age allows.",
        'Start the sign-in again with prompt="login".',
    ),
    "id_token_acr": Explanation(
        "acr is not one of those required.",
        "Ask for it with acr_values, and check that the provider supports it.",
    ),
    "id_token_changed": Explanation(
        "A refreshed ID Token speaks of another person or sign-in than the first.",
        "Sign in again; this may be an attack.",
    ),
    "id_token_encryption": Explanation(
        "The ID Token is not encrypted as the client is registered for, or cannot be decrypted.",
        "Check the client's key and id_token_encrypted_response_alg=.",
    ),
    "userinfo_invalid": Explanation(
        "The userinfo answer does not hold.",
        "Compare what was seen with what was expected.",
    ),
    "userinfo_subject": Explanation(
        "The userinfo answer speaks of another person than the ID Token.",
        "Stop: this is what a token substitution attack looks like.",
    ),
    "userinfo_content_type": Explanation(
        "userinfo is JSON where a JWT is registered, or the reverse.",
        "Set userinfo_signed_response_alg= to what the client is registered with.",
    ),
    "logout_token_invalid": Explanation(
        "The logout token does not hold.",
        "Compare what was seen with what was expected.",
    ),
    "webfinger_identifier": Explanation(
        "What was typed names no OpenID provider: it is neither an e-mail address nor a URL.",
        "Ask for an e-mail address or the address of a provider.",
    ),
    "webfinger_no_issuer": Explanation(
        "The host was asked and names no OpenID provider for that person, or not a proper one.",
        "Offer another way to sign in.",
    ),
    "login_initiation_invalid": Explanation(
        "A request from elsewhere to begin a sign-in names an unknown issuer, or a page that is not ours.",
        "Check initiate_login_uri at the provider; the issuer must be that of a remote app.",
    ),
    "claim_source_invalid": Explanation(
        "A source of aggregated or distributed claims is missing or malformed.",
        "Report it to the provider; the other claims are not affected.",
    ),
    "oauth1_callback_token": Explanation(
        "The answer is about other temporary credentials than this browser was sent out with.",
        "Start the sign-in again.",
    ),
    "oauth1_callback_not_confirmed": Explanation(
        "The provider did not confirm the callback (oauth_callback_confirmed).",
        "The provider speaks OAuth 1.0, not 1.0a, and is open to session fixation; ask it to upgrade.",
    ),
    "oauth1_verifier_missing": Explanation(
        "The answer holds no oauth_verifier.",
        "Start the sign-in again.",
    ),
    "oauth1_credentials_missing": Explanation(
        "The answer holds no token or token secret.",
        "Check the endpoint and the client's credentials.",
    ),
    "oauth1_problem": Explanation(
        "The provider named a problem (oauth_problem).",
        "See error.data for the provider's words.",
    ),
    "oauth1_plaintext_insecure": Explanation(
        "PLAINTEXT would send the secret over plain http.",
        "Use https, or an HMAC signature.",
    ),
    "oauth1_signature_method": Explanation(
        "The signature method is unknown or lacks its key.",
        "Choose HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256 or PLAINTEXT.",
    ),
    "token_generation_failed": Explanation(
        "The provider gave no temporary credentials.",
        "Check the consumer key and secret and request_token_url.",
    ),
    "store_failed": Explanation(
        "The token store did not answer.",
        "Check that it runs and that its URL is right; the next call tries again.",
    ),
    "store_schema": Explanation(
        "The token store has no tables.",
        "Run `flask oauth init-db`.",
    ),
    "store_sealed": Explanation(
        "A record cannot be opened: it was sealed with another key, or moved from another record.",
        "Put the old key after the new one in OAUTH_ENCRYPTION_KEYS.",
    ),
    "store_session_full": Explanation(
        "The tokens do not fit into the session cookie.",
        "Set OAUTH_TOKEN_STORE, for example sqlite:///tokens.db.",
    ),
    "store_lease_lost": Explanation(
        "A refreshed token came too late: another worker has written since.",
        "Nothing is lost; the newer token is used.",
    ),
    "store_no_owner": Explanation(
        "It is not known whose token this is.",
        "Sign a user in, register @oauth.owner_loader, or pass owner=.",
    ),
    "refresh_failed": Explanation(
        "The token could not be refreshed.",
        "See the cause of the exception; the stored refresh token is kept.",
    ),
    "registration_host": Explanation(
        "The registration answer wants the client to be managed at another host than the one it was registered at.",
        "Stop: the registration access token would go to a stranger. Report it to the provider.",
    ),
    "introspection_audience": Explanation(
        "The access token is meant for other APIs than this one.",
        "Have the client ask for a token with this API as its resource or audience.",
    ),
    "notification_invalid": Explanation(
        "A notification came that belongs to no pending request of this client.",
        "Answer it with 401 and do nothing else; check the notification endpoint that is registered.",
    ),
}
