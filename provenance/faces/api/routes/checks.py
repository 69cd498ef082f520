"""`/v1/checks`: which registered works does a picture show?"""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Response

from provenance.core.errors import InvalidRequest
from provenance.core.records import ApiKey
from provenance.faces.api.context import InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.openapi import LOCATION, multipart, responses
from provenance.faces.api.schemas.checks import CheckForm, CheckOut, ExplanationOut
from provenance.faces.api.schemas.fields import IMAGE_TYPES
from provenance.usecases import check
from provenance.wiring import Service
from provenance.wiring.reports import MEDIA_TYPES, rendered

router = APIRouter(prefix="/v1/checks", tags=["checks"])

CheckId = Annotated[str, Path(pattern="^chk_[0-9a-f]{30}$", examples=["chk_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"])]


@router.post(
    "",
    status_code=201,
    responses={201: {"headers": LOCATION}, **responses(400, 401, 403, 413, 415, 422, 429, 503)},
    openapi_extra=multipart(file=IMAGE_TYPES),
)
def check_picture(
    service: ServiceDep,
    in_flight: InFlightDep,
    response: Response,
    key: Annotated[ApiKey, caller("checks:write")],
    form: Annotated[CheckForm, Form(media_type="multipart/form-data")],
) -> CheckOut:
    """Check a picture, by file or by URL.

    The answer says what was found and how sure that is, with the evidence; it never says "infringement". The picture is
    kept where `keep` says so, its report always."""
    if (form.file is None) == (form.url is None):
        raise InvalidRequest("send either `file` or `url`")
    with in_flight.slot():
        data = form.file.file.read() if form.file else fetched(service, form.url or "")
        found = service.check(check.Query(data=data, owner=key.owner, licensee=form.licensee, keep=form.keep))
    response.headers["Location"] = f"/v1/checks/{found.id}"
    return CheckOut.of(found)


@router.get("/{check_id}", responses=responses(400, 401, 403, 404, 503))
def read_report(service: ServiceDep, check_id: CheckId, key: Annotated[ApiKey, caller("checks:write")]) -> CheckOut:
    """A report of yours, as it was answered then, with what reviewers decided since."""
    owner = owner_of(key)
    return CheckOut.of(service.kept.get(check_id, owner=owner), service.review.decisions(check_id, owner=owner))


@router.delete("/{check_id}", status_code=204, responses=responses(400, 401, 403, 404, 429, 503))
def delete_check(service: ServiceDep, check_id: CheckId, key: Annotated[ApiKey, caller("checks:write")]) -> None:
    """Delete a check of yours for good, with its picture where that was kept."""
    service.kept.delete(check_id, owner=owner_of(key))


@router.get(
    "/{check_id}/report",
    response_class=Response,
    responses={
        200: {
            "description": "The report.",
            "content": {
                kind.partition(";")[0]: {
                    "schema": {"type": "string", **({"format": "binary"} if form == "pdf" else {})}
                }
                for form, kind in MEDIA_TYPES.items()
            },
        },
        **responses(400, 401, 403, 404, 429, 503),
    },
)
def render_report(
    service: ServiceDep,
    in_flight: InFlightDep,
    check_id: CheckId,
    key: Annotated[ApiKey, caller("checks:write")],
    form: Annotated[Literal["html", "json", "pdf"], Query(alias="format")] = "html",
    lang: Annotated[Literal["en", "zh"], Query()] = "en",
) -> Response:
    """The check as a document for others (docs/reports.md). The picture in question is in it where it was kept; a
    work's picture where the work is yours."""
    owner = owner_of(key)
    found = service.kept.get(check_id, owner=owner)
    with in_flight.slot():
        data = service.kept.picture(found)
        query = service.images.read(data) if data is not None else None
        body = rendered(service.report(found, query=query, viewer=owner), form, lang)
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{check_id}.{form}"',
    }
    return Response(body, media_type=MEDIA_TYPES[form], headers=headers)


@router.get("/{check_id}/explain", responses=responses(400, 401, 403, 404, 503))
def explain_check(
    service: ServiceDep, check_id: CheckId, key: Annotated[ApiKey, caller("checks:write")]
) -> ExplanationOut:
    """Every work that was considered, every score with its limit, the time of each stage, and where the search stopped.
    Works that were withdrawn since are left out."""
    found = service.kept.get(check_id, owner=owner_of(key))
    return ExplanationOut.model_validate(service.explain(found))


def fetched(service: Service, url: str) -> bytes:
    """What lies at an address, through the guard. Raises InvalidRequest where this service fetches none."""
    if not service.settings.fetch_urls:
        raise InvalidRequest("this service does not fetch URLs", hint="upload the file")
    return service.fetcher.fetch(url)
