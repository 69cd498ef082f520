"""Why a check answered what it did: every work that was considered, what proposed it, every score, and where the search
stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.policy import Verdict
from provenance.core.ports import Match, Store
from provenance.core.records import Check, WorkStatus
from provenance.core.report import Calibrated, as_json
from provenance.core.types import WorkId

MAX_CONSIDERED: Final = 100
"""Works whose scores are stored with a check, the closest first."""


def explanation(considered: Sequence[Match], calibrations: Mapping[str, Calibrated]) -> dict[str, Any]:
    """What is stored of a search. What the calibrations say is stored with it, so that the answer can be read when the
    service has others."""
    used = sorted({match.calibration for match in considered} & calibrations.keys())
    entries = [
        _entry(match.id, match, proposed_by=match.proposed_by, decisive=match.decisive)
        for match in considered[:MAX_CONSIDERED]
    ]
    return {
        "stopped": _stopped(considered),
        "considered": entries,
        "count": len(considered),
        "calibrations": {name: as_json(calibrations[name]) for name in used},
    }


def settled(verdict: Verdict) -> dict[str, Any]:
    """What is stored where a digest in the register answered, before any model was asked."""
    entry = _entry(verdict.work_id, verdict, proposed_by=["digest"], decisive=True)
    return {"stopped": "digest", "considered": [entry], "count": 1, "calibrations": {}}


def _stopped(considered: Sequence[Match]) -> str:
    """The stage that proposed what made certain; exhausted: the whole shortlist was looked at."""
    return next((match.proposed_by[-1] for match in considered if match.decisive), "exhausted")


def _entry(work_id: str, match: Match | Verdict, *, proposed_by: Sequence[str], decisive: bool) -> dict[str, Any]:
    return {
        "work_id": work_id,
        "grade": str(match.grade),
        "probability": round(match.probability, 6),
        "calibration": match.calibration,
        "proposed_by": list(proposed_by),
        "decisive": decisive,
        "evidence": [
            {
                "kind": witness.kind,
                "score": round(witness.score, 6),
                "threshold": round(witness.threshold, 6),
                "lower_is_closer": witness.lower_is_closer,
                "speaks": _speaks(witness),
                "region": witness.region,
            }
            for witness in match.evidence
        ],
    }


def _speaks(witness: Any) -> bool:
    return bool(witness.score <= witness.threshold if witness.lower_is_closer else witness.score >= witness.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """Answers the stored explanation, without works that were withdrawn since."""

    store: Store

    def __call__(self, check: Check) -> dict[str, Any]:
        stored: Mapping[str, Any] = check.report.get("explanation") or explanation((), {})
        ids = [WorkId.parse(entry["work_id"]) for entry in stored["considered"]]
        with self.store.read() as unit:
            works = unit.works.find(ids)
        live = {str(work.id) for work in works.values() if work.status is WorkStatus.ACTIVE}
        return {
            "check_id": check.id,
            "policy": check.report["policy"],
            "models": check.report["models"],
            "milliseconds": check.report["milliseconds"],
            **stored,
            "considered": [entry for entry in stored["considered"] if entry["work_id"] in live],
        }
