"""`/v1/verify` and the published keys: what anybody may ask without an account."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import JSONResponse

from provenance.faces.api.context import PUBLIC_HEADERS, InFlightDep, ServiceDep
from provenance.faces.api.openapi import multipart, responses
from provenance.faces.api.schemas.verification import VerificationOut, VerifyForm

router = APIRouter(tags=["verification"])

JWKS_TYPE = "application/jwk-set+json"


def _keys_response(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "object"}}}, "description": "Public keys."}}


@router.post(
    "/v1/verify",
    responses=responses(400, 413, 429, 503),
    openapi_extra=multipart(certificate="application/vc, application/json, application/vc+jwt"),
)
def verify_certificate(
    service: ServiceDep,
    in_flight: InFlightDep,
    form: Annotated[VerifyForm, Form(media_type="multipart/form-data")],
) -> VerificationOut:
    """Verify a certificate against this service's keys, step by step. Public.

    The same check runs offline, with nobody to trust but the keys: `provenance verify`."""
    with in_flight.slot():
        answer = service.verify(form.certificate.file.read(), content=form.file.file.read() if form.file else None)
    return VerificationOut.model_validate(answer)


@router.get("/.well-known/did.json", response_class=JSONResponse, responses=_keys_response("application/json"))
def read_did_document(service: ServiceDep) -> JSONResponse:
    """The issuer's DID document, with the history of its keys. Public."""
    return JSONResponse(dict(service.did_document), headers=PUBLIC_HEADERS)


class JwkSetResponse(JSONResponse):
    """RFC 7517 section 8.5.2."""

    media_type = JWKS_TYPE


@router.get("/.well-known/jwks.json", response_class=JwkSetResponse, responses=_keys_response(JWKS_TYPE))
def read_jwks(service: ServiceDep) -> JwkSetResponse:
    """The same keys as a JSON Web Key Set. Public."""
    return JwkSetResponse(dict(service.jwks), headers=PUBLIC_HEADERS)
