"""The page itself. The same sheet in the same language is the same bytes, on any day and machine."""

import io
import json
import shlex
from typing import TYPE_CHECKING, Final

from provenance.adapters.pdf.page import FAMILY, FONTS, GREY, INK, MARGIN, RED, RULE, Style, finished
from provenance.adapters.pdf.rows import rows, shown
from provenance.adapters.pdf.sheet import Language, Sheet
from provenance.adapters.pdf.texts import text
from provenance.credentials import times

if TYPE_CHECKING:
    from fpdf import FPDF

    from provenance.core.types import Pixels

FONT: Final = FONTS / "NotoSansSC-certificate.ttf"
_LABEL: Final = 42.0  # millimetres, as everything here
_PICTURE: Final = 44.0
_CODE: Final = 30.0
_THUMBNAIL: Final = 480  # pixels of the longer side

_TITLE, _HEADING, _BODY, _VALUE = Style(20), Style(12), Style(9), Style(8)
_NOTE, _NAME, _COMMAND, _CAPTION = Style(9, GREY), Style(8, GREY), Style(8.5, GREY), Style(7, GREY)
_STANDING, _ALARM = Style(12), Style(12, RED)


class CertificatePdf:
    """Writes sheets. Pages are A4; text is real text, for search and for screen readers."""

    def __call__(self, sheet: Sheet, language: Language) -> bytes:
        pdf = self._document(sheet, language)
        pdf.add_page()
        self._head(pdf, sheet, language)
        self._claims(pdf, sheet, language)
        self._check(pdf, sheet, language)
        self._limits(pdf, language)
        self._attach(pdf, sheet)
        return finished(pdf)

    def _document(self, sheet: Sheet, language: Language) -> "FPDF":
        from fpdf import FPDF  # here: only this command needs it

        pdf = FPDF(format="A4")
        pdf.set_margin(MARGIN)
        pdf.set_auto_page_break(auto=True, margin=MARGIN)
        pdf.add_font(FAMILY, fname=FONT)
        pdf.set_creation_date(sheet.as_of)
        pdf.set_title(f"{text('title', language)} {shown(sheet.certificate['credentialSubject']['work'])}")
        pdf.set_author(shown(sheet.certificate["issuer"]))
        pdf.set_creator("Provenance")
        pdf.set_lang("zh-CN" if language == "zh" else "en")
        return pdf

    def _head(self, pdf: "FPDF", sheet: Sheet, language: Language) -> None:
        """Title and standing, with the QR code on the right and the picture below."""
        _code(pdf, sheet, language)
        width = pdf.epw - _CODE - 6
        _write(pdf, text("title", language), _TITLE, width=width)
        _write(pdf, text("subtitle", language), _NOTE, width=width)
        pdf.ln(2)
        at = times.written(sheet.as_of)
        standing = text(sheet.standing, language, at=at, reason=shown(sheet.reason or "-"))
        _write(pdf, standing, _STANDING if sheet.standing == "valid" else _ALARM, width=width)
        pdf.set_y(max(pdf.get_y(), MARGIN + _CODE + 10))
        if sheet.pixels is not None:
            picture = pdf.image(
                _thumbnail(sheet.pixels), x=MARGIN, y=pdf.get_y(), w=_PICTURE, h=_PICTURE, keep_aspect_ratio=True
            )
            pdf.set_y(pdf.get_y() + picture.rendered_height + 3)

    def _claims(self, pdf: "FPDF", sheet: Sheet, language: Language) -> None:
        pdf.set_draw_color(*RULE)
        for label, value in rows(sheet, language):
            top = pdf.get_y()
            if pdf.will_page_break(10):
                pdf.add_page()
                top = pdf.get_y()
            pdf.line(MARGIN, top, MARGIN + pdf.epw, top)
            _write(pdf, label, _NAME, width=_LABEL, at=(MARGIN, top + 1))
            bottom = pdf.get_y()
            _write(pdf, value, _VALUE, at=(MARGIN + _LABEL, top + 1))
            pdf.set_y(max(bottom, pdf.get_y()) + 1)
        pdf.ln(3)

    def _check(self, pdf: "FPDF", sheet: Sheet, language: Language) -> None:
        name = attachment_name(sheet)
        place, pin = _trust(str(sheet.certificate["issuer"]))
        _write(pdf, text("check", language), _HEADING)
        _write(pdf, f"1. {text('check-1', language, name=name)}", _BODY)
        _write(pdf, f"2. {text('check-2', language, place=place)}", _BODY)
        _write(pdf, f"3. {text('check-3', language)}", _BODY)
        command = shlex.join(["provenance", "verify", name, "FILE", *pin])
        _write(pdf, f"    {command}", _COMMAND)
        _write(pdf, f"4. {text('check-4', language)}", _BODY)
        pdf.ln(3)

    def _limits(self, pdf: "FPDF", language: Language) -> None:
        _write(pdf, text("not", language), _HEADING)
        for number in range(1, 5):
            _write(pdf, f"- {text(f'not-{number}', language)}", _BODY)

    def _attach(self, pdf: "FPDF", sheet: Sheet) -> None:
        pdf.embed_file(
            bytes=json.dumps(sheet.bundle, indent=1, ensure_ascii=False).encode(),
            basename=attachment_name(sheet),
            desc="The signed certificate with its receipts, for verifiers.",
            mime_type="application/json",
            creation_date=sheet.as_of,
            modification_date=sheet.as_of,
            compress=True,
        )


def attachment_name(sheet: Sheet) -> str:
    """What the certificate inside the PDF is called."""
    return f"{shown(sheet.certificate['credentialSubject']['work'])}.cert.json"


def _trust(issuer: str) -> tuple[str, tuple[str, ...]]:
    """Where the issuer's key comes from, and the options that pin it."""
    from provenance.credentials.vc.dids import did_web_url

    if issuer.startswith("did:web:"):
        return shown(did_web_url(issuer)), ("--did-doc", "did.json")
    return shown(issuer), ("--key", shown(issuer))


def _write(pdf: "FPDF", words: str, style: Style, *, width: float = 0, at: tuple[float, float] | None = None) -> None:
    """A paragraph; hashes break anywhere, for they have no spaces."""
    from fpdf.enums import Align, XPos, YPos

    pdf.set_xy(*(at or (MARGIN, pdf.get_y())))
    pdf.set_font(FAMILY, size=style.size)
    pdf.set_text_color(*style.colour)
    pdf.multi_cell(width, style.height, words, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _code(pdf: "FPDF", sheet: Sheet, language: Language) -> None:
    """The QR code, as vectors: the certificate's address, or its id and hash where it has none."""
    import segno

    content = sheet.address or f"{sheet.certificate['id']} sha256:{sheet.certificate_hash}"
    matrix = segno.make_qr(content, error="m").matrix
    left, unit = pdf.w - MARGIN - _CODE, _CODE / len(matrix)
    pdf.set_fill_color(*INK)
    for y, line in enumerate(matrix):
        for x, dark in enumerate(line):
            if dark:
                pdf.rect(left + x * unit, MARGIN + y * unit, unit, unit, style="F")
    caption = text("scan" if sheet.address else "scan-offline", language)
    _write(pdf, caption, _CAPTION, width=_CODE, at=(left, MARGIN + _CODE + 1))
    pdf.set_y(MARGIN)


def _thumbnail(pixels: "Pixels") -> io.BytesIO:
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target
