"""Golden status lists and manifest stores, each with one defect; given to the verifier beside `valid.json`."""

import base64
import gzip
from datetime import datetime, timedelta
from typing import Final

from provenance.adapters.keys import EphemeralSigner
from provenance.core.records import StatusPurpose
from provenance.credentials import LIST_BITS, ListFacts, issue_status_list, list_url
from provenance.credentials.vc.integrity import secure
from scripts.golden import certificates as golden
from scripts.golden.certificates import Defect, Document

REVOCATION: Final = StatusPurpose.REVOCATION
NUMBER, POSITION = divmod(golden.PLACE.index, LIST_BITS)
DAY: Final = timedelta(days=1)


def status_list(
    purpose: StatusPurpose = REVOCATION,
    marked: tuple[int, ...] = (3, 90_000),
    *,
    number: int = NUMBER,
    by: EphemeralSigner = golden.CURRENT,
    start: datetime = golden.NOW,
) -> Document:
    """A list that has nothing against the golden certificate unless it is told so."""
    facts = ListFacts(list_url(golden.BASE_URL, purpose, number), purpose, marked)
    issuer = by.key_id.partition("#")[0]
    return issue_status_list(facts, signer=by, issuer=issuer, valid_from=start, valid_until=start + DAY)


def valid_lists() -> dict[str, Document]:
    return {purpose.value: status_list(purpose) for purpose in StatusPurpose}


def encoded(packed: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def with_list(encoded_list: str) -> Document:
    """A list whose bits are these, inside the signature."""
    document = status_list()
    created = document.pop("proof")["created"]
    document["credentialSubject"]["encodedList"] = encoded_list
    return secure(document, signer=golden.CURRENT, created=created)


def _unusable() -> dict[str, Document]:
    packed = gzip.compress(bytes(LIST_BITS // 8), mtime=0)
    marked = status_list(marked=(POSITION,))["credentialSubject"]["encodedList"]
    return {
        "list-of-others": status_list(number=NUMBER + 1),
        "list-foreign": status_list(by=golden.STRANGER),
        "list-revoked-key": status_list(by=golden.REVOKED),
        "list-stale": status_list(start=golden.NOW - 2 * DAY),
        "list-from-future": status_list(start=golden.NOW + DAY),
        "list-altered": golden.altered(status_list(), golden.put("credentialSubject", "encodedList", to=marked)),
        "list-too-short": with_list(encoded(gzip.compress(bytes(LIST_BITS // 8 - 1), mtime=0))),
        "list-cut-off": with_list(encoded(packed[:-9])),
        "list-with-a-tail": with_list(encoded(packed + b"tail")),
        "list-not-compressed": with_list(encoded(bytes(64))),
        "list-bomb": with_list(encoded(gzip.compress(bytes(32 << 20), mtime=0))),
        "list-unknown-field": golden.altered(status_list(), golden.put("ttl", to=1)),
    }


def defects() -> dict[str, Defect]:
    taken_back = {
        "revoked": ("Revoked", status_list(marked=(POSITION,))),
        "suspended": ("Suspended", status_list(StatusPurpose.SUSPENSION, (POSITION,))),
    }
    unusable = {name: ("InvalidStatusList", document) for name, document in _unusable().items()}
    return {
        **{
            name: Defect(golden.text(document), error, 11, part="status-list")
            for name, (error, document) in (taken_back | unusable).items()
        },
        "altered-manifest": Defect(golden.MANIFEST + b"!", "ManifestMismatch", 9, part="manifest", suffix="c2pa"),
    }
