"""Accounts: linked by issuer and subject, by whoever is signed in as both, and never by an e-mail address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session
from tests.extension.sign_in_site import HOME, Visitor, add_pages, corp, led_to, make_app

from flask_oauth import AccountLinkError, OAuth
from flask_oauth.errors import ConfigurationError, StoreError
from flask_oauth.storage import MemoryTokenStore
from flask_oauth.storage.account_links import AccountLinks, LinkedAccount, MemoryAccountLinks, SQLAccountLinks


@pytest.fixture(params=["memory", "sqlite", "engine", "flask-sqlalchemy"])
def links(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    url = f"sqlite:///{tmp_path / 'links.db'}"
    if request.param == "memory":
        yield MemoryAccountLinks()
    elif request.param == "flask-sqlalchemy":
        from flask_sqlalchemy import SQLAlchemy

        app = Flask("db")
        app.config["SQLALCHEMY_DATABASE_URI"] = url
        db = SQLAlchemy(app)
        made = SQLAccountLinks(db)
        with app.app_context():
            db.create_all()
            yield made
            db.engine.dispose()
    else:
        import sqlalchemy

        engine = sqlalchemy.create_engine(url)
        made = SQLAccountLinks(url if request.param == "sqlite" else engine)
        made.create_schema()
        made.create_schema()
        yield made
        made._engine.dispose()
        engine.dispose()


def account(subject: str, user: str, **more: str) -> LinkedAccount:
    return LinkedAccount("https://id.example", subject, user, **more)


def test_links_are_kept(links: AccountLinks) -> None:
    assert links.find("https://id.example", "1") is None
    links.link(account("1", "alice", provider="corp", name="al"))
    links.link(account("1", "alice", provider="corp"))  # once more
    links.link(account("2", "alice"))
    links.link(account("3", "bob"))
    assert links.find("https://id.example", "1") == "alice"
    assert links.find("https://other.example", "1") is None
    assert [(each.subject, each.name) for each in links.links_of("alice")] == [("1", "al"), ("2", "")]
    with pytest.raises(AccountLinkError) as caught:
        links.link(account("1", "bob"))
    assert caught.value.code == "account_linked_elsewhere"
    assert not links.unlink("bob", "https://id.example", "1")
    assert links.unlink("alice", "https://id.example", "1")
    assert not links.unlink("alice", "https://id.example", "1")
    assert links.find("https://id.example", "1") is None


def test_a_place_that_is_none() -> None:
    with pytest.raises(ConfigurationError):
        SQLAccountLinks(7)


def test_a_database_without_the_table(tmp_path: Path) -> None:
    links = SQLAccountLinks(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreError):
        links.find("i", "s")
    links._engine.dispose()


# -- without users of the application's own ----------------------------------------------------------------------


def linking_site(provider: str, **config: Any) -> tuple[Flask, OAuth]:
    oauth = OAuth()
    oauth.account_links = MemoryAccountLinks()
    oauth.remote_app("corp", **corp(provider))
    oauth.remote_app("second", **{**corp(provider), "scope": "openid profile"}, title="Second")
    app = make_app(provider, oauth=oauth, **config)
    app.add_url_rule("/account", view_func=lambda: str(oauth.account), endpoint="account")
    return app, oauth


def link(visitor: Visitor, words: str = "Connect Second", person: str | None = None) -> Any:
    address = led_to(visitor.press(visitor.get("/auth/accounts"), words))
    assert address is not None
    if person:
        visitor.at_provider.cookies.clear()
        visitor.person = person
    return visitor.get(visitor.consent(address))


def test_a_first_sign_in_makes_a_user_and_the_next_finds_it(dev_provider: str) -> None:
    app, _ = linking_site(dev_provider)
    alice, again, bob = Visitor(app), Visitor(app), Visitor(app, "bob")
    for visitor in (alice, again, bob):
        visitor.sign_in()
    assert alice.get("/account").text == again.get("/account").text != bob.get("/account").text
    assert len(alice.get("/account").text) == 32


def test_linking_and_unlinking(dev_provider: str) -> None:
    store = MemoryTokenStore()
    app, oauth = linking_site(dev_provider, OAUTH_TOKEN_STORE=store)
    alice = Visitor(app)
    alice.sign_in()
    user = alice.get("/account").text
    answer = link(alice, "Connect Corp", "carol")  # a second account at the same provider
    assert answer.headers["Location"] == "/auth/accounts"
    assert alice.get("/account").text == user
    assert alice.name_at() == "Hello Alice Moreau"
    page = alice.get("/auth/accounts")
    assert "Corp: alice" in page.text
    assert "Corp: carol" in page.text
    assert {record.key.label for record in store.keys(owner=user).records} == {"", "1003"}
    carol = Visitor(app, "carol")
    carol.sign_in()
    assert carol.get("/account").text == user
    alice.press(page, "Disconnect Corp carol")
    assert "carol" not in alice.get("/auth/accounts").text
    assert {record.key.label for record in store.keys(owner=user).records} == {""}
    assert oauth.account_links is not None
    assert oauth.account_links.find(dev_provider, "1003") is None


def test_the_last_way_to_sign_in_stays(dev_provider: str) -> None:
    app, _ = linking_site(dev_provider)
    alice = Visitor(app)
    alice.sign_in()
    answer = alice.press(alice.get("/auth/accounts"), "Disconnect Corp alice")
    assert answer.status_code == 403
    assert "only way to sign in" in answer.text
    assert "Corp: alice" in alice.get("/auth/accounts").text


def test_an_account_of_another_user_is_not_taken(dev_provider: str) -> None:
    app, _ = linking_site(dev_provider)
    alice, bob = Visitor(app), Visitor(app, "bob")
    alice.sign_in()
    bob.sign_in()
    answer = link(alice, person="bob")
    assert answer.status_code == 403
    assert "belongs to another user here already" in answer.text
    assert alice.name_at() == "Hello Alice Moreau"


def test_whoever_began_must_still_be_there(dev_provider: str) -> None:
    app, oauth = linking_site(dev_provider)
    alice = Visitor(app)
    alice.sign_in()
    address = led_to(alice.press(alice.get("/auth/accounts"), "Connect Second"))
    assert address is not None
    alice.post("/auth/logout", Origin=HOME)
    alice.person = "carol"
    alice.at_provider.cookies.clear()
    answer = alice.get(alice.consent(address))
    assert answer.status_code == 403
    assert oauth.account_links is not None
    assert oauth.account_links.find(dev_provider, "1003") is None


def test_nobody_links_from_another_site(dev_provider: str) -> None:
    app, _ = linking_site(dev_provider)
    alice = Visitor(app)
    alice.sign_in()
    for path, data in (("/auth/link/second", {}), ("/auth/unlink", {"issuer": dev_provider, "subject": "1001"})):
        answer = alice.post(path, data, Origin="https://evil.example")
        assert answer.headers["Location"] == "/auth/accounts"
    assert "Corp: alice" in alice.get("/auth/accounts").text


def test_strangers_and_sites_without_links(dev_provider: str) -> None:
    app, _ = linking_site(dev_provider)
    assert Visitor(app).get("/auth/accounts").headers["Location"] == "/auth/login?next=/auth/accounts"
    assert Visitor(make_app(dev_provider)).get("/auth/accounts").status_code == 404


def test_unlinking_what_is_not_linked_does_nothing(dev_provider: str) -> None:
    app, _ = linking_site(dev_provider)
    alice = Visitor(app)
    alice.sign_in()
    answer = alice.post("/auth/unlink", {"issuer": "x", "subject": "y"}, Origin=HOME)
    assert answer.status_code == 303


# -- with users of the application's own -------------------------------------------------------------------------


def test_the_same_verified_address_links_nobody(dev_provider: str) -> None:
    """Two providers, one e-mail address: two users until somebody links them."""
    app, oauth = linking_site(dev_provider)
    assert oauth.account_links is not None
    oauth.account_links.link(LinkedAccount("https://other.example", "9", "old-alice", name="alice@example.com"))
    alice = Visitor(app)
    alice.sign_in()
    assert alice.get("/account").text != "old-alice"


def test_users_of_the_application(dev_provider: str) -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True, OAUTH_TOKEN_STORE=MemoryTokenStore())
    oauth = OAuth(app)
    oauth.account_links = MemoryAccountLinks()
    oauth.remote_app("corp", **corp(dev_provider))
    oauth.owner_loader(lambda: session.get("user_id"))
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    add_pages(app, oauth)

    @app.get("/password-login")
    def password_login() -> str:
        session["user_id"] = "user-7"
        return "ok"

    alice = Visitor(app)
    alice.get("/password-login")
    answer = link(alice, "Connect Corp")
    assert answer.headers["Location"] == "/auth/accounts"
    assert oauth.account_links.find(dev_provider, "1001") == "user-7"
    assert alice.name_at() == "Hello stranger"  # linking is no signing in
    assert [record.key.owner for record in app.config["OAUTH_TOKEN_STORE"].keys().records] == ["user-7"]
    answer = alice.press(alice.get("/auth/accounts"), "Disconnect Corp alice")
    assert answer.status_code == 303  # there is a password as well
    bob = Visitor(app, "bob")
    bob.sign_in()
    assert oauth.account_links.find(dev_provider, "1002") is None  # the application did not say whose it is
