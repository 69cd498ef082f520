"""Why a check answered what it did, as a table for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_STOPPED: Final = {
    "digest": "a digest in the register answered",
    "pixels": "equal pixels answered",
    "pdq": "a near hash proved a copy",
    "exhausted": "the whole shortlist was looked at",
}
_FIXED: Final = ("work", "proposed by", "grade", "probability")

Row = Sequence[str]


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """One work a line, the closest first, under the limits of the calibration that judged it; what speaks has a *."""
    considered: Sequence[Mapping[str, Any]] = told["considered"]
    stages = ", ".join(f"{name} {taken:.0f} ms" for name, taken in told["milliseconds"].items())
    works = "1 work" if told["count"] == 1 else f"{told['count']} works"
    yield f"{works} considered; {_STOPPED.get(told['stopped'], told['stopped'])}; {stages}"
    kinds = list(dict.fromkeys(witness["kind"] for entry in considered for witness in entry["evidence"]))
    for name in dict.fromkeys(entry["calibration"] for entry in considered):
        judged = [entry for entry in considered if entry["calibration"] == name]
        yield f"by {name}"
        limits = _limits(judged, told["calibrations"].get(name), kinds)
        yield from _columns([(*_FIXED, *kinds), limits, *(_row(entry, kinds) for entry in judged)])


def _limits(judged: Sequence[Mapping[str, Any]], calibrated: Mapping[str, Any] | None, kinds: Sequence[str]) -> Row:
    found = {
        witness["kind"]: f"{'<=' if witness['lower_is_closer'] else '>='}{witness['threshold']:.4g}"
        for entry in judged
        for witness in entry["evidence"]
    }
    strict = f">={calibrated['strict']:.4f}" if calibrated else ""
    return ("limit", "", "", strict, *(found.get(kind, "") for kind in kinds))


def _row(entry: Mapping[str, Any], kinds: Sequence[str]) -> Row:
    scores = {
        witness["kind"]: f"{witness['score']:.4g}{'*' if witness['speaks'] else ''}" for witness in entry["evidence"]
    }
    proposed = ", ".join(entry["proposed_by"]) + (" (decisive)" if entry["decisive"] else "")
    fixed = (entry["work_id"], proposed, entry["grade"], f"{entry['probability']:.4f}")
    return (*fixed, *(scores.get(kind, "-") for kind in kinds))


def _columns(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
