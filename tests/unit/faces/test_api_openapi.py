"""The OpenAPI document: complete, exact, and with examples that fit their own schemas."""

import json
import re

import jsonschema_rs
import pytest

from tests.service import Api


@pytest.fixture(scope="module")
def document(api: Api) -> dict:
    return api.http.get("/openapi.json").json()


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def validator(document: dict, schema: dict) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]})


def test_it_is_openapi_3_1_and_names_itself(document: dict):
    assert document["openapi"].startswith("3.1")
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["servers"] == [{"url": "/"}]
    scheme = document["components"]["securitySchemes"]["ApiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_every_operation_is_described_tagged_and_uniquely_named(document: dict):
    names = []
    tags = {tag["name"] for tag in document["tags"]}
    for where, operation in operations(document):
        assert operation["description"], where
        assert set(operation["tags"]) <= tags, where
        assert re.fullmatch(r"[a-z_]+", operation["operationId"]), where
        names.append(operation["operationId"])
    assert len(names) == len(set(names))


def test_every_error_is_a_problem_with_an_example_that_fits(document: dict):
    for where, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400 or (where == "GET /readyz" and status == "503"):
                continue
            media = response["content"]
            assert list(media) == ["application/problem+json"], (where, status)
            example = media["application/problem+json"]["example"]
            validator(document, media["application/problem+json"]["schema"]).validate(example)
            assert example["status"] == int(status)


def test_requests_that_do_not_fit_are_400_and_never_fastapis_own_422(document: dict):
    assert "HTTPValidationError" not in json.dumps(document)
    for where, operation in operations(document):
        if operation.get("parameters") or operation.get("requestBody"):
            assert "400" in operation["responses"], where


def test_guarded_operations_document_401_and_403_and_the_header_that_comes_with_it(document: dict):
    for where, operation in operations(document):
        guarded = bool(operation.get("security"))
        assert guarded == ("401" in operation["responses"]) == ("403" in operation["responses"]), where
        if guarded:
            assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]
        if "429" in operation["responses"]:
            assert "Retry-After" in operation["responses"]["429"]["headers"]


def test_what_creates_says_where(document: dict):
    for where in ("/v1/works", "/v1/checks", "/v1/watches", "/v1/grants"):
        assert "Location" in document["paths"][where]["post"]["responses"]["201"]["headers"]
    assert "Location" in document["paths"]["/v1/checks:batch"]["post"]["responses"]["202"]["headers"]


def test_uploads_are_multipart_with_files_that_tools_understand(document: dict):
    for path, part in (
        ("/v1/works", "file"),
        ("/v1/checks", "file"),
        ("/v1/verify", "certificate"),
        ("/v1/checks:batch", "files"),
    ):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert list(content) == ["multipart/form-data"]
        form = content["multipart/form-data"]
        schema = document["components"]["schemas"][form["schema"]["$ref"].rpartition("/")[2]]
        described = schema["properties"][part]
        assert described.get("items", described)["format"] == "binary"
        assert schema["additionalProperties"] is False
        assert form["encoding"][part]["contentType"]


def test_examples_of_fields_fit_their_schemas(document: dict):
    seen = 0
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            for example in described.get("examples", []):
                validator(document, described).validate(example)
                seen += 1
            assert described.get("examples") or described.get("description") or _explained(described), f"{name}.{field}"
        for example in schema.get("examples", []):
            validator(document, schema).validate(example)
    assert seen > 40


def _explained(described: dict) -> bool:
    """A reference, a choice, a flag or a moment explains itself."""
    text = json.dumps(described)
    return any(word in text for word in ("$ref", "enum", "const", "boolean", "date-time", "array", "string"))


def test_answers_fit_the_document(api: Api, alps: dict, document: dict):
    report = api.check(b"".join([api.file(alps["id"])]), licensee="did:web:x.example")
    for model, body in (("WorkOut", alps), ("CheckOut", report)):
        validator(document, {"$ref": f"#/components/schemas/{model}"}).validate(body)
