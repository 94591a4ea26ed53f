"""The code in the documents on grants and on FAPI runs as it stands there, against a strict provider."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import urllib3

from flask_oauth.testing.strict import StrictProvider
from flask_oauth.transport import Urllib3Transport

DOCS = Path(__file__).resolve().parents[2] / "docs"
CODE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BANK = "https://bank.example.com"


def run(name, provider, capsys, monkeypatch):
    """Run the code of a document, block after block, as one program."""
    monkeypatch.setenv("OAUTH_BANK_CLIENT_ID", provider.client_id)
    if provider.authentication == "client_secret_basic":
        monkeypatch.setenv("OAUTH_BANK_CLIENT_SECRET", provider.client_secret)
    blocks = CODE.findall((DOCS / name).read_text())
    names = {"__name__": "documented"}
    exec(compile(blocks[0].replace(BANK, provider.url), name, "exec"), names)
    names["oauth"].transport = Urllib3Transport()  # and with it a cache: ports are used again by other providers
    with names["app"].test_request_context("/"):
        for block in blocks[1:]:
            exec(compile(block.replace(BANK, provider.url), name, "exec"), names)
    return names, capsys.readouterr().out


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_grants(capsys, monkeypatch):
    with StrictProvider() as provider:
        provider.interval = 0.05
        names, said = run("grants.md", provider, capsys, monkeypatch)
        assert "/activate and enter " in said
        assert "alice" in said
        assert "{'max_age': 60, 'acr': 'urn:example:gold'}" in said
        assert f"{provider.url} ('accounts',)" in said
        assert names["entries"]["aud"] == "https://ledger.example.com"
        assert names["rates"]["path"] == "/api/rates/EUR"


def test_fapi(capsys, monkeypatch, in_folder):
    with StrictProvider(profile="fapi2-message-signing") as provider:
        (in_folder / "bank-key.pem").write_text(provider.client_key.private_pem())
        names, said = run("fapi.md", provider, capsys, monkeypatch)
        assert said.split() == ["DPoP", "200"]
        browser = names["app"].test_client()
        at_bank = browser.get("/login").headers["Location"]
        back = urllib3.request("GET", at_bank, redirect=False).headers["Location"]
        assert browser.get(back.partition("localhost")[2]).text == "alice has 5 accounts"
        assert provider.complaints == []
