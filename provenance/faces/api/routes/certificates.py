"""A certificate in its other forms, and how it is taken back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from provenance.core.errors import NotFound
from provenance.core.records import ApiKey, Work
from provenance.core.types import WorkId
from provenance.faces.api.context import PUBLIC_HEADERS, ServiceDep, WorkIdPath, caller, owner_of
from provenance.faces.api.openapi import responses
from provenance.faces.api.routes.licences import GrantId
from provenance.faces.api.schemas.certificates import Language, StandingOut, TakeBackIn

router = APIRouter(prefix="/v1")

JWT_TYPE = "application/vc+jwt"
PDF_TYPE = "application/pdf"
_WORKS: Any = {"tags": ["works"]}
_GRANTS: Any = {"tags": ["licences"]}
_CHANGE: Any = {"responses": responses(400, 401, 403, 404, 409, 503)}

WorkWriter = Annotated[ApiKey, caller("works:write")]
LicenceWriter = Annotated[ApiKey, caller("licences:write")]


@router.get(
    "/works/{work_id}/certificate.jwt",
    response_class=Response,
    responses={
        200: {"content": {JWT_TYPE: {"schema": {"type": "string"}}}, "description": "A compact JWS."},
        **responses(400, 404, 409, 503),
    },
    **_WORKS,
)
def read_certificate_jwt(service: ServiceDep, work_id: WorkIdPath) -> Response:
    """The certificate's claims as a `vc+jwt` (W3C, Securing Verifiable Credentials using JOSE and COSE), signed now by
    the issuer's current key. Public. 409 where the certificate was issued under another identity than the service has
    today."""
    return Response(service.certificate_jwt(_work(service, work_id)), media_type=JWT_TYPE, headers=PUBLIC_HEADERS)


@router.get(
    "/works/{work_id}/certificate.pdf",
    response_class=Response,
    responses={
        200: {"content": {PDF_TYPE: {"schema": {"type": "string", "format": "binary"}}}, "description": "A PDF."},
        **responses(400, 401, 403, 404, 503),
    },
    **_WORKS,
)
def read_certificate_pdf(
    service: ServiceDep,
    work_id: WorkIdPath,
    key: Annotated[ApiKey, caller("works:read")],
    lang: Annotated[Language, Query(description="Of the sheet's words.")] = "en",
) -> Response:
    """The certificate for people, for the work's owner: it shows the picture. The signed certificate is attached
    inside."""
    work = _work(service, work_id)
    if owner_of(key) not in (None, work.owner):
        raise NotFound(f"there is no sheet of {work_id} for you")
    headers = {"Cache-Control": "private, no-cache", "Content-Disposition": f'inline; filename="{work_id}.pdf"'}
    return Response(service.certificate_pdf(work, lang), media_type=PDF_TYPE, headers=headers)


@router.get("/works/{work_id}/certificate/status", responses=responses(400, 404, 503), **_WORKS)
def read_certificate_status(service: ServiceDep, response: Response, work_id: WorkIdPath) -> StandingOut:
    """Whether the certificate stands, was suspended or was revoked, and why. Public, like the status lists."""
    response.headers.update({"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})
    return StandingOut.of(service.take_back.standing(WorkId.parse(work_id)))


@router.post("/works/{work_id}/certificate:revoke", **_CHANGE, **_WORKS)
def revoke_certificate(service: ServiceDep, work_id: WorkIdPath, body: TakeBackIn, key: WorkWriter) -> StandingOut:
    """Revoke the certificate of a work of yours, for good: every status list and every verification says so from now
    on. Revoking twice is the same as once; the first reason stands."""
    return StandingOut.of(service.take_back.revoke(WorkId.parse(work_id), body.reason, owner=owner_of(key)))


@router.post("/works/{work_id}/certificate:suspend", **_CHANGE, **_WORKS)
def suspend_certificate(service: ServiceDep, work_id: WorkIdPath, body: TakeBackIn, key: WorkWriter) -> StandingOut:
    """Suspend the certificate of a work of yours until you reinstate it."""
    return StandingOut.of(service.take_back.suspend(WorkId.parse(work_id), body.reason, owner=owner_of(key)))


@router.post("/works/{work_id}/certificate:reinstate", **_CHANGE, **_WORKS)
def reinstate_certificate(service: ServiceDep, work_id: WorkIdPath, key: WorkWriter) -> StandingOut:
    """Lift the suspension of a certificate. One that was revoked stays revoked: 409."""
    return StandingOut.of(service.take_back.reinstate(WorkId.parse(work_id), owner=owner_of(key)))


@router.get("/grants/{grant_id}/status", responses=responses(400, 404, 503), **_GRANTS)
def read_grant_status(service: ServiceDep, response: Response, grant_id: GrantId) -> StandingOut:
    """Whether a licence stands. Public to whoever knows the grant's id, which its certificate names."""
    response.headers.update({"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})
    return StandingOut.of(service.take_back.standing(grant_id))


@router.post("/grants/{grant_id}:revoke", **_CHANGE, **_GRANTS)
def revoke_grant(service: ServiceDep, grant_id: GrantId, body: TakeBackIn, key: LicenceWriter) -> StandingOut:
    """Revoke a licence on a work of yours, for good: checks answer `not-licensed` from now on."""
    return StandingOut.of(service.take_back.revoke(grant_id, body.reason, owner=owner_of(key)))


@router.post("/grants/{grant_id}:suspend", **_CHANGE, **_GRANTS)
def suspend_grant(service: ServiceDep, grant_id: GrantId, body: TakeBackIn, key: LicenceWriter) -> StandingOut:
    """Suspend a licence on a work of yours until you reinstate it."""
    return StandingOut.of(service.take_back.suspend(grant_id, body.reason, owner=owner_of(key)))


@router.post("/grants/{grant_id}:reinstate", **_CHANGE, **_GRANTS)
def reinstate_grant(service: ServiceDep, grant_id: GrantId, key: LicenceWriter) -> StandingOut:
    """Lift the suspension of a licence. One that was revoked stays revoked: 409."""
    return StandingOut.of(service.take_back.reinstate(grant_id, owner=owner_of(key)))


def _work(service: ServiceDep, work_id: str) -> Work:
    with service.store.read() as unit:
        return unit.works.get(WorkId.parse(work_id))
