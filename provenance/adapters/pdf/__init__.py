"""The certificate as a PDF for people, with the certificate for machines inside. Needs fpdf2 and segno."""

from provenance.adapters.pdf.certificate import CertificatePdf
from provenance.adapters.pdf.sheet import LANGUAGES, Language, LogPlace, Sheet

__all__ = ["LANGUAGES", "CertificatePdf", "Language", "LogPlace", "Sheet"]
