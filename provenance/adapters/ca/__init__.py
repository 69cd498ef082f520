"""A certificate authority in a folder: root, issuing CAs, claim signer, OCSP responder, time-stamping. docs/pki.md."""

from provenance.adapters.ca.folder import CaFolder, ClaimKey
from provenance.adapters.ca.issuing import LeafOptions
from provenance.adapters.ca.register import Issued, Register
from provenance.adapters.ca.safe import Lock
from provenance.adapters.ca.signing import HeldKey, KeySigner
from provenance.adapters.ca.stapling import Stapler

__all__ = ["CaFolder", "ClaimKey", "HeldKey", "Issued", "KeySigner", "LeafOptions", "Lock", "Register", "Stapler"]
