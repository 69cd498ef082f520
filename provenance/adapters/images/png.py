"""PNG (W3C PNG, third edition) and APNG: chunks in, chunks out."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from provenance.adapters.images import colour, exif, sniff
from provenance.adapters.images.container import CARRIES_MANIFEST, ColourKey, Container, damaged, piece
from provenance.adapters.images.limits import ImageLimits, MetadataBudget

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD: Final = b"XML:com.adobe.xmp"
_RAW_EXIF: Final = (b"Raw profile type exif", b"Raw profile type APP1")  # ImageMagick's, before eXIf existed
_MAX_CHUNKS: Final = 100_000
_PIXEL_CHUNKS: Final = (b"IHDR", b"PLTE", b"IDAT")
_KEPT: Final = (b"pHYs", b"tIME")
_COLOURS: Final = (b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI")
_PROFILE_NAME: Final = b"ICC profile\x00\x00"
_PALETTE, _GREY, _RGB = 3, 0, 2
_CICP_SRGB: Final = b"\x01\x0d\x00\x01"
_SRGB_GAMMA: Final = 45455


@dataclass(slots=True)
class _Walk:
    """What the walk has gathered so far."""

    budget: MetadataBudget
    colour_type: int = 0
    decodable: list[bytes] = field(default_factory=lambda: [SIGNATURE])
    extras: list[bytes] = field(default_factory=list)
    colours: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    controls: int = 0
    has_hidden: bool = False
    colour_key: ColourKey | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    gamma: int = _SRGB_GAMMA


def chunk(name: bytes, body: bytes) -> bytes:
    """One PNG chunk with length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def read(data: bytes, limits: ImageLimits) -> Container:
    """Raises UnreadableImage, UnsupportedFormat, TooLarge."""
    walk = _Walk(MetadataBudget(limits))
    header = b""
    end = len(SIGNATURE)
    for name, body, after in chunks(data):
        if not header:
            header = _header(name, body, limits)
            walk.colour_type = header[9]
        elif name == b"IHDR":
            raise damaged("it has two headers")
        _take(walk, name, body)
        end = after
    if b"IDAT" not in walk.seen:
        raise damaged("it has no image data")
    frames = max(1, walk.controls + walk.has_hidden)
    limits.check_frames(frames)
    width, height, depth = struct.unpack_from(">IIB", header)
    walk.notes.extend(sniff.trailing_note(data[end:]))
    _note_gamma(walk)
    return Container(
        format="PNG",
        media_type="image/png",  # an APNG too: so it is named by what shows it and by what signs it
        width=width,
        height=height,
        decodable=b"".join(walk.decodable) + chunk(b"IEND", b""),
        frames=frames,
        depth=depth,
        colour_key=walk.colour_key,
        exif=walk.exif,
        xmp=walk.xmp,
        icc=walk.icc,
        extras=tuple(walk.extras),
        colours=tuple(walk.colours),
        notes=tuple(walk.notes),
    )


def splice(encoded: bytes, container: Container) -> bytes:
    """The owner's metadata put into a freshly encoded PNG. `container.exif` and `.xmp` are upright already."""
    added = list(container.colours)
    if container.icc == colour.srgb_profile():
        added = [chunk(b"sRGB", b"\x01")]  # relative colorimetric, the intent of the conversion
    elif container.icc is not None:
        added.append(chunk(b"iCCP", _PROFILE_NAME + zlib.compress(container.icc)))
    if container.exif is not None:
        added.append(chunk(b"eXIf", container.exif))
    if container.xmp is not None:
        added.append(chunk(b"iTXt", XMP_KEYWORD + b"\x00\x00\x00\x00\x00" + container.xmp))
    after_header = len(SIGNATURE) + 25
    return encoded[:after_header] + b"".join([*added, *container.extras]) + encoded[after_header:]


def text_chunk(keyword: bytes, value: bytes) -> bytes:
    """An uncompressed iTXt chunk; `value` is UTF-8."""
    return chunk(b"iTXt", keyword + b"\x00\x00\x00\x00\x00" + value)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """(name, body, offset after it) up to and with IEND."""
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        size, name = struct.unpack(">I4s", piece(data, at, 8))
        body = piece(data, at + 8, size)
        stored = int.from_bytes(piece(data, at + 8 + size, 4), "big")
        if stored != zlib.crc32(body, zlib.crc32(name)):
            raise damaged(f"the checksum of a {name.decode('ascii', 'replace')} chunk is wrong")
        at += 12 + size
        yield name, body, at
        if name == b"IEND":
            return
    raise damaged("it has too many chunks")


