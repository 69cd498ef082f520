"""A report on a check for people: HTML in one file, and the small pictures in it. Needs Jinja2, Pillow and OpenCV."""

from provenance.adapters.reports.drawing import ReportDrawing
from provenance.adapters.reports.html import ReportHtml
from provenance.adapters.reports.texts import LANGUAGES, Language

__all__ = ["LANGUAGES", "Language", "ReportDrawing", "ReportHtml"]
