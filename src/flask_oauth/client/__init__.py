"""The hub: the only floor that joins protocol, transport and storage.

A whole sign-in reads top to bottom in :mod:`.oauth2` (with OpenID Connect) and
:mod:`.oauth1`.  Clocks and randomness enter here, as arguments with a default.
"""
