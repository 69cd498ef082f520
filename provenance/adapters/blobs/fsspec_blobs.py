"""The `Blobs` port over fsspec."""

import errno
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from provenance.adapters.blobs import durable
from provenance.core.errors import Misconfigured, NotFound, ProvenanceError, Unavailable

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_REASONS: Final = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EROFS: ("the file system is read-only", "mount it writable"),
    errno.EACCES: ("the permissions forbid it", "give the service's user access to the folder"),
    errno.EPERM: ("the permissions forbid it", "give the service's user access to the folder"),
    errno.ENOTDIR: ("a file is in the way of the folder", "choose another folder"),
    errno.EIO: ("the disk reports an input/output error", "check the disk"),
}


class FsspecBlobs:
    """Files named by their sha256, under `url`: a path or file://, memory://, s3://bucket/prefix, or any fsspec URL.

    Layout: `ab/cd/abcd...` by the digest's first four digits. On a local folder a `put` that returned has been synced
    to disk (`durable`); elsewhere the store's own promise holds. Every `get` checks the digest.
    """

    def __init__(self, url: str) -> None:
        """Raises Misconfigured for a URL that no installed file system serves, Unavailable."""
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise Misconfigured(f"no file system serves the blob URL {url!r}: {error}") from error
        self._root = root.rstrip("/")
        self._folder = Path(root) if isinstance(self._files, LocalFileSystem) else None
        if self._folder is not None:
            with _clear_reasons("prepare the blob folder"):
                durable.make_root(self._folder)
                durable.sweep(self._folder)

    def put(self, data: bytes) -> str:
        """Store `data`; answers its sha256, 64 hex digits. Storing again changes nothing, but repairs a damaged copy.

        Raises Unavailable.
        """
        digest = hashlib.sha256(data).hexdigest()
        with _clear_reasons("store a blob"):
            if not self._has(digest, len(data)):
                self._write(digest, data)
            elif self._folder is not None:
                durable.settle(self._folder, _relative(digest))
        return digest

    def get(self, digest: str) -> bytes:
        """Raises NotFound (also for what is no digest); Unavailable, also when the stored bytes are damaged."""
        relative = _relative(digest)
        with _clear_reasons("read a blob"):
            try:
                data: bytes = self._files.cat_file(f"{self._root}/{relative.as_posix()}")
            except FileNotFoundError as error:
                raise NotFound(f"there is no blob {digest}") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise Unavailable(
                f"the stored blob {digest} is damaged: its bytes have another digest", hint="restore it from a backup"
            )
        return data

    def delete(self, digest: str) -> None:
        """Raises Unavailable, and NotFound for what is no digest."""
        relative = _relative(digest)
        with _clear_reasons("delete a blob"):
            if self._folder is not None:
                durable.remove(self._folder, relative)
                return
            with suppress(FileNotFoundError):
                self._files.rm_file(f"{self._root}/{relative.as_posix()}")

    def _has(self, digest: str, size: int) -> bool:
        """True when the blob is there. On a local folder its bytes are checked; an object store checks its own."""
        path = f"{self._root}/{_relative(digest).as_posix()}"
        if not self._files.exists(path):
            return False
        if self._folder is None:
            return bool(self._files.size(path) == size)
        return hashlib.sha256(self._files.cat_file(path)).hexdigest() == digest

    def _write(self, digest: str, data: bytes) -> None:
        relative = _relative(digest)
        if self._folder is not None:
            durable.write(self._folder, relative, data)
        else:
            path = f"{self._root}/{relative.as_posix()}"
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(path, data)


def _relative(digest: str) -> Path:
    """The place of a digest. Only 64 hex digits get one, so no digest can lead out of the folder."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound(f"{digest[:80]!r} is not a blob's digest", hint="a digest has 64 lower-case hex digits")
    return Path(digest[:2], digest[2:4], digest)


@contextmanager
def _clear_reasons(action: str) -> Iterator[None]:
    """Whatever a file system raises (each object store has its own tree) becomes Unavailable with a reason."""
    try:
        yield
    except ProvenanceError:
        raise
    except OSError as error:
        reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), None))
        raise Unavailable(f"cannot {action}: {reason}", hint=hint) from error
    except Exception as error:
        raise Unavailable(f"cannot {action}: {type(error).__name__}: {error}") from error