def _header(name: bytes, body: bytes, limits: ImageLimits) -> bytes:
    if name != b"IHDR" or len(body) != 13:
        raise damaged("its header is missing")
    limits.check_size(*struct.unpack_from(">II", body))
    return body


def _take(walk: _Walk, name: bytes, body: bytes) -> None:
    first = name not in walk.seen
    walk.seen.add(name)
    if name in _PIXEL_CHUNKS:
        walk.has_hidden |= name == b"IDAT" and b"acTL" in walk.seen and not walk.controls
        walk.decodable.append(chunk(name, body))
    elif name == b"tRNS" and first:
        _take_transparency(walk, body)
    elif name in (b"tEXt", b"zTXt", b"iTXt"):
        _take_text(walk, name, body)
    elif name == b"eXIf" and first:
        walk.budget.spend(len(body))
        walk.exif = exif.strip_prefix(body)
    elif name == b"iCCP" and first:
        walk.icc = walk.budget.inflate(body.partition(b"\x00")[2][1:])
    elif name == b"fcTL" and b"acTL" in walk.seen:
        walk.controls += 1
    elif name in _KEPT and first:
        walk.extras.append(chunk(name, body))
    else:
        _take_remark(walk, name, body)
    if name in _COLOURS and first:
        walk.colours.append(chunk(name, body))


def _take_remark(walk: _Walk, name: bytes, body: bytes) -> None:
    if name == b"caBX":
        walk.notes.append(CARRIES_MANIFEST)
    elif name == b"cICP" and body != _CICP_SRGB:
        walk.notes.append("the colour space that its cICP chunk names is not converted: treated as sRGB")
    elif name == b"gAMA" and len(body) == 4:
        walk.gamma = int.from_bytes(body, "big")


def _note_gamma(walk: _Walk) -> None:
    if walk.icc is None and b"sRGB" not in walk.seen and abs(walk.gamma - _SRGB_GAMMA) > _SRGB_GAMMA // 50:
        walk.notes.append(f"the gamma {walk.gamma / 1e5:.3f} that it names is not converted: treated as sRGB")


def _take_transparency(walk: _Walk, body: bytes) -> None:
    """A palette's alphas stay with the decoder. A colour key does not: Pillow compares it at the wrong bit depth."""
    if walk.colour_type == _PALETTE:
        walk.decodable.append(chunk(b"tRNS", body))
    elif walk.colour_type == _GREY and len(body) == 2:
        walk.colour_key = struct.unpack(">H", body)
    elif walk.colour_type == _RGB and len(body) == 6:
        walk.colour_key = struct.unpack(">HHH", body)


def _take_text(walk: _Walk, name: bytes, body: bytes) -> None:
    keyword, _, rest = body.partition(b"\x00")
    if name == b"tEXt":
        walk.budget.spend(len(body))
        text = rest
    elif name == b"zTXt":
        text = walk.budget.inflate(rest[1:])
    else:
        text = international(rest, walk.budget)
    if keyword == XMP_KEYWORD and walk.xmp is None:
        walk.xmp = text
    elif keyword in _RAW_EXIF:
        walk.exif = walk.exif or _raw_profile(text)
    else:
        walk.extras.append(chunk(name, body))


def international(rest: bytes, budget: MetadataBudget) -> bytes:
    """The text of an iTXt chunk, `rest` being what follows its keyword. Raises UnreadableImage, TooLarge."""
    compressed = rest[:1] == b"\x01"
    parts = rest[2:].split(b"\x00", 2)
    if len(rest) < 2 or len(parts) < 3:
        raise damaged("a text chunk is cut off")
    if compressed:
        return budget.inflate(parts[2])
    budget.spend(len(parts[2]))
    return parts[2]


def _raw_profile(text: bytes) -> bytes | None:
    """ImageMagick's text form: a name, a length, and hexadecimal digits over many lines."""
    parts = text.split(None, 2)
    try:
        return exif.strip_prefix(bytes.fromhex(parts[2].decode("ascii")))
    except (IndexError, ValueError):
        return None
