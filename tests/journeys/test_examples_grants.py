"""Each grant's example runs as it is, in a process of its own, and does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAYS = {
    "client_credentials": ["/api/rates/CHF as the-client: 200", "tokens asked for: 1"],
    "device": ["/activate and enter ", "Signed in as alice", "/api/accounts"],
    "backchannel": ["Confirm W4SCT", "Confirmed by alice"],
    "token_exchange": ["the-client acts for the-client at https://ledger.example.com"],
    "jwt_bearer": ["Acting for bob@example.com"],
    "introspection": ["active: True, scopes: ['rates']", "a made-up one is active: False"],
    "protected_resource": ["401; this API wants the scopes ['accounts']", "200 with a token"],
    "fapi": ["Signed in as alice with a DPoP token", "200 from the bank"],
    "oauth1_pin": ["Signed in as alice", "The API knows Alice"],
}


@pytest.mark.parametrize("name", SAYS)
def test_example(name):
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    for words in SAYS[name]:
        assert words in ended.stdout
    assert ended.stderr == ""
