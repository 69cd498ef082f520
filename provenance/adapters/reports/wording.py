"""Numbers and sentences of a report, the same in every form of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from provenance.adapters.reports.texts import TEXTS, Language, text
from provenance.credentials import times

if TYPE_CHECKING:
    from provenance.core.report import Finding, Witness

_EXACT: Final = frozenset({"file", "pixels"})


def unrelated(finding: "Finding", language: Language) -> str:
    """What the evidence means for unrelated pictures."""
    alarms = finding.false_alarms
    if alarms is not None:
        return text(
            "unrelated",
            language,
            queries=alarms.queries,
            rate=percent(alarms.rate),
            threshold=probability(alarms.threshold),
            upper=percent(alarms.upper),
        )
    kinds = [witness.kind for witness in finding.evidence if witness.speaks]
    if _EXACT & set(kinds):
        return text("unrelated-exact", language)
    return text("unrelated-mark" if "mark" in kinds else "unrelated-unknown", language)


def witness_name(witness: "Witness", language: Language) -> str:
    """In plain words; a witness that has none is named by its kind."""
    kind, _, model = witness.kind.partition(":")  # descriptors beside the primary one name their model
    key = f"witness-{kind}"
    if key not in TEXTS:
        return f"{text('witness-other', language)}: {witness.kind}"
    return f"{text(key, language)} ({model})" if model else text(key, language)


def number(value: float) -> str:
    """At most four significant decimals, without an exponent: "21", "0.473"."""
    written = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def probability(value: float) -> str:
    """Never rounded up to certainty."""
    return "1" if value == 1 else f"{min(value, 0.9999):.4f}"


def percent(share: float) -> str:
    written = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    return f"{written} %"


def chance(share: float) -> str:
    """A small probability: 2.3e-10."""
    return f"{max(share, 1e-15):.1e}"


def moment(at: datetime) -> str:
    return times.written(at.replace(microsecond=0))
