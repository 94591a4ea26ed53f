"""OAuth 2: each exchange is one module with one pair of functions.

``x_request(...)`` gives an :class:`~flask_oauth.protocol.http.HTTPRequest`;
``process_x_response(HTTPResponse, ...)`` gives a typed, checked result or raises.
"""
