"""OpenID Connect on top of OAuth 2: who signed in, what is known about them, and how they sign out.

=================== ==========================================================
``id_token``        the ID Token, of a sign-in and of a refresh
``userinfo``        the userinfo endpoint's answer: JSON, signed, encrypted
``claims``          aggregated and distributed claims
``logout``          RP-initiated, back-channel and front-channel logout
``webfinger``       from what a person types to an issuer
``initiation``      a sign-in that another site asks us to begin
``times``           the times in a JWT
=================== ==========================================================
"""
