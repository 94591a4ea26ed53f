"""``flask oauth dev-provider``: a provider on this machine, to try a sign-in without an account anywhere."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click
from flask import Flask

from .application import load_app, why_not
from .output import fail, json_option, show_json

if TYPE_CHECKING:
    from ..extension.oauth import OAuth

LOOPBACK: Final = "127.0.0.1"
#: How many ports after the wanted one are tried.
NEXT_PORTS: Final = 20
SETTING: Final = "OAUTH_DEVELOPMENT_PROVIDER"


@click.command("dev-provider", epilog="Example: flask --app app oauth dev-provider --run")
@click.option("--port", default=5001, show_default=True, help="The provider's port; the next free one if it is taken.")
@click.option("--run", "run_app", is_flag=True, help="Run the application too, with this provider for all of its own.")
@click.option("--app-port", default=5000, show_default=True, help="The application's port, with --run.")
@json_option
def dev_provider(port: int, run_app: bool, app_port: int, as_json: bool) -> None:
    """Serve a provider with made-up people and no passwords, on this machine only, until Ctrl-C.

    With --run it acts for every remote app of the application: GitHub, Google or one of your own, nothing needs to be
    registered or set. It works in debug mode alone, and nothing is written.
    """
    with ExitStack() as running:
        url = running.enter_context(_provider(port))
        told: dict[str, Any] = {"provider": url, "people": _people()}
        if run_app:
            app = _load(url)
            told |= _prepare(app)
            told["app"] = running.enter_context(_served(app, app_port))
            told["sign_in"] = _sign_in_page(app, told["app"])
        show_json(told) if as_json else _tell(told, port, app_port if run_app else None)
        _wait()
    click.echo("\nStopped.", err=as_json)


@contextmanager
def _provider(port: int) -> Iterator[str]:
    try:
        from ..development import DEMO_CLIENT, running_provider
    except ModuleNotFoundError as error:
        fail(str(error))
    # The consent page names whoever asks; here that is the developer's own application.
    asking = replace(DEMO_CLIENT, name="Your application")
    with running_provider(port=_free_port(port), clients=(asking,)) as url:
        yield url


def _free_port(wanted: int) -> int:
    """The wanted port, or the next one that nobody listens at; 0 stands for any."""
    for port in range(wanted, wanted + NEXT_PORTS) if wanted else ():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    return 0


def _people() -> list[str]:
    from ..development import FAILURES, PEOPLE

    return [*(person.username for person in PEOPLE), *(failure.value for failure in FAILURES)]


def _wait() -> None:
    from ..development.server import wait_for_stop

    wait_for_stop()


# -- the application ----------------------------------------------------------------------------------------------


def _load(provider: str) -> Flask:
    """The application, which takes the provider from the environment while it is set up."""
    os.environ[SETTING] = provider
    try:
        return load_app()
    except Exception as error:
        fail(f"The application does not load. {why_not(error)}")


def _prepare(app: Flask) -> dict[str, Any]:
    """Make the application ready to be tried; returns what there is to say about it."""
    app.debug = True
    app.config[SETTING] = os.environ[SETTING]
    app.config["TEMPLATES_AUTO_RELOAD"] = True
    changed = []
    if not app.config.get("SECRET_KEY"):
        app.config["SECRET_KEY"] = secrets.token_hex()
        changed.append("SECRET_KEY is made up for this run; set one of your own before others use the application.")
    if app.config.get("OAUTH_EXTERNAL_URL"):
        app.config["OAUTH_EXTERNAL_URL"] = None
        changed.append("OAUTH_EXTERNAL_URL is not used in this run.")
    oauth: OAuth | None = app.extensions.get("oauth")
    return {"acts_for": sorted(oauth.remote_apps) if oauth is not None else [], "changed": changed}


@contextmanager
def _served(app: Flask, port: int) -> Iterator[str]:
    from ..development import running_app

    with running_app(app, port=_free_port(port)) as url:
        yield url


def _sign_in_page(app: Flask, url: str) -> str | None:
    from ..extension import addresses

    if app not in addresses.mounted:
        return None
    with app.test_request_context(base_url=url):
        return url + addresses.login_url()


def _tell(told: dict[str, Any], port: int, app_port: int | None) -> None:
    people = ", ".join(told["people"])
    click.echo(f"Provider  {told['provider']}   people: {people}")
    _say_if_moved(told["provider"], port)
    if app_port is None:
        command = f"{SETTING}={told['provider']} flask --app app run --debug"
        click.echo(
            f"Run your application with it: {command}\nOr both at once: flask --app app oauth dev-provider --run"
        )
    else:
        click.echo(f"App       {told['app']}   signs in at the provider for: {', '.join(told['acts_for']) or 'all'}")
        _say_if_moved(told["app"], app_port)
        if told["sign_in"]:
            click.echo(f"Sign in   {told['sign_in']}")
        for line in told["changed"]:
            click.echo(line)
    click.echo("Ctrl-C stops it.")


def _say_if_moved(url: str, wanted: int) -> None:
    if wanted and not url.endswith(f":{wanted}"):
        click.echo(f"          port {wanted} was taken")
