"""Health and metrics. Public and free of personal data; put `/metrics` behind the proxy where that matters."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from provenance.faces.api.context import ServiceDep
from provenance.faces.api.metrics import exposition

router = APIRouter(tags=["operations"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process is alive. Says nothing about what it depends on; that is `/readyz`."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "A part is not ready; `checks` says which."}})
def readyz(service: ServiceDep) -> Response:
    """Whether requests can be answered: database, blobs, models, and how far the index is behind the record."""
    checks = service.readiness()
    ready = all(check["ok"] for check in checks.values())
    return JSONResponse({"status": "ready" if ready else "not-ready", "checks": checks}, 200 if ready else 503)


@router.get("/metrics", response_class=Response)
def metrics(service: ServiceDep) -> Response:
    """Prometheus text format."""
    body, media_type = exposition(service)
    return Response(body, media_type=media_type)
