"""A small PKI for tests, made by the profiles themselves, and OpenSSL as the judge."""

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.credentials.pki import ocsp, profiles, timestamps
from provenance.credentials.pki.profiles import Issuer, Owner, Wanted

URL = "http://art.example"
CPL = "4e802d42-cad7-4dc3-a504-875bdf8b0b63"
OWNER = Owner("Blue Hour", "DE")

_serials = itertools.count(0x1000)


def key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def wanted(name: str, *, now: datetime, days: int, url: str | None = URL) -> Wanted:
    return Wanted(subject=OWNER.name(name), serial=next(_serials), now=now, days=days, url=url)


@dataclass(frozen=True)
class Pki:
    """One of each role, all begun at `now`."""

    now: datetime
    root: Issuer
    claim_ca: Issuer
    tsa_ca: Issuer
    leaf: Issuer
    ocsp: Issuer
    tsa: Issuer

    @property
    def responder(self) -> ocsp.Responder:
        return ocsp.Responder(self.claim_ca.certificate, self.ocsp.certificate, self.ocsp.key)

    @property
    def authority(self) -> timestamps.Authority:
        return timestamps.Authority(self.tsa.certificate, self.tsa.key, (self.tsa_ca.certificate,))

    def new_leaf(self, *, days: int = 365, url: str | None = URL, now: datetime | None = None) -> x509.Certificate:
        asked = wanted("Another Claim Signer", now=now or self.now, days=days, url=url)
        return profiles.claim_leaf(self.leaf.key.public_key(), asked, self.claim_ca, cpl_record=CPL)


def make_pki(now: datetime) -> Pki:
    above = key(ec.SECP384R1())
    root = Issuer(profiles.root(above, wanted("Root CA", now=now, days=profiles.ROOT_DAYS)), above)

    def issued(make: Callable[..., x509.Certificate], name: str, days: int, issuer: Issuer, *, ca: bool = False):
        own = key(ec.SECP384R1() if ca else None)
        return Issuer(make(own.public_key(), wanted(name, now=now, days=days), issuer), own)

    claim_ca = issued(profiles.claim_ca, "Claim CA", profiles.ISSUING_CA_DAYS, root, ca=True)
    tsa_ca = issued(profiles.tsa_ca, "TSA CA", profiles.TSA_CA_DAYS, root, ca=True)

    def leaf(public_key: ec.EllipticCurvePublicKey, asked: Wanted, issuer: Issuer) -> x509.Certificate:
        return profiles.claim_leaf(public_key, asked, issuer, cpl_record=CPL)

    return Pki(
        now,
        root,
        claim_ca,
        tsa_ca,
        leaf=issued(leaf, "Claim Signer", profiles.LEAF_DAYS, claim_ca),
        ocsp=issued(profiles.ocsp_responder, "OCSP Responder", profiles.OCSP_DAYS, claim_ca),
        tsa=issued(profiles.tsa_leaf, "Time-Stamp Authority", profiles.TSA_DAYS, tsa_ca),
    )


@cache
def pki_now() -> Pki:
    """As of this run, for tools that look at the system's clock."""
    return make_pki(datetime.now(UTC))


def openssl(*arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`openssl …`; its answer is in `stdout`, its complaints in `stderr`."""
    return subprocess.run(
        ["openssl", *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
