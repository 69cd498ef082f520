"""Which root a signer hangs on. c2pa-rs has one list of roots for claims and time-stamps alike; we keep them apart."""

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from provenance.core.errors import MalformedManifest, Misconfigured

_MAX_CHAIN: Final = 10


class Anchors:
    """`claims` and `time_stamps` are PEM bundles, empty ones among them. Raises Misconfigured for anything else."""

    def __init__(self, claims: Sequence[str] = (), time_stamps: Sequence[str] = ()) -> None:
        self.claims = tuple(bundle for bundle in claims if bundle.strip())
        self.all = tuple(dict.fromkeys((*self.claims, *(bundle for bundle in time_stamps if bundle.strip()))))
        self._roots = [root for bundle in self.claims for root in _certificates(bundle)]
        for bundle in self.all:
            _certificates(bundle)

    @property
    def apart(self) -> bool:
        """False where every root may vouch for claims."""
        return self.all != self.claims

    def vouch_for(self, chain: Sequence[bytes]) -> bool:
        """True when the leaf, `chain[0]`, hangs on a root for claims. Validity and purposes were checked before."""
        try:
            certificates = [x509.load_der_x509_certificate(item) for item in chain[:_MAX_CHAIN]]
        except ValueError as error:
            raise MalformedManifest("a certificate of the manifest can't be read") from error
        current = certificates[0] if certificates else None
        for _ in certificates:
            if current is None or any(_issued(current, root) for root in self._roots):
                return current is not None
            current = next((item for item in certificates[1:] if _issued(current, item)), None)
        return False


def _certificates(bundle: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(bundle.encode())
    except ValueError as error:
        raise Misconfigured("a list of trusted C2PA roots holds no PEM certificates") from error


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """The issuer signed it; a root that is given as its own leaf vouches for itself."""
    if certificate == issuer:
        return True
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
