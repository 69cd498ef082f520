"""Terms, offers and grants."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from provenance.core.errors import InvalidRequest
from provenance.core.records import ApiKey
from provenance.core.types import WorkId
from provenance.faces.api.context import (
    PUBLIC_HEADERS,
    IdempotencyKey,
    ServiceDep,
    WorkIdPath,
    caller,
    owner_of,
)
from provenance.faces.api.openapi import LOCATION, responses
from provenance.faces.api.schemas.licences import GrantIn, GrantOut, OfferIn, OfferList, OfferOut, TermsOut
from provenance.licensing import TEMPLATES, template
from provenance.usecases.license import OfferTerms

router = APIRouter(prefix="/v1", tags=["licences"])

TermsSlug = Annotated[str, Path(max_length=64, examples=["commercial"], json_schema_extra={"enum": list(TEMPLATES)})]
GrantId = Annotated[str, Path(pattern="^lic_[0-9a-f]{30}$", examples=["lic_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"])]


@router.get("/terms")
def list_terms(response: Response) -> dict[str, str]:
    """Slugs of the licence terms and the hashes that certificates quote. Public."""
    response.headers.update(PUBLIC_HEADERS)
    return {slug: terms.hash for slug, terms in TEMPLATES.items()}


@router.get("/terms/{slug}", responses=responses(400))
def read_terms(response: Response, slug: TermsSlug) -> TermsOut:
    """One terms document, whose RFC 8785 bytes give the hash. Public."""
    response.headers.update(PUBLIC_HEADERS)
    return TermsOut.model_validate(template(slug).document)


@router.post("/works/{work_id}/offers", status_code=201, responses=responses(400, 401, 403, 404, 409, 503))
def offer_work(
    service: ServiceDep, work_id: WorkIdPath, body: OfferIn, key: Annotated[ApiKey, caller("licences:write")]
) -> OfferOut:
    """Offer a work of yours under terms at a price."""
    wanted = OfferTerms(
        terms=body.terms, price_minor=body.price_minor, currency=body.currency, valid_until=body.valid_until
    )
    return OfferOut.of(service.license.offer(WorkId.parse(work_id), wanted, owner=owner_of(key)))


@router.get("/works/{work_id}/offers", responses=responses(400, 401, 403, 404, 503))
def list_offers(service: ServiceDep, work_id: WorkIdPath, _key: Annotated[ApiKey, caller("works:read")]) -> OfferList:
    """Every offer of a work, whoever owns it."""
    return OfferList(items=[OfferOut.of(one) for one in service.license.offers(WorkId.parse(work_id))])


@router.post(
    "/grants",
    status_code=201,
    response_model=GrantOut,
    responses={201: {"headers": LOCATION}, **responses(400, 401, 403, 404, 409, 503)},
)
def grant_licence(
    service: ServiceDep,
    body: GrantIn,
    key: Annotated[ApiKey, caller("licences:write")],
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Grant the licence that an offer of yours describes; payment was settled by the caller. A marketplace grants for
    everybody with an administrator's key. Needs an Idempotency-Key, so that a retry never grants twice."""
    if idempotency_key is None:
        raise InvalidRequest("a grant needs an Idempotency-Key header", hint="send your order number")

    def run() -> tuple[int, dict[str, Any]]:
        granted = service.license.grant(body.offer_id, body.licensee, owner=owner_of(key), valid_until=body.valid_until)
        return 201, GrantOut.of(granted).model_dump(mode="json")

    request = json.dumps(["grant", body.model_dump(mode="json")], sort_keys=True).encode()
    status, answer = service.once(key.owner, idempotency_key, request, run)
    return JSONResponse(dict(answer), status, {"Location": f"/v1/grants/{answer['id']}"})


@router.get("/grants/{grant_id}", responses=responses(400, 401, 403, 404, 503))
def read_grant(service: ServiceDep, grant_id: GrantId, key: Annotated[ApiKey, caller("licences:write")]) -> GrantOut:
    """One grant on a work of yours, with its licence certificate."""
    return GrantOut.of(service.license.granted(grant_id, owner=owner_of(key)))
