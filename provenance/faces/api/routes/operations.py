"""Health and metrics. Public and free of personal data; put `/metrics` behind the proxy where that matters."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from provenance.faces.api.context import MetricsDep, ServiceDep
from provenance.faces.api.metrics import MEDIA_TYPE
from provenance.faces.api.openapi import responses

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class PartOut(BaseModel):
    ok: bool
    detail: str = Field(examples=["answers, and its tables are up to date"])
    hint: str | None = None


class Readiness(BaseModel):
    status: Literal["ready", "not-ready"]
    checks: dict[str, PartOut] = Field(
        description="An entry a part: database, blobs, keys, watermark, index, certificates."
    )


@router.get("/healthz")
async def healthz() -> Alive:
    """The process is alive. Says nothing about what it depends on; that is `/readyz`. Public."""
    return Alive()  # on the event loop, so that it answers while every thread is busy


@router.get(
    "/readyz", responses={503: {"model": Readiness, "description": "A part is not ready; `checks` says which."}}
)
def readyz(service: ServiceDep, response: Response) -> Readiness:
    """Whether requests can be answered: database, blobs, models, and how far the index is behind the record. Public."""
    checks = {name: PartOut.model_validate(part) for name, part in service.readiness().items()}
    ready = all(part.ok for part in checks.values())
    response.status_code = 200 if ready else 503
    return Readiness(status="ready" if ready else "not-ready", checks=checks)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"description": "Text format.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
        **responses(503),
    },
)
def metrics(service: ServiceDep, metrics: MetricsDep) -> Response:
    """Prometheus text format. Public."""
    return Response(metrics.exposition(service), media_type=MEDIA_TYPE)
