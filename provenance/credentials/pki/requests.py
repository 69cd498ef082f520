"""Certificate requests (PKCS #10, RFC 2986) that fit the claim-signing profile, for a CA on the C2PA trust list."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from provenance.credentials.pki.profiles import leaf_extensions, signature_hash


def claim_request(key: ec.EllipticCurvePrivateKey, subject: x509.Name, *, cpl_record: str | None = None) -> bytes:
    """PEM. The subject must be the product's entry on the Conforming Products List, and `cpl_record` its UUID.

    Asks for what the profile "Claim Signing Leaf, assurance level 1" requires of a request; addresses and identifiers
    are the CA's to add. Raises InvalidRequest on a malformed UUID.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in leaf_extensions(cpl_record):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, signature_hash(key.curve)).public_bytes(Encoding.PEM)
