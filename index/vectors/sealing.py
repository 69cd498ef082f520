"""One sealed generation as files: `.npy` for arrays, `.bin` for bytes, a manifest that vouches for them and itself."""

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_CHUNK: Final = 1 << 20


class DamagedGeneration(ValueError):
    """A generation's files are not what its manifest says, or its manifest is not whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """What was sealed. `arrays` are read-only memory maps, `blobs` bytes; `checkpoint` is the last sequence in it."""

    name: str
    checkpoint: int
    models: tuple[str, ...]
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    blobs: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    file: str
    bytes: int
    crc32: int

    @property
    def is_array(self) -> bool:
        return self.file.endswith(".npy")


def check_names(arrays: Mapping[str, NDArray[np.generic] | bytes]) -> None:
    """Raises ValueError on a name that is no plain file name, and on arrays that would need pickle."""
    for name, value in arrays.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a name: lower-case letters, digits and . _ - only")
        if not isinstance(value, bytes) and np.asarray(value).dtype.hasobject:
            raise ValueError(f"{name} holds Python objects, which are not written")


def write_generation(
    folder: Path, arrays: Mapping[str, NDArray[np.generic] | bytes], *, checkpoint: int, models: Sequence[str]
) -> None:
    """Write every file and the manifest, each fsynced, and fsync the folder. Raises OSError."""
    folder.mkdir()
    entries = [_write_entry(folder, name, value) for name, value in arrays.items()]
    body = {
        "format": FORMAT,
        "checkpoint": int(checkpoint),
        "models": list(models),
        "files": [{"name": e.name, "file": e.file, "bytes": e.bytes, "crc32": e.crc32} for e in entries],
    }
    text = _canonical(body)
    write_file(folder / MANIFEST, _canonical({"body": body, "crc32": zlib.crc32(text)}) + b"\n")
    fsync_folder(folder)


def read_generation(folder: Path) -> Generation:
    """Check and map a generation. Raises DamagedGeneration, or OSError where a file can't be read."""
    body = _read_manifest(folder / MANIFEST)
    try:
        entries = [_Entry(**entry) for entry in body["files"]]
        checkpoint, models = int(body["checkpoint"]), tuple(str(model) for model in body["models"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedGeneration(f"its manifest lacks a field: {error}") from error
    for entry in entries:
        _check_file(folder / entry.file, entry)
    arrays = {entry.name: _map(folder / entry.file) for entry in entries if entry.is_array}
    blobs = {entry.name: (folder / entry.file).read_bytes() for entry in entries if not entry.is_array}
    return Generation(folder.name, checkpoint, models, MappingProxyType(arrays), MappingProxyType(blobs))


def write_file(path: Path, data: bytes) -> None:
    """Write and fsync. Raises OSError."""
    with path.open("wb") as file:
        file.write(data)
        _sync(file)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a rename is not, before its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Checksummed:
    """A file that counts and sums what is written to it, so that nothing is read back to seal it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0
        self.crc32 = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.bytes += len(data)
        self.crc32 = zlib.crc32(data, self.crc32)
        return len(data)


def _write_entry(folder: Path, name: str, value: NDArray[np.generic] | bytes) -> _Entry:
    file_name = f"{name}.bin" if isinstance(value, bytes) else f"{name}.npy"
    with (folder / file_name).open("xb") as file:
        target = _Checksummed(file)
        if isinstance(value, bytes):
            target.write(value)
        else:
            np.lib.format.write_array(target, np.asarray(value), allow_pickle=False)
        _sync(file)
    return _Entry(name, file_name, target.bytes, target.crc32)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(path.read_bytes())
        body, crc32 = whole["body"], whole["crc32"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedGeneration(f"its manifest is not whole: {error}") from error
    if not isinstance(body, dict) or zlib.crc32(_canonical(body)) != crc32:
        raise DamagedGeneration("its manifest was changed")
    if body.get("format") != FORMAT:
        raise DamagedGeneration(f"its format is {body.get('format')}, this program reads {FORMAT}")
    return body


def _check_file(path: Path, entry: _Entry) -> None:
    size = path.stat().st_size
    if size != entry.bytes:
        raise DamagedGeneration(f"{entry.file} has {size} bytes instead of {entry.bytes}")
    crc32 = 0
    for chunk in _chunks(path):
        crc32 = zlib.crc32(chunk, crc32)
    if crc32 != entry.crc32:
        raise DamagedGeneration(f"{entry.file} was changed: its CRC-32 is {crc32:08x} instead of {entry.crc32:08x}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _map(path: Path) -> NDArray[Any]:
    """A read-only memory map; an array without elements can't be mapped and is read."""
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape = reader(file)[0]
        array = np.load(path, mmap_mode=None if 0 in shape else "r", allow_pickle=False)
    except ValueError as error:
        raise DamagedGeneration(f"{path.name} is not an array: {error}") from error
    array.flags.writeable = False
    return np.asarray(array)
