"""What a file is by its first bytes, and whether it is something else besides (a polyglot)."""

import re
from typing import Final

from provenance.core.errors import Rejected, UnsupportedFormat

_READABLE: Final = "send PNG, JPEG, WebP, TIFF, GIF or AVIF"
_AVIF_BRANDS: Final = (b"avif", b"avis")
_FOREIGN: Final = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"8BPS", "a Photoshop document"),
    (b"BM", "a BMP image"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"II+\x00", "a BigTIFF image"),
    (b"MM\x00+", "a BigTIFF image"),
    (b"%!PS", "a PostScript document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_MARKUP: Final = re.compile(rb"<(!doctype|html|svg|script|body|iframe|\?php|\?xml)", re.IGNORECASE)
_ARCHIVE_TAIL: Final = b"PK\x05\x06"  # end of central directory, .ZIP APPNOTE 4.3.16
_ARCHIVE_TAIL_SIZE: Final = 22
_PDF_WINDOW: Final = 1024  # readers look for %PDF- this far (ISO 32000-1, Annex H, note 13)


def image_format(data: bytes) -> str:
    """Pillow's name of the format. Raises UnsupportedFormat, and says what the file looks like where that is known."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return "TIFF"
    if data[4:8] == b"ftyp" and _declares_avif(data):
        return "AVIF"
    raise _unsupported(data)


def refuse_polyglot(data: bytes) -> None:
    """A file that an archive or document reader would open too. Raises UnsupportedFormat.

    A ZIP reader looks for its directory from the end of the file, a PDF reader near the start; both may stand inside a
    metadata field.
    """
    if b"%PDF-" in data[:_PDF_WINDOW]:
        raise _polyglot("a PDF document")
    tail = data[-(_ARCHIVE_TAIL_SIZE + 0xFFFF) :]
    at = tail.find(_ARCHIVE_TAIL)
    while at >= 0:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + _ARCHIVE_TAIL_SIZE + comment == len(tail):
            raise _polyglot("a ZIP archive")
        at = tail.find(_ARCHIVE_TAIL, at + 1)


def trailing_note(rest: bytes) -> tuple[str, ...]:
    """What to say about bytes after the image's end. Raises UnsupportedFormat where they are another kind of file."""
    if not rest:
        return ()
    if found := _MARKUP.search(rest):
        raise _polyglot(f"a web page or script ({found[0].decode('ascii', 'replace').lower()}...)")
    for signature, name in _FOREIGN:
        # Short signatures turn up by chance inside the second picture or film that a phone appends.
        if rest.startswith(signature) or (len(signature) > 4 and signature in rest):
            raise _polyglot(name)
    return (f"{len(rest):,} bytes after the end of the image were left out",)


def _declares_avif(data: bytes) -> bool:
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[at : at + 4] for at in (8, *range(16, size, 4))]
    return any(brand in _AVIF_BRANDS for brand in brands)


def _unsupported(data: bytes) -> Rejected:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return UnsupportedFormat("the file is an SVG drawing, not a picture of pixels", hint=f"render it; {_READABLE}")
    if _MARKUP.match(head):
        return UnsupportedFormat("the file is a web page or XML document, not an image", hint=_READABLE)
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("ascii", "replace").strip()
        return UnsupportedFormat(f"the file is a {brand!r} video or HEIF image", hint=_READABLE)
    for signature, name in _FOREIGN:
        if data.startswith(signature):
            return UnsupportedFormat(f"the file is {name}, not an image we read", hint=_READABLE)
    return UnsupportedFormat("the file is not an image we read", hint=_READABLE)


def _polyglot(name: str) -> UnsupportedFormat:
    return UnsupportedFormat(
        f"the file is an image and {name} at once", hint="export the picture again as a plain image"
    )
