"""``flask oauth explain``: what an error code means; the text of the documentation, without a network."""

from __future__ import annotations

import click

from .output import did_you_mean, fail, json_option, show, show_json


@click.command(epilog="Example: flask oauth explain state_cookie_missing")
@click.argument("code", required=False)
@json_option
def explain(code: str | None, as_json: bool) -> None:
    """Say what an error code means and what to do about it; without CODE, list all."""
    from ..error_codes import EXPLANATIONS
    from .findings import EXPLANATIONS as FINDINGS

    table = {**{str(name): tuple(explanation) for name, explanation in EXPLANATIONS.items()}, **FINDINGS}
    if code is None:
        return show([{"code": name, "cause": cause} for name, (cause, _) in table.items()], as_json)
    if code not in table:
        fail(f"There is no error code {code!r}.{did_you_mean(code, table)}")
    cause, cure = table[code]
    if as_json:
        return show_json({"code": code, "cause": cause, "cure": cure})
    return click.echo(f"{code}\n  cause   {cause}\n  cure    {cure}")
