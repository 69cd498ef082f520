"""Errors as RFC 9457 problem details: the one table from the error tree to HTTP."""

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from provenance.core import errors

MEDIA_TYPE: Final = "application/problem+json"
_log = logging.getLogger(__name__)

STATUS: Final[dict[type[errors.ProvenanceError], int]] = {
    errors.UnsupportedFormat: 415,
    errors.TooLarge: 413,
    errors.InvalidRequest: 400,
    errors.Rejected: 422,
    errors.Conflict: 409,
    errors.NotFound: 404,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Busy: 429,
    errors.Unavailable: 503,
    errors.Misconfigured: 500,
    errors.VerificationError: 422,
    errors.ProvenanceError: 500,
}


class Problem(BaseModel):
    """RFC 9457. `type` is a URN that ends in the error's stable code."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:provenance:problem:conflict"])
    title: str = Field(examples=["conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["this picture is registered as pv-3f9k2m8xq0abc"])
    hint: str | None = Field(None, examples=["register the original, unmarked picture"])


def status_of(error: errors.ProvenanceError) -> int:
    """The nearest ancestor in the table decides."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with a problem."""
    return {code: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": _TITLES[code]} for code in codes}


_TITLES: Final = {
    400: "The request is wrong",
    401: "No valid API key",
    403: "The API key lacks the scope",
    404: "Not found",
    409: "Registered already, or in flight",
    413: "Over a size limit",
    415: "Not an image format that is read",
    422: "The input can't be accepted",
    429: "Over capacity; see Retry-After",
    502: "The other side did not answer",
    503: "A part this service depends on does not answer",
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.ProvenanceError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def _answer(code: str, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    body = {"type": f"urn:provenance:problem:{code}", "title": code, "status": status, "detail": detail}
    body |= {key: value for key, value in more.items() if value is not None}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


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
    step = error.step if isinstance(error, errors.VerificationError) else None
    return _answer(error.code, status, error.reason, headers, hint=error.hint, existing=existing, step=step)


async def _known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.ProvenanceError)  # noqa: S101  starlette's handler type is wider
    return known_problem(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    fields = [{"field": ".".join(str(part) for part in item["loc"]), "reason": item["msg"]} for item in error.errors()]
    return _answer("invalid-request", 400, "the request does not fit its schema", errors=jsonable_encoder(fields))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    codes = {404: "not-found", 405: "method-not-allowed", 400: "invalid-request"}
    headers = dict(error.headers or {})
    return _answer(codes.get(error.status_code, "error"), error.status_code, str(error.detail), headers)


async def _unknown(_request: Request, error: Exception) -> JSONResponse:
    _log.exception("unexpected error", exc_info=error)
    return _answer("internal", 500, "something unexpected went wrong; it was logged")
