"""Grants without a browser through the remote app, against a strict provider."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import pytest
from tests.journeys.fapi_site import HOME, Site

from flask_oauth import AccessDenied, ConfigurationError, InvalidResponseError, MetadataError, ServerError, StoreError
from flask_oauth.testing.strict import StrictProvider
from flask_oauth.transport import Urllib3Transport


@contextmanager
def running(store=None, profile=None, authentication=None, **options):
    with StrictProvider(profile=profile, authentication=authentication) as provider:
        provider.interval = 0.02
        site = Site(provider, **({"profile": profile} if profile else {}), **options)
        if store:
            site.app.config["OAUTH_TOKEN_STORE"] = store
        with site.app.app_context():
            yield site, site.remote, provider


@pytest.fixture(params=[None, "fapi2"])
def profile(request):
    return request.param


def token_requests(provider):
    return provider.asked.count("token")


# -- the application itself -----------------------------------------------------------------------------------------


def test_as_client(profile):
    with running(profile=profile) as (_, remote, provider):
        for _ in range(3):
            answer = remote.as_client(scope="rates").get("rates/EUR", data={"day": "today"})
            assert answer.data["sub"] == provider.client_id
        assert remote.as_client(scope=["rates"]).post("rates", data={"a": 1}, format="json").status == 200
        assert token_requests(provider) == 1
        assert provider.complaints == []


def test_as_client_keeps_scopes_and_resources_apart():
    with running() as (_, remote, provider):
        apis = [
            remote.as_client(scope="a b"),
            remote.as_client(scope="b a"),
            remote.as_client(scope="a"),
            remote.as_client(scope="a", resource="https://api.example.com"),
        ]
        tokens = [api.token.access_token for api in apis]
        assert tokens[0] == tokens[1]
        assert len(set(tokens)) == 3
        assert provider.issued[-1].audience == "https://api.example.com"


def test_as_client_a_token_that_the_api_refuses_is_replaced_once(profile):
    with running(profile=profile) as (_, remote, provider):
        api = remote.as_client(scope="rates")
        api.get("rates")
        provider.issued[-1].active = False
        assert api.get("rates").status == 200
        assert token_requests(provider) == 2
        provider.tampering["token"] = lambda members: {**members, "access_token": "of-no-use"}
        provider.issued[-1].active = False
        assert api.get("rates").status == 401
        assert token_requests(provider) == 3


def test_as_client_tokens_are_found_by_other_workers(tmp_path):
    store = f"sqlite:///{tmp_path / 'tokens.db'}"
    with running(store=store) as (site, remote, provider):
        from flask_oauth.extension.state import current_state

        current_state().token_store.create_schema()
        remote.as_client(scope="rates").get("rates")
        other = Site(provider)
        other.app.config.update(OAUTH_TOKEN_STORE=store)
        with other.app.app_context():
            assert other.remote.as_client(scope="rates").get("rates").status == 200
        assert token_requests(provider) == 1
        page = current_state().token_store.keys(owner="")
        assert [record.key.remote_app for record in page.records] == ["corp"]
        secret = site.remote.as_client(scope="rates").token.access_token
        assert secret.encode() not in (tmp_path / "tokens.db").read_bytes()


def test_as_client_without_an_application_at_work():
    from flask_oauth import OAuthRemoteApp

    with StrictProvider() as provider:
        remote = OAuthRemoteApp(None, "corp", transport=Urllib3Transport(), **provider.settings)
        assert remote.as_client().get("rates").status == 200
        assert remote.as_client().get("rates").status == 200
        assert token_requests(provider) == 1


def test_N45_the_applications_token_goes_to_its_own_api_only():
    with running() as (_, remote, _), pytest.raises(ConfigurationError) as caught:
        remote.as_client().get("https://evil.example.com/")
    assert caught.value.code == "token_host"


def test_no_secret_shows():
    with running() as (_, remote, _):
        api = remote.as_client(scope="rates")
        shown = f"{api!r} {remote.with_token(api.token)!r} {api.token!r}"
        assert api.token.access_token not in shown


# -- tokens for tokens ----------------------------------------------------------------------------------------------


def test_exchange_token(profile):
    with running(profile=profile) as (site, remote, provider):
        site.sign_in()
        api = remote.exchange_token(site.answer.token, audience="https://ledger.example.com", scope="read")
        said = api.get("ledger").data
        assert (said["sub"], said["aud"], said["scope"]) == ("alice", "https://ledger.example.com", "read")
        assert said["act"] == provider.client_id


def test_exchange_of_what_is_no_token():
    with running() as (_, remote, _), pytest.raises(ServerError) as caught:
        remote.exchange_token("made up")
    assert caught.value.error == "invalid_request"


def test_token_for_a_signed_statement(profile):
    with running(profile=profile, authentication="private_key_jwt") as (_, remote, provider):
        assert remote.token_for("bob", scope="rates").get("me").data["sub"] == "bob"
        assert provider.complaints == []


def test_introspect(profile):
    with running(profile=profile) as (site, remote, provider):
        site.sign_in()
        found = remote.introspect(site.answer.token, audience=f"{provider.url}/api")
        assert (found.active, found.claims["sub"]) == (True, "alice")
        assert bool(found.claims.get("cnf")) == bool(profile)
        assert not remote.introspect("made up").active
        with pytest.raises(InvalidResponseError) as caught:
            remote.introspect(site.answer.token, audience="https://other.example.com")
        assert caught.value.code == "introspection_audience"


def test_introspect_with_a_signed_answer():
    with running(introspection_signed_response_alg="ES256") as (_, remote, _):
        assert remote.introspect(remote.as_client().token).active


# -- users elsewhere ------------------------------------------------------------------------------------------------


def test_device_sign_in(profile):
    with running(profile=profile) as (_, remote, provider):
        provider.delays = ["authorization_pending"] * 2
        pending = remote.start_device_sign_in()
        assert pending.verification_uri_complete == f"{pending.verification_uri}?user_code={pending.user_code}"
        signed_in = pending.wait()
        assert signed_in.id_token.subject == "alice"
        assert remote.with_token(signed_in.token).get("me").data["scope"] == "openid accounts"
        assert token_requests(provider) == 3


def test_device_sign_in_over_several_requests_of_a_page():
    with running() as (site, remote, provider):
        provider.delays = ["authorization_pending"]
        sealed = remote.sealed_sign_in(remote.start_device_sign_in())
        assert provider.waiting[0].secret not in sealed
        for _ in range(50):
            pending = remote.resume_sign_in(sealed)
            signed_in = pending.poll()
            if signed_in is not None:
                break
            sealed = remote.sealed_sign_in(pending)
            time.sleep(0.01)
        assert signed_in.id_token.subject == "alice"
        other = site.oauth.remote_app("other", **provider.settings)
        for text in (sealed[:-6] + "AAAAAA", "not one of ours"):
            with pytest.raises(StoreError):
                remote.resume_sign_in(text)
        with pytest.raises(StoreError):
            other.resume_sign_in(sealed)


@pytest.mark.parametrize("decision", ["access_denied", "expired_token"])
def test_N50_device_sign_in_that_comes_to_nothing(decision):
    with running() as (_, remote, provider):
        provider.decision = decision
        pending = remote.start_device_sign_in()
        with pytest.raises(AccessDenied if decision == "access_denied" else Exception) as caught:
            pending.wait()
        assert caught.value.code in ("access_denied", "token_expired")
        provider.decision = "approve"
        assert remote.start_device_sign_in().wait().id_token.subject == "alice"


def test_backchannel_sign_in(profile):
    with running(profile=profile) as (_, remote, provider):
        provider.delays = ["authorization_pending"]
        pending = remote.start_backchannel_sign_in(login_hint="alice", binding_message="W4SCT")
        assert pending.wait().id_token.subject == "alice"
        assert provider.requests_to("backchannel")[0].value("binding_message") == "W4SCT"


def ping(site, token, secret):
    content = json.dumps({"auth_req_id": secret})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return site.app.test_client().post("/ping", data=content, headers=headers, base_url=HOME)


def test_backchannel_ping():
    with running() as (site, remote, provider):
        provider.interval = 60

        def take_ping():
            try:
                remote.take_ping()
            except InvalidResponseError as error:
                return error.code, 401
            return "", 204

        site.app.add_url_rule("/ping", view_func=take_ping, methods=["POST"])
        pending = remote.start_backchannel_sign_in(login_hint="alice", ping=True)
        elsewhere = remote.resume_sign_in(remote.sealed_sign_in(pending))
        waiting = provider.waiting[0]
        assert ping(site, "made up", waiting.secret).status_code == 401
        assert ping(site, waiting.notification_token, "made up").status_code == 401
        assert elsewhere.poll() is None
        assert token_requests(provider) == 0
        assert ping(site, waiting.notification_token, waiting.secret).status_code == 204
        assert elsewhere.poll().id_token.subject == "alice"


# -- what APIs say --------------------------------------------------------------------------------------------------


def test_step_up():
    with running() as (site, remote, provider):
        site.sign_in()
        refused = remote.with_token(site.answer.token).get("payments")
        wanted = remote.step_up(refused)
        assert wanted == {"acr": "urn:example:gold", "max_age": 60}
        site.parameters = wanted
        site.begin()
        parameters = provider.requests_to("authorization")
        assert len(parameters) == 1
        location = site.begin()
        assert "acr_values=urn%3Aexample%3Agold" in location
        assert "max_age=60" in location
        assert remote.step_up(remote.with_token(site.answer.token).get("accounts")) == {}


def test_step_up_for_a_scope_keeps_those_of_before():
    from flask_oauth import OAuthResponse

    with running() as (_, remote, _):
        challenge = 'Bearer error="insufficient_scope", scope="payments accounts"'
        refused = OAuthResponse({"status": "403", "www-authenticate": challenge}, b"")
        assert remote.step_up(refused) == {"scope": "openid accounts payments"}


def test_from_a_401_to_the_authorization_server(profile):
    with running(profile=profile) as (_, remote, provider):
        refused = remote.get("", headers={"Authorization": "Bearer made-up"})
        found = remote.find_authorization_server(f"{provider.url}/api", refused)
        assert found.issuer == provider.url
        assert found.resource.scopes_supported == ("accounts",)
        assert remote.find_authorization_server(f"{provider.url}/api", trusted=[provider.url]).issuer == provider.url
        with pytest.raises(MetadataError):
            remote.find_authorization_server(f"{provider.url}/api", trusted=["https://id.example.com"])
        provider.tampering["resource_metadata"] = lambda document: {**document, "resource": "https://evil.example.com"}
        with pytest.raises(MetadataError):
            remote.find_authorization_server(f"{provider.url}/api")


def test_the_profile_holds_for_every_grant():
    """A client secret does not do under FAPI 2.0, with a browser or without; nobody is asked."""
    with running(profile="fapi2", authentication="client_secret_basic") as (_, remote, provider):
        for begin in (
            lambda: remote.as_client().get("rates"),
            remote.start_device_sign_in,
            lambda: remote.start_backchannel_sign_in(login_hint="alice"),
            lambda: remote.exchange_token("token"),
            lambda: remote.token_for(assertion="statement"),
        ):
            with pytest.raises(ConfigurationError) as caught:
                begin()
            assert caught.value.code == "config_profile"
        assert provider.asked == ["metadata"]
