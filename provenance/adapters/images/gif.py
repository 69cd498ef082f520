"""GIF 87a and 89a: the first frame, alone. A GIF of one frame is written as PNG, which holds its colours exactly."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from provenance.adapters.images import png, sniff
from provenance.adapters.images.container import Container, damaged, piece
from provenance.adapters.images.limits import ImageLimits, MetadataBudget

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _COMMENT, _APPLICATION = 0xF9, 0xFE, 0xFF
_XMP: Final = b"XMP DataXMP"
_XMP_TRAILER: Final = 257  # 0x01, then 0xFF down to 0x00: lets a reader that does not know XMP skip it
_ICC: Final = b"ICCRGBG1012"
_AS_PNG: Final = ("a GIF of one frame is written as PNG",)
_MAX_BLOCKS: Final = 1_000_000  # at 255 bytes each more than any file; a hostile one has a byte in each


@dataclass(slots=True)
class _Walk:
    budget: MetadataBudget
    decodable: list[bytes] = field(default_factory=list)
    control: bytes = b""
    frames: int = 0
    blocks: int = 0
    size: tuple[int, int] = (0, 0)
    comments: list[bytes] = field(default_factory=list)
    xmp: bytes | None = None
    icc: bytes | None = None


def read(data: bytes, limits: ImageLimits) -> Container:
    """`extras` are PNG chunks, because PNG is what a GIF is written as. Raises UnreadableImage, TooLarge."""
    walk = _Walk(MetadataBudget(limits))
    width, height, flags = struct.unpack_from("<HHB", piece(data, 6, 7))
    limits.check_size(width, height)
    walk.size = (width, height)
    at = 13 + table_size(flags)
    walk.decodable.append(piece(data, 0, at))
    while (kind := piece(data, at, 1)[0]) != _TRAILER:
        if kind == _IMAGE:
            at = _take_image(walk, data, at)
            limits.check_frames(walk.frames)
        elif kind == _EXTENSION:
            at = _take_extension(walk, data, at)
        else:
            raise damaged("a block has an unknown kind")
    if not walk.frames:
        raise damaged("it has no image data")
    limits.check_size(*walk.size)
    return replace(
        _container(walk),
        notes=(*(_AS_PNG if walk.frames == 1 else ()), *sniff.trailing_note(data[at + 1 :])),
    )


def _container(walk: _Walk) -> Container:
    return Container(
        format="GIF",
        media_type="image/gif",
        width=walk.size[0],
        height=walk.size[1],
        decodable=b"".join(walk.decodable) + bytes([_TRAILER]),
        frames=walk.frames,
        xmp=walk.xmp,
        icc=walk.icc,
        extras=tuple(png.text_chunk(b"Comment", _as_utf8(comment)) for comment in walk.comments),
    )


def table_size(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def blocks(data: bytes, at: int) -> Iterator[int]:
    """The offset after each block before the trailer, the first of them starting at `at`. Raises UnreadableImage."""
    count = 0
    while (kind := piece(data, at, 1)[0]) != _TRAILER:
        if kind == _IMAGE:
            at += 11 + table_size(piece(data, at + 9, 1)[0])
        elif kind == _EXTENSION:
            at += 2
        else:
            raise damaged("a block has an unknown kind")
        while size := piece(data, at, 1)[0]:
            at += 1 + size
            count += 1
        count += 1
        if count > _MAX_BLOCKS:
            raise damaged("it has too many blocks")
        at += 1
        yield at


def _sub_blocks(walk: _Walk, data: bytes, at: int) -> int:
    """The offset after a chain of sub-blocks."""
    while size := piece(data, at, 1)[0]:
        at += 1 + size
        walk.blocks += 1
        if walk.blocks > _MAX_BLOCKS:
            raise damaged("it has too many blocks")
    return at + 1


def _joined(chain: bytes) -> bytes:
    """The bytes that a chain of sub-blocks holds."""
    parts = []
    at = 0
    while size := chain[at]:
        parts.append(chain[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts)


def _take_image(walk: _Walk, data: bytes, at: int) -> int:
    left, top, width, height, flags = struct.unpack("<HHHHB", piece(data, at + 1, 9))
    if not width or not height:
        raise damaged("a frame has no pixels")
    end = _sub_blocks(walk, data, at + 10 + table_size(flags) + 1)
    if not walk.frames:
        # A frame may stick out of the screen that the header names; the decoder makes room for it.
        walk.size = (max(walk.size[0], left + width), max(walk.size[1], top + height))
        walk.decodable += [walk.control, data[at:end]]
    walk.frames += 1
    return end


def _take_extension(walk: _Walk, data: bytes, at: int) -> int:
    label = piece(data, at + 1, 1)[0]
    end = _sub_blocks(walk, data, at + 2)
    if label == _GRAPHIC_CONTROL:
        walk.control = data[at:end]
    elif label == _COMMENT:
        walk.budget.spend(end - at)
        walk.comments.append(_joined(data[at + 2 : end]))
    elif label == _APPLICATION:
        _take_application(walk, data[at + 3 : at + 14], data[at + 14 : end])
    return end


def _take_application(walk: _Walk, name: bytes, chain: bytes) -> None:
    if name == _XMP and walk.xmp is None and len(chain) > _XMP_TRAILER:
        walk.budget.spend(len(chain))
        walk.xmp = chain[: -_XMP_TRAILER - 1]
    elif name == _ICC and walk.icc is None:
        walk.budget.spend(len(chain))
        walk.icc = _joined(chain)


def _as_utf8(text: bytes) -> bytes:
    """The standard says 7-bit ASCII; what people write is UTF-8 or Latin-1."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode("utf-8")
    return text.replace(b"\x00", b" ")
