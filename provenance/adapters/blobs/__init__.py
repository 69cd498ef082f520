"""Content-addressed files (the `Blobs` port) over fsspec: a local folder, memory, or an object store."""

from provenance.adapters.blobs.fsspec_blobs import FsspecBlobs

__all__ = ["FsspecBlobs"]
