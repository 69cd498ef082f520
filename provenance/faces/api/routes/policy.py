"""What automated readers may do with works, for everybody: robots.txt, TDMRep, RSL. All from one usage policy."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from provenance.core.types import WorkId
from provenance.credentials.labels.rsl import MEDIA_TYPE
from provenance.faces.api.context import PUBLIC_HEADERS, ServiceDep, WorkIdPath
from provenance.faces.api.openapi import responses

router = APIRouter(tags=["licences"])


def _document(media_type: str, **schema: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": schema}}, "description": "The document."}}


class RslResponse(Response):
    """RSL 1.0, section 2."""

    media_type = MEDIA_TYPE


class TdmrepResponse(Response):
    media_type = "application/json"


@router.get("/robots.txt", response_class=PlainTextResponse)
def read_robots(service: ServiceDep) -> PlainTextResponse:
    """robots.txt (RFC 9309) with the address of the RSL document. Public."""
    return PlainTextResponse(service.label.robots(), headers=PUBLIC_HEADERS)


@router.get(
    "/.well-known/tdmrep.json",
    response_class=TdmrepResponse,
    responses=_document("application/json", type="array", items={"type": "object"}),
)
def read_tdmrep(service: ServiceDep) -> TdmrepResponse:
    """Whether rights in text and data mining are reserved (W3C TDMRep). A file's own headers come first. Public."""
    return TdmrepResponse(service.label.tdmrep(), headers=PUBLIC_HEADERS)


@router.get("/license.xml", response_class=RslResponse, responses=_document(MEDIA_TYPE, type="string"))
def read_licence(service: ServiceDep) -> RslResponse:
    """The usage terms of this service as an RSL 1.0 document. Public."""
    return RslResponse(service.label.licence(), headers=PUBLIC_HEADERS)


@router.get(
    "/v1/works/{work_id}/license.xml",
    response_class=RslResponse,
    responses={**_document(MEDIA_TYPE, type="string"), **responses(400, 404, 503)},
)
def read_work_licence(service: ServiceDep, work_id: WorkIdPath) -> RslResponse:
    """The usage terms of one work's file as an RSL 1.0 document. Public, like its certificate."""
    with service.store.read() as unit:
        work = unit.works.get(WorkId.parse(work_id))
    return RslResponse(service.label.licence(work), headers=PUBLIC_HEADERS)
