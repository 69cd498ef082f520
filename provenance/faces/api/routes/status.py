"""Status lists and JSON-LD contexts: what verifiers fetch about certificates that they hold."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from provenance.core.errors import NotFound
from provenance.core.records import StatusPurpose
from provenance.credentials.vc.context import PUBLISHED
from provenance.faces.api.context import PUBLIC_HEADERS, IfNoneMatch, ServiceDep, unchanged
from provenance.faces.api.openapi import responses

router = APIRouter(tags=["verification"])

LIST_TYPE = "application/vc"
CONTEXT_TYPE = "application/ld+json"
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Access-Control-Allow-Origin": "*"}


def _body(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "object"}}}, "description": description}}


@router.get(
    "/status/{purpose}/{number}",
    response_class=Response,
    responses={
        **_body(LIST_TYPE, "A Bitstring Status List credential."),
        304: {"description": "One of the caller's ETags still holds."},
        **responses(400, 404, 503),
    },
)
def read_status_list(
    service: ServiceDep,
    purpose: StatusPurpose,
    number: Annotated[int, Path(ge=0, le=99_999, description="Which list.", examples=[0])],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Which certificates were revoked or are suspended: a W3C Bitstring Status List, signed by the issuer for six
    hours. Public; asking for a list of 131,072 says nothing about the one certificate that the caller holds."""
    body = json.dumps(service.status_list(purpose, number)).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {**PUBLIC_HEADERS, "ETag": etag}
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=LIST_TYPE, headers=headers)


@router.get(
    "/.well-known/ni/sha-256/{digest}",
    response_class=Response,
    responses={**_body(CONTEXT_TYPE, "A JSON-LD context."), **responses(400, 404)},
)
def read_context(
    digest: Annotated[str, Path(pattern="^[A-Za-z0-9_-]{43}$", description="base64url of the sha256.")],
) -> Response:
    """The JSON-LD context of certificates, by the hash that is its name (RFC 6920). Public; it never changes."""
    if digest not in PUBLISHED:
        raise NotFound("there is no context with this hash")
    return Response(PUBLISHED[digest], media_type=CONTEXT_TYPE, headers=_FOREVER)
