"""Have the provider find the user: they confirm on their telephone, and no browser is sent anywhere (CIBA).

Run it with ``python examples/backchannel.py``: a provider on this machine stands in for yours, and its user says yes.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_oauth import AccessDenied, OAuth
from flask_oauth.testing.strict import StrictProvider


def main(**bank: Any) -> None:
    app = Flask(__name__)
    oauth = OAuth(app)
    oauth.remote_app("bank", **bank)

    with app.app_context():
        pending = oauth.bank.start_backchannel_sign_in(login_hint="alice@example.com", binding_message="W4SCT")
        print("Confirm W4SCT on your telephone")
        try:
            signed_in = pending.wait()
        except AccessDenied:
            print("You said no.")
            return
        print(f"Confirmed by {signed_in.id_token.subject}")


if __name__ == "__main__":
    with StrictProvider() as provider:
        provider.delays = ["authorization_pending"]
        main(**provider.settings)
