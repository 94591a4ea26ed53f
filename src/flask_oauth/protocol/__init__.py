"""The protocols, without input or output: typed values in, requests out; responses in, validated values out.

No clock, no randomness, no sockets and no globals: ``now``, ``state``, ``nonce``
and ``code_verifier`` are arguments.  Only :mod:`flask_oauth.client` makes them.
"""
