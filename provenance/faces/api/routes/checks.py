"""`/v1/checks`: which registered works does a picture show?"""

from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.records import ApiKey, Check
from provenance.faces.api.context import InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.problems import responses
from provenance.faces.api.schemas import CheckOut
from provenance.usecases.check import Query
from provenance.wiring import Service

router = APIRouter(prefix="/v1/checks", tags=["checks"])


@router.post("", status_code=201, responses=responses(400, 401, 403, 413, 415, 422, 429, 503))
def check(
    service: ServiceDep,
    in_flight: InFlightDep,
    response: Response,
    key: Annotated[ApiKey, caller("checks:write")],
    file: Annotated[UploadFile | None, File(description="The picture in question.")] = None,
    url: Annotated[
        str | None, Form(max_length=2000, description="In place of a file: a public http(s) address.")
    ] = None,
    licensee: Annotated[
        str | None, Form(max_length=200, description="Who uses the picture; a copy licensed to them says so.")
    ] = None,
) -> CheckOut:
    """Check a picture. The answer says what was found and how sure that is, with the evidence; it never says
    "infringement". The picture is not kept, its report is."""
    if (file is None) == (url is None):
        raise InvalidRequest("send either `file` or `url`")
    with in_flight.slot():
        data = file.file.read() if file else _fetch(service, url or "")
        found = service.check(Query(data=data, owner=key.owner, licensee=licensee))
    response.headers["Location"] = f"/v1/checks/{found.id}"
    return _out(found)


@router.get("/{check_id}", responses=responses(401, 403, 404))
def read(service: ServiceDep, check_id: str, key: Annotated[ApiKey, caller("checks:write")]) -> CheckOut:
    """A report of yours, as it was answered then."""
    with service.store.read() as unit:
        found = unit.checks.get(check_id)
    if owner_of(key) not in (None, found.owner):
        raise NotFound(f"there is no check {check_id} of yours")
    return _out(found)


def _fetch(service: Service, url: str) -> bytes:
    if not service.settings.fetch_urls:
        raise InvalidRequest("this service does not fetch URLs", hint="upload the file")
    return service.fetcher.fetch(url)


def _out(found: Check) -> CheckOut:
    return CheckOut.model_validate(dict(found.report))
