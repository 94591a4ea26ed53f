"""Whole attacks and arrangements: mix-up (N05, N06), the decorator of 2010, tenants (N19), A03, N42 to N44, N55."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import session
from tests.negative.openid_site import Site

from flask_oauth import OAuthException
from flask_oauth.errors import IDTokenError
from flask_oauth.protocol.http import add_query
from flask_oauth.protocol.jose import unverified_jwt
from flask_oauth.testing.misbehaving import MISBEHAVIOURS, MisbehavingProvider, Misbehaviour, Scene
from flask_oauth.testing.misbehaving.cases import case, parameters, put


@pytest.fixture(scope="module")
def running() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: MisbehavingProvider) -> Iterator[MisbehavingProvider]:
    running.complaints.clear()
    running.forget_requests()
    yield running
    running.behave(None)


# -- mix-up (RFC 9700 §4.4) -----------------------------------------------------------------------------------


class Confused(Site):
    """An application that signs in at two providers and has one callback for both, as it should not."""

    def __init__(self, honest: MisbehavingProvider, attacker: MisbehavingProvider) -> None:
        super().__init__(honest)
        self.attackers = self.oauth.remote_app("attacker", **{**attacker.settings, "client_id": honest.client_id})
        self.app.add_url_rule(
            "/login/attacker", "login_attacker", lambda: self.attackers.authorize(callback="http://localhost/attacker")
        )
        self.app.add_url_rule(
            "/attacker", "attacker", lambda: str(self.accepted.append(self.attackers.authorized_response()))
        )


def led_to(honest: MisbehavingProvider, authorization_url: str) -> str:
    """The attacker sends the user on to the honest provider, with its own state and challenge."""
    return add_query(f"{honest.url}/authorize", parse_qsl(urlsplit(authorization_url).query))


@pytest.fixture(scope="module")
def attacker() -> Iterator[MisbehavingProvider]:
    with MisbehavingProvider() as provider:
        yield provider


def test_N06_mix_up_is_stopped_by_the_issuer(provider: MisbehavingProvider, attacker: MisbehavingProvider) -> None:
    site = Confused(provider, attacker)
    address = led_to(provider, site.browser.start("/login/attacker"))
    attacker.forget_requests()
    with site.refused() as caught:
        site.come_back(address)
    assert caught.value.code == "issuer_mismatch"
    assert (caught.value.expected, caught.value.got) == (attacker.issuer, provider.issuer)
    assert attacker.requests == []  # no code for the attacker
    assert provider.asked == ["authorization"]
    site.sign_in()


def test_N07_mix_up_with_an_honest_provider_that_does_not_name_itself(
    provider: MisbehavingProvider, attacker: MisbehavingProvider
) -> None:
    """The attacker announces that it names itself; the honest provider's answer does not."""
    provider.behave("iss_parameter_neither")
    site = Confused(provider, attacker)
    address = led_to(provider, site.browser.start("/login/attacker"))
    attacker.forget_requests()
    with site.refused() as caught:
        site.come_back(address)
    assert caught.value.code == "issuer_missing"
    assert attacker.requests == []


def test_N05_answer_of_one_provider_at_the_callback_of_the_other(
    provider: MisbehavingProvider, attacker: MisbehavingProvider
) -> None:
    site = Confused(provider, attacker)
    address = site.begin()
    provider.forget_requests()
    attacker.forget_requests()
    swapped = address.replace("localhost%2Fcallback", "localhost%2Fattacker")
    assert swapped != address
    with site.refused() as caught:
        site.come_back(swapped)
    assert caught.value.code == "state_other_remote_app"
    assert (provider.asked, attacker.asked) == (["authorization"], [])


