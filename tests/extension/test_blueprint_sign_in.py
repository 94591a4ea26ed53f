"""Ready-made sign-in from end to end: the eleven lines, the pages, the session, what a program gets."""

from __future__ import annotations

import ast
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, session
from tests.extension.sign_in_site import HOME, Visitor, add_pages, corp, led_to, make_app, query_of

import flask_oauth
from flask_oauth import AccessDenied, OAuth
from flask_oauth.errors import ConfigurationError, OAuthException, SignInRequired
from flask_oauth.extension import signals
from flask_oauth.extension.identity import Identity

ELEVEN_LINES = """
from flask import Flask
from flask_oauth import OAuth

app = Flask(__name__)
app.config.from_prefixed_env()
oauth = OAuth(app)
oauth.remote_app("github")                          # no URL: the preset of that name; "did you mean" for an unknown one
app.register_blueprint(oauth.blueprint, url_prefix="/auth")

@app.get("/")
@oauth.login_required
def home():
    return f"Hello {oauth.user.name}"
"""
EXAMPLE = Path(flask_oauth.__file__).parents[2] / "examples" / "hello" / "app.py"


def test_the_eleven_lines(dev_provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "a key for tests")
    monkeypatch.setenv("FLASK_TESTING", "true")
    monkeypatch.setenv("FLASK_OAUTH_DEVELOPMENT_PROVIDER", dev_provider)
    program: dict[str, Any] = {"__name__": "hello"}
    exec(compile(ELEVEN_LINES, "app.py", "exec"), program)
    alice = Visitor(program["app"])
    page = alice.open("/")
    assert page.request.path == "/auth/login"
    assert "Continue with GitHub" in page.text
    address = led_to(alice.press(page, "Continue with GitHub"))
    assert address is not None
    assert address.startswith(dev_provider)
    answer = alice.open(alice.consent(address))
    assert answer.text == "Hello Alice Moreau"
    assert answer.request.path == "/"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are not installed")
def test_the_example_is_the_eleven_lines() -> None:
    assert ast.dump(ast.parse(EXAMPLE.read_text("utf-8"))) == ast.dump(ast.parse(ELEVEN_LINES))


