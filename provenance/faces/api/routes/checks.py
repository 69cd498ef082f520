"""`/v1/checks`: which registered works does a picture show?"""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Response

from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.records import ApiKey
from provenance.faces.api.context import InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.openapi import LOCATION, multipart, responses
from provenance.faces.api.schemas.checks import CheckForm, CheckOut
from provenance.faces.api.schemas.fields import IMAGE_TYPES
from provenance.usecases.check import Query
from provenance.wiring import Service

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
    not kept, its report is."""
    if (form.file is None) == (form.url is None):
        raise InvalidRequest("send either `file` or `url`")
    with in_flight.slot():
        data = form.file.file.read() if form.file else _fetch(service, form.url or "")
        found = service.check(Query(data=data, owner=key.owner, licensee=form.licensee))
    response.headers["Location"] = f"/v1/checks/{found.id}"
    return CheckOut.of(found)


@router.get("/{check_id}", responses=responses(400, 401, 403, 404, 503))
def read_report(service: ServiceDep, check_id: CheckId, key: Annotated[ApiKey, caller("checks:write")]) -> CheckOut:
    """A report of yours, as it was answered then."""
    with service.store.read() as unit:
        found = unit.checks.get(check_id)
    if owner_of(key) not in (None, found.owner):
        raise NotFound(f"there is no check {check_id} of yours")
    return CheckOut.of(found)


def _fetch(service: Service, url: str) -> bytes:
    if not service.settings.fetch_urls:
        raise InvalidRequest("this service does not fetch URLs", hint="upload the file")
    return service.fetcher.fetch(url)
