"""Why a check answered what it did: every work that was considered, every score, and where the search stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.ports import Match, Store
from provenance.core.records import Check, WorkStatus
from provenance.core.types import WorkId

MAX_CONSIDERED: Final = 100
"""Works whose scores are stored with a check, the closest first."""

_STOPPED: Final = (("identical", "pixels"), ("copy", "pdq"))
"""A stage ends the search where it gave this grade and this witness spoke."""


def explanation(considered: Sequence[Match], *, settled: bool) -> dict[str, Any]:
    """What is stored. `settled`: a digest in the register answered before any model was asked."""
    return {
        "stopped": "digest" if settled else _stopped(considered),
        "considered": [_considered(match) for match in considered[:MAX_CONSIDERED]],
        "count": len(considered),
    }


def _stopped(considered: Sequence[Match]) -> str:
    """pixels: an equal picture; pdq: a near hash that proved a copy; exhausted: the whole shortlist was looked at."""
    for grade, kind in _STOPPED:
        if any(
            witness.kind == kind and _speaks(witness)
            for match in considered
            if match.grade == grade
            for witness in match.evidence
        ):
            return kind
    return "exhausted"


def _considered(match: Match) -> dict[str, Any]:
    return {
        "work_id": match.id,
        "grade": match.grade,
        "probability": round(match.probability, 6),
        "calibration": match.calibration,
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
        stored: Mapping[str, Any] = check.report.get("explanation") or explanation((), settled=False)
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