def test_N25_a_code_of_another_sign_in_is_worthless(provider: MisbehavingProvider) -> None:
    """Code injection: the attacker's code in the victim's answer fails by PKCE, before any ID Token is looked at."""
    attackers, victims = Site(provider), Site(provider)
    stolen = provider_answer(attackers)["code"]
    victims_address = victims.begin()
    provider.behave(case("injected", "N25", "", "server_error", authorization=parameters(code=stolen)))
    provider.complaints.clear()
    with victims.refused() as caught:
        victims.come_back(victims_address)
    assert getattr(caught.value, "error", None) == "invalid_grant"
    assert provider.complaints == ["token request: code_verifier does not fit the code_challenge"]


def provider_answer(site: Site) -> dict[str, str]:
    """What the provider would send back through the browser."""
    from tests.compat.support import fetch

    return dict(parse_qsl(urlsplit(fetch(site.begin())[1]["location"]).query))


# -- the decorator of 2010 ------------------------------------------------------------------------------------

SOME = [
    "iss_parameter_wrong", "iss_parameter_missing", "code_and_error", "state_wrong", "id_token_missing", "alg_none",
    "signature_wrong", "nonce_wrong", "aud_wrong", "exp_past", "access_token_missing", "error_with_200",
    "c_hash_missing", "jarm_alg_none", "jarm_plain", "form_post_by_query", "dpop_answered_bearer",
]  # fmt: skip


class Decorated(Site):
    """The callback is a view under ``authorized_handler``."""

    def _callback(self) -> str:
        return str(self.remote.authorized_handler(self._done)())

    def _done(self, answer: Any) -> str:
        self.accepted.append(answer)
        if answer is not None:
            session["token"] = "kept"
        return "signed in" if answer is not None else "denied"


@pytest.mark.parametrize("wrong", [MISBEHAVIOURS[name] for name in SOME], ids=str)
def test_decorated(provider: MisbehavingProvider, wrong: Misbehaviour) -> None:
    provider.behave(wrong.name)
    site = Decorated(provider, ask=wrong.ask)
    address = site.begin()
    with site.refused() as caught:
        site.come_back(address)
    assert caught.value.code == wrong.code
    provider.behave(None)
    again = Decorated(provider)
    answer = again.sign_in()
    assert answer.claims["sub"] == "alice"


@pytest.mark.parametrize("name", ["denied", "form_post_denied", "form_post_error"])
def test_N10_decorated_denial_is_none_as_in_2010(provider: MisbehavingProvider, name: str) -> None:
    provider.behave(name)
    site = Decorated(provider)
    assert site.come_back(site.begin()).text == "denied"
    assert site.accepted == [None]
    assert "token" not in provider.asked


# -- tenants: an issuer with a template (Microsoft Entra ID) ----------------------------------------------------


def of_tenant(tenant: str, tid: Any = ...) -> Misbehaviour:
    """A provider whose document speaks for many tenants; this sign-in is of one of them."""

    def issuer(scene: Scene) -> str:
        return f"{scene.provider.url}/{tenant}/v2.0"

    return case(
        "of_tenant", "N19", "", None,
        metadata=put(issuer=lambda scene: scene.provider.url + "/{tenantid}/v2.0"),
        authorization=parameters(iss=issuer),
        claims=put(iss=issuer, tid=tenant if tid is ... else tid),
    )  # fmt: skip


def common(provider: MisbehavingProvider, **changes: Any) -> Site:
    return Site(provider, issuer=f"{provider.url}/common/v2.0", **changes)


def test_N19_a_tenant_of_the_template_is_accepted(provider: MisbehavingProvider) -> None:
    provider.behave(of_tenant("tenant-1"))
    site = common(provider)
    assert site.sign_in().claims["iss"] == f"{provider.url}/tenant-1/v2.0"
    assert common(provider, allowed_tenants=["TENANT-1"]).sign_in().claims["tid"] == "tenant-1"


@pytest.mark.parametrize("tid", ["tenant-2", "", None, 7, "../tenant-1", "tenant-1/v2.0#", "{tenantid}"])
def test_N19_iss_of_another_tenant_than_tid(provider: MisbehavingProvider, tid: Any) -> None:
    provider.behave(of_tenant("tenant-1", tid))
    site = common(provider)
    address = site.begin()
    with site.refused() as caught:
        site.come_back(address)
    assert caught.value.code in ("id_token_issuer", "id_token_tenant")


