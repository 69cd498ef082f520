"""The certificate authority's own services: OCSP (RFC 6960), time-stamps (RFC 3161), and its certificates."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, Path, Request, Response

from provenance.adapters.ca import CaFolder
from provenance.core.errors import NotFound, TooLarge
from provenance.credentials.pki import chains, ocsp, timestamps
from provenance.credentials.pki.profiles import Role
from provenance.faces.api.context import PUBLIC_HEADERS, ServiceDep
from provenance.faces.api.openapi import responses

router = APIRouter(tags=["authority"])

OCSP_REQUEST: Final = "application/ocsp-request"
OCSP_RESPONSE: Final = "application/ocsp-response"
TSA_QUERY: Final = "application/timestamp-query"
TSA_REPLY: Final = "application/timestamp-reply"
PEM_CHAIN: Final = "application/pem-certificate-chain"  # RFC 8555, section 9.1
DER_CERTIFICATE: Final = "application/pkix-cert"
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}


def _authority(service: ServiceDep) -> CaFolder:
    if service.ca is None:
        raise NotFound("this service has no certificate authority")
    return service.ca


def _body(limit: int) -> Callable[[Request], Awaitable[bytes]]:
    """Reads at most so many bytes: what is asked here is short, whatever uploads may be. Raises TooLarge."""

    async def read(request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise TooLarge(f"the request is over the limit of {limit} bytes")
        return bytes(body)

    return read


Authority = Annotated[CaFolder, Depends(_authority)]
OcspBody = Annotated[bytes, Depends(_body(ocsp.MAX_REQUEST))]
TsaBody = Annotated[bytes, Depends(_body(timestamps.MAX_REQUEST))]


def _takes(media_type: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media_type: _BINARY}}}


def _answers(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media_type: _BINARY}}}


@router.post(
    "/ocsp",
    response_class=Response,
    responses=_answers(OCSP_RESPONSE, "An OCSPResponse.") | responses(400, 404, 413),
    openapi_extra=_takes(OCSP_REQUEST),
)
def ask_ocsp(authority: Authority, body: OcspBody) -> Response:
    """Is a certificate of this CA revoked? Takes a DER OCSPRequest (RFC 6960). Public."""
    return Response(authority.ocsp(body), media_type=OCSP_RESPONSE)


@router.get(
    "/ocsp/{request:path}",
    response_class=Response,
    responses=_answers(OCSP_RESPONSE, "An OCSPResponse.") | responses(400, 404),
)
def ask_ocsp_by_url(
    authority: Authority,
    request: Annotated[str, Path(max_length=2 * ocsp.MAX_REQUEST, description="The DER request, base64, URL-encoded.")],
) -> Response:
    """The same by GET, so that answers can be cached (RFC 5019). Public."""
    try:
        asked = base64.b64decode(request, validate=True)
    except (binascii.Error, ValueError):
        return Response(ocsp.malformed(), media_type=OCSP_RESPONSE)
    return Response(authority.ocsp(asked), media_type=OCSP_RESPONSE, headers=PUBLIC_HEADERS)


@router.post(
    "/tsa",
    response_class=Response,
    responses=_answers(TSA_REPLY, "A TimeStampResp: a token, or a rejection with its reason.")
    | responses(400, 404, 413),
    openapi_extra=_takes(TSA_QUERY),
)
def stamp_time(authority: Authority, body: TsaBody) -> Response:
    """Time-stamp a hash: a DER TimeStampReq, RFC 3161, over SHA-256, SHA-384 or SHA-512. Public."""
    return Response(authority.stamp(body), media_type=TSA_REPLY)


@router.get("/ca/root.pem", response_class=Response, responses=_answers(PEM_CHAIN, "PEM.") | responses(404))
def read_root(authority: Authority) -> Response:
    """The trust anchor of this service's content credentials, time-stamps and OCSP responses. Public."""
    return _pem(authority.chain(Role.ROOT))


@router.get("/ca/chain.pem", response_class=Response, responses=_answers(PEM_CHAIN, "PEM.") | responses(404))
def read_chain(authority: Authority) -> Response:
    """The claim-signing certificate and the CA above it, without the root. Public."""
    return _pem(authority.chain(Role.LEAF))


@router.get("/ca/tsa.pem", response_class=Response, responses=_answers(PEM_CHAIN, "PEM.") | responses(404))
def read_tsa(authority: Authority) -> Response:
    """The time-stamping certificate and the CA above it, without the root. Public."""
    return _pem(authority.chain(Role.TSA))


@router.get(
    "/ca/{serial}.cer",
    response_class=Response,
    responses=_answers(DER_CERTIFICATE, "DER.") | responses(400, 404),
)
def read_authority(
    authority: Authority,
    serial: Annotated[str, Path(pattern="^[0-9a-f]{1,40}$", description="Of the CA, in hexadecimal.")],
) -> Response:
    """A CA's certificate, where the certificates that it issued point to. Public."""
    certificate = authority.authority(int(serial, 16))
    return Response(certificate.public_bytes(Encoding.DER), media_type=DER_CERTIFICATE, headers=PUBLIC_HEADERS)


def _pem(certificates: Sequence[x509.Certificate]) -> Response:
    return Response(chains.pem(certificates), media_type=PEM_CHAIN, headers=PUBLIC_HEADERS)
