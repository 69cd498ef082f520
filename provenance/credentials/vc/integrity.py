"""The `eddsa-jcs-2022` cryptosuite: W3C Data Integrity EdDSA Cryptosuites v1.0 (2025-05-15), section 3.3.

The signed bytes are SHA-256(JCS(proof configuration)) followed by SHA-256(JCS(document without its proof)).
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from provenance.core.ports import Signer
from provenance.credentials.canonical import canonical
from provenance.credentials.multiformats import SIGNATURE_BYTES, from_multibase, multibase

SUITE: Final = "eddsa-jcs-2022"
PROOF_TYPE: Final = "DataIntegrityProof"
PURPOSE: Final = "assertionMethod"


def hash_data(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> bytes:
    """The 64 bytes that are signed (sections 3.3.4 and 3.3.5). Neither argument holds a proof value."""
    return hashlib.sha256(canonical(configuration)).digest() + hashlib.sha256(canonical(document)).digest()


def secure(document: Mapping[str, Any], *, signer: Signer, created: str) -> dict[str, Any]:
    """The document with its proof (section 3.3.1). `created` is an XML Schema dateTimeStamp."""
    configuration: dict[str, Any] = {
        "type": PROOF_TYPE,
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": signer.key_id,
        "proofPurpose": PURPOSE,
    }
    if "@context" in document:
        configuration["@context"] = document["@context"]
    signature = signer.sign(hash_data(document, configuration))
    return {**document, "proof": {**configuration, "proofValue": multibase(signature)}}


def signed_parts(secured: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The bytes that were signed, and the signature (section 3.3.2). Raises ValueError on a proof value of no use."""
    configuration = dict(secured["proof"])
    signature = from_multibase(configuration.pop("proofValue"))
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError("an Ed25519 signature has 64 bytes")
    document = {name: value for name, value in secured.items() if name != "proof"}
    return hash_data(document, configuration), signature
