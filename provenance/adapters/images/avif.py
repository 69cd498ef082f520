"""AVIF (AV1 Image File Format 1.1 over ISO/IEC 14496-12 and 23008-12): sizes from the boxes; libavif reads the rest."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Final

from PIL import Image, features

from provenance.adapters.images import exif, sniff
from provenance.adapters.images.container import CARRIES_MANIFEST, Container, damaged, frame_note, piece
from provenance.adapters.images.limits import ImageLimits, MetadataBudget
from provenance.core.errors import UnsupportedFormat

_MAX_BOXES: Final = 10_000
_C2PA_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MONOCHROME: Final = 0x10
_SRGB_PRIMARIES: Final = (1, 2)  # BT.709, unspecified (ITU-T H.273)
_SRGB_TRANSFERS: Final = (1, 2, 6, 13)  # BT.709 and its equals, unspecified, sRGB
_TOP_LEVEL: Final = frozenset(
    (b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"idat", b"moof", b"mfra")
)


def read(data: bytes, limits: ImageLimits) -> Container:
    """Raises UnreadableImage, UnsupportedFormat, TooLarge."""
    if not features.check("avif"):
        raise UnsupportedFormat("this installation reads no AVIF", hint="send PNG, JPEG, WebP, TIFF or GIF")
    end = end_of_boxes(data)
    notes = list(sniff.trailing_note(data[end:]))
    data = piece(data, 0, end)
    properties: list[tuple[bytes, bytes]] = []
    for name, body in _boxes(data):
        if name == b"meta":
            properties.extend(_properties(body))
        elif name == b"uuid" and body.startswith(_C2PA_UUID):
            notes.append(CARRIES_MANIFEST)
    for width, height in _sizes(properties):
        limits.check_size(width, height)
    opened = _opened(data, limits, [*_colour_notes(properties), *notes])
    return replace(opened, subsampling=_subsampling(properties))


def _opened(data: bytes, limits: ImageLimits, notes: list[str]) -> Container:
    """What libavif says of the file. It parses here and decodes later."""
    with Image.open(BytesIO(data), formats=["AVIF"]) as image:
        limits.check_size(*image.size)
        frames = int(getattr(image, "n_frames", 1))
        info = image.info
        width, height = image.size
    limits.check_frames(frames)
    budget = MetadataBudget(limits)
    for name in ("exif", "xmp", "icc_profile"):
        budget.spend(len(info.get(name) or b""))
    return Container(
        format="AVIF",
        media_type="image/avif",
        width=width,
        height=height,
        decodable=data,
        frames=frames,
        lossless=False,
        exif=exif.strip_prefix(info["exif"]) if info.get("exif") else None,
        xmp=info.get("xmp"),
        icc=info.get("icc_profile"),
        notes=(*frame_note(frames), *notes),
    )


def header(data: bytes, at: int) -> tuple[bytes, int, int]:
    """(name, bytes of the header, bytes of the whole box); a size of 0 runs to the end, 1 means a 64-bit size."""
    size, name = struct.unpack(">I4s", piece(data, at, 8))
    header = 8
    if size == 1:
        header, size = 16, int.from_bytes(piece(data, at + 8, 8), "big")
    elif size == 0:
        size = len(data) - at
    if size < header:
        raise damaged("a box is shorter than its header")
    return name, header, size


def end_of_boxes(data: bytes) -> int:
    """The offset after the last box that belongs to the file format."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data) or data[at + 4 : at + 8] not in _TOP_LEVEL:
            return at
        at += header(data, at)[2]
    raise damaged("it has too many boxes")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, body) of boxes that fill `data`."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at >= len(data):
            return
        name, offset, size = header(data, at)
        yield name, piece(data, at + offset, size - offset)
        at += size
    raise damaged("it has too many boxes")


def _properties(meta: bytes) -> list[tuple[bytes, bytes]]:
    """The item properties: meta (a full box, hence 4) / iprp / ipco."""
    return [
        (name, body)
        for outer, iprp in _boxes(meta[4:])
        if outer == b"iprp"
        for inner, ipco in _boxes(iprp)
        if inner == b"ipco"
        for name, body in _boxes(ipco)
    ]


def _sizes(properties: list[tuple[bytes, bytes]]) -> Iterator[tuple[int, int]]:
    for name, body in properties:
        if name == b"ispe":
            width, height = struct.unpack(">II", piece(body, 4, 8))
            yield width, height


def _subsampling(properties: list[tuple[bytes, bytes]]) -> str | None:
    """Of the colours (AV1-ISOBMFF, 2.3.3: av1C): the item of an alpha plane is always grey."""
    layouts = [body[2] for name, body in properties if name == b"av1C" and len(body) > 2]
    colours = [layout for layout in layouts if not layout & _MONOCHROME]
    if not colours:
        return "4:0:0" if layouts else None
    return {0: "4:4:4", 2: "4:2:2", 3: "4:2:0"}.get(colours[0] >> 2 & 3)


def _colour_notes(properties: list[tuple[bytes, bytes]]) -> list[str]:
    notes = []
    for name, body in properties:
        if name == b"av1C" and len(body) > 2 and body[2] & 0x40:
            notes.append(f"{12 if body[2] & 0x20 else 10} bits reduced to 8")
        elif name == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack(">HH", piece(body, 4, 4))
            if primaries not in _SRGB_PRIMARIES or transfer not in _SRGB_TRANSFERS:
                notes.append(f"its colour space (H.273 {primaries}/{transfer}) is not converted: treated as sRGB")
    return list(dict.fromkeys(notes))
