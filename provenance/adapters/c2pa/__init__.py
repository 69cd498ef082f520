"""C2PA through c2pa-python (the `ManifestSigner` and `ManifestReader` ports). See docs/c2pa.md."""

from provenance.adapters.c2pa.reader import C2paReader
from provenance.adapters.c2pa.signer import C2paSigner

__all__ = ["C2paReader", "C2paSigner"]
