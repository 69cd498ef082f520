"""`/log`: the transparency log as C2SP's static resources, and proofs of works. All of it public."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from provenance.core.types import WorkId
from provenance.credentials.tlog.tiles import Tile
from provenance.faces.api.context import ServiceDep, WorkIdPath
from provenance.faces.api.openapi import responses

router = APIRouter(tags=["log"])

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
COSE: Final = "application/cose"

# Browsers of any origin may audit. What can change is asked for again each time; a tile or a bundle never changes.
_CHANGES: Final = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
_NEVER_CHANGES: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
}


def _answers(description: str, media_type: str, *codes: int) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}, **responses(*codes)}


@router.get("/log/checkpoint", response_class=Response, responses=_answers("A signed note.", TEXT, 404, 503))
def read_checkpoint(service: ServiceDep) -> Response:
    """The newest checkpoint (c2sp.org/tlog-checkpoint), with the cosignatures of witnesses so far. Public."""
    return Response(service.log.checkpoint().text, media_type=TEXT, headers=_CHANGES)


@router.get(
    "/log/tile/{path:path}",
    response_class=Response,
    responses=_answers("Hashes, or length-prefixed entries.", BYTES, 400, 404, 503),
)
def read_tile(
    service: ServiceDep,
    path: Annotated[
        str,
        Path(
            description="Level and index, or `entries` and index; of a partial one also its width.",
            examples=["0/x001/234", "entries/000.p/7"],
            max_length=64,
        ),
    ],
) -> Response:
    """A tile of hashes or a bundle of entries (c2sp.org/tlog-tiles) of the published log. Public."""
    return Response(service.log.tile(Tile.parse(f"tile/{path}")), media_type=BYTES, headers=_NEVER_CHANGES)


@router.get("/log/vkey", response_class=Response, responses=_answers("One verifier key a line.", TEXT, 503))
def read_log_keys(service: ServiceDep) -> Response:
    """The log's verifier keys (c2sp.org/signed-note), the current one first, then those of older checkpoints. Public.

    Take them from here once and keep them: a log that could change its key unseen could change its past."""
    keys = "".join(f"{key.text}\n" for key in service.log.vkeys)
    return Response(keys, media_type=TEXT, headers=_CHANGES)


@router.get("/log/policy", response_class=Response, responses=_answers("A policy file.", TEXT, 503))
def read_log_policy(service: ServiceDep) -> Response:
    """The log's keys, its witnesses and their quorum, as a policy file (c2sp.org/tlog-policy). Public."""
    return Response(service.log.policy.text, media_type=TEXT, headers=_CHANGES)


@router.get(
    "/v1/works/{work_id}/log-proof",
    response_class=Response,
    responses=_answers("A `.tlog-proof` file.", TEXT, 400, 404, 503),
)
def read_log_proof(service: ServiceDep, work_id: WorkIdPath) -> Response:
    """The proof that the work's certificate was logged (c2sp.org/tlog-proof), with the entry as its extra data. It
    verifies offline. Public."""
    headers = {**_CHANGES, "Content-Disposition": f'attachment; filename="{work_id}.tlog-proof"'}
    return Response(service.log.prove(WorkId.parse(work_id)).text, media_type=TEXT, headers=headers)


@router.get(
    "/v1/works/{work_id}/receipt.cose",
    response_class=Response,
    responses=_answers("A COSE_Sign1 receipt.", COSE, 400, 404, 503),
)
def read_receipt(service: ServiceDep, work_id: WorkIdPath) -> Response:
    """The same proof as a COSE receipt (RFC 9942). Public."""
    headers = {**_CHANGES, "Content-Disposition": f'attachment; filename="{work_id}.receipt.cose"'}
    receipt = service.log.prove.receipt(WorkId.parse(work_id))
    return Response(receipt, media_type='application/cose; cose-type="cose-sign1"', headers=headers)
