"""`/v1/watches`: uploads that are compared with every new work, and their hits."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Response
from fastapi.responses import JSONResponse

from provenance.core.digests import file_digest
from provenance.core.errors import InvalidRequest
from provenance.core.records import ApiKey
from provenance.faces.api.context import IdempotencyKey, InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.openapi import LOCATION, multipart, responses
from provenance.faces.api.routes.checks import fetched
from provenance.faces.api.schemas.fields import IMAGE_TYPES
from provenance.faces.api.schemas.watches import (
    WATCH_EXAMPLE,
    WatchForm,
    WatchHitOut,
    WatchHitPage,
    WatchOut,
    WatchPage,
)
from provenance.usecases.watch import ToWatch
from provenance.wiring import Service

router = APIRouter(prefix="/v1", tags=["checks"])

WatchId = Annotated[str, Path(pattern="^wch_[0-9a-f]{30}$", examples=[WATCH_EXAMPLE])]
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[
    str | None, Query(pattern="^[0-9]{1,18}$", description="The id of the last hit that you saw, or `next_cursor`.")
]


@router.post(
    "/watches",
    status_code=201,
    response_model=WatchOut,
    responses={201: {"headers": LOCATION}, **responses(400, 401, 403, 409, 413, 415, 422, 429, 502, 503)},
    openapi_extra=multipart(file=IMAGE_TYPES),
)
def watch_upload(
    service: ServiceDep,
    in_flight: InFlightDep,
    key: Annotated[ApiKey, caller("checks:write")],
    form: Annotated[WatchForm, Form(media_type="multipart/form-data")],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Put a picture on your watch list. It is kept, compared with the works that are there, and again with every work
    that is registered from now on; what shows content of a work is a hit. Deleting the watch deletes the picture."""
    if (form.file is None) == (form.url is None):
        raise InvalidRequest("send either `file` or `url`")
    with in_flight.slot():
        data = form.file.file.read() if form.file else fetched(service, form.url or "")

        def run() -> tuple[int, dict[str, Any]]:
            asked = ToWatch(data=data, owner=key.owner, title=form.title, licensee=form.licensee)
            return 201, WatchOut.of(service.bulk.start_watching(asked)).model_dump(mode="json")

        request = json.dumps(["watch", file_digest(data), form.model_dump(mode="json", exclude={"file"})])
        status, body = service.once(key.owner, idempotency_key, request.encode(), run)
    return JSONResponse(dict(body), status, {"Location": f"/v1/watches/{body['id']}"})


@router.get(
    "/watches",
    responses={
        200: {"headers": {"Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}}}},
        **responses(400, 401, 403, 503),
    },
)
def list_watches(
    service: ServiceDep,
    response: Response,
    key: Annotated[ApiKey, caller("checks:write")],
    cursor: Annotated[str | None, Query(max_length=300, description="`next_cursor` of the page before.")] = None,
    limit: Limit = 50,
) -> WatchPage:
    """Your watched uploads, newest first; an administrator's key sees all."""
    found, following = service.bulk.watches.page(owner=owner_of(key), after=cursor, limit=limit)
    if following:
        response.headers["Link"] = f'</v1/watches?limit={limit}&cursor={following}>; rel="next"'
    return WatchPage(items=[WatchOut.of(watch) for watch in found], next_cursor=following)


@router.get("/watches/{watch_id}", responses=responses(400, 401, 403, 404, 503))
def read_watch(service: ServiceDep, watch_id: WatchId, key: Annotated[ApiKey, caller("checks:write")]) -> WatchOut:
    """One watched upload of yours."""
    return WatchOut.of(service.bulk.watches.get(watch_id, owner=owner_of(key)))


@router.delete("/watches/{watch_id}", status_code=204, responses=responses(400, 401, 403, 404, 429, 503))
def delete_watch(service: ServiceDep, watch_id: WatchId, key: Annotated[ApiKey, caller("checks:write")]) -> None:
    """Take an upload of yours off the list for good, with its picture, its hits and the checks that they name."""
    service.bulk.watches.delete(watch_id, owner=owner_of(key))


@router.get("/watches/{watch_id}/hits", responses=responses(400, 401, 403, 404, 503))
def list_hits_of_watch(
    service: ServiceDep,
    watch_id: WatchId,
    key: Annotated[ApiKey, caller("checks:write")],
    cursor: After = None,
    limit: Limit = 50,
) -> WatchHitPage:
    """The hits of one watched upload, oldest first."""
    return _hits(service, owner_of(key), cursor, limit, watch_id)


@router.get("/watch-hits", responses=responses(400, 401, 403, 503))
def list_watch_hits(
    service: ServiceDep,
    key: Annotated[ApiKey, caller("checks:write")],
    cursor: After = None,
    limit: Limit = 50,
) -> WatchHitPage:
    """All hits of your watch list, oldest first, without those of works that were withdrawn. Ids appear in their order:
    ask again with the last one that you saw to get what is new."""
    return _hits(service, owner_of(key), cursor, limit, None)


def _hits(service: Service, owner: str | None, cursor: str | None, limit: int, watch_id: str | None) -> WatchHitPage:
    found = service.bulk.watches.hits(
        owner=owner,
        watch_id=watch_id,
        after=int(cursor or 0),
        limit=limit + 1,  # one more tells whether a next page exists
    )
    page = found[:limit]
    following = str(page[-1].id) if len(found) > limit else None
    return WatchHitPage(items=[WatchHitOut.of(hit) for hit in page], next_cursor=following)
