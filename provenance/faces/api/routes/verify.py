"""`/v1/verify` and the published keys: what anybody may ask without an account."""

from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile

from provenance.faces.api.context import InFlightDep, ServiceDep
from provenance.faces.api.problems import responses
from provenance.faces.api.schemas import VerificationOut

router = APIRouter(tags=["verify"])


@router.post("/v1/verify", responses=responses(400, 413, 429, 503))
def verify(
    service: ServiceDep,
    in_flight: InFlightDep,
    certificate: Annotated[UploadFile, File(description="A certificate, licence or bundle: JSON.")],
    file: Annotated[UploadFile | None, File(description="The file that it is about.")] = None,
) -> VerificationOut:
    """Verify a certificate against this service's keys, step by step. Public. The same check runs offline:
    `provenance verify`."""
    with in_flight.slot():
        answer = service.verify(certificate.file.read(), content=file.file.read() if file else None)
    return VerificationOut.model_validate(answer)


@router.get("/.well-known/did.json")
def did_document(service: ServiceDep) -> dict[str, Any]:
    """The issuer's DID document, with the history of its keys. Public."""
    return dict(service.did_document)


@router.get("/.well-known/jwks.json")
def jwks(service: ServiceDep) -> dict[str, Any]:
    """The same keys as a JSON Web Key Set. Public."""
    return dict(service.jwks)
