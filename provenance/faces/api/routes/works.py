"""`/v1/works`: register, list, read, withdraw."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import JSONResponse

from provenance.core.digests import file_digest
from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.records import ApiKey, Work, WorkStatus
from provenance.core.types import WorkId
from provenance.faces.api.context import IdempotencyKey, InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.problems import responses
from provenance.faces.api.schemas import WorkOut, WorkPage
from provenance.usecases.register import Submission
from provenance.wiring import Service

router = APIRouter(prefix="/v1/works", tags=["works"])

MAX_RECIPE = 64 << 10  # characters
CERTIFICATE_TYPE = "application/vc"
BUNDLE_TYPE = "application/json"


@router.post(
    "", status_code=201, response_model=WorkOut, responses=responses(400, 401, 403, 409, 413, 415, 422, 429, 503)
)
def register(
    service: ServiceDep,
    in_flight: InFlightDep,
    key: Annotated[ApiKey, caller("works:write")],
    file: Annotated[UploadFile | None, File(description="The artwork: PNG, JPEG, WebP, TIFF, GIF or AVIF.")] = None,
    recipe: Annotated[
        str | None,
        Form(
            max_length=MAX_RECIPE,
            description="In place of a file: a generator's recipe, as JSON text.",
            examples=['{"generator": "procedural", "kind": "flow-field"}'],
        ),
    ] = None,
    seed: Annotated[int, Form(ge=0, le=(1 << 63) - 1, description="Completes the recipe.")] = 0,
    title: Annotated[str, Form(max_length=200)] = "",
    terms: Annotated[str, Form(max_length=64, description="Licence terms; see `GET /v1/terms`.")] = "personal",
    digital_source_type: Annotated[
        str | None, Form(max_length=200, description="IPTC digital source type; default trainedAlgorithmicMedia.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Register an artwork from a file or a recipe. Answers 201 with the work when it is stored for good; its marked
    file and its certificate are at `/file` and `/certificate`. A picture that is here already gives 409 and names the
    work."""
    if (file is None) == (recipe is None):
        raise InvalidRequest("send either `file` or `recipe`")
    with in_flight.slot():
        data = file.file.read() if file else b""
        wanted = {"title": title, "terms": terms, "seed": seed, "recipe": recipe, "type": digital_source_type}

        def run() -> tuple[int, dict[str, Any]]:
            options = {"digital_source_type": digital_source_type} if digital_source_type else {}
            if recipe is None:
                submission = Submission(data=data, owner=key.owner, title=title, terms=terms, **options)
            else:
                submission = service.generate(_recipe(recipe), seed=seed, owner=key.owner, title=title, terms=terms)
            return 201, WorkOut.of(service.register(submission)).model_dump(mode="json")

        request = json.dumps([file_digest(data), wanted], sort_keys=True).encode()
        status, body = service.once(key.owner, idempotency_key, request, run)
    return JSONResponse(dict(body), status, {"Location": f"/v1/works/{body['id']}"})


@router.get("", responses=responses(400, 401, 403))
def page(
    service: ServiceDep,
    response: Response,
    key: Annotated[ApiKey, caller("works:read")],
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> WorkPage:
    """Your works, newest first; an administrator's key sees all."""
    with service.store.read() as unit:
        works, following = unit.works.page(after=cursor, limit=limit, owner=owner_of(key))
    if following:
        response.headers["Link"] = f'</v1/works?limit={limit}&cursor={following}>; rel="next"'
    return WorkPage(items=[WorkOut.of(work) for work in works], next_cursor=following)


@router.get("/{work_id}", responses=responses(400, 401, 403, 404))
def read(service: ServiceDep, work_id: str, _key: Annotated[ApiKey, caller("works:read")]) -> WorkOut:
    """One work, whoever registered it: a check names works of others too."""
    return WorkOut.of(_work(service, work_id))


@router.get(
    "/{work_id}/file",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}, **responses(400, 401, 403, 404, 503)},
)
def marked_file(service: ServiceDep, work_id: str, key: Annotated[ApiKey, caller("works:read")]) -> Response:
    """The marked file, for its owner."""
    work = _work(service, work_id)
    if owner_of(key) not in (None, work.owner) or work.status is not WorkStatus.ACTIVE:
        raise NotFound(f"there is no file of {work_id} for you")
    name = f"{work_id}.{work.media_type.rpartition('/')[2]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{work.marked_sha256}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(service.blobs.get(work.marked_blob), media_type=work.media_type, headers=headers)


@router.get(
    "/{work_id}/certificate",
    response_class=Response,
    responses={200: {"content": {CERTIFICATE_TYPE: {}, BUNDLE_TYPE: {}}}, **responses(400, 404)},
)
def certificate(
    service: ServiceDep,
    work_id: str,
    receipts: Annotated[bool, Query(description="A bundle: the certificate and its ledger receipts.")] = False,
) -> Response:
    """The certificate: a W3C Verifiable Credential 2.0. Public on purpose, like every claim in it."""
    work = _work(service, work_id)
    if receipts:
        return JSONResponse(service.bundle(work), media_type=BUNDLE_TYPE)
    return JSONResponse(dict(work.certificate), media_type=CERTIFICATE_TYPE)


@router.delete("/{work_id}", responses=responses(400, 401, 403, 404))
def withdraw(service: ServiceDep, work_id: str, key: Annotated[ApiKey, caller("works:write")]) -> WorkOut:
    """Withdraw a work of yours: it leaves every answer at once; its record and its certificate stay."""
    return WorkOut.of(service.withdraw(WorkId.parse(work_id), owner=owner_of(key)))


def _work(service: Service, work_id: str) -> Work:
    with service.store.read() as unit:
        return unit.works.get(WorkId.parse(work_id))


def _recipe(text: str) -> dict[str, Any]:
    try:
        recipe = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the recipe is not valid JSON") from error
    if not isinstance(recipe, dict):
        raise InvalidRequest("the recipe is not a JSON object")
    return recipe
