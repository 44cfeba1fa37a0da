"""The API's description."""

import json

from django.test import Client


def test_description_is_the_same_whenever_and_by_whomever_it_is_asked_for(db, client_of):
    first, again = (
        client.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
        for client in (Client(), client_of("pia"))
    )
    assert first.content == again.content
    assert first["Content-Disposition"] == 'inline; filename="Pollux.json"'
    assert json.loads(first.content)["openapi"].startswith("3.1")


def test_description_comes_as_yaml_too(db):
    answer = Client().get("/api/v1/schema/")
    assert answer["Content-Type"] == "application/vnd.oai.openapi"
    assert answer.content.startswith(b"openapi: 3.1")
