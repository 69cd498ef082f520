"""JPEG (ITU-T T.81, JFIF in T.871): segments in, segments out."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from PIL import JpegImagePlugin

from provenance.adapters.images import exif, sniff
from provenance.adapters.images.container import CARRIES_MANIFEST, Container, damaged, piece
from provenance.adapters.images.limits import ImageLimits, MetadataBudget
from provenance.core.errors import UnsupportedFormat

SOI: Final = b"\xff\xd8"
_EOI: Final = 0xD9
_SOS: Final = 0xDA
APP0, APP1, _APP2, _APP11, _APP13, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xFE
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
_DECODED_FRAMES: Final = frozenset(
    (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
)  # baseline, extended, progressive; Huffman or arithmetic
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES: Final = frozenset((0xC4, 0xCC, 0xDB, 0xDC, 0xDD))
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # one pair: linear on a long run of fill bytes
_MARKER: Final = re.compile(rb"\xff+([^\xff])", re.DOTALL)  # fill bytes may stand before it, T.81 B.1.1.2
_MAX_SCANS: Final = 100  # encoders write about 10; each further scan costs a pass over the whole picture
_MAX_SEGMENTS: Final = 20_000

EXIF: Final = b"Exif\x00\x00"
XMP: Final = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENDED_XMP: Final = b"http://ns.adobe.com/xmp/extension/\x00"
_ICC: Final = b"ICC_PROFILE\x00"
_PROFILE_PART: Final = 65_519
_PHOTOSHOP: Final = b"Photoshop 3.0\x00"
_JFIF: Final = b"JFIF\x00"
_SUBSAMPLINGS: Final = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
_LUMA_SUM: Final = 3688  # of the 64 values of T.81, table K.1
_DENSITY: Final = slice(7, 12)  # of a JFIF body: unit, horizontal and vertical density
_STALE_RESOURCES: Final = (1033, 1036, 1039)  # two kinds of thumbnail, the ICC profile


@dataclass(slots=True)
class _Walk:
    budget: MetadataBudget
    limits: ImageLimits
    size: tuple[int, int] | None = None
    decodable: list[bytes] = field(default_factory=lambda: [SOI])
    extras: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: dict[int, bytes] = field(default_factory=dict)
    icc_parts: int = 0
    scans: int = 0


@dataclass(frozen=True, slots=True)
class Coding:
    """How a JPEG's coefficients were made: one table for luma or two, of 64 values in natural order; `subsampling` as
    Pillow names it; `quality` 1..100 whose luma table of Annex K comes nearest (libjpeg's scale)."""

    tables: tuple[tuple[int, ...], ...]
    subsampling: str
    progressive: bool
    quality: float


def coding(data: bytes) -> Coding | None:
    """None for what is not written again as it was: CMYK, tables of 16 bits, or that come after the first scan."""
    with JpegImagePlugin.JpegImageFile(BytesIO(data)) as image:
        used = [tuple(image.quantization.get(number, ())) for *_, number in image.layer]
        if image.mode not in ("L", "RGB") or not all(used) or max(map(max, used)) > 255:
            return None
        sampling = _SUBSAMPLINGS.get(JpegImagePlugin.get_sampling(image), "4:4:4")
        progressive = bool(image.info.get("progressive"))
    chroma = tuple(map(min, zip(*used[1:], strict=True)))  # the finer one where they have two
    tables = (used[0], chroma) if chroma else (used[0],)
    return Coding(tables, sampling, progressive, _quality(sum(used[0])))


def _quality(luma_sum: int) -> float:
    """The inverse of libjpeg's scaling: 200 - 2 q percent of Annex K's table from 50 on, 5000 / q percent under it."""
    percent = 100 * luma_sum / _LUMA_SUM
    return (200 - percent) / 2 if percent <= 100 else 5000 / percent


def segment(marker: int, body: bytes) -> bytes:
    """One marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def read(data: bytes, limits: ImageLimits) -> Container:
    """Raises UnreadableImage, UnsupportedFormat, TooLarge."""
    walk = _Walk(MetadataBudget(limits), limits)
    end = 0
    for marker, body, scan, after in segments(data):
        end = after
        if marker == _SOS:
            _take_scan(walk, body, scan)
        elif marker in _FRAMES:
            _take_frame(walk, marker, body)
        elif marker in _TABLES:
            walk.decodable.append(segment(marker, body))
        elif 0xE0 <= marker <= 0xEF or marker == _COM:
            walk.budget.spend(len(body))
            _take_metadata(walk, marker, body)
    if walk.size is None or not walk.scans:
        raise damaged("it has no image data")
    walk.notes.extend(sniff.trailing_note(data[end:]))
    return Container(
        format="JPEG",
        media_type="image/jpeg",
        width=walk.size[0],
        height=walk.size[1],
        decodable=b"".join(walk.decodable) + struct.pack(">BB", 0xFF, _EOI),
        lossless=False,
        exif=walk.exif,
        xmp=walk.xmp,
        icc=_profile(walk),
        extras=tuple(walk.extras),
        notes=tuple(dict.fromkeys(walk.notes)),
    )


def splice(encoded: bytes, container: Container) -> bytes:
    """The owner's metadata put into a freshly encoded JPEG. The metadata is upright already."""
    size = int.from_bytes(piece(encoded, 4, 2), "big")
    jfif, rest = encoded[6 : 4 + size], encoded[4 + size :]
    added = []
    for extra in container.extras:
        if extra[1] == APP0:
            jfif = jfif[: _DENSITY.start] + extra[4:][_DENSITY] + jfif[_DENSITY.stop :]
        else:
            added.append(extra)
    head = [SOI, segment(APP0, jfif)]
    if container.exif is not None:
        head.append(segment(APP1, EXIF + container.exif))
    if container.xmp is not None:
        head.append(segment(APP1, XMP + container.xmp))
    head += _profile_segments(container.icc or b"")
    return b"".join([*head, *added]) + rest


def _profile_segments(profile: bytes) -> list[bytes]:
    """Numbered from 1, each with their count (ICC.1, B.4)."""
    parts = [profile[at : at + _PROFILE_PART] for at in range(0, len(profile), _PROFILE_PART)]
    return [segment(_APP2, _ICC + bytes([number, len(parts)]) + part) for number, part in enumerate(parts, start=1)]


def segments(data: bytes) -> Iterator[tuple[int, bytes, bytes, int]]:
    """(marker, body, entropy-coded data after SOS, offset after it) up to and with EOI."""
    at = len(SOI)
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.match(data, at)
        if found is None:
            raise damaged("it ends early" if at >= len(data) - 1 else "a marker is missing between two segments")
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            yield marker, b"", b"", at
            return
        if marker in _STANDALONE:
            continue
        size = int.from_bytes(piece(data, at, 2), "big")
        body = piece(data, at + 2, size - 2)
        at += size
        scan = b""
        if marker == _SOS:
            following = _NEXT_MARKER.search(data, at)
            if following is None:
                raise damaged("it ends in the middle of the image")
            scan, at = data[at : following.start()], following.start()
        yield marker, body, scan, at
    raise damaged("it has too many segments")


def _take_frame(walk: _Walk, marker: int, body: bytes) -> None:
    if walk.size is not None:
        raise damaged("it has two frame headers")
    if len(body) < 6:
        raise damaged("its frame header is cut off")
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    if marker not in _DECODED_FRAMES or precision != 8:
        raise UnsupportedFormat(
            f"a JPEG of this kind (lossless, hierarchical or {precision} bits) is not read",
            hint="save it as plain JPEG",
        )
    if components not in (1, 3, 4):
        raise UnsupportedFormat(f"a JPEG with {components} colour components is not read", hint="save it as RGB")
    walk.limits.check_size(width, height)
    walk.size = (width, height)
    walk.decodable.append(segment(marker, body))


def _take_scan(walk: _Walk, body: bytes, scan: bytes) -> None:
    walk.scans += 1
    if walk.scans > _MAX_SCANS:
        raise damaged(f"it has more than {_MAX_SCANS} scans")
    walk.decodable.append(segment(_SOS, body) + scan)


def _take_metadata(walk: _Walk, marker: int, body: bytes) -> None:
    if marker == APP1 and body.startswith(b"Exif\x00") and walk.exif is None:
        walk.exif = exif.strip_prefix(body)
    elif marker == APP1 and body.startswith(XMP) and walk.xmp is None:
        walk.xmp = body[len(XMP) :]
    elif marker == _APP2 and body.startswith(_ICC) and len(body) > len(_ICC) + 2:
        walk.icc.setdefault(body[len(_ICC)], body[len(_ICC) + 2 :])
        walk.icc_parts = body[len(_ICC) + 1]
    elif marker == _APP13 and body.startswith(_PHOTOSHOP):
        walk.extras.append(segment(marker, _PHOTOSHOP + _without_stale_resources(body[len(_PHOTOSHOP) :])))
    elif marker == _COM or (marker == APP1 and body.startswith(EXTENDED_XMP)):
        walk.extras.append(segment(marker, body))
    elif marker == APP0 and body.startswith(_JFIF) and len(body) >= _DENSITY.stop:
        walk.extras.append(segment(marker, body))
        walk.decodable.append(segment(marker, body[:12] + b"\x00\x00"))  # without JFIF's own thumbnail
    elif marker == _APP14 and body.startswith(b"Adobe"):
        walk.decodable.append(segment(marker, body))
    elif marker == _APP11 and b"jumb" in body[:64]:
        walk.notes.append(CARRIES_MANIFEST)


def _profile(walk: _Walk) -> bytes | None:
    """A profile stands in up to 255 numbered segments (ICC.1, B.4). An incomplete one is empty: broken, not absent."""
    if not walk.icc:
        return None
    numbers = range(1, walk.icc_parts + 1)
    return b"".join(walk.icc[number] for number in numbers) if all(n in walk.icc for n in numbers) else b""


def _without_stale_resources(block: bytes) -> bytes:
    """Photoshop image resources: IPTC-IIM and the rest stay, thumbnails and the profile of the old pixels go."""
    kept = []
    at = 0
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        number = int.from_bytes(block[at + 4 : at + 6], "big")
        name_size = 1 + block[at + 6]
        size_at = at + 6 + name_size + name_size % 2
        size = int.from_bytes(block[size_at : size_at + 4], "big")
        after = size_at + 4 + size + size % 2
        if number not in _STALE_RESOURCES:
            kept.append(block[at:after])
        at = after
    return b"".join(kept)
