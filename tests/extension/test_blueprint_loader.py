"""remote_app_loader: remote apps by name at request time, kept for a while, and never at private addresses (N13)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from tests.extension.sign_in_site import HOME, Visitor, add_pages, corp

from flask_oauth import ConfigurationError, OAuth
from flask_oauth.extension.loader import ABSENT_SECONDS, KEEP_SECONDS, MOST_KEPT, RemoteAppLoader

TENANT = {"issuer": "https://id.tenant.example", "client_id": "c", "client_secret": "s", "scope": "openid"}


def tenant_site(load: Any) -> tuple[Flask, OAuth]:
    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True)
    oauth = OAuth(app)
    oauth.remote_app_loader(load)
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    add_pages(app, oauth)
    return app, oauth


def test_a_tenant_signs_in(dev_provider: str) -> None:
    # The tenant's provider is on this machine: the application says so itself.
    options = {**corp(dev_provider), "public_hosts_only": False}
    app, _ = tenant_site(lambda name: options if name == "tenant-1" else None)
    alice = Visitor(app)
    assert alice.follow(alice.sign_in("/members", "tenant-1")).text == "Hello Alice Moreau"
    assert alice.get("/auth/login/tenant-2").status_code == 404
    assert "tenant" not in alice.get("/auth/login").text  # nobody sees who else is a customer


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:1", "https://127.0.0.1:1", "https://localhost:1", "https://[::1]:1"]
)
def test_N13_a_tenant_cannot_point_at_our_network(issuer: str, caplog: pytest.LogCaptureFixture) -> None:
    app, _ = tenant_site(lambda name: {**TENANT, "issuer": issuer})
    answer = Visitor(app).post("/auth/login/tenant", Origin=HOME)
    assert answer.status_code in (502, 503)
    assert "transport_private_address" in caplog.text or "private" in caplog.text


def test_what_the_function_gives_is_checked() -> None:
    app, oauth = tenant_site(lambda name: 7)
    with app.app_context(), pytest.raises(ConfigurationError, match="gave no options"):
        oauth.find_remote_app("x")


def test_it_is_asked_now_and_then() -> None:
    now, asked = [0.0], list[str]()

    def load(name: str) -> Any:
        asked.append(name)
        return TENANT if name.startswith("t") else None

    oauth = OAuth()
    loader = RemoteAppLoader(load, clock=lambda: now[0])
    first = loader.get(oauth, "t1")
    assert first is not None
    assert first._options["public_hosts_only"] is True
    assert loader.get(oauth, "t1") is first
    assert loader.get(oauth, "none") is loader.get(oauth, "none") is None
    assert asked == ["t1", "none"]
    now[0] += ABSENT_SECONDS + 1
    loader.get(oauth, "none")
    assert loader.get(oauth, "t1") is first
    now[0] += KEEP_SECONDS
    assert loader.get(oauth, "t1") is not first
    assert asked == ["t1", "none", "none", "t1"]
    loader.forget("t1")
    loader.get(oauth, "t1")
    loader.forget()
    loader.get(oauth, "t1")
    assert asked[4:] == ["t1", "t1"]


def test_names_from_urls_do_not_fill_the_memory() -> None:
    loader = RemoteAppLoader(lambda name: None)
    for number in range(MOST_KEPT + 20):
        loader.get(OAuth(), str(number))
    assert len(loader._kept) == MOST_KEPT
    assert loader.get(OAuth(), "x" * 101) is None
    assert "x" * 101 not in loader._kept


def test_forgetting_without_a_loader_does_nothing() -> None:
    OAuth().forget_remote_app("x")
