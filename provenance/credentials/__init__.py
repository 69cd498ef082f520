"""Certificates that check with somebody else's tools: W3C Verifiable Credentials 2.0 secured by eddsa-jcs-2022.

Pure: documents, keys and times in; documents or typed errors out. Described in docs/certificate.md.
"""

from provenance.credentials.canonical import certificate_hash
from provenance.credentials.vc.claims import (
    CertificateClaims,
    LicenceFacts,
    ManifestLink,
    SoftBinding,
    issue,
    issue_licence,
)
from provenance.credentials.vc.dids import VerificationKey, did_document, did_key, did_web, jwks, method_id
from provenance.credentials.vc.findings import (
    Content,
    ContentMatch,
    LogFinding,
    Outcome,
    Step,
    Supplied,
    Verification,
)
from provenance.credentials.vc.jwt import issue_jwt
from provenance.credentials.vc.pins import pinned_did_document, pinned_jwks, pinned_key
from provenance.credentials.vc.receipts import MerkleReceipt, bundle
from provenance.credentials.vc.statuslist import LIST_BITS, ListFacts, issue_status_list, list_url
from provenance.credentials.vc.trust import TrustedKeys
from provenance.credentials.vc.verification import verify

__all__ = [
    "LIST_BITS",
    "CertificateClaims",
    "Content",
    "ContentMatch",
    "LicenceFacts",
    "ListFacts",
    "LogFinding",
    "ManifestLink",
    "MerkleReceipt",
    "Outcome",
    "SoftBinding",
    "Step",
    "Supplied",
    "TrustedKeys",
    "Verification",
    "VerificationKey",
    "bundle",
    "certificate_hash",
    "did_document",
    "did_key",
    "did_web",
    "issue",
    "issue_jwt",
    "issue_licence",
    "issue_status_list",
    "jwks",
    "list_url",
    "method_id",
    "pinned_did_document",
    "pinned_jwks",
    "pinned_key",
    "verify",
]
