"""What a matching benchmark says: from rows to numbers with intervals, and to Markdown tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from scripts.attacks.trial import GROUPS
from scripts.bench.matching_metrics import Measure, Row, Sample, by_kind, limit_at, wilson_upper

FAR: Final = 0.01
ENGINE: Final = "engine"
Metrics = dict[str, Measure]


@dataclass(frozen=True, slots=True)
class Goal:
    """A number to reach; `metric` is one of `measure_method`'s, `least` False where less is better."""

    text: str
    metric: str
    photo: float | None
    art: float | None
    least: bool = True


GOALS: Final = (
    Goal("muAP", "muAP", 0.90, 0.93),
    Goal("recall at FAR 1 % (threshold fixed on the calibration split)", "R at FAR 1 %", 0.87, 0.90),
    Goal("FAR on art with the threshold calibrated on photos", "FAR at the photo threshold", None, 0.01, least=False),
    Goal("recall at that threshold", "R at the photo threshold", None, 0.85),
    Goal("composed 2-4 attacks, recall at FAR 1 %", "R composed", 0.85, 0.82),
    Goal("crops 10-40 % and pastes 20-60 %, recall at FAR 1 %", "R partial", 0.95, 0.97),
    Goal("true box, IoU > .5, of all positives", "box", 0.90, 0.90),
    Goal("CPU ms per check", "ms", 250, None, least=False),
    Goal("muAP lost with the distractors", "muAP lost", 0.03, 0.03, least=False),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What one method answered in one edition. `photo` are the calibration negatives of the photo edition, empty
    where that was not run; `crowded` the test's queries with distractors in the catalogue."""

    calibration: Sequence[Row]
    test: Sequence[Row]
    registrations: Sequence[float]
    photo: Sequence[Row] = ()
    crowded: Sequence[Row] = ()


def measure_method(answers: Answers, seed: int) -> Metrics:
    sample = Sample(answers.test, seed=seed)
    limit = limit_at([row.best for row in answers.calibration], FAR)
    found: Metrics = {
        "muAP": sample.measure(sample.micro_average_precision),
        "R@P90": sample.measure(sample.recall_at_precision),
        "R@1": sample.measure(sample.first_is_right, rate_of="positives"),
        "R at FAR 1 %": sample.measure(lambda w: sample.recall_above(w, limit), rate_of="positives"),
        "FAR there": sample.measure(lambda w: sample.alarms_above(w, limit), rate_of="negatives"),
        "R at FAR 0": sample.measure(sample.recall_without_alarms, rate_of="positives"),
        "box": sample.measure(sample.boxes, rate_of="positives"),
        "ms": sample.measure(sample.milliseconds),
    }
    for group in GROUPS:
        found |= _of_group(sample, group, limit)
    if answers.photo:
        photo = limit_at([row.best for row in answers.photo], FAR)
        found["FAR at the photo threshold"] = sample.measure(
            lambda w: sample.alarms_above(w, photo), rate_of="negatives"
        )
        found["R at the photo threshold"] = sample.measure(lambda w: sample.recall_above(w, photo), rate_of="positives")
    if any(row.claimed for row in answers.test):
        found["R packaged"] = sample.measure(sample.claimed_recall, rate_of="positives")
        found["FAR packaged"] = sample.measure(sample.claimed_alarms, rate_of="negatives")
        found["also another work"] = sample.measure(sample.wrong_claims, rate_of="positives")
    if answers.crowded:
        found |= _crowded(sample, answers.crowded, limit, seed)
    return found


def _of_group(sample: Sample, group: str, limit: float) -> Metrics:
    part = sample.only(lambda row: row.group == group)
    return {f"R {group}": part.measure(lambda w: part.recall_above(w, limit), rate_of="positives")} if part else {}


def _crowded(plain: Sample, rows: Sequence[Row], limit: float, seed: int) -> Metrics:
    """The loss is measured on the same draws of source pictures with and without."""
    crowded = Sample(rows, seed=seed)
    return {
        "muAP with distractors": crowded.measure(crowded.micro_average_precision),
        "muAP lost": plain.measure(lambda w: plain.micro_average_precision(w) - crowded.micro_average_precision(w)),
        "R at FAR 1 % with distractors": crowded.measure(lambda w: crowded.recall_above(w, limit), rate_of="positives"),
        "FAR there with distractors": crowded.measure(lambda w: crowded.alarms_above(w, limit), rate_of="negatives"),
        "ms with distractors": crowded.measure(crowded.milliseconds),
    }


def alarms_by_relation(answers: Answers) -> dict[str, dict[str, Any]]:
    """False alarms of negatives by what they have in common with a registered picture, with the 95 % upper bound."""
    limit = limit_at([row.best for row in answers.calibration], FAR)
    told: dict[str, dict[str, Any]] = {}
    negatives = [row for row in answers.test if not row.owner]
    for relation in sorted({row.group for row in negatives}):
        rows = [row for row in negatives if row.group == relation]
        hits, claims = sum(row.best > limit for row in rows), sum(bool(row.claimed) for row in rows)
        told[relation] = {
            "queries": len(rows),
            "above the threshold": hits,
            "upper": round(wilson_upper(hits, len(rows)), 3),
            "claimed": claims,
            "claimed upper": round(wilson_upper(claims, len(rows)), 3),
        }
    return told


def report_edition(methods: Mapping[str, Answers], titles: Mapping[str, str], seed: int) -> dict[str, Any]:
    measured = {name: measure_method(answers, seed) for name, answers in methods.items()}
    kinds = {
        name: by_kind(Sample(answers.test), limit_at([row.best for row in answers.calibration], FAR))
        for name, answers in methods.items()
    }
    return {
        "titles": dict(titles),
        "methods": {
            name: {
                **{key: _plain(value) for key, value in found.items()},
                "ms per registration": round(median(methods[name].registrations), 1)
                if methods[name].registrations
                else None,
            }
            for name, found in measured.items()
        },
        "kinds": {name: {kind: list(counted) for kind, counted in found.items()} for name, found in kinds.items()},
        "alarms": {name: alarms_by_relation(answers) for name, answers in methods.items() if name == ENGINE},
    }


def _plain(measure: Measure) -> list[float]:
    return [round(value, 4) for value in (measure.value, measure.low, measure.high)]


# Tables.

_MAIN: Final = ("muAP", "R@P90", "R@1", "R at FAR 1 %", "FAR there", "R at FAR 0", "box", "ms", "ms per registration")
_BY_KIND: Final = (ENGINE, "sscd", "clip", "effnet", "orb")
_GROUPS: Final = tuple(f"R {group}" for group in GROUPS)
_HEADS: Final = {"box": "box IoU > .5", "ms": "CPU ms", "ms per registration": "ms to register"}


def cell(value: Any, *, interval: bool = True) -> str:
    """`.857 (.820-.890)`, `12.3` for times, a dash for what was not measured."""
    if value is None:
        return "-"
    if isinstance(value, float | int):
        return f"{value:.0f}"
    middle, low, high = value
    if max(abs(v) for v in value) > 2:
        return f"{middle:.0f}" + (f" ({low:.0f}-{high:.0f})" if interval else "")
    return _share(middle) + (f" ({_share(low)}-{_share(high)})" if interval else "")


def _share(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def edition_tables(edition: str, body: Mapping[str, Any]) -> str:
    methods, titles = body["methods"], body["titles"]

    def rows(columns: Sequence[str]) -> list[list[str]]:
        return [[titles[name], *(cell(found.get(c)) for c in columns)] for name, found in methods.items()]

    parts = [
        f"### {edition}",
        table(["method", *(_HEADS.get(c, c) for c in _MAIN)], rows(_MAIN)),
        "Recall by group, at the same threshold:",
        table(["method", *_GROUPS], rows(_GROUPS)),
        *_packaged(methods, titles),
        *_distractors(methods, titles),
        "Negatives of the engine by what they share with a registered picture:",
        table(
            ["negatives", "queries", "above the threshold", "95 %: up to", "claimed as content", "95 %: up to"],
            [[relation, *(str(v) for v in told.values())] for relation, told in body["alarms"].get(ENGINE, {}).items()],
        ),
        "Found at the threshold, by kind: alone, then within chains of two to four:",
        _kinds_table(body["kinds"], titles),
    ]
    return "\n\n".join(parts)


def _packaged(methods: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    columns = ("R packaged", "FAR packaged", "also another work")
    own = [name for name in methods if "R packaged" in methods[name]]
    rows = [[titles[name], *(cell(methods[name][c]) for c in columns)] for name in own]
    return ["At the packaged threshold:", table(["method", *columns], rows)] if rows else []


def _distractors(methods: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    columns = ("muAP", "muAP with distractors", "muAP lost", "R at FAR 1 %", "R at FAR 1 % with distractors")
    columns += ("FAR there with distractors", "ms with distractors")
    crowded = [name for name in methods if "muAP lost" in methods[name]]
    rows = [[titles[name], *(cell(methods[name][c]) for c in columns)] for name in crowded]
    return ["With distractors in the catalogue:", table(["method", *columns], rows)] if rows else []


def _kinds_table(kinds: Mapping[str, Mapping[str, Sequence[int]]], titles: Mapping[str, str]) -> str:
    """`found/asked` alone, then within chains; of the methods that do more than hash."""
    names = [name for name in kinds if name in _BY_KIND]
    listed = sorted({kind.removeprefix("+ ") for found in kinds.values() for kind in found})

    def counted(name: str, kind: str) -> str:
        pairs = (kinds[name].get(key, (0, 0)) for key in (kind, f"+ {kind}"))
        return ", ".join(f"{hits}/{of}" if of else "-" for hits, of in pairs)

    rows = [[kind, *(counted(name, kind) for name in names)] for kind in listed]
    return table(["kind", *(titles[name] for name in names)], rows)


def goal_table(editions: Mapping[str, Mapping[str, Any]], name: str = ENGINE) -> str:
    """The goals beside what the method reached."""

    def reached(edition: str, goal: Goal) -> str:
        wanted = goal.photo if edition == "photo" else goal.art
        value = editions.get(edition, {}).get("methods", {}).get(name, {}).get(goal.metric)
        if wanted is None:
            return "-"
        sign = ">=" if goal.least else "<="
        target = f"{sign} {cell(float(wanted)) if wanted > 2 else _share(wanted)}"
        if value is None:
            return f"{target}: not measured"
        met = value[0] >= wanted if goal.least else value[0] <= wanted
        return f"{target}: **{cell(value)}** {'reached' if met else 'missed'}"

    rows = [[goal.text, reached("photo", goal), reached("art", goal)] for goal in GOALS]
    return table(["goal: reached", "photo", "art"], rows)


def tables(body: Mapping[str, Any]) -> str:
    editions: Mapping[str, Mapping[str, Any]] = body["editions"]
    draw: Callable[[str], str] = lambda edition: edition_tables(edition, editions[edition])  # noqa: E731
    goals = [goal_table(editions)] if editions.keys() & {"photo", "art"} else []
    return "\n\n".join([*goals, *(draw(edition) for edition in editions)])