def test_a_whole_sign_in_leads_back_to_where_it_began(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    page = alice.open("/members?tab=2&name=%C3%A9")
    assert page.status_code == 200
    address = led_to(alice.press(page, "Continue with Corp"))
    assert address is not None
    answer = alice.get(alice.consent(address))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/members?tab=2&name=%C3%A9")
    assert alice.open("/members").text == "Hello Alice Moreau"


def test_identity_holds_what_the_provider_said(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth, seen = app.extensions["oauth"], []

    @oauth.on_sign_in
    def look(identity: Identity, token: Any) -> None:
        seen.append((identity, token))

    @app.get("/me")
    def me() -> dict[str, Any]:
        user = oauth.require_user()
        return {"claims": dict(user.claims), "raw": dict(user.raw), "verified": user.email_verified}

    carol = Visitor(app, "carol")
    carol.sign_in()
    (identity, token), *_ = seen
    assert (identity.provider, identity.issuer, identity.subject) == ("corp", dev_provider, "1003")
    assert (identity.name, identity.email, identity.email_verified) == ("Carol Okafor", "carol@example.com", False)
    assert identity.raw["userinfo"]["preferred_username"] == "carol"
    assert identity.raw["id_token"]["aud"] in ("demo", ["demo"])
    assert repr(identity) == "<Identity corp:1003>"
    assert token.access_token
    later = carol.get("/me").json
    assert later is not None
    assert later["claims"] == dict(identity.claims)
    assert later["raw"] == {}
    assert later["verified"] is False
    with pytest.raises(AttributeError):
        identity.name = "Mallory"  # type: ignore[misc]


def test_identity_can_be_pickled() -> None:
    who = Identity.of("corp", "https://i", {"sub": "7", "name": "Alice"}, {"userinfo": {"sub": "7"}})
    again = pickle.loads(pickle.dumps(who))
    assert again == who
    assert again.raw == who.raw
    assert hash(again) == hash(who)


def test_many_people_at_once_each_see_themselves(dev_provider: str) -> None:
    app = make_app(dev_provider)
    names = {"alice": "Alice Moreau", "bob": "Bob Lindqvist", "carol": "Carol Okafor"}
    visitors = [Visitor(app, person) for person in [*names] * 4]
    for visitor in visitors:
        visitor.sign_in()
    start = threading.Barrier(len(visitors))

    def look(visitor: Visitor) -> set[str]:
        start.wait()
        return {visitor.name_at("/members") for _ in range(10)}

    with ThreadPoolExecutor(len(visitors)) as pool:
        for visitor, seen in zip(visitors, pool.map(look, visitors), strict=True):
            assert seen == {f"Hello {names[visitor.person]}"}


def test_plain_oauth2_signs_in_too(dev_provider: str) -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True)
    oauth = OAuth(app)
    oauth.remote_app(
        "plain",
        authorization_endpoint=f"{dev_provider}/oauth2/authorize",
        token_endpoint=f"{dev_provider}/oauth2/token",
        userinfo_endpoint=f"{dev_provider}/userinfo",
        client_id="demo",
        client_secret="demo-secret",
        scope="openid email profile",
        title="Plain & Simple",
    )
    app.register_blueprint(oauth.blueprint, url_prefix="/auth")
    add_pages(app, oauth)
    bob = Visitor(app, "bob")
    assert "Continue with Plain &amp; Simple" in bob.open("/auth/login").text
    assert bob.follow(bob.sign_in(name="plain")).text == "Hello Bob Lindqvist"
    user = bob.session["_oauth_user"]
    assert (user["issuer"], user["subject"]) == (dev_provider, "1002")


def test_a_remote_app_that_says_nothing_about_people_is_no_way_to_sign_in(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]
    oauth.remote_app(
        "api", base_url="https://api.example/", access_token_url="/token", authorize_url="/authorize", consumer_key="k"
    )
    nobody = Visitor(app)
    assert "Api" not in nobody.open("/auth/login").text
    answer = nobody.get("/auth/login/api")
    assert answer.status_code == 500
    assert "not set up correctly" in answer.text
    assert nobody.get("/auth/login/unknown").status_code == 404
    assert nobody.get("/auth/callback/unknown").status_code == 404


# -- under any name, prefix and nesting --------------------------------------------------------------------------


def mounted(dev_provider: str, **options: Any) -> Flask:
    app = Flask("site")
    app.config.update(SECRET_KEY="a key for tests", TESTING=True, **options.pop("config", {}))
    oauth = OAuth(app)
    oauth.remote_app("corp", **corp(dev_provider))
    parent = options.pop("parent", None)
    if parent is None:
        app.register_blueprint(oauth.blueprint, **options)
    else:
        parent.register_blueprint(oauth.blueprint, **options)
        app.register_blueprint(parent)
    add_pages(app, oauth)
    return app


@pytest.mark.parametrize(
    ("options", "login"),
    [
        ({}, "/login"),
        ({"url_prefix": "/signin", "name": "signin"}, "/signin/login"),
        ({"url_prefix": "/auth", "parent": Blueprint("outer", "outer", url_prefix="/o")}, "/o/auth/login"),
    ],
)
def test_under_any_name_prefix_and_nesting(dev_provider: str, options: dict[str, Any], login: str) -> None:
    app = mounted(dev_provider, **options)
    alice = Visitor(app)
    page = alice.open("/members")
    assert page.request.path == login
    address = led_to(alice.press(page, "Continue with Corp"))
    assert address is not None
    callback = query_of(address)["redirect_uri"]
    assert callback == HOME + login.replace("/login", "/callback/corp")
    assert alice.open(alice.consent(address)).text == "Hello Alice Moreau"


def test_application_root_and_external_url(dev_provider: str) -> None:
    app = mounted(
        dev_provider,
        url_prefix="/auth",
        config={"OAUTH_EXTERNAL_URL": "https://www.example.com", "APPLICATION_ROOT": "/x"},
    )
    client = app.test_client()
    answer = client.get("/members", base_url="http://localhost/x/")
    assert answer.headers["Location"].startswith("/x/auth/login?next=/x/members")
    answer = client.post("/auth/login/corp", base_url="http://localhost/x/")
    assert query_of(answer.headers["Location"])["redirect_uri"] == "https://www.example.com/x/auth/callback/corp"


def test_without_the_blueprint_it_says_what_to_add() -> None:
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    oauth = OAuth(app)
    app.add_url_rule("/", view_func=oauth.login_required(lambda: "in"), endpoint="home")
    with pytest.raises(ConfigurationError, match="not part of this application") as caught:
        app.test_client().get("/")
    assert caught.value.code == "config_no_blueprint"
    assert "register_blueprint" in caught.value.hint


def test_registering_it_binds_an_unbound_object(dev_provider: str) -> None:
    oauth = OAuth()
    oauth.remote_app("corp", **corp(dev_provider))
    app = Flask("site")
    app.config.update(SECRET_KEY="k", TESTING=True)
    app.register_blueprint(oauth.blueprint)
    assert app.extensions["oauth"] is oauth
    assert oauth.blueprint is oauth.blueprint


def test_two_applications_share_one_object(dev_provider: str) -> None:
    oauth = OAuth()
    oauth.remote_app("corp", **corp(dev_provider))
    visitors = []
    for name, prefix in (("one", "/a"), ("two", "/b")):
        app = Flask(name)
        app.config.update(SECRET_KEY=name * 8, TESTING=True)
        app.register_blueprint(oauth.blueprint, url_prefix=prefix)
        add_pages(app, oauth)
        visitors.append((prefix, Visitor(app)))
    for prefix, visitor in visitors:
        assert visitor.open("/members").request.path == f"{prefix}/login"


# -- the user ----------------------------------------------------------------------------------------------------


def test_user_outside_of_requests_and_signed_out(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]
    assert oauth.user is None
    with app.test_request_context("/"):
        assert oauth.user is None
        with pytest.raises(SignInRequired) as caught:
            oauth.require_user()
        assert caught.value.code == "sign_in_required"


def test_require_user_leads_to_the_sign_in_page(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]

    @app.route("/deep", methods=["GET", "POST"])
    def deep() -> str:
        return str(oauth.require_user().name)

    visitor = Visitor(app)
    answer = visitor.get("/deep?a=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/auth/login?next=/deep?a%3D1")
    answer = visitor.post("/deep")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/login?next=/")


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"Sec-Fetch-Dest": "empty"}])
def test_programs_get_401_and_the_address(dev_provider: str, headers: dict[str, str]) -> None:
    answer = Visitor(make_app(dev_provider)).get("/members?x=1", **headers)
    assert answer.status_code == 401
    assert answer.json == {
        "error": "sign_in_required",
        "message": "Please sign in.",
        "login_url": "/auth/login?next=/members?x%3D1",
    }


