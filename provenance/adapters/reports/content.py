"""What a report says in one language, part by part; HTML and PDF only draw it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from provenance.adapters.reports import wording
from provenance.adapters.reports.shapes import LEVELS
from provenance.adapters.reports.texts import Language, text
from provenance.core.errors import InvalidRequest
from provenance.core.report import Finding, Report, json_file
from provenance.licensing import template


class Row(NamedTuple):
    """`code`: a value for machines, such as a digest."""

    label: str
    value: str
    code: bool = False


class Table(NamedTuple):
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Sentence(NamedTuple):
    words: str
    alarm: bool = False


class Caption(NamedTuple):
    """`alt` is for whoever does not see the picture."""

    words: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One finding. Captions are None where there is no such picture."""

    number: int
    finding: Finding
    heading: str
    sentences: tuple[Sentence, ...]
    query: Caption | None
    work: Caption | None
    heat: Caption | None
    overlay: Caption | None
    evidence: Table
    record: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`legend` has by level 0..4 of the heat map, and for nothing to compare, what its colour means."""

    language: Language
    report: Report
    facts: tuple[Row, ...]
    verdict: tuple[Sentence, ...]
    overview: Table | None
    asked: tuple[Row, ...]
    asked_note: str | None
    map: Caption | None
    parts: tuple[Part, ...]
    legend: tuple[str, ...]
    steps: tuple[str, ...]
    limits: tuple[str, ...]
    method: str

    @property
    def result(self) -> str:
        return text("result", self.language, grade=text(self.report.grade, self.language))


def document(report: Report, language: Language) -> Document:
    findings = report.findings
    return Document(
        language=language,
        report=report,
        facts=_facts(report, language),
        verdict=tuple(_verdict(report, language)),
        overview=_overview(report, language) if len(findings) > 1 else None,
        asked=tuple(_asked(report, language)),
        asked_note=None if report.asked.picture else text("no-query", language),
        map=_map(report, language),
        parts=tuple(_part(report, number, language) for number in range(1, len(findings) + 1)),
        legend=(
            *(f"{100 * level // LEVELS}–{100 * (level + 1) // LEVELS}%" for level in range(LEVELS)),
            text("nothing-to-compare", language),
        ),
        steps=tuple(text(f"verify-{number}", language) for number in range(1, 4)) if findings else (),
        limits=tuple(text(f"limit-{number}", language) for number in range(1, 7)),
        method=text(
            "method-value",
            language,
            policy=report.policy,
            models=", ".join(report.models),
            version=report.version,
        ),
    )


def digest(report: Report) -> str:
    """sha256 of the JSON form, hex."""
    return hashlib.sha256(json_file(report)).hexdigest()


def _facts(report: Report, language: Language) -> tuple[Row, ...]:
    return (
        Row(text("check", language), report.check_id, code=True),
        Row(text("made-at", language), wording.moment(report.created_at)),
        Row(text("json-sha", language), digest(report), code=True),
    )


def _verdict(report: Report, language: Language) -> Iterator[Sentence]:
    """What follows the grade."""
    yield Sentence(text(f"{report.grade}-long", language))
    found = [finding for finding in report.findings if finding.grade.is_match]
    if len(found) > 1:
        yield Sentence(text("several", language, count=len(found)))
    if len(found) == 1:
        yield Sentence(wording.how_likely(found[0], language))
    if any(finding.copied_mark for finding in report.findings):
        yield Sentence(text("copied-mark-somewhere", language), alarm=True)
    if report.withdrawn:
        yield Sentence(text("withdrawn", language, count=report.withdrawn))


def _overview(report: Report, language: Language) -> Table:
    head = ("number", "work", "work-title", "grade", "probability-short", "registered")
    rows = tuple(
        (
            str(number),
            finding.record.work_id,
            finding.record.title or "–",
            text(finding.grade, language),
            "–" if wording.is_exact(finding) else wording.probability(finding.probability, language),
            wording.moment(finding.record.registered_at),
        )
        for number, finding in enumerate(report.findings, start=1)
    )
    return Table(tuple(text(key, language) for key in head), rows)


def _asked(report: Report, language: Language) -> Iterator[Row]:
    asked, mark = report.asked, report.mark
    size = text("pixels", language, width=asked.width, height=asked.height)
    yield Row(text("size", language), f"{asked.media_type}, {size}")
    if asked.frames > 1:
        yield Row(text("frames", language), text("frames-value", language, frames=asked.frames))
    yield Row(text("file-sha", language), asked.sha256, code=True)
    yield Row(text("pixels-sha", language), asked.pixels_sha256, code=True)
    if asked.notes:
        yield Row(text("notes", language), "; ".join(asked.notes))
    if mark is not None:
        work = mark.work_id or text("no-live-work", language)
        many = wording.one_in(1 - mark.confidence)
        yield Row(text("mark", language), text("mark-found", language, work=work, many=many))


def _map(report: Report, language: Language) -> Caption | None:
    """The whole picture with all that was found in it; not where a finding's own picture shows as much."""
    outlined = [finding for finding in report.findings if finding.region_query]
    marked = report.mark is not None and report.mark.region is not None
    if not (report.asked.picture or outlined or marked) or (len(outlined) == 1 and not marked):
        return None
    words = [text("map", language)] if outlined else [text("query-plain", language)]
    words += [text("map-mark", language)] if marked else []
    words += [] if report.asked.picture else [text("not-kept", language)]
    return _caption(words)


