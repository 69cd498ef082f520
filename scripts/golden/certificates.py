"""Write tests/golden/certificates: valid documents, and documents with one defect each, named by it.

Deterministic: keys come from fixed seeds, so the same program writes the same bytes. Run it after a change of the
certificate's version, read the diff, and commit both:

    python scripts/golden/certificates.py
"""

import copy
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from provenance.adapters.keys import EphemeralSigner, InsecureKeyWarning
from provenance.core.types import WorkId
from provenance.credentials import (
    CertificateClaims,
    VerificationKey,
    bundle,
    certificate_hash,
    did_document,
    issue,
    issue_licence,
)
from provenance.credentials.vc.integrity import secure
from provenance.credentials.vc.merkle import MerkleBatch
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from provenance.licensing import LicenceClaims, template

FOLDER: Final = Path(__file__).parents[2] / "tests" / "golden" / "certificates"
NOW: Final = datetime(2026, 11, 21, 20, 0, 0, tzinfo=UTC)
ISSUER: Final = "did:web:art.example"
WORK: Final = WorkId(0x0123456789ABCDEF)
YEAR: Final = timedelta(days=365)

Document = dict[str, Any]
Change = Callable[[Document], None]


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
        id=UUID(int=serial),
    )


def certificate(by: EphemeralSigner = CURRENT, *, start: datetime = NOW, serial: int = 1) -> Document:
    issuer = by.key_id.partition("#")[0]
    return issue(claims(serial), signer=by, issuer=issuer, valid_from=start, valid_until=start + 10 * YEAR)


def licence() -> Document:
    facts = LicenceClaims(
        grant_id="grt_0011",
        work_id=WORK,
        work_certificate_hash=certificate_hash(certificate()),
        licensee="did:web:buyer.example",
        terms_slug="commercial",
        terms_hash=template("commercial").hash,
        marked_sha256="b1" * 32,
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


def _set(*path: str | int, to: Any) -> Change:
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


def _text(document: Document) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _unreadable() -> dict[str, bytes]:
    text = _text(certificate())
    return {
        "truncated": text[: len(text) // 2],
        "duplicate-key": text.replace(b' "issuer"', b' "issuer": "did:web:stranger.example",\n "issuer"'),
        "not-utf8": text.replace(b"image/png", b"image/\xff"),
        "not-an-object": b"[" + text + b"]",
        "not-a-number": text.replace(b"1024", b"NaN"),
        "too-deep": b'{"type":' * 40 + b"1" + b"}" * 40,
    }


def _misshapen() -> dict[str, Document]:
    return {
        "missing-field": resigned(lambda document: document["credentialSubject"].pop("mark")),
        "prompt-inside": resigned(_set("credentialSubject", "prompt", to="a cat in the style of")),
        "unknown-source-type": resigned(_set("credentialSubject", "digitalSourceType", to="http://example.org/real")),
        "width-as-text": resigned(_set("credentialSubject", "width", to="1024")),
        "foreign-context": resigned(_set("@context", 1, to="https://stranger.example/context")),
        "email-licensee": altered(licence(), _set("credentialSubject", "licensee", to="ada@example.org")),
        "receipt-unknown-field": altered(bundled(), _set("receipts", 0, "note", to="hello")),
    }


def _untrusted() -> dict[str, Document]:
    return {
        "unknown-signer": certificate(STRANGER),
        "issuer-mismatch": resigned(_set("issuer", to="did:web:stranger.example")),
        "retired-key": certificate(RETIRED),
        "revoked-key": certificate(REVOKED, start=NOW - 3 * YEAR),
    }


def _badly_signed() -> dict[str, Document]:
    good = certificate()
    return {
        "wrong-key": altered(certificate(STRANGER), _claim_current_key),
        "altered-field": altered(good, _set("credentialSubject", "contentHash", "marked", to="d1" * 32)),
        "altered-date": altered(good, _set("validUntil", to="2099-01-01T00:00:00Z")),
        "swapped-proof": altered(good, _swap_proof),
        "short-signature": altered(good, _set("proof", "proofValue", to=good["proof"]["proofValue"][:-8])),
    }


def _unanchored() -> dict[str, Document]:
    return {
        "receipt-wrong-root": altered(bundled(), _set("receipts", 0, "root", to="0x" + "00" * 32)),
        "receipt-wrong-path": altered(bundled(), _set("receipts", 0, "path", 0, to="0x" + "00" * 32)),
        "receipt-of-another": altered(bundled(), _set("certificate", to=certificate(serial=9))),
        "receipt-path-too-long": altered(bundled(), _set("receipts", 0, "leafCount", to=2)),
    }


def _others() -> dict[str, tuple[Document, str, int]]:
    good = certificate()
    late = secure(_unsigned(good), signer=CURRENT, created="2027-01-01T00:00:00Z")
    return {
        "unknown-version": (resigned(_set("certificateVersion", to="9.0")), "UnsupportedVersion", 2),
        "unknown-type": (resigned(_set("type", to=["VerifiableCredential", "Alumni"])), "UnsupportedVersion", 2),
        "unknown-suite": (altered(good, _set("proof", "cryptosuite", to="eddsa-rdfc-2022")), "UnsupportedVersion", 3),
        "unknown-proof-type": (altered(good, _set("proof", "type", to="JwsProof")), "UnsupportedVersion", 3),
        "wrong-purpose": (altered(good, _set("proof", "proofPurpose", to="authentication")), "MalformedCertificate", 3),
        "context-not-covered": (
            altered(good, _set("proof", "@context", to=good["@context"][:1])),
            "MalformedCertificate",
            3,
        ),
        "expired": (certificate(RETIRED, start=NOW - 11 * YEAR), "Expired", 6),
        "not-yet-valid": (certificate(start=NOW + YEAR), "NotYetValid", 6),
        "proof-from-future": (late, "NotYetValid", 6),
    }


def defects() -> dict[str, tuple[bytes, str, int]]:
    """Name of the defect: the document, the error's class and the step that must refuse it."""
    return {
        **{name: (data, "MalformedCertificate", 1) for name, data in _unreadable().items()},
        **{name: (_text(document), "MalformedCertificate", 2) for name, document in _misshapen().items()},
        **{name: (_text(document), error, step) for name, (document, error, step) in _others().items()},
        **{name: (_text(document), "UntrustedSigner", 4) for name, document in _untrusted().items()},
        **{name: (_text(document), "InvalidSignature", 5) for name, document in _badly_signed().items()},
        **{name: (_text(document), "ReceiptMismatch", 8) for name, document in _unanchored().items()},
    }


def _unsigned(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "proof"}


def golden_files() -> dict[str, bytes]:
    """Every file of the folder by name."""
    broken = defects()
    expected = {name: {"error": error, "step": step} for name, (_, error, step) in broken.items()}
    return {
        "did.json": _text(did_json()),
        "expected.json": _text({"now": NOW.isoformat(), "defects": expected}),
        "valid.json": _text(certificate()),
        "valid-retired-key.json": _text(certificate(RETIRED, start=NOW - 2 * YEAR)),
        "valid-licence.json": _text(licence()),
        "valid-bundle.json": _text(bundled()),
        **{f"{name}.json": document for name, (document, _, _) in broken.items()},
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = golden_files()
    for stale in set(FOLDER.iterdir()) - {FOLDER / name for name in wanted}:
        stale.unlink()
    for name, data in wanted.items():
        (FOLDER / name).write_bytes(data)
    print(f"{len(wanted)} files in tests/golden/certificates")


if __name__ == "__main__":
    main()
