"""Reviewers' decisions on checks, and `/v1/calibration-report`."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from provenance.core.bulk import Opinion
from provenance.core.records import ApiKey
from provenance.core.types import WorkId
from provenance.faces.api.context import IdempotencyKey, ServiceDep, caller, owner_of
from provenance.faces.api.openapi import responses
from provenance.faces.api.routes.checks import CheckId
from provenance.faces.api.schemas.reviews import (
    CalibrationOut,
    CalibrationReportOut,
    DecisionIn,
    DecisionList,
    DecisionOut,
)
from provenance.usecases.review import Judgement

router = APIRouter(prefix="/v1", tags=["checks"])


@router.post(
    "/checks/{check_id}/decisions",
    status_code=201,
    response_model=DecisionOut,
    responses=responses(400, 401, 403, 404, 409, 429, 503),
)
def decide_match(
    service: ServiceDep,
    check_id: CheckId,
    body: DecisionIn,
    key: Annotated[ApiKey, caller("checks:write")],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Say what one match of a check of yours is. The last decision on a work counts, earlier ones stay on record. It
    changes no answer: decisions feed the calibration report, never the model."""
    judgement = Judgement(work_id=WorkId.parse(body.work_id), opinion=Opinion(body.opinion), note=body.note)

    def run() -> tuple[int, dict[str, Any]]:
        made = service.review.decide(check_id, judgement, reviewer=key.owner, owner=owner_of(key))
        return 201, DecisionOut.of(made).model_dump(mode="json")

    request = json.dumps(["decide", check_id, body.model_dump(mode="json")], sort_keys=True).encode()
    status, answer = service.once(key.owner, idempotency_key, request, run)
    return JSONResponse(dict(answer), status)


@router.get("/checks/{check_id}/decisions", responses=responses(400, 401, 403, 404, 503))
def list_decisions(
    service: ServiceDep, check_id: CheckId, key: Annotated[ApiKey, caller("checks:write")]
) -> DecisionList:
    """Every decision on a check of yours, oldest first."""
    found = service.review.decisions(check_id, owner=owner_of(key))
    return DecisionList(items=[DecisionOut.of(decision) for decision in found])


@router.get("/calibration-report", responses=responses(401, 403, 503))
def read_calibration_report(
    service: ServiceDep, key: Annotated[ApiKey, caller("checks:write")]
) -> CalibrationReportOut:
    """How confirmed and rejected matches lie over probabilities and grades, and observed false alarms beside those of
    the calibration file; over your checks, an administrator's key over all. Nothing in the service learns from it."""
    found = service.calibration_report(owner=owner_of(key))
    return CalibrationReportOut(items=[CalibrationOut.of(one) for one in found])
