"""What FastAPI can't know about this API: problems are problem+json, requests that do not fit are 400."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from provenance.faces.api.problems import MEDIA_TYPE, TYPE, Problem

_REF: Final = "#/components/schemas/{model}"
_EXAMPLES: Final[dict[int, tuple[str, str, str]]] = {  # code, title, detail
    400: ("invalid-request", "Invalid request", "send either `file` or `recipe`"),
    401: ("unauthenticated", "Unauthenticated", "no API key was given"),
    403: ("forbidden", "Forbidden", "this API key lacks the scope works:write"),
    404: ("not-found", "Not found", "there is no work pv-3f9k2m8xq0abc"),
    409: ("conflict", "Conflict", "this picture is registered as pv-3f9k2m8xq0abc"),
    413: ("too-large", "Too large", "the request is over the limit of 33619968 bytes"),
    414: ("uri-too-long", "Uri too long", "a value of more than 4096 characters belongs into a body"),
    415: ("unsupported-format", "Unsupported format", "this is not a picture in a format that is read"),
    422: ("unreadable-image", "Unreadable image", "the picture is truncated or corrupt"),
    429: ("busy", "Busy", "8 pictures are being worked on already"),
    500: ("internal", "Internal error", "something unexpected went wrong; it was logged"),
    502: ("source-failed", "Source failed", "the host 'art.example' does not answer properly (ConnectError)"),
    503: ("unavailable", "Unavailable", "the database does not answer"),
}
_DESCRIPTIONS: Final = {
    400: "The request is wrong.",
    401: "No valid API key.",
    403: "The API key lacks the scope.",
    404: "It is not here, or not for this API key.",
    409: "Registered already, withdrawn, or the first request with this Idempotency-Key is in progress.",
    413: "Over a limit on bytes, pixels or sides.",
    414: "The value is too long for an address: use POST.",
    415: "Not an image format that is read.",
    422: "The picture can't be accepted; `detail` says why.",
    429: "Over capacity: try again after `Retry-After` seconds.",
    500: "A defect of the service. It was logged under `request_id`.",
    502: "Nothing could be had from the URL.",
    503: "A part that this depends on does not answer. Nothing was changed; try again.",
}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}},
}
LOCATION: Final = {
    "Location": {"description": "Path of what was created.", "schema": {"type": "string", "format": "uri-reference"}}
}


def responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """For a route: these statuses answer with a problem."""
    return {code: _problem_response(code) for code in codes}


def multipart(**types: str) -> dict[str, Any]:
    """For a route: the media types that its file parts may have."""
    encoding = {part: {"contentType": media_types} for part, media_types in types.items()}
    return {"requestBody": {"content": {"multipart/form-data": {"encoding": encoding}}}}


def operation_id(route: APIRoute) -> str:
    """The function's name: generated clients get methods that read well."""
    return route.name


def install(app: FastAPI) -> None:
    generate = app.openapi

    def corrected() -> dict[str, Any]:
        if app.openapi_schema is None:
            _correct(generate())
        return generate()

    app.openapi = corrected  # type: ignore[method-assign]  # FastAPI's documented way


def _correct(schema: dict[str, Any]) -> None:
    """In place: FastAPI adds a 422 of its own to every operation with parameters, which here is a 400 problem."""
    for operation in _operations(schema):
        validation = operation["responses"].get("422", {}).get("content", {}).get("application/json")
        if validation is not None:
            del operation["responses"]["422"]
    models = schema["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        models.pop(name, None)
    problem = Problem.model_json_schema(ref_template=_REF)
    models |= problem.pop("$defs") | {"Problem": problem}


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in schema["paths"].values():
        yield from path.values()


def _problem_response(code: int) -> dict[str, Any]:
    kind, title, detail = _EXAMPLES[code]
    example: dict[str, Any] = {"type": TYPE + kind, "title": title, "status": code, "detail": detail}
    if kind == "conflict":
        example["existing"] = "pv-3f9k2m8xq0abc"
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}, "example": example}}
    described: dict[str, Any] = {"description": _DESCRIPTIONS[code], "content": content}
    return described | ({"headers": _HEADERS[code]} if code in _HEADERS else {})
