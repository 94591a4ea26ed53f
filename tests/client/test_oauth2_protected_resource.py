"""From an API's 401 to the authorization server that it trusts (RFC 9728)."""

from __future__ import annotations

import pytest
from tests.client.oauth2_sites import METADATA
from tests.protocol.openid_samples import ISSUER

from flask_oauth.client.cache import ServerCache
from flask_oauth.client.protected_resource import find_authorization_server, find_resource
from flask_oauth.errors import MetadataError, TransportError
from flask_oauth.testing.transport import ScriptedTransport, json_response

API = "https://api.example.com/v1"
PLACE = "https://api.example.com/.well-known/oauth-protected-resource/v1"
DOCUMENT = {"resource": API, "authorization_servers": ["https://unknown.example.com", ISSUER]}


def network(document=None, server=None, place=PLACE):
    transport = ScriptedTransport()
    transport.always("GET", place, json_response(document or DOCUMENT))
    transport.always("GET", f"{ISSUER}/.well-known/openid-configuration", json_response({**METADATA, **(server or {})}))
    return transport


def find(transport, trusted=(ISSUER,), headers=None):
    resource = find_resource(API, transport, headers=headers)
    return find_authorization_server(resource, ServerCache(transport), trusted=trusted)


def test_the_first_server_that_is_trusted():
    found = find(network())
    assert found.issuer == ISSUER
    assert found.metadata.token_endpoint == f"{ISSUER}/token"
    assert found.resource.resource == API


def test_the_challenge_says_where_the_document_is():
    place = "https://api.example.com/where/it/is"
    headers = {"www-authenticate": f'Bearer error="invalid_token", resource_metadata="{place}"'}
    assert find(network(place=place), headers=headers).issuer == ISSUER


def test_a_document_for_another_resource():
    with pytest.raises(MetadataError) as caught:
        find(network({**DOCUMENT, "resource": "https://api.example.com/v2"}))
    assert caught.value.code == "metadata_issuer"


@pytest.mark.parametrize("trusted", [(), ("https://id2.example.com",)])
def test_no_server_that_is_trusted(trusted):
    transport = network()
    with pytest.raises(MetadataError) as caught:
        find(transport, trusted)
    assert caught.value.code == "metadata_issuer"
    assert len(transport.requests) == 1


def test_a_server_that_does_not_know_the_api():
    with pytest.raises(MetadataError):
        find(network(server={"protected_resources": ["https://api.example.com/v2"]}))
    assert find(network(server={"protected_resources": [API]})).issuer == ISSUER


def test_N13_a_server_that_a_stranger_names_is_looked_for_in_public_only():
    transport = network({**DOCUMENT, "authorization_servers": [ISSUER]})
    find(transport, trusted=None)
    assert transport.sent("GET", f"{ISSUER}/*")[0].public_hosts_only
    transport = network()
    find(transport)
    assert not transport.sent("GET", f"{ISSUER}/*")[0].public_hosts_only


def test_N13_a_document_at_another_host_is_looked_for_in_public_only():
    place = "https://elsewhere.example.com/document"
    headers = {"www-authenticate": f'DPoP resource_metadata="{place}"'}
    transport = network(place=place)
    find(transport, headers=headers)
    assert transport.sent("GET", place)[0].public_hosts_only


def test_the_api_is_away():
    transport = ScriptedTransport().always("GET", PLACE, TransportError("away"))
    with pytest.raises(TransportError):
        find(transport)
