"""Image file directories: the tag lists of TIFF 6.0, section 2, which EXIF uses too."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provenance.adapters.images.container import damaged, piece

# Bytes of one value, by field type (TIFF 6.0 page 15; 13 is IFD, TIFF Technical Note 1).
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
# The unit that a change of byte order turns around: a rational is two LONGs.
_WORDS: Final = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}
_INTEGERS: Final = {1: "B", 3: "H", 4: "I", 13: "I"}

SHORT: Final = 3
LONG: Final = 4


@dataclass(frozen=True, slots=True)
class Tag:
    """One directory entry. `entry` is the offset of its 12 bytes, `at` the offset of its `size` value bytes."""

    code: int
    type: int
    count: int
    entry: int
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Directory:
    """`next_at` is the offset of the pointer to the next directory."""

    tags: dict[int, Tag]
    next_at: int


class TiffStructure:
    """Random access to a TIFF structure: a TIFF file, or the body of an EXIF block. Raises UnreadableImage."""

    def __init__(self, data: bytes) -> None:
        if data[:4] not in (b"II*\x00", b"MM\x00*"):
            raise damaged("a TIFF header is missing")
        self.data = data
        self.order = "<" if data[:2] == b"II" else ">"

    def first(self) -> int:
        """The offset of the first directory."""
        return self.number(4, "I")

    def number(self, at: int, code: str) -> int:
        raw = piece(self.data, at, struct.calcsize(code))
        return int(struct.unpack(self.order + code, raw)[0])

    def directory(self, offset: int) -> Directory:
        """The directory at `offset`. Of a tag that stands twice the first counts; unknown field types are skipped."""
        count = self.number(offset, "H")
        tags: dict[int, Tag] = {}
        for entry in range(offset + 2, offset + 2 + 12 * count, 12):
            tag = self._tag(entry)
            if tag is not None:
                tags.setdefault(tag.code, tag)
        return Directory(tags, offset + 2 + 12 * count)

    def chain(self, limit: int) -> Iterator[int]:
        """Offsets of the first directory and those that it links to, at most `limit`. A loop is an error.

        The tags are not read: directories may overlap, and thousands of them could share the same 65,535 entries.
        """
        seen: set[int] = set()
        offset = self.first()
        while offset and len(seen) < limit:
            if offset in seen:
                raise damaged("its pages form a loop")
            seen.add(offset)
            yield offset
            offset = self.number(offset + 2 + 12 * self.number(offset, "H"), "I")

    def raw(self, tag: Tag) -> bytes:
        return piece(self.data, tag.at, tag.size)

    def integers(self, tag: Tag) -> tuple[int, ...]:
        """The values of a BYTE, SHORT, LONG or IFD field."""
        code = _INTEGERS.get(tag.type)
        if code is None:
            raise damaged(f"tag {tag.code} is not a whole number")
        return struct.unpack(f"{self.order}{tag.count}{code}", self.raw(tag))

    def integer(self, directory: Directory, code: int, default: int | None = None) -> int:
        """The first value of a tag. Raises UnreadableImage when it is missing and there is no default."""
        tag = directory.tags.get(code)
        if tag is None or tag.count == 0:
            if default is None:
                raise damaged(f"tag {code} is missing")
            return default
        return self.integers(tag)[0]

    def little(self, tag: Tag) -> bytes:
        """The value bytes in little-endian order."""
        raw = self.raw(tag)
        word = _WORDS.get(tag.type, 1)
        if self.order == "<" or word == 1:
            return raw
        return b"".join(raw[at : at + word][::-1] for at in range(0, len(raw), word))

    def _tag(self, entry: int) -> Tag | None:
        code, kind, count = struct.unpack(self.order + "HHI", piece(self.data, entry, 8))
        if kind not in _SIZES:
            return None
        size = _SIZES[kind] * count
        at = entry + 8 if size <= 4 else self.number(entry + 8, "I")
        return Tag(code, kind, count, entry, at, size)
