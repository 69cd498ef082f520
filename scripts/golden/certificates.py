"""Golden certificates: valid ones, and ones with one defect each, named by it.

Deterministic: keys come from fixed seeds, so the same program writes the same bytes.
"""

import copy
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from provenance.adapters.keys import EphemeralSigner, InsecureKeyWarning
from provenance.core.types import StatusPlace, WorkId
from provenance.credentials import (
    CertificateClaims,
    ManifestLink,
    SoftBinding,
    VerificationKey,
    bundle,
    certificate_hash,
    did_document,
    issue,
    issue_licence,
)
from provenance.credentials.vc import shapes
from provenance.credentials.vc.integrity import secure
from provenance.credentials.vc.merkle import MerkleBatch
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from provenance.licensing import LicenceClaims, template

NOW: Final = datetime(2026, 11, 21, 20, 0, 0, tzinfo=UTC)
ISSUER: Final = "did:web:art.example"
WORK: Final = WorkId(0x0123456789ABCDEF)
YEAR: Final = timedelta(days=365)
BASE_URL: Final = "https://art.example"
PLACE: Final = StatusPlace(BASE_URL, 131_072 + 77)  # in the second list
MANIFEST_ID: Final = "urn:c2pa:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d"
MANIFEST: Final = b"\0\0\0\x18jumb these bytes stand for a manifest store"

Document = dict[str, Any]
Change = Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """A golden file with one defect, and what must be said of it. `part`: the verifier is given the file as the
    certificate, or beside `valid.json` as a status list or as the manifest store."""

    data: bytes
    error: str
    step: int
    part: str = "certificate"
    suffix: str = "json"
    said: Mapping[str, object] = field(init=False)

    def __post_init__(self) -> None:
        told = {"error": self.error, "step": self.step, "part": self.part, "suffix": self.suffix}
        usual = {"part": "certificate", "suffix": "json"}
        object.__setattr__(self, "said", {name: v for name, v in told.items() if usual.get(name) != v})


def signer(seed: int, did: str | None = ISSUER) -> EphemeralSigner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyWarning)
        return EphemeralSigner(did=did, seed=bytes([seed]) * 32)


CURRENT: Final = signer(1)
RETIRED: Final = signer(2)
REVOKED: Final = signer(3)
STRANGER: Final = signer(4, did="did:web:stranger.example")


def did_json() -> Document:
    """What the verifier pins."""
    keys = [
        VerificationKey(REVOKED.public_key, REVOKED.key_id, revoked=NOW - 2 * YEAR),
        VerificationKey(RETIRED.public_key, RETIRED.key_id, valid_until=NOW - YEAR),
        VerificationKey(CURRENT.public_key, CURRENT.key_id),
    ]
    return did_document(ISSUER, keys)


def claims(serial: int = 1) -> CertificateClaims:
    return CertificateClaims(
        work_id=WORK,
        source_sha256="a1" * 32,
        source_pixels_sha256="a2" * 32,
        marked_sha256="b1" * 32,
        marked_pixels_sha256="b2" * 32,
        media_type="image/png",
        width=1024,
        height=768,
        mark_alg="lattice-1",
        mark_key_id="wm-0011223344",
        fingerprint_models=("sha256", "phash-64", "lite0-256"),
        digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
        terms_slug="personal",
        terms_hash=template("personal").hash,
        recipe_hash="c1" * 32,
        iscc="ISCC:KEC43HJLPUSHVAZT66YLPUWNVACWYPIV533TRQMWF2IUQYSP5LA4CTY",
        soft_bindings=(SoftBinding("art.provenance.lattice.1", "ASNFZ4mrze8="),),
        manifest=ManifestLink.of(MANIFEST_ID, MANIFEST),
        status=PLACE,
        id=UUID(int=serial),
    )


def certificate(by: EphemeralSigner = CURRENT, *, start: datetime = NOW, serial: int = 1) -> Document:
    issuer = by.key_id.partition("#")[0]
    return issue(claims(serial), signer=by, issuer=issuer, valid_from=start, valid_until=start + 10 * YEAR)