def test_a_login_page_for_programs(dev_provider: str) -> None:
    answer = Visitor(make_app(dev_provider)).get("/auth/login", Accept="application/json")
    assert answer.json == {"providers": [{"name": "corp", "title": "Corp", "url": "/auth/login/corp"}]}


def test_login_page_of_somebody_signed_in(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    alice.sign_in()
    assert "You are signed in as Alice Moreau." in alice.get("/auth/login").text
    assert alice.get("/auth/login?next=/members").headers["Location"] == "/members"


def test_async_views_are_protected_too(dev_provider: str) -> None:
    pytest.importorskip("asgiref", reason="asgiref is not installed")
    app = make_app(dev_provider)

    @app.get("/later")
    @app.extensions["oauth"].login_required
    async def later() -> str:
        return "in"

    assert Visitor(app).get("/later").status_code == 302


# -- the session -------------------------------------------------------------------------------------------------


def test_N47_no_token_in_what_the_browser_can_read(dev_provider: str) -> None:
    app = make_app(dev_provider)
    tokens: list[Any] = []
    app.extensions["oauth"].on_sign_in(lambda identity, token: tokens.append(token))
    alice = Visitor(app)
    alice.sign_in()
    held = repr(alice.session)
    assert tokens[0].access_token not in held
    assert tokens[0].id_token not in held
    assert tokens[0].refresh_token not in held


def test_N47_nothing_of_the_person_before_stays(dev_provider: str) -> None:
    app = make_app(dev_provider)

    @app.get("/cart")
    def cart() -> str:
        session["cart"] = "full"
        return "ok"

    alice = Visitor(app)
    alice.get("/cart")
    alice.sign_in()
    assert alice.session["cart"] == "full"  # what a stranger has put in goes on with them
    owner = alice.session["_oauth_owner"]
    alice.at_provider.cookies.clear()
    alice.person = "bob"
    alice.sign_in()
    assert alice.name_at() == "Hello Bob Lindqvist"
    assert "cart" not in alice.session
    assert alice.session["_oauth_owner"] != owner


def test_the_same_person_again_keeps_the_session(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    alice.sign_in()
    owner = alice.session["_oauth_owner"]
    alice.sign_in()
    assert alice.session["_oauth_owner"] == owner


def test_claims_that_are_too_much_for_a_cookie_leave_the_essential(dev_provider: str) -> None:
    from flask_oauth.extension.identity import MOST_BYTES, SignedIn

    app = make_app(dev_provider)
    claims = {"sub": "1", "address": {"formatted": "x" * 3000}, "name": "Alice", "profile": "y" * 900, "email": "a@b.c"}
    with app.test_request_context("/"):
        kept = SignedIn(Identity.of("corp", "https://i", claims), 1.0).to_session()["claims"]
    assert kept == {"name": "Alice", "email": "a@b.c", "profile": "y" * 900}
    assert len(str(kept)) <= MOST_BYTES + 100


def test_a_token_that_is_too_large_does_not_keep_anybody_out(
    dev_provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]

    @oauth.on_sign_in
    def fill_up(identity: Identity, token: Any) -> None:
        import secrets

        session["filling"] = secrets.token_urlsafe(2300)

    alice = Visitor(app)
    with caplog.at_level(logging.WARNING, "flask_oauth.flow"):
        assert alice.follow(alice.sign_in()).text == "Hello Alice Moreau"
    assert "_oauth_tokens" not in alice.session
    assert "OAUTH_TOKEN_STORE" in caplog.text


# -- hooks -------------------------------------------------------------------------------------------------------


def test_on_sign_in_refuses(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(dev_provider)
    failures: list[Any] = []

    @app.extensions["oauth"].on_sign_in
    def only_bob(identity: Identity, token: Any) -> None:
        if identity.subject != "1002":
            raise AccessDenied("Not Bob")

    with signals.sign_in_failed.connected_to(lambda sender, **info: failures.append(info), sender=app):
        alice = Visitor(app)
        answer = alice.sign_in()
    assert answer.status_code == 403
    assert "You may not sign in here with this account." in answer.text
    assert "Not Bob" not in answer.text
    assert alice.name_at() == "Hello stranger"
    assert "_oauth_tokens" not in alice.session
    assert [info["error"].code for info in failures] == ["access_denied"]
    bob = Visitor(app, "bob")
    assert bob.follow(bob.sign_in()).text == "Hello Bob Lindqvist"


def test_on_sign_in_that_crashes_signs_nobody_in(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.extensions["oauth"].on_sign_in
    def crash(identity: Identity, token: Any) -> None:
        raise LookupError("the database is away")

    alice = Visitor(app)
    assert alice.sign_in().status_code == 500
    assert alice.name_at() == "Hello stranger"


def test_on_sign_in_names_the_page_to_land_on(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.extensions["oauth"].on_sign_in(lambda identity, token: "/welcome")
    alice = Visitor(app)
    assert alice.sign_in("/members").headers["Location"] == "/welcome"
    assert alice.name_at() == "Hello Alice Moreau"


def test_on_sign_in_asks_for_more_first(dev_provider: str) -> None:
    app = make_app(dev_provider)
    oauth = app.extensions["oauth"]
    oauth.on_sign_in(lambda identity, token: app.redirect("/terms"))

    @app.get("/terms")
    def terms() -> str:
        return f"Do you agree, {oauth.waiting.name}?" if oauth.waiting else "nobody waits"

    @app.post("/agree")
    def agree() -> Any:
        return oauth.finish_sign_in()

    alice = Visitor(app)
    answer = alice.sign_in("/members")
    assert answer.headers["Location"] == "/terms"
    assert alice.name_at() == "Hello stranger"
    assert alice.get("/terms").text == "Do you agree, Alice Moreau?"
    answer = alice.post("/agree")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members")
    assert alice.name_at("/members") == "Hello Alice Moreau"
    assert alice.get("/terms").text == "nobody waits"
    assert "_oauth_tokens" in alice.session
    again = Visitor(app).post("/agree")
    assert again.headers["Location"].startswith("/auth/login")


def test_denial_is_an_outcome(dev_provider: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(dev_provider)
    denials: list[Any] = []
    alice = Visitor(app)
    with signals.sign_in_denied.connected_to(lambda sender, **info: denials.append((sender, info)), sender=app):
        answer = alice.get(alice.consent(alice.begin("/members"), "refuse"))
    assert answer.status_code == 302
    page = alice.follow(answer)
    assert page.status_code == 200
    assert 'role="status" tabindex="-1" autofocus>You did not sign in with Corp.' in page.text
    assert 'name="next" value="/members"' in page.text
    assert [(sender, info["remote_app"]) for sender, info in denials] == [(app, "corp")]
    assert "ERROR" not in caplog.text
    assert alice.follow(alice.sign_in("/members")).text == "Hello Alice Moreau"


def test_a_notice_cannot_be_put_into_a_link(dev_provider: str) -> None:
    page = Visitor(make_app(dev_provider)).get('/auth/login?notice=["denied","corp"]&denied=corp')
    assert "did not sign in" not in page.text


def test_on_denied_answers_itself(dev_provider: str) -> None:
    app = make_app(dev_provider)
    app.extensions["oauth"].on_denied(lambda name: (f"no {name} then", 200))
    alice = Visitor(app)
    answer = alice.get(alice.consent(alice.begin(), "deny"))
    assert (answer.status_code, answer.text) == (200, "no corp then")


def test_A10_back_after_success_lands_where_the_browser_wanted_to_go(dev_provider: str) -> None:
    alice = Visitor(make_app(dev_provider))
    callback = alice.consent(alice.begin("/members?x=1"))
    assert alice.get(callback).headers["Location"] == "/members?x=1"
    again = alice.get(callback)
    assert (again.status_code, again.headers["Location"]) == (302, "/members?x=1")


def test_signals_of_a_sign_in(dev_provider: str) -> None:
    app = make_app(dev_provider)
    seen: list[tuple[str, dict[str, Any]]] = []
    listeners = []
    for name in ("sign_in_started", "signed_in", "token_issued", "signed_out", "sign_in_failed"):

        def listen(sender: Any, name: str = name, **info: Any) -> None:
            assert sender is app
            seen.append((name, info))

        listeners.append(listen)
        getattr(signals, name).connect(listen, sender=app)
    alice = Visitor(app)
    alice.sign_in()
    alice.post("/auth/logout", Origin=HOME)
    assert [name for name, _ in seen] == ["sign_in_started", "token_issued", "signed_in", "signed_out"]
    started, issued, signed_in, signed_out = (info for _, info in seen)
    assert started["flow"] == signed_in["flow"]
    assert issued["token"] is signed_in["token"]
    assert signed_in["identity"].name == signed_out["identity"].name == "Alice Moreau"
    assert signed_out["reason"] == "user"


# -- templates and shell -----------------------------------------------------------------------------------------


def test_templates_know_oauth(dev_provider: str) -> None:
    app = make_app(dev_provider)
    text = (
        "{{ oauth.user.name }}|{{ oauth.login_url }}|{{ oauth.logout_url }}|"
        "{% for p in oauth.providers %}{{ p.title }} {{ p.url }}{% endfor %}"
    )
    app.add_url_rule("/page", view_func=lambda: render_template_string(text), endpoint="page")
    app.add_url_rule("/own", view_func=lambda: render_template_string("{{ oauth }}", oauth="own"), endpoint="own")
    alice = Visitor(app)
    assert alice.get("/page").text == "|/auth/login?next=/page|/auth/logout|Corp /auth/login/corp"
    alice.sign_in()
    assert alice.get("/page").text.startswith("Alice Moreau|")
    assert alice.get("/own").text == "own"


def test_the_shell_knows_oauth(dev_provider: str) -> None:
    app = make_app(dev_provider)
    assert app.make_shell_context()["oauth"] is app.extensions["oauth"]


def test_errors_have_one_name_each_in_the_public_tree() -> None:
    assert issubclass(SignInRequired, OAuthException)
    assert flask_oauth.SignInRequired is SignInRequired
    assert flask_oauth.Identity is Identity
