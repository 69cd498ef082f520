"""The C2PA Soft Binding Resolution API 2.4: manifests by soft binding, and a repository for manifest stores.

Names and answers are C2PA's; refusals are this service's problems. What elsewhere is a 422 is a 400 here, for the
published document knows no other.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from provenance.core.errors import (
    InvalidRequest,
    ProvenanceError,
    TooLarge,
    UnsupportedFormat,
    UriTooLong,
    VerificationError,
)
from provenance.core.records import ApiKey
from provenance.credentials.c2pa import iscc
from provenance.credentials.c2pa.store import MEDIA_TYPE
from provenance.faces.api.context import PUBLIC_HEADERS, InFlightDep, ServiceDep, caller, owner_of
from provenance.faces.api.openapi import responses
from provenance.faces.api.problems import status_of
from provenance.faces.api.schemas.softbinding import (
    MANIFEST_ID_EXAMPLE,
    AlgorithmList,
    BindingIn,
    BindingQuery,
    Capabilities,
    Discovery,
    QueryResult,
    Receipt,
    ReferenceQuery,
    ServiceStatus,
    StoreResult,
    VerifiedReceipt,
)
from provenance.usecases.bindings import MAX_ALG, MAX_VALUE, read_value
from provenance.usecases.resolve import Question
from provenance.wiring import Service

PREFIX: Final = "/v1"
MAX_URI_VALUE: Final = 4096  # characters; longer ones are asked for by POST
_IN_MEMORY: Final = 1 << 20  # bytes of an upload; the rest waits on disk for its turn
_OPEN: Final = {"Access-Control-Allow-Origin": "*"}


class SoftBindingRoute(APIRoute):
    """Answers 400 where another route would answer 422."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except ProvenanceError as error:
                if status_of(error) != 422:
                    raise
                raise InvalidRequest(error.reason, hint=error.hint) from error

        return handled


router = APIRouter(tags=["soft bindings"], route_class=SoftBindingRoute)

ManifestIdPath = Annotated[
    str,
    Path(
        alias="manifestId", max_length=200, description="The URN of an active manifest.", examples=[MANIFEST_ID_EXAMPLE]
    ),
]
MaxResults = Annotated[
    int, Query(alias="maxResults", ge=1, description="Most manifests to answer; over 100 counts as 100.")
]
Alg = Annotated[
    str | None,
    Query(max_length=MAX_ALG, description="Look for this algorithm's soft binding only.", examples=["io.iscc.v0"]),
]
HintAlg = Annotated[str | None, Query(alias="hintAlg", max_length=MAX_ALG, description="The algorithm of `hintValue`.")]
HintValue = Annotated[
    str | None,
    Query(
        alias="hintValue",
        max_length=MAX_VALUE,
        description="A soft binding that you read from the picture, base64. It counts where the picture agrees.",
    ),
]