def certificate_1_0() -> Document:
    """As version 1.0 had it: such certificates are in the world, and verify for ever."""
    document = certificate()
    for name in ("proof", "credentialStatus", "relatedResource"):
        del document[name]
    for name in ("iscc", "softBindings"):
        del document["credentialSubject"][name]
    document |= {"certificateVersion": "1.0", "@context": shapes.CONTEXTS["1.0"]}
    return secure(document, signer=CURRENT, created=document["validFrom"])


def licence() -> Document:
    facts = LicenceClaims(
        grant_id="grt_0011",
        work_id=WORK,
        work_certificate_hash=certificate_hash(certificate()),
        licensee="did:web:buyer.example",
        terms_slug="commercial",
        terms_hash=template("commercial").hash,
        marked_sha256="b1" * 32,
        status=StatusPlace(BASE_URL, PLACE.index + 1),
        id=UUID(int=2),
    )
    return issue_licence(facts, signer=CURRENT, issuer=ISSUER, valid_from=NOW, valid_until=NOW + YEAR)


def bundled() -> Document:
    """The certificate in a batch of five: an odd leaf is promoted on the way."""
    leaf = (WORK, bytes.fromhex(certificate_hash(certificate())))
    batch = MerkleBatch([leaf, *((WorkId(number), bytes([number]) * 32) for number in range(1, 5))])
    entry = {
        "type": "MerkleAnchorReceipt",
        "chainId": 31337,
        "contract": "0x" + "5f" * 20,
        "publisher": "0x" + "f3" * 20,
        "root": "0x" + batch.root.hex(),
        "leafCount": len(batch),
        "path": ["0x" + node.hex() for node in batch.path(leaf)],
        "txHash": "0x" + "77" * 32,
        "blockNumber": 7,
    }
    return bundle(certificate(), [entry])


def altered(document: Document, change: Change) -> Document:
    """The document after a change that its signature does not cover."""
    document = copy.deepcopy(document)
    change(document)
    return document


def resigned(change: Change, by: EphemeralSigner = CURRENT) -> Document:
    """The certificate with the change inside the signature: only the change itself is wrong."""
    unsigned = altered(certificate(), change)
    created = unsigned.pop("proof")["created"]
    return secure(unsigned, signer=by, created=created)


def put(*path: str | int, to: Any) -> Change:
    def change(document: Document) -> None:
        at: Any = document
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = to

    return change


def _swap_proof(document: Document) -> None:
    document["proof"] = certificate(serial=9)["proof"]


def _claim_current_key(document: Document) -> None:
    document["proof"]["verificationMethod"] = CURRENT.key_id
    document["issuer"] = ISSUER


