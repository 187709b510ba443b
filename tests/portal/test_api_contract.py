"""The API keeps what its OpenAPI document says: examples on every operation, and answers to what schemathesis draws from it."""
from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import pytest
from contract_house import contract_house
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from bench.api_contract import hold, report
from portal.api.openapi import examples

REACHED = {"GET /records/{record_id}": 200, "GET /records/{record_id}/copy": 200, "POST /records/search/name": 200,
           "POST /records/{record_id}/copy-link": 201, "POST /persons/vault": 200, "GET /changes": 200, "POST /extracts": 201,
           "GET /pushes/{dossier}": 200,
           "POST /oauth/token": 200, "GET /oauth/jwks.json": 200, "GET /sync/key": 200, "GET /extracts/revoked": 200}


@pytest.fixture(scope="module")
def contract(tmp_path_factory, embedded_store) -> SimpleNamespace:
    config = dataclasses.replace(embedded_store.ensure(), archive_bucket="a-contract", work_bucket="w-contract")
    app, known = contract_house(tmp_path_factory.mktemp("home"), config)
    return SimpleNamespace(app=app, known=known, said=TestClient(app).get("/api/v1/openapi.json").json())


def test_every_operation_says_who_may_how_it_answers_and_shows_it(contract):
    said = contract.said
    assert {"oauth2", "client", "lgsp"} <= set(said["components"]["securitySchemes"])
    seen = set()
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            seen.add(name)
            assert operation["summary"] and "security" in operation, name
            known = examples()[name]
            assert ("requestBody" in operation) == ("request" in known), name
            for where in [operation.get("requestBody", {}), *(a for c, a in operation["responses"].items() if c == "200")]:
                for content_type, content in where.get("content", {}).items():
                    if "json" in content_type or "urlencoded" in content_type:
                        schema = {**content["schema"], "components": said["components"]}
                        Draft202012Validator(schema).validate(content["example"])
            if {"oauth2": []} in operation["security"]:
                assert {"401", "403", "429", "503"} <= set(operation["responses"]), name
    assert seen == set(examples())


def test_answers_are_those_of_the_document(contract):
    tally = hold(contract.app, contract.known, 330)
    assert tally.requests > 150
    assert not tally.failures and not tally.server_errors, report(tally)
    for operation, status in REACHED.items():
        assert status in tally.only(operation), report(tally)
    everywhere = {status for _, status in tally.statuses}
    assert {400, 401, 403, 404, 422} <= everywhere, report(tally)


def test_an_answer_that_the_document_leaves_out_is_noticed(contract):
    said = json.loads(json.dumps(contract.said))
    operation = said["paths"]["/records/{record_id}"]["get"]
    del operation["responses"]["200"], operation["responses"]["400"]
    operation["responses"]["204"] = {"description": ""}
    said["paths"] = {"/records/{record_id}": {"get": operation}}
    failures = " ".join(hold(contract.app, contract.known, 80, document=said).failures)
    assert "GET /records/{record_id} 200: UndefinedStatusCode" in failures and "400: UndefinedStatusCode" in failures
