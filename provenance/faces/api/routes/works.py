"""`/v1/works`: register, list, read, withdraw."""

import json
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import JSONResponse

from provenance.core.digests import file_digest
from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.manifests import Software
from provenance.core.records import ApiKey, Work, WorkStatus
from provenance.core.types import WorkId
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from provenance.faces.api.context import (
    PUBLIC_HEADERS,
    IdempotencyKey,
    IfNoneMatch,
    InFlightDep,
    ServiceDep,
    WorkIdPath,
    caller,
    owner_of,
    unchanged,
)
from provenance.faces.api.openapi import LOCATION, multipart, responses
from provenance.faces.api.schemas.fields import IMAGE_TYPES
from provenance.faces.api.schemas.works import RegisterForm, WorkOut, WorkPage
from provenance.usecases.generate import read_recipe
from provenance.usecases.register import Submission
from provenance.wiring import Service

router = APIRouter(prefix="/v1/works", tags=["works"])

CERTIFICATE_TYPE = "application/vc"
BUNDLE_TYPE = "application/json"
_ETAG = {"ETag": {"schema": {"type": "string"}}}
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "One of the caller's ETags still holds."}}


@router.post(
    "",
    status_code=201,
    response_model=WorkOut,
    responses={201: {"headers": LOCATION}, **responses(400, 401, 403, 409, 413, 415, 422, 429, 503)},
    openapi_extra=multipart(file=IMAGE_TYPES),
)
def register_work(
    service: ServiceDep,
    in_flight: InFlightDep,
    key: Annotated[ApiKey, caller("works:write")],
    form: Annotated[RegisterForm, Form(media_type="multipart/form-data")],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Register an artwork from a file or a recipe.

    Answers 201 with the work when it is stored for good; its marked file and its certificate are at `/file` and
    `/certificate`. A picture that is here already gives 409 and names the work."""
    _refuse_mixed(form)
    with in_flight.slot():
        data = form.file.file.read() if form.file else b""

        def run() -> tuple[int, dict[str, Any]]:
            work = service.register(_submission(service, form, data, key.owner))
            return 201, WorkOut.of(work).model_dump(mode="json")

        status, body = service.once(key.owner, idempotency_key, _fingerprint(form, data), run)
    return JSONResponse(dict(body), status, {"Location": f"/v1/works/{body['id']}"})


@router.get(
    "",
    responses={
        200: {"headers": {"Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}}}},
        **responses(400, 401, 403, 503),
    },
)
def list_works(
    service: ServiceDep,
    response: Response,
    key: Annotated[ApiKey, caller("works:read")],
    cursor: Annotated[str | None, Query(max_length=300, description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> WorkPage:
    """Your works, newest first; an administrator's key sees all."""
    with service.store.read() as unit:
        works, following = unit.works.page(after=cursor, limit=limit, owner=owner_of(key))
    if following:
        response.headers["Link"] = f'</v1/works?limit={limit}&cursor={following}>; rel="next"'
    return WorkPage(items=[WorkOut.of(work) for work in works], next_cursor=following)


@router.get("/{work_id}", responses=responses(400, 401, 403, 404, 503))
def read_work(service: ServiceDep, work_id: WorkIdPath, _key: Annotated[ApiKey, caller("works:read")]) -> WorkOut:
    """One work, whoever registered it: a check names works of others too."""
    return WorkOut.of(_work(service, work_id))


@router.get(
    "/{work_id}/file",
    response_class=Response,
    responses={
        200: {
            "description": "The file's bytes.",
            "headers": _ETAG,
            "content": {"image/*": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}},
        },
        **_UNCHANGED,
        **responses(400, 401, 403, 404, 503),
    },
)
def download_file(
    service: ServiceDep,
    work_id: WorkIdPath,
    key: Annotated[ApiKey, caller("works:read")],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The marked file, for its owner, as long as the work is active."""
    work = _work(service, work_id)
    if owner_of(key) not in (None, work.owner) or work.status is not WorkStatus.ACTIVE:
        raise NotFound(f"there is no file of {work_id} for you")
    etag = f'"{work.marked_sha256}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}  # a withdrawal shows at the next request
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    name = f"{work_id}.{work.media_type.rpartition('/')[2]}"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    headers |= service.label.headers(work)
    return Response(service.blobs.get(work.marked_blob), media_type=work.media_type, headers=headers)


@router.get(
    "/{work_id}/certificate",
    response_class=Response,
    responses={
        200: {
            "description": "The credential; with `receipts=true` a bundle.",
            "headers": _ETAG,
            "content": {CERTIFICATE_TYPE: {"schema": {"type": "object"}}, BUNDLE_TYPE: {"schema": {"type": "object"}}},
        },
        **_UNCHANGED,
        **responses(400, 404, 503),
    },
)
def read_certificate(
    service: ServiceDep,
    work_id: WorkIdPath,
    receipts: Annotated[bool, Query(description="A bundle: certificate, ledger receipts, proof of the log.")] = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The certificate: a W3C Verifiable Credential 2.0. Public on purpose, like every claim in it."""
    work = _work(service, work_id)
    if receipts:  # these grow with every anchor
        return JSONResponse(service.bundle(work), media_type=BUNDLE_TYPE)
    etag = f'"{work.certificate_hash}"'
    headers = {**PUBLIC_HEADERS, "ETag": etag}
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return JSONResponse(dict(work.certificate), media_type=CERTIFICATE_TYPE, headers=headers)


@router.delete("/{work_id}", responses=responses(400, 401, 403, 404, 429, 503))
def withdraw_work(service: ServiceDep, work_id: WorkIdPath, key: Annotated[ApiKey, caller("works:write")]) -> WorkOut:
    """Withdraw a work of yours: it leaves every answer at once; its record and its certificate stay. Withdrawing twice
    is the same as once."""
    return WorkOut.of(service.withdraw(WorkId.parse(work_id), owner=owner_of(key)))


def _refuse_mixed(form: RegisterForm) -> None:
    """A field that would be ignored is refused: whoever sent it believes that it counts. Raises InvalidRequest."""
    if (form.file is None) == (form.recipe is None):
        raise InvalidRequest("send either `file` or `recipe`")
    if form.file and form.seed is not None:
        raise InvalidRequest("`seed` belongs to a `recipe`", hint="leave it out")
    if form.recipe and form.digital_source_type:
        raise InvalidRequest("a recipe's generator says what its `digital_source_type` is", hint="leave it out")
    if form.recipe and form.ai_system:
        raise InvalidRequest("a recipe names what makes it: `ai_system` belongs to a `file`", hint="leave it out")
    if form.ai_system_version and not form.ai_system:
        raise InvalidRequest("`ai_system_version` needs `ai_system`")


def _submission(service: Service, form: RegisterForm, data: bytes, owner: str) -> Submission:
    creators, prompt = tuple(form.creators), form.prompt
    if form.recipe is not None:
        recipe, seed = read_recipe(form.recipe), form.seed or 0
        made = service.generate(recipe, seed=seed, owner=owner, title=form.title, terms=form.terms)
        return replace(made, creators=creators, prompt=prompt)
    return Submission(
        data=data,
        owner=owner,
        title=form.title,
        terms=form.terms,
        digital_source_type=form.digital_source_type or TRAINED_ALGORITHMIC_MEDIA,
        made_with=Software(form.ai_system, form.ai_system_version) if form.ai_system else None,
        creators=creators,
        prompt=prompt,
    )


def _fingerprint(form: RegisterForm, data: bytes) -> bytes:
    """What makes two requests the same request, for the Idempotency-Key. A file's name does not."""
    return json.dumps([file_digest(data), form.model_dump(mode="json", exclude={"file"})], sort_keys=True).encode()


def _work(service: Service, work_id: str) -> Work:
    with service.store.read() as unit:
        return unit.works.get(WorkId.parse(work_id))
