"""Errors as RFC 9457 problem details: the one table from the error tree to HTTP."""

import logging
import re
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from structlog.contextvars import get_contextvars

from provenance.core import errors

MEDIA_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:provenance:problem:"
_log = logging.getLogger(__name__)

STATUS: Final[dict[type[errors.ProvenanceError], int]] = {
    errors.UnsupportedFormat: 415,
    errors.TooLarge: 413,
    errors.UriTooLong: 414,
    errors.InvalidRequest: 400,
    errors.Rejected: 422,
    errors.Conflict: 409,
    errors.NotFound: 404,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Busy: 429,
    errors.Unavailable: 503,
    errors.SourceFailed: 502,
    errors.Misconfigured: 500,
    errors.VerificationError: 422,
    errors.ProvenanceError: 500,
}
_HTTP_CODES: Final = {404: "not-found", 405: "method-not-allowed", 400: "invalid-request", 413: "too-large"}


class FieldProblem(BaseModel):
    """One field of the request that does not fit its schema."""

    field: str = Field(examples=["body.title"])
    reason: str = Field(examples=["String should have at most 200 characters"])


class Problem(BaseModel):
    """RFC 9457 problem details. `type` ends in a stable code; docs/api.md lists every one."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:provenance:problem:conflict"])
    title: str = Field(examples=["Conflict"], description="The kind of problem, in words.")
    status: int = Field(examples=[409])
    detail: str = Field(
        examples=["this picture is registered as pv-3f9k2m8xq0abc"], description="What went wrong this time."
    )
    hint: str | None = Field(
        None, examples=["register the original, unmarked picture"], description="What to do about it."
    )
    existing: str | None = Field(None, examples=["pv-3f9k2m8xq0abc"], description="With a conflict: what is there.")
    errors: list[FieldProblem] | None = Field(None, description="With an invalid request: the fields at fault.")
    request_id: str | None = Field(
        None, examples=["5c1fd2a94e6c4bd8"], description="Names the request in the service's log; also X-Request-Id."
    )


def status_of(error: errors.ProvenanceError) -> int:
    """The nearest ancestor in the table decides."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.ProvenanceError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def known_problem(error: errors.ProvenanceError) -> JSONResponse:
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, errors.Busy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if status >= 500:
        _log.error("%s: %s", error.code, error.reason)
    existing = error.existing if isinstance(error, errors.Conflict) else None
    return _answer((error.code, _words(error)), status, error.reason, headers, hint=error.hint, existing=existing)


def unexpected_problem() -> JSONResponse:
    """For an exception that nobody expected: it is in the log, and nothing of it is in the answer."""
    return _answer(("internal", "Internal error"), 500, "something unexpected went wrong; it was logged")


def _answer(
    kind: tuple[str, str], status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    code, title = kind
    body = {"type": TYPE + code, "title": title, "status": status, "detail": detail}
    more["request_id"] = get_contextvars().get("request_id")
    body |= {key: value for key, value in more.items() if value is not None}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def _words(error: errors.ProvenanceError) -> str:
    """The class's name in words: TooLarge is "Too large"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).capitalize()


async def _known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.ProvenanceError)  # noqa: S101  starlette's handler type is wider
    return known_problem(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """pydantic's reasons without its `input`, so that nothing of the request is repeated."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    fields = [{"field": ".".join(str(part) for part in item["loc"]), "reason": item["msg"]} for item in error.errors()]
    return _answer(
        ("invalid-request", "Invalid request"), 400, "the request does not fit its schema", errors=fields or None
    )


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    kind = (_HTTP_CODES.get(status, "error"), HTTPStatus(status).phrase.capitalize())
    return _answer(kind, status, str(error.detail), dict(error.headers or {}))