def _part(report: Report, number: int, language: Language) -> Part:
    finding = report.findings[number - 1]
    covers = wording.covers(finding, language)
    heading = "finding-titled" if finding.record.title else "finding"
    placed = _placed(finding, language)
    return Part(
        number=number,
        finding=finding,
        heading=text(heading, language, number=number, work=finding.record.work_id, title=finding.record.title),
        sentences=tuple(_sentences(finding, language)),
        query=_query_caption(report, finding, covers, language),
        work=_work_caption(finding, covers, language),
        heat=_caption([text("heat-caption", language)], placed) if finding.placement else None,
        overlay=_caption([text("overlay-caption", language)], placed) if finding.overlay else None,
        evidence=_evidence(finding, language),
        record=tuple(_record(finding, language)),
    )


def _sentences(finding: Finding, language: Language) -> Iterator[Sentence]:
    yield Sentence(text(f"{finding.grade}-long", language))
    if finding.copied_mark:
        yield Sentence(text("copied-mark", language), alarm=True)
    yield Sentence(wording.how_likely(finding, language))
    for more in (
        wording.limits(finding, language),
        wording.unrelated(finding, language),
        wording.covers(finding, language),
        _placed(finding, language),
    ):
        if more is not None:
            yield Sentence(more)
    if finding.shown != "yes":
        yield Sentence(text(finding.shown, language))


def _placed(finding: Finding, language: Language) -> str | None:
    if finding.placement is None:
        return None
    share = wording.about(finding.placement.share, language)
    mirrored = f" {text('mirrored', language)}" if finding.placement.mirrored else ""
    return text("aligned", language, share=share) + mirrored


def _query_caption(report: Report, finding: Finding, covers: str | None, language: Language) -> Caption | None:
    if finding.shown == "not-drawn" or not (report.asked.picture or finding.region_query):
        return None
    words = [text("query-outlined" if finding.region_query else "query-plain", language)]
    words += [] if report.asked.picture else [text("not-kept", language)]
    return _caption(words, covers)


def _work_caption(finding: Finding, covers: str | None, language: Language) -> Caption | None:
    if finding.shown == "not-drawn" or not (finding.picture or finding.region_reference):
        return None
    words = [text("work-outlined" if finding.region_reference else "work-plain", language)]
    words += [] if finding.picture else [text("outline-only", language)]
    return _caption(words, covers)


def _caption(words: list[str], more: str | None = None) -> Caption:
    return Caption(" ".join(words), " ".join([*words, *([more] if more else [])]))


def _evidence(finding: Finding, language: Language) -> Table:
    head = ("witness", "score", "limit", "speaks")
    rows = tuple(
        (
            wording.witness_name(witness, language),
            *wording.measured(witness, language),
            text("yes" if witness.speaks else "no", language),
        )
        for witness in finding.evidence
    )
    return Table(tuple(text(key, language) for key in head), rows)


def _record(finding: Finding, language: Language) -> Iterator[Row]:
    record, licence = finding.record, finding.licence
    if record.title:
        yield Row(text("work-title", language), record.title)
    yield Row(text("registered", language), wording.moment(record.registered_at))
    yield Row(text("size", language), text("pixels", language, width=record.width, height=record.height))
    for key, value in (
        ("source", record.source_sha256),
        ("marked", record.marked_sha256),
        ("certificate", record.certificate_id),
        ("certificate-hash", record.certificate_hash),
        ("certificate-at", record.address or ""),
        ("issuer", record.issuer),
    ):
        if value:
            yield Row(text(key, language), value, code=True)
    yield Row(text("standing", language), text(record.standing, language))
    yield from _history(finding, language)
    yield Row(text("terms", language), _terms(finding, language))
    yield Row(text("terms-sha", language), record.terms_hash, code=True)
    yield Row(
        text("licence", language),
        text(licence.status, language, licensee=licence.licensee, grant=licence.grant_id, terms=licence.terms),
    )


def _history(finding: Finding, language: Language) -> Iterator[Row]:
    record, none_yet = finding.record, [text("none-yet", language)]
    for manifest in record.manifests:
        yield Row(text("manifest", language), manifest, code=True)
    entries = [text("log-value", language, index=place.index, kind=place.kind) for place in record.log]
    for line in entries or none_yet:
        yield Row(text("log", language), line)
    receipts = [
        text("receipt-value", language, chain=receipt.chain_id, block=receipt.block, tx=receipt.transaction)
        for receipt in record.receipts
    ]
    for line in receipts or none_yet:
        yield Row(text("receipt", language), line)


def _terms(finding: Finding, language: Language) -> str:
    """With their title, where these are still the terms of that name."""
    record = finding.record
    try:
        known = template(record.terms)
    except InvalidRequest:
        return record.terms
    return f"{known.document['title'][language]} ({record.terms})" if known.hash == record.terms_hash else record.terms
