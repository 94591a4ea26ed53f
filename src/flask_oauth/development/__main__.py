"""``python -m flask_oauth.development [--port PORT]``: serve the development provider until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .provider import DEMO_CLIENT
from .server import running_provider, wait_for_stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the provider's address and what a client needs to know, then serve."""
    parser = argparse.ArgumentParser(prog="python -m flask_oauth.development", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (the default) takes a free one")
    options = parser.parse_args(arguments)
    try:
        with running_provider(port=options.port) as url:
            sys.stdout.write(describe(url))
            sys.stdout.flush()
            wait_for_stop()
    except OSError as error:
        sys.stderr.write(f"Port {options.port} is not free ({error.strerror}). Try --port 0.\n")
        return 1
    sys.stdout.write("\nStopped.\n")
    return 0


def describe(url: str) -> str:
    lines = (
        f"Provider:      {url}",
        f"Issuer:        {url}",
        f"Client ID:     {DEMO_CLIENT.client_id}",
        f"Client secret: {DEMO_CLIENT.client_secret}",
        "Redirect URIs: any on this machine",
        "Ctrl-C stops it.",
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
