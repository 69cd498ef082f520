"""Numbers and sentences of a report, the same in every form of it."""

from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING, Final

from provenance.adapters.reports.texts import TEXTS, Language, text
from provenance.core.types import Grade

if TYPE_CHECKING:
    from provenance.core.report import Finding, Witness

_EXACT: Final = frozenset({"file", "pixels"})
_SHARES: Final = frozenset({"dense"})
_SMALLEST: Final = 1e-15  # what is left of 1 - confidence in a float
_ROUNDED: Final = 1 + 1e-12  # so that 1 / 1e-15 is not a hair less than it is


def is_exact(finding: "Finding") -> bool:
    """Equal bytes or pixels: nothing was estimated."""
    return any(witness.kind in _EXACT for witness in finding.evidence if witness.speaks)


def how_likely(finding: "Finding", language: Language) -> str:
    """The probability, and what it was made from."""
    if is_exact(finding):
        return text("probability-exact", language)
    key = f"probability-{finding.grade}"  # where the grade needs words of its own
    if key not in TEXTS:
        marked = not finding.copied_mark and any(witness.kind == "mark" for witness in finding.evidence)
        key = "probability-marked" if marked else "probability"
    return text(key, language, name=finding.calibration, value=probability(finding.probability, language))


def limits(finding: "Finding", language: Language) -> str | None:
    """From which probability on something is said. None where nothing was estimated."""
    if finding.limits is None or is_exact(finding):
        return None
    strict, review = (probability(value, language) for value in (finding.limits.strict, finding.limits.review))
    return text("limits-of", language, strict=strict, review=review)


def unrelated(finding: "Finding", language: Language) -> str | None:
    """What the evidence means for unrelated pictures. None where nothing was found that could mean something."""
    if finding.copied_mark or finding.grade is Grade.NONE:
        return None
    if is_exact(finding):
        return text("unrelated-exact", language)
    alarms = finding.false_alarms
    if alarms is not None:
        return text(
            "unrelated",
            language,
            queries=alarms.queries,
            count=round(alarms.rate * alarms.queries),
            rate=percent(alarms.rate),
            threshold=probability(alarms.threshold, language),
            upper=percent(alarms.upper),
        )
    marked = any(witness.kind == "mark" for witness in finding.evidence if witness.speaks)
    return text("unrelated-mark" if marked else "unrelated-unknown", language)


def covers(finding: "Finding", language: Language) -> str | None:
    if finding.covers_query is None or finding.covers_reference is None:
        return None
    query, work = (about(share, language) for share in (finding.covers_query, finding.covers_reference))
    return text("covers", language, query=query, work=work)


def witness_name(witness: "Witness", language: Language) -> str:
    """In plain words; a witness that has none is named by its kind."""
    kind, _, model = witness.kind.partition(":")  # descriptors beside the primary one name their model
    key = f"witness-{kind}"
    if key not in TEXTS:
        return f"{text('witness-other', language)}: {witness.kind}"
    return f"{text(key, language)} ({model})" if model else text(key, language)


def measured(witness: "Witness", language: Language) -> tuple[str, str]:
    """The value and its limit, in words where a number says less."""
    if witness.kind in _EXACT:
        return text("yes" if witness.score else "no", language), text("yes", language)
    if witness.kind == "mark":
        return text("verified", language), text("verified", language)
    written = percent if witness.kind in _SHARES else number
    key = "at-most" if witness.lower_is_closer else "at-least"
    return written(witness.score), text(key, language, limit=written(witness.threshold))


def number(value: float) -> str:
    """At most four decimals, without an exponent: "21", "0.473"."""
    written = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def probability(value: float, language: Language) -> str:
    """In percent; never rounded to certainty."""
    if value > 0.9999:
        return text("more-than", language, value="99.99%")
    if value < 0.0001:
        return text("less-than", language, value="0.01%")
    return f"{100 * value:.2f}%"


def percent(share: float) -> str:
    """Up to two decimals: "0.25%"."""
    return f"{number(round(100 * share, 2))}%"


def about(share: float, language: Language) -> str:
    """Whole percent, for what is measured by eye."""
    return f"{100 * share:.0f}%" if share >= 0.005 else text("less-than", language, value="1%")


def one_in(chance: float) -> str:
    """How many pictures it takes, with two digits that count, rounded down: 2.3e-10 is "4,300,000,000"."""
    many = floor(1 / max(chance, _SMALLEST) * _ROUNDED)
    step = 10 ** max(0, len(str(many)) - 2)
    return f"{many // step * step:,}"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
