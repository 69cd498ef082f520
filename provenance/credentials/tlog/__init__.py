"""A transparency log that anybody can audit: RFC 6962 trees in C2SP's formats, and COSE receipts (`receipts`, on use).

Pure: bytes, keys and times in; bytes or typed errors out. Described in docs/log.md.
"""

from provenance.credentials.tlog.checkpoints import Checkpoint, open_checkpoint
from provenance.credentials.tlog.entries import (
    EntryKind,
    LogFact,
    grant_entry,
    log_entry,
    read_entry,
    registration_entry,
)
from provenance.credentials.tlog.notes import Note, SignatureLine, VerifierKey
from provenance.credentials.tlog.policies import Policy
from provenance.credentials.tlog.proofs import LogProof, Proven, verify_certificate_proof, verify_proof

__all__ = [
    "Checkpoint",
    "EntryKind",
    "LogFact",
    "LogProof",
    "Note",
    "Policy",
    "Proven",
    "SignatureLine",
    "VerifierKey",
    "grant_entry",
    "log_entry",
    "open_checkpoint",
    "read_entry",
    "registration_entry",
    "verify_certificate_proof",
    "verify_proof",
]
