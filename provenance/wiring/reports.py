"""A report in one of the forms in which it is handed out."""

from typing import Final

from provenance.adapters.reports import LANGUAGES, Language, ReportHtml
from provenance.core.errors import InvalidRequest
from provenance.core.report import Report, json_file

MEDIA_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}
"""By the form's name, which is also a file's suffix."""


def check_form(form: str) -> str:
    """Raises InvalidRequest on a form that there is not."""
    if form not in MEDIA_TYPES:
        raise InvalidRequest(f"a report is not made as {form[:20]!r}", hint=f"forms are {', '.join(MEDIA_TYPES)}")
    return form


def check_language(language: str) -> Language:
    """Raises InvalidRequest on a language that there is not."""
    for known in LANGUAGES:
        if language == known:
            return known
    raise InvalidRequest(f"no language {language[:20]!r}", hint=" or ".join(LANGUAGES))


def rendered(report: Report, form: str, language: Language) -> bytes:
    """Raises InvalidRequest on a form that there is not. JSON has no language."""
    match check_form(form):
        case "json":
            return json_file(report)
        case "pdf":
            from provenance.adapters.reports.pdf import ReportPdf  # here: the others do without fpdf2

            return ReportPdf()(report, language)
    return ReportHtml()(report, language)
