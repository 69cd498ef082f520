"""review, calibration report: what people decided, beside what the calibration promised."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId
from provenance.faces.cli import opened
from provenance.faces.cli.console import AsJson, emit, rows, say

if TYPE_CHECKING:
    from provenance.core.calibration_report import CalibrationFindings, Counted, ObservedAlarms

calibration = typer.Typer(help="How reviewers' decisions fit the calibration.", no_args_is_help=True)
GROUPS: Final = {"calibration": calibration}
_COUNTS: Final = ("confirmed", "rejected", "unsure", "precision (95 %)")


def review(
    check: Annotated[str, typer.Argument(help="The id of a check: chk_…")],
    work: Annotated[str, typer.Argument(help="The work that it considered: pv-…")],
    opinion: Annotated[str, typer.Argument(help="confirm, reject or unsure.")],
    note: Annotated[str, typer.Option(help="For yourselves.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say whether one match of a check is right. It feeds the calibration report, and changes no answer."""
    from provenance.core.bulk import Opinion
    from provenance.usecases.review import Judgement

    if opinion not in list(Opinion):
        raise InvalidRequest(f"no opinion {opinion[:20]!r}", hint=", ".join(Opinion))
    judgement = Judgement(work_id=WorkId.parse(work), opinion=Opinion(opinion), note=note)
    with opened.service(start=False) as service:
        made = service.review.decide(check, judgement, reviewer=opened.LOCAL, owner=None)
    if as_json:
        emit(asdict(made) | {"work_id": str(made.work_id), "created_at": made.created_at.isoformat()})
        return
    say(f"{made.work_id} in {check}: {made.opinion}, which was {made.grade}, probability {made.probability:.4f}")


@calibration.command()
def report(as_json: AsJson = False) -> None:
    """Precision by probability and grade, and false alarms beside those of the calibration file. Nothing learns from
    it."""
    with opened.service(start=False) as service:
        found = service.calibration_report(owner=None)
    for one in found:
        emit(_told(one)) if as_json else _describe(one)
    if not found and not as_json:
        say("nobody decided on a match yet; see `provenance review`")


COMMANDS: Final = (review,)


def _told(found: "CalibrationFindings") -> dict[str, Any]:
    return {
        "calibration": found.calibration,
        "checks": found.checks,
        "reviewed": found.reviewed,
        "bands": [{"low": band.low, "high": band.high} | _counted(band.counted) for band in found.bands],
        "grades": {grade: _counted(counted) for grade, counted in found.grades.items()},
        "alarms": [_alarms(row) for row in found.alarms],
    }


def _counted(counted: "Counted") -> dict[str, Any]:
    return asdict(counted) | {"precision": counted.precision, "interval": counted.interval}


def _alarms(row: "ObservedAlarms") -> dict[str, Any]:
    observed = {"rate": row.rate, "interval": row.interval, "at_most": row.at_most}
    return asdict(row) | observed | {"above_expected": row.above_expected}


def _describe(found: "CalibrationFindings") -> None:
    say(f"{found.calibration}: {found.checks} checks, {found.reviewed} reviewed")
    bands = [(f"{band.low:g} to {band.high:g}", *_cells(band.counted)) for band in found.bands]
    rows(("probability", *_COUNTS), bands)
    rows(("grade", *_COUNTS), [(grade, *_cells(counted)) for grade, counted in found.grades.items()])
    if found.alarms:
        rows(("false alarms from", "expected", "observed (95 %)", "at most", ""), [_line(row) for row in found.alarms])
    else:
        say("what this calibration promised is not known any more")


def _cells(counted: "Counted") -> tuple[str, ...]:
    low, high = counted.interval
    precision = "" if counted.precision is None else f"{counted.precision:.3f} ({low:.3f} to {high:.3f})"
    return str(counted.confirmed), str(counted.rejected), str(counted.unsure), precision


def _line(row: "ObservedAlarms") -> tuple[str, ...]:
    low, high = row.interval
    expected = f"{row.expected.rate:.4f} (up to {row.expected.upper:.4f})"
    if row.rate is None or row.at_most is None:
        return f"{row.threshold:g}", expected, "", "", ""
    observed = f"{row.rate:.4f} ({low:.4f} to {high:.4f})"
    return f"{row.threshold:g}", expected, observed, f"{row.at_most:.4f}", "above" if row.above_expected else ""
