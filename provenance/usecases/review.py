"""What reviewers decide on matches, and what their decisions say of the calibration."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.bulk import Decision, Opinion
from provenance.core.calibration_report import CalibrationFindings, findings
from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.ports import Clock, Store, Unit
from provenance.core.records import Check
from provenance.core.report import Calibrated, FalseAlarms
from provenance.core.types import WorkId
from provenance.usecases.kept import owned

MAX_NOTE: Final = 2000
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What somebody says of one match. The note is theirs alone: it stands in no report that goes to others."""

    work_id: WorkId
    opinion: Opinion
    note: str = ""

    def check(self) -> None:
        """Raises InvalidRequest."""
        if len(self.note) > MAX_NOTE:
            raise InvalidRequest(f"the note has {len(self.note)} characters; {MAX_NOTE} are the limit")
        if any(not (character.isprintable() or character in "\n\t") for character in self.note):
            raise InvalidRequest("the note has control characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`owner` None is an administrator. Raises NotFound, also for what is somebody else's."""

    store: Store
    clock: Clock

    def decide(self, check_id: str, judgement: Judgement, *, reviewer: str, owner: str | None) -> Decision:
        """Write it down. An earlier decision on the same work stays on record, and counts no more.

        Raises NotFound where the check did not consider the work; InvalidRequest.
        """
        judgement.check()
        with self.store.unit() as unit:
            check = owned(unit, check_id, owner)
            match = _considered(check, str(judgement.work_id))
            return unit.decisions.add(
                Decision(
                    id=0,
                    check_id=check.id,
                    owner=check.owner,
                    work_id=judgement.work_id,
                    opinion=judgement.opinion,
                    note=judgement.note,
                    reviewer=reviewer,
                    created_at=self.clock(),
                    grade=match["grade"],
                    probability=match["probability"],
                    calibration=match["calibration"],
                )
            )

    def decisions(self, check_id: str, *, owner: str | None) -> list[Decision]:
        """All of them, oldest first."""
        with self.store.read() as unit:
            owned(unit, check_id, owner)
            return unit.decisions.of_check(check_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCalibration:
    """`calibrations` are those in use; what an earlier one promised is in the checks that were made under it."""

    store: Store
    calibrations: Callable[[], Mapping[str, Calibrated]]

    def __call__(self, *, owner: str | None) -> list[CalibrationFindings]:
        """Over the checks of one owner, None: of all."""
        promised = dict(self.calibrations())  # may read the store itself, and reads don't nest
        with self.store.read() as unit:
            decisions = list(_standing(unit, owner))
            for decision in decisions:
                if decision.calibration not in promised:
                    told = _told(unit.checks.get(decision.check_id), decision.calibration)
                    if told is not None:
                        promised[decision.calibration] = told
            return findings(decisions, _Scores(unit, owner), promised)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Satisfies `core.calibration_report.Scores`."""

    unit: Unit
    owner: str | None

    def checks(self, calibration: str) -> int:
        return self.unit.decisions.scored(self.owner).get(calibration, 0)

    def reaching(self, calibration: str, threshold: float) -> int:
        return self.unit.decisions.reaching(calibration, threshold, self.owner)


def _standing(unit: Unit, owner: str | None) -> Iterator[Decision]:
    last = 0
    while page := unit.decisions.standing(owner, after=last, limit=_PAGE):
        yield from page
        last = page[-1].id


def _considered(check: Check, work_id: str) -> Mapping[str, Any]:
    """How the work looked to the check: by looks alone where they were asked, for that is what is calibrated."""
    listed = [*check.report.get("explanation", {}).get("considered", ()), *check.report["matches"]]
    for match in listed:
        if match["work_id"] == work_id:
            found: Mapping[str, Any] = match
            return found
    raise NotFound(f"the check {check.id} did not consider {work_id}", hint="its explanation lists the works")


def _told(check: Check, calibration: str) -> Calibrated | None:
    stored = check.report.get("explanation", {}).get("calibrations", {}).get(calibration)
    if stored is None:
        return None
    rows = tuple(FalseAlarms(**row) for row in stored["false_alarms"])
    return Calibrated(strict=stored["strict"], review=stored["review"], false_alarms=rows)
