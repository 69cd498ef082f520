"""Where private keys live: encrypted files in a key folder, memory for tests. See docs/certificate.md, "Keys"."""

from provenance.adapters.keys.folder import KeyFolder, reseal
from provenance.adapters.keys.ring import Entry
from provenance.adapters.keys.sealed import InsecureKeyWarning
from provenance.adapters.keys.signers import EphemeralSigner, FileSigner

__all__ = ["Entry", "EphemeralSigner", "FileSigner", "InsecureKeyWarning", "KeyFolder", "reseal"]
