"""The report as a PDF, with its JSON form inside. The same report in the same language is the same bytes.

Needs fpdf2."""

from collections.abc import Sequence
from typing import Final

from provenance.adapters.pdf.page import Colour, finished
from provenance.adapters.reports.content import Document, Part, digest, document
from provenance.adapters.reports.figures import HEAT, Figure, Figures, Place
from provenance.adapters.reports.paper import ALARM, BODY, NOTE, SMALL_HEADING, TITLE, Foot, Paper
from provenance.adapters.reports.shapes import labels, query_frame, work_frame
from provenance.adapters.reports.texts import Language, text
from provenance.core.report import Report, json_file

_OVERVIEW: Final = (0.05, 0.19, 0.28, 0.12, 0.13, 0.23)
_EVIDENCE: Final = (0.52, 0.14, 0.2, 0.14)
_NOTHING: Final[Colour] = (255, 255, 255)


class ReportPdf:
    """Writes reports. Pages are A4; text is real text, for search and for screen readers."""

    def __call__(self, report: Report, language: Language) -> bytes:
        return _Sheets(report, language).data()


class _Sheets:
    """One report on its paper."""

    def __init__(self, report: Report, language: Language) -> None:
        self._report = report
        self._language = language
        self._document: Document = document(report, language)
        foot = f"{text('check', language)} {report.check_id} · JSON sha256 {digest(report)}"
        title = f"{text('title', language)}, {report.check_id}"
        self._paper = Paper(title=title, foot=Foot(foot, language), made_at=report.created_at.replace(microsecond=0))
        self._figures = Figures(self._paper, absent=text("no-picture", language))
        self._frame = query_frame(report)

    def data(self) -> bytes:
        paper, found = self._paper, self._document
        paper.paragraph(self._say("title"), TITLE)
        paper.paragraph(self._say("subtitle"), NOTE)
        paper.ln(2)
        paper.rows(found.facts)
        paper.card(found.result, found.verdict)
        if found.overview is not None:
            paper.heading(self._say("overview"))
            paper.ruled(found.overview, _OVERVIEW)
        self._asked()
        for part in found.parts:
            self._part(part)
        self._list("verify", found.steps, numbered=True)
        self._list("limits", found.limits)
        paper.heading(self._say("method"), room=20)
        paper.paragraph(found.method, NOTE)
        self._attach()
        return finished(paper)

    def _asked(self) -> None:
        paper, found, report = self._paper, self._document, self._report
        paper.heading(self._say("asked"), room=80)
        if found.asked_note:
            paper.paragraph(found.asked_note)
        if found.map is not None:
            self._figures.row([Figure(self._frame, report.asked.picture, found.map, self._all_outlines)], wide=True)
            paper.ln(2)
        paper.rows(found.asked)

    def _all_outlines(self, place: Place) -> None:
        marked = self._report.mark.region if self._report.mark else None
        self._figures.edge(marked, place, self._frame)
        for finding in self._report.findings:
            self._figures.outline(finding.region_query, place, self._frame)
        self._figures.dashes(marked, place, self._frame)
        for label in labels(self._report):
            self._figures.number(label, place, self._frame)

    def _part(self, part: Part) -> None:
        paper = self._paper
        if part.number > 1:
            paper.add_page()
        paper.heading(part.heading, room=60)
        paper.paragraph(self._say(part.finding.grade), SMALL_HEADING)
        for said in part.sentences:
            paper.paragraph(said.words, ALARM if said.alarm else BODY)
        self._side_by_side(part)
        self._agreement(part)
        paper.heading(self._say("evidence"), SMALL_HEADING)
        paper.ruled(part.evidence, _EVIDENCE)
        if len(part.evidence.rows) > 1:
            paper.paragraph(self._say("evidence-note"), NOTE)
        paper.heading(self._say("record"), SMALL_HEADING)
        paper.rows(part.record)

    def _side_by_side(self, part: Part) -> None:
        finding, figures = part.finding, self._figures
        shown = []
        if part.query is not None:
            region = finding.region_query
            shown.append(
                Figure(
                    self._frame,
                    self._report.asked.picture,
                    part.query,
                    lambda place: figures.outline(region, place, self._frame),
                )
            )
        if part.work is not None:
            frame, other = work_frame(finding), finding.region_reference
            shown.append(Figure(frame, finding.picture, part.work, lambda place: figures.outline(other, place, frame)))
        if shown:
            self._paper.heading(self._say("side-by-side"), SMALL_HEADING, room=100)
            figures.row(shown)

    def _agreement(self, part: Part) -> None:
        """Heat map and overlay."""
        placement, overlay, query = part.finding.placement, part.finding.overlay, self._report.asked.picture
        if placement is None or part.heat is None:
            return
        figures, frame = self._figures, self._frame
        colours = (*HEAT, _NOTHING)
        legend = [(None, self._say("heat-legend")), *zip(colours, self._document.legend, strict=True)]
        shown = [
            Figure(frame, query, part.heat, lambda at: figures.heat(placement, at, frame), self._say("heat"), legend)
        ]
        if overlay is not None and part.overlay is not None:
            alt = part.overlay.alt
            above = lambda at: figures.see_through(overlay, at, frame, alt)  # noqa: E731
            shown.append(Figure(frame, query, part.overlay, above, self._say("overlay")))
        figures.row(shown)

    def _list(self, heading: str, entries: Sequence[str], *, numbered: bool = False) -> None:
        if entries:
            self._paper.heading(self._say(heading))
        for number, entry in enumerate(entries, start=1):
            self._paper.paragraph(entry, mark=f"{number}." if numbered else "•")

    def _attach(self) -> None:
        at = self._report.created_at.replace(microsecond=0)
        self._paper.embed_file(
            bytes=json_file(self._report),
            basename=f"{self._report.check_id}.json",
            desc=self._say("attached"),
            mime_type="application/json",
            creation_date=at,
            modification_date=at,
            compress=True,
        )

    def _say(self, key: str) -> str:
        return text(key, self._language)