def text(document: Document) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _unreadable() -> dict[str, bytes]:
    good = text(certificate())
    return {
        "truncated": good[: len(good) // 2],
        "duplicate-key": good.replace(b' "issuer"', b' "issuer": "did:web:stranger.example",\n "issuer"'),
        "not-utf8": good.replace(b"image/png", b"image/\xff"),
        "not-an-object": b"[" + good + b"]",
        "not-a-number": good.replace(b"1024", b"NaN"),
        "too-deep": b'{"type":' * 40 + b"1" + b"}" * 40,
    }


def _misshapen() -> dict[str, Document]:
    return {
        "missing-field": resigned(lambda document: document["credentialSubject"].pop("mark")),
        "prompt-inside": resigned(put("credentialSubject", "prompt", to="a cat in the style of")),
        "unknown-source-type": resigned(put("credentialSubject", "digitalSourceType", to="http://example.org/real")),
        "width-as-text": resigned(put("credentialSubject", "width", to="1024")),
        "foreign-context": resigned(put("@context", 1, to="https://stranger.example/context")),
        "email-licensee": altered(licence(), put("credentialSubject", "licensee", to="ada@example.org")),
        "status-in-1.0": altered(certificate_1_0(), put("credentialStatus", to=certificate()["credentialStatus"])),
        "status-without-suspension": resigned(put("credentialStatus", to=certificate()["credentialStatus"][:1])),
        "status-index-as-number": resigned(put("credentialStatus", 0, "statusListIndex", to=77)),
        "manifest-link-sha1": resigned(put("relatedResource", 0, "digestSRI", to="sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")),
        "soft-binding-not-base64": resigned(put("credentialSubject", "softBindings", 0, "value", to="ASNFZ4mrze9=")),
        "log-proof-not-text": altered(bundled(), put("logProof", to=["c2sp.org/tlog-proof@v1"])),
        "receipt-unknown-field": altered(bundled(), put("receipts", 0, "note", to="hello")),
    }


def _untrusted() -> dict[str, Document]:
    return {
        "unknown-signer": certificate(STRANGER),
        "issuer-mismatch": resigned(put("issuer", to="did:web:stranger.example")),
        "retired-key": certificate(RETIRED),
        "revoked-key": certificate(REVOKED, start=NOW - 3 * YEAR),
    }


def _badly_signed() -> dict[str, Document]:
    good = certificate()
    return {
        "wrong-key": altered(certificate(STRANGER), _claim_current_key),
        "altered-field": altered(good, put("credentialSubject", "contentHash", "marked", to="d1" * 32)),
        "altered-date": altered(good, put("validUntil", to="2099-01-01T00:00:00Z")),
        "swapped-manifest-link": altered(good, put("relatedResource", 0, "id", to=MANIFEST_ID[:-1] + "0")),
        "swapped-status-place": altered(good, put("credentialStatus", 0, "statusListIndex", to="78")),
        "swapped-proof": altered(good, _swap_proof),
        "short-signature": altered(good, put("proof", "proofValue", to=good["proof"]["proofValue"][:-8])),
    }


def _unanchored() -> dict[str, Document]:
    return {
        "receipt-wrong-root": altered(bundled(), put("receipts", 0, "root", to="0x" + "00" * 32)),
        "receipt-wrong-path": altered(bundled(), put("receipts", 0, "path", 0, to="0x" + "00" * 32)),
        "receipt-of-another": altered(bundled(), put("certificate", to=certificate(serial=9))),
        "receipt-path-too-long": altered(bundled(), put("receipts", 0, "leafCount", to=2)),
    }


def _others() -> dict[str, tuple[Document, str, int]]:
    good = certificate()
    late = secure(_unsigned(good), signer=CURRENT, created="2027-01-01T00:00:00Z")
    return {
        "unknown-version": (resigned(put("certificateVersion", to="9.0")), "UnsupportedVersion", 2),
        "unknown-type": (resigned(put("type", to=["VerifiableCredential", "Alumni"])), "UnsupportedVersion", 2),
        "unknown-suite": (altered(good, put("proof", "cryptosuite", to="eddsa-rdfc-2022")), "UnsupportedVersion", 3),
        "unknown-proof-type": (altered(good, put("proof", "type", to="JwsProof")), "UnsupportedVersion", 3),
        "wrong-purpose": (altered(good, put("proof", "proofPurpose", to="authentication")), "MalformedCertificate", 3),
        "context-not-covered": (
            altered(good, put("proof", "@context", to=good["@context"][:1])),
            "MalformedCertificate",
            3,
        ),
        "expired": (certificate(RETIRED, start=NOW - 11 * YEAR), "Expired", 6),
        "not-yet-valid": (certificate(start=NOW + YEAR), "NotYetValid", 6),
        "proof-from-future": (late, "NotYetValid", 6),
    }


def defects() -> dict[str, Defect]:
    """Defects of the certificate itself and of its receipts, by name."""
    return {
        **{name: Defect(data, "MalformedCertificate", 1) for name, data in _unreadable().items()},
        **{name: Defect(text(document), "MalformedCertificate", 2) for name, document in _misshapen().items()},
        **{name: Defect(text(document), error, step) for name, (document, error, step) in _others().items()},
        **{name: Defect(text(document), "UntrustedSigner", 4) for name, document in _untrusted().items()},
        **{name: Defect(text(document), "InvalidSignature", 5) for name, document in _badly_signed().items()},
        **{name: Defect(text(document), "ReceiptMismatch", 8) for name, document in _unanchored().items()},
    }


def _unsigned(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "proof"}