def test_N19_a_tenant_that_is_not_allowed(provider: MisbehavingProvider) -> None:
    provider.behave(of_tenant("tenant-2"))
    site = common(provider, allowed_tenants=["tenant-1"])
    address = site.begin()
    with site.refused() as caught:
        site.come_back(address)
    assert caught.value.code == "id_token_tenant"


def test_N19_the_template_itself_is_no_issuer(provider: MisbehavingProvider) -> None:
    provider.behave(of_tenant("{tenantid}"))
    site = common(provider)
    address = site.begin()
    with pytest.raises(OAuthException) as caught:
        site.come_back(address)
    assert caught.value.code in ("issuer_mismatch", "id_token_tenant")
    assert site.stored() == []


def test_N11_a_document_of_one_tenant_is_not_the_common_one(provider: MisbehavingProvider) -> None:
    provider.behave(case("one", "N11", "", None, metadata=put(issuer=f"{provider.url}/tenant-2/v2.0")))
    site = common(provider)
    with site.refused() as caught:
        site.browser.get("/login")
    assert caught.value.code == "metadata_issuer"


# -- challenges, proofs, assertions ---------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_A03_bearer_challenge_in_any_letter_case(provider: MisbehavingProvider, scheme: str) -> None:
    site = Site(provider)
    site.sign_in()
    provider.end_access_tokens()
    provider.behave(
        case("spelt", "A03", "", None, challenge=lambda words, scene: scheme + words[words.index(" ") :], noticed="api")
    )
    provider.forget_requests()
    assert site.go("/call")["sub"] == "alice"
    assert provider.asked == ["api", "token", "api"]


@pytest.mark.parametrize(
    "words", ['Basic realm="x", error="invalid_token"', 'Bearer error="insufficient_scope"', "Bearer", ""]
)
def test_A03_another_challenge_refreshes_nothing(provider: MisbehavingProvider, words: str) -> None:
    site = Site(provider)
    site.sign_in()
    provider.end_access_tokens()
    provider.behave(case("other", "A03", "", None, challenge=lambda value, scene: words, noticed="api"))
    provider.forget_requests()
    site.go("/call")
    assert provider.asked == ["api"]


def proofs(provider: MisbehavingProvider) -> list[dict[str, Any]]:
    return [
        dict(unverified_jwt(asked.headers["dpop"]).claims) for asked in provider.requests if "dpop" in asked.headers
    ]


def test_N43_every_request_has_a_proof_of_its_own(provider: MisbehavingProvider) -> None:
    with provider.agreeing({"dpop": True}):
        site = Site(provider)
        site.sign_in()
        site.go("/userinfo")
        site.go("/call")
        site.go("/call")
        provider.end_access_tokens()
        site.go("/call")  # refused, refreshed, called again
    assert provider.complaints == []
    assert provider.asked[-6:] == ["userinfo", "api", "api", "api", "token", "api"]
    seen = proofs(provider)
    assert len(seen) == 7
    assert len({proof["jti"] for proof in seen}) == len(seen)
    assert ["ath" in proof for proof in seen] == [False, True, True, True, True, False, True]


def test_N43_the_request_is_bound_to_the_key_of_the_proofs(provider: MisbehavingProvider) -> None:
    from flask_oauth.testing.misbehaving.clients import proof_key

    with provider.agreeing({"dpop": True}):
        site = Site(provider)
        site.sign_in()
    [asked] = [asked for asked in provider.requests if asked.endpoint == "authorization"]
    [token] = [asked for asked in provider.requests if asked.endpoint == "token"]
    assert asked.value("dpop_jkt") == proof_key(token)


