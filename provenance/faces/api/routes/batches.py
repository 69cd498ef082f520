"""`/v1/checks:batch` and `/v1/batches`: many pictures, checked by the worker."""

import hashlib
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Query, Response, UploadFile
from fastapi.responses import JSONResponse

from provenance.core.bulk import ItemState
from provenance.core.errors import InvalidRequest
from provenance.core.records import ApiKey
from provenance.faces.api.context import IdempotencyKey, InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.openapi import LOCATION, multipart, responses
from provenance.faces.api.schemas.batches import (
    BATCH_EXAMPLE,
    BatchForm,
    BatchItemOut,
    BatchItemPage,
    BatchOut,
    BatchPage,
    BatchSummary,
)
from provenance.faces.api.schemas.fields import IMAGE_TYPES
from provenance.usecases.batch import Handed, Upload

PATH = "/v1/checks:batch"
MAX_URL = 2000

router = APIRouter(tags=["checks"])

BatchId = Annotated[str, Path(pattern="^bat_[0-9a-f]{30}$", examples=[BATCH_EXAMPLE])]


@router.post(
    PATH,
    status_code=202,
    response_model=BatchOut,
    responses={202: {"headers": LOCATION}, **responses(400, 401, 403, 409, 413, 429, 503)},
    openapi_extra=multipart(files=IMAGE_TYPES),
)
def check_batch(
    service: ServiceDep,
    in_flight: InFlightDep,
    key: Annotated[ApiKey, caller("checks:write")],
    form: Annotated[BatchForm, Form(media_type="multipart/form-data")],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Check many pictures, in the background.

    Answers 202 when all of them are stored: from then on they will be checked, whatever happens to this process. Ask
    for the batch to see how far it is. A picture that can't be read is a failed item, and stops nothing."""
    _refuse_urls(form.urls, allowed=service.settings.fetch_urls)
    handed = Handed(
        owner=key.owner,
        uploads=[_upload(file) for file in form.files],
        urls=form.urls,
        licensee=form.licensee,
        keep=form.keep,
    )

    def run() -> tuple[int, dict[str, Any]]:
        batch = service.bulk.hand_in(handed)
        made = service.bulk.batches.get(batch.id, owner=None)
        return 202, BatchOut.now(made).model_dump(mode="json")

    with in_flight.slot():
        status, body = service.once(key.owner, idempotency_key, _fingerprint(form), run)
    return JSONResponse(dict(body), status, {"Location": f"/v1/batches/{body['id']}"})


@router.get(
    "/v1/batches",
    responses={
        200: {"headers": {"Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}}}},
        **responses(400, 401, 403, 503),
    },
)
def list_batches(
    service: ServiceDep,
    response: Response,
    key: Annotated[ApiKey, caller("checks:write")],
    cursor: Annotated[str | None, Query(max_length=300, description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> BatchPage:
    """Your batches, newest first; an administrator's key sees all."""
    found, following = service.bulk.batches.page(owner=owner_of(key), after=cursor, limit=limit)
    if following:
        response.headers["Link"] = f'</v1/batches?limit={limit}&cursor={following}>; rel="next"'
    return BatchPage(items=[BatchSummary.of(batch) for batch in found], next_cursor=following)


@router.get("/v1/batches/{batch_id}", responses=responses(400, 401, 403, 404, 503))
def read_batch(service: ServiceDep, batch_id: BatchId, key: Annotated[ApiKey, caller("checks:write")]) -> BatchOut:
    """How far a batch of yours is, what it found, and which of its pictures show the same."""
    return BatchOut.now(service.bulk.batches.get(batch_id, owner=owner_of(key)))


@router.get("/v1/batches/{batch_id}/items", responses=responses(400, 401, 403, 404, 503))
def list_batch_items(
    service: ServiceDep,
    batch_id: BatchId,
    key: Annotated[ApiKey, caller("checks:write")],
    cursor: Annotated[
        str | None, Query(pattern="^[0-9]{1,9}$", description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    state: Annotated[
        Literal["waiting", "checked", "failed", "cancelled"] | None, Query(description="Only these.")
    ] = None,
) -> BatchItemPage:
    """Its pictures, in the order in which they came, each with its check or its error."""
    found = service.bulk.batches.items(
        batch_id,
        owner=owner_of(key),
        after=-1 if cursor is None else int(cursor),
        limit=limit + 1,  # one more tells whether a next page exists
        state=ItemState(state) if state else None,
    )
    page = found[:limit]
    following = str(page[-1].position) if len(found) > limit else None
    return BatchItemPage(items=[BatchItemOut.of(item) for item in page], next_cursor=following)


@router.post("/v1/batches/{batch_id}:cancel", responses=responses(400, 401, 403, 404, 429, 503))
def cancel_batch(service: ServiceDep, batch_id: BatchId, key: Annotated[ApiKey, caller("checks:write")]) -> BatchOut:
    """Stop a batch of yours: what waits is not checked, and those pictures are deleted. What was checked stays. Twice
    is the same as once."""
    return BatchOut.now(service.bulk.batches.cancel(batch_id, owner=owner_of(key)))


@router.delete("/v1/batches/{batch_id}", status_code=204, responses=responses(400, 401, 403, 404, 429, 503))
def delete_batch(service: ServiceDep, batch_id: BatchId, key: Annotated[ApiKey, caller("checks:write")]) -> None:
    """Delete a batch of yours for good, with its checks and every picture of it that is stored."""
    service.bulk.batches.delete(batch_id, owner=owner_of(key))


def _refuse_urls(urls: list[str], *, allowed: bool) -> None:
    """Raises InvalidRequest."""
    if urls and not allowed:
        raise InvalidRequest("this service does not fetch URLs", hint="upload the files")
    if any(len(url) > MAX_URL for url in urls):
        raise InvalidRequest(f"a URL has at most {MAX_URL} characters")


def _upload(file: UploadFile) -> Upload:
    def read() -> bytes:
        file.file.seek(0)
        return file.file.read()

    return Upload(name=file.filename or "", size=file.size or 0, read=read)


def _fingerprint(form: BatchForm) -> bytes:
    """What makes two requests the same request, for the Idempotency-Key."""
    files = []
    for file in form.files:
        file.file.seek(0)
        files.append([file.filename, hashlib.file_digest(file.file, "sha256").hexdigest()])  # type: ignore[arg-type]
    return json.dumps(["batch", files, form.model_dump(mode="json", exclude={"files"})], sort_keys=True).encode()
