"""Certificates that check with somebody else's tools: W3C Verifiable Credentials 2.0 secured by eddsa-jcs-2022.

Pure: documents, keys and times in; documents or typed errors out. Described in docs/certificate.md.
"""

from provenance.credentials.canonical import certificate_hash
from provenance.credentials.vc.claims import CertificateClaims, LicenceFacts, issue, issue_licence
from provenance.credentials.vc.dids import VerificationKey, did_document, did_key, did_web, jwks, method_id
from provenance.credentials.vc.pins import pinned_did_document, pinned_jwks, pinned_key
from provenance.credentials.vc.receipts import MerkleReceipt, bundle
from provenance.credentials.vc.trust import TrustedKeys
from provenance.credentials.vc.verification import Content, ContentMatch, Outcome, Step, Verification, verify

__all__ = [
    "CertificateClaims",
    "Content",
    "ContentMatch",
    "LicenceFacts",
    "MerkleReceipt",
    "Outcome",
    "Step",
    "TrustedKeys",
    "Verification",
    "VerificationKey",
    "bundle",
    "certificate_hash",
    "did_document",
    "did_key",
    "did_web",
    "issue",
    "issue_licence",
    "jwks",
    "method_id",
    "pinned_did_document",
    "pinned_jwks",
    "pinned_key",
    "verify",
]