def test_N43_nonces_of_the_server_and_of_the_resource_are_kept_apart(provider: MisbehavingProvider) -> None:
    both = case(
        "nonces", "N43", "", None,
        token_nonce=lambda value, scene: "nonce-of-the-server",
        resource_nonce=lambda value, scene: "nonce-of-the-resource",
    )  # fmt: skip
    with provider.agreeing({"dpop": True}):
        provider.behave(both)
        site = Site(provider)
        site.sign_in()
        site.go("/userinfo")
        provider.forget_requests()
        site.go("/userinfo")
        site.sign_in()
    assert provider.asked == ["userinfo", "authorization", "token"]
    assert [proof["nonce"] for proof in proofs(provider)] == ["nonce-of-the-resource", "nonce-of-the-server"]


def test_N43_a_new_key_for_each_sign_in(provider: MisbehavingProvider) -> None:
    from flask_oauth.testing.misbehaving.clients import proof_key

    with provider.agreeing({"dpop": True}):
        site = Site(provider)
        site.sign_in()
        site.sign_in()
    assert len({proof_key(asked) for asked in provider.requests if asked.endpoint == "token"}) == 2


def test_N44_assertions_are_for_the_issuer_alone_and_short_lived(provider: MisbehavingProvider) -> None:
    with provider.agreeing(
        {"token_endpoint_auth_method": "private_key_jwt", "require_pushed_authorization_requests": True}
    ):
        site = Site(provider)
        site.sign_in()
        site.sign_in()
        with site.app.test_request_context("/"):
            site.remote.disconnect()
    assert provider.complaints == []
    sent = [asked for asked in provider.requests if asked.value("client_assertion")]
    assert [asked.endpoint for asked in sent] == ["par", "token", "par", "token", "revocation", "revocation"]
    claims = [unverified_jwt(asked.value("client_assertion") or "").claims for asked in sent]
    assert {one["aud"] for one in claims} == {provider.issuer}
    assert len({one["jti"] for one in claims}) == 6
    assert max(one["exp"] - one["iat"] for one in claims) <= 300
    assert not [asked for asked in provider.requests if asked.value("client_secret")]


def test_N42_a_pushed_request_shows_the_browser_nothing(provider: MisbehavingProvider) -> None:
    with provider.agreeing({"require_pushed_authorization_requests": True}):
        site = Site(provider)
        shown = dict(parse_qsl(urlsplit(site.begin()).query))
        assert set(shown) == {"client_id", "request_uri"}


def test_N55_an_algorithm_that_we_never_take_cannot_be_registered(provider: MisbehavingProvider) -> None:
    for algorithm in ("none", "None", "RS1"):
        with provider.agreeing({"id_token_signed_response_alg": algorithm}), pytest.raises(OAuthException) as caught:
            Site(provider).browser.get("/login")
        assert caught.value.code == "config_algorithm"


def test_N35_max_age_of_the_remote_app_is_checked_too(provider: MisbehavingProvider) -> None:
    with provider.agreeing({"max_age": 60}):
        site = Site(provider)
        provider.behave("auth_time_old")
        address = site.begin()
        with site.refused() as caught:
            site.come_back(address)
    assert isinstance(caught.value, IDTokenError)
    assert caught.value.code == "id_token_auth_time"
    assert [asked.value("max_age") for asked in provider.requests if asked.endpoint == "authorization"] == ["60"]


@pytest.mark.parametrize(
    "registered",
    [
        {"userinfo_signed_response_alg": "none"},
        {"authorization_signed_response_alg": "NONE"},
        {"id_token_encrypted_response_alg": "RSA1_5"},
        {"id_token_encrypted_response_alg": "PBES2-HS256+A128KW"},
        {"userinfo_encrypted_response_enc": "A128"},
        {"request_object_encryption_alg": "RSA1_5"},
        {"token_endpoint_auth_signing_alg": "none"},
    ],
    ids=str,
)
def test_N36_nor_any_other_weak_one(provider: MisbehavingProvider, registered: dict[str, str]) -> None:
    site = Site(provider, **registered)
    with site.refused() as caught:
        site.browser.get("/login")
    assert caught.value.code == "config_algorithm"
    assert next(iter(registered)) in str(caught.value)
    assert provider.requests == []