def _body_of(media_type: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    return {"requestBody": {"required": True, "description": description, "content": {media_type: {"schema": schema}}}}


async def _body(request: Request) -> AsyncIterator[UploadFile]:
    """The raw body, on disk where it is large, so that what waits for a slot takes no memory."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        upload = UploadFile(file, size=0)  # type: ignore[arg-type]  # typeshed's SpooledTemporaryFile is no BinaryIO
        try:
            async for chunk in request.stream():
                await upload.write(chunk)
        except ClientDisconnect as error:
            raise InvalidRequest("the body broke off") from error
        await upload.seek(0)
        yield upload


async def _picture(request: Request) -> AsyncIterator[UploadFile]:
    if not _media_type(request).startswith("image/"):
        raise UnsupportedFormat("only pictures are resolved here", hint="send image/* as the Content-Type")
    async for upload in _body(request):
        yield upload


async def _manifest_store(request: Request) -> AsyncIterator[UploadFile]:
    if _media_type(request) not in (MEDIA_TYPE, "application/x-c2pa-manifest-store"):  # the older name
        raise UnsupportedFormat("this is no manifest store", hint=f"send {MEDIA_TYPE} as the Content-Type")
    async for upload in _body(request):
        yield upload


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _endpoint(request: Request, service: ServiceDep) -> str:
    """The base address of this API."""
    return (service.settings.base_url or str(request.base_url)).rstrip("/") + PREFIX


Endpoint = Annotated[str, Depends(_endpoint)]


# ---- query


@router.get("/v1/matches/byBinding", response_model_exclude_none=True, responses=responses(400, 414, 503))
def match_binding(
    service: ServiceDep,
    response: Response,
    value: Annotated[str, Query(min_length=1, description="The soft binding, base64.", examples=["AAAAAAAAAAE="])],
    alg: Annotated[str, Query(min_length=1, max_length=MAX_ALG, description="Its algorithm.", examples=["io.iscc.v0"])],
    max_results: MaxResults = 10,
) -> QueryResult:
    """Manifests that a soft binding leads to. Public.

    The watermark of this service leads to the active manifest of the work that it names; an ISCC also to those whose
    Image-Code is near; any other value to the manifests that it was bound to."""
    if len(value) > MAX_URI_VALUE:
        raise UriTooLong(f"a value of more than {MAX_URI_VALUE} characters belongs into a body", hint="use POST")
    response.headers.update(_OPEN)
    return QueryResult.of(service.resolve.by_binding(alg, read_value(value), limit=max_results))


@router.post("/v1/matches/byBinding", response_model_exclude_none=True, responses=responses(400, 413, 503))
def match_large_binding(
    service: ServiceDep, response: Response, body: BindingQuery, max_results: MaxResults = 10
) -> QueryResult:
    """The same question for a value that is too long for an address. Public."""
    if len(body.value) > MAX_VALUE:
        raise TooLarge(f"a value has at most {MAX_VALUE} characters")
    response.headers.update(_OPEN)
    return QueryResult.of(service.resolve.by_binding(body.alg, read_value(body.value), limit=max_results))


@router.post(
    "/v1/matches/byContent",
    response_model_exclude_none=True,
    responses=responses(400, 413, 415, 429, 503),
    openapi_extra=_body_of("image/*", "The picture's bytes, not a form."),
)
def match_content(
    service: ServiceDep,
    in_flight: InFlightDep,
    response: Response,
    upload: Annotated[UploadFile, Depends(_picture)],
    alg: Alg = None,
    max_results: MaxResults = 10,
    hint_alg: HintAlg = None,
    hint_value: HintValue = None,
) -> QueryResult:
    """Manifests of the works that a picture shows, found by its watermark and by its content. Public.

    A watermark that was copied onto another picture is not answered. The picture is not kept."""
    question = Question(alg=alg, hint_alg=hint_alg, hint_value=hint_value, limit=max_results)
    with in_flight.slot():
        data = upload.file.read()
        if not data:
            raise InvalidRequest("the body is empty", hint="send a picture")
        found = service.resolve.by_content(data, question)
    response.headers.update(_OPEN)
    return QueryResult.of(found)


@router.post(
    "/v1/matches/byReference",
    response_model_exclude_none=True,
    responses=responses(400, 401, 403, 413, 429, 502, 503),
)
def match_reference(
    service: ServiceDep,
    in_flight: InFlightDep,
    body: ReferenceQuery,
    _key: Annotated[ApiKey, caller("manifests:read")],
    alg: Alg = None,
    max_results: MaxResults = 10,
    hint_alg: HintAlg = None,
    hint_value: HintValue = None,
) -> QueryResult:
    """The same for a picture at a public https address, or for a rectangle of it."""
    if not service.settings.fetch_urls:
        raise InvalidRequest("this service does not fetch URLs", hint="send the picture to /v1/matches/byContent")
    question = Question(alg=alg, hint_alg=hint_alg, hint_value=hint_value, limit=max_results, region=body.rectangle())
    with in_flight.slot():
        return QueryResult.of(service.resolve.by_reference(body.reference(), question))


# ---- fetch


@router.get(
    "/v1/manifests/{manifestId}",
    response_class=Response,
    responses={
        200: {
            "description": "The manifest store.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}},
        },
        **responses(400, 404, 503),
    },
)
def read_manifest(
    service: ServiceDep,
    manifest_id: ManifestIdPath,
    active_only: Annotated[
        bool, Query(alias="returnActiveManifest", description="Only the active manifest, without those before it.")
    ] = False,
) -> Response:
    """A C2PA manifest store by the id of its active manifest. Public."""
    data = service.manifests.fetch(manifest_id, active_only=active_only)
    return Response(data, media_type=MEDIA_TYPE, headers=_OPEN)


@router.get("/v1/manifests/{manifestId}/receipts", response_model_exclude_none=True, responses=responses(400, 404, 503))
def read_manifest_receipt(
    service: ServiceDep, response: Response, endpoint: Endpoint, manifest_id: ManifestIdPath
) -> VerifiedReceipt:
    """The proof that a manifest store was taken in: a place in the transparency log. Public."""
    response.headers.update(_OPEN)
    return _verified(service, manifest_id, Receipt.of(service.manifests.receipt(manifest_id), endpoint))


@router.post(
    "/v1/manifests/{manifestId}/receipts", response_model_exclude_none=True, responses=responses(400, 404, 413, 503)
)
def verify_manifest_receipt(
    service: ServiceDep, response: Response, manifest_id: ManifestIdPath, body: Receipt
) -> VerifiedReceipt:
    """Check a receipt of this manifest; `verified` and `error` say what came of it. Public."""
    response.headers.update(_OPEN)
    return _verified(service, manifest_id, body)


def _verified(service: Service, manifest_id: str, receipt: Receipt) -> VerifiedReceipt:
    proof = receipt.anchor.proof
    try:
        service.manifests.verify_receipt(manifest_id, proof.alg, proof.value)
    except VerificationError as error:
        return receipt.checked(error.reason)
    if receipt.repository.manifest_id != manifest_id:
        return receipt.checked("the receipt is of another manifest")
    return receipt.checked(None)


# ---- store


@router.post(
    "/v1/manifests",
    response_model_exclude_none=True,
    responses=responses(400, 401, 403, 413, 415, 429, 503),
    openapi_extra=_body_of(MEDIA_TYPE, "A C2PA manifest store."),
)
def store_manifest(
    service: ServiceDep,
    in_flight: InFlightDep,
    endpoint: Endpoint,
    key: Annotated[ApiKey, caller("manifests:write")],
    upload: Annotated[UploadFile, Depends(_manifest_store)],
    return_receipt: Annotated[bool, Query(alias="returnReceipt", description="Answer the receipt too.")] = False,
) -> StoreResult:
    """Store a manifest store under the id of its active manifest, with the soft bindings that it declares.

    It has to be whole and signed; by whom does not matter here. The same bytes again are the same manifest."""
    with in_flight.slot():
        record = service.manifests.add(upload.file.read(), owner=key.owner)
        receipt = service.manifests.receipt(record.id, publish=True) if return_receipt else None
    return StoreResult(manifestId=record.id, receipt=Receipt.of(receipt, endpoint) if receipt else None)


@router.delete("/v1/manifests/{manifestId}", status_code=204, responses=responses(400, 401, 403, 404, 503))
def delete_manifest(
    service: ServiceDep, manifest_id: ManifestIdPath, key: Annotated[ApiKey, caller("manifests:write")]
) -> None:
    """Delete a manifest of yours: it leaves every answer at once, for good. Twice is the same as once. That of a
    registered work goes when the work is withdrawn."""
    service.manifests.delete(manifest_id, owner=owner_of(key))


@router.post("/v1/bindings", status_code=204, responses=responses(400, 401, 403, 404, 413, 503))
def bind_manifest(service: ServiceDep, body: BindingIn, key: Annotated[ApiKey, caller("bindings:write")]) -> None:
    """Let a soft binding lead to a manifest of yours, besides those that it leads to already."""
    service.manifests.bind(body.manifest_id, body.binding_value, alg=body.alg, owner=owner_of(key))


@router.put("/v1/bindings", status_code=204, responses=responses(400, 401, 403, 404, 413, 503))
def rebind_manifest(service: ServiceDep, body: BindingIn, key: Annotated[ApiKey, caller("bindings:write")]) -> None:
    """Let a soft binding that leads to manifests of yours lead to this one in their place."""
    service.manifests.rebind(body.manifest_id, body.binding_value, alg=body.alg, owner=owner_of(key))


# ---- service


@router.get("/v1/services/supportedAlgorithms")
def list_algorithms(service: ServiceDep, response: Response) -> AlgorithmList:
    """The soft bindings that this service reads from pictures. Public."""
    response.headers.update(PUBLIC_HEADERS)
    return AlgorithmList.of(watermark=service.watermarker.alg, fingerprint=iscc.ALG)


@router.get("/v1/services/capabilities")
def list_capabilities(service: ServiceDep, response: Response) -> Capabilities:
    """Which optional parts of the API are here. Public."""
    response.headers.update(PUBLIC_HEADERS)
    return Capabilities.ours(by_reference=service.settings.fetch_urls)


@router.get("/v1/services/status")
def read_status(service: ServiceDep, response: Response) -> ServiceStatus:
    """Whether the service works. Public."""
    response.headers.update(_OPEN)
    return ServiceStatus.of({name for name, part in service.readiness().items() if not part["ok"]})


@router.get("/.well-known/c2pa-soft-binding-resolution")
def read_discovery(response: Response, endpoint: Endpoint) -> Discovery:
    """Where this API is (RFC 8615). Public."""
    response.headers.update(PUBLIC_HEADERS)
    return Discovery.at(endpoint)
