"""Bitstring Status List v1.0 (W3C Recommendation of 2025-05-15): one bit a credential, set once it is taken back.

A list holds the bits of `LIST_BITS` credentials, compressed, in a credential that the issuer signs again and again for
a short time. Bit 0 is the leftmost of the first byte (section 3.2).
"""

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import (
    InvalidSignature,
    InvalidStatusList,
    MalformedCertificate,
    Misconfigured,
    VerificationError,
)
from provenance.core.ports import Keyring, Signer
from provenance.core.records import StatusPurpose
from provenance.core.types import StatusPlace
from provenance.credentials import times
from provenance.credentials.canonical import parse
from provenance.credentials.messages import refusal
from provenance.credentials.vc import proofs, shapes
from provenance.credentials.vc.context import VC_CONTEXT
from provenance.credentials.vc.integrity import secure

LIST_BITS: Final = 131_072
"""The least that the Recommendation allows (section 2.2): herd privacy."""

MAX_BYTES: Final = 1 << 20
"""Of a list from elsewhere, once it is decompressed: 8,388,608 credentials."""


def encode(marked: Iterable[int], *, bits: int = LIST_BITS) -> str:
    """The `encodedList` with the bits at these positions set. Raises ValueError on a position that is not in it."""
    data = bytearray(bits // 8)
    for position in marked:
        if not 0 <= position < bits:
            raise ValueError(f"a list of {bits} bits has no position {position}")
        data[position // 8] |= 0x80 >> position % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(data), mtime=0)).rstrip(b"=").decode()


def decode(encoded: str) -> bytes:
    """The bits, uncompressed. Raises ValueError: not multibase base64url, not one gzip member, too short or too long.

    No more than `MAX_BYTES` and one are ever decompressed, whatever the input claims.
    """
    if not encoded.startswith("u"):
        raise ValueError("not a base64url multibase value")
    body = encoded[1:]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        stream = zlib.decompressobj(wbits=31)
        data = stream.decompress(packed, MAX_BYTES + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"not a compressed list: {error}") from None
    if len(data) > MAX_BYTES:
        raise ValueError("the list is longer than this program reads")
    if not stream.eof or stream.unused_data:
        raise ValueError("the list is cut off, or something follows it")
    if len(data) * 8 < LIST_BITS:
        raise ValueError(f"a list has at least {LIST_BITS} bits")
    return data


def list_url(base_url: str, purpose: StatusPurpose, number: int) -> str:
    """Where the service at `base_url` publishes a list."""
    return f"{base_url}/status/{purpose.value}/{number}"


def status_entries(place: StatusPlace) -> list[dict[str, str]]:
    """The `credentialStatus` member of a credential in this place: one entry a purpose."""
    number, position = divmod(place.index, LIST_BITS)
    return [
        {
            "type": shapes.STATUS_ENTRY,
            "statusPurpose": purpose.value,
            "statusListIndex": str(position),
            "statusListCredential": list_url(place.base_url, purpose, number),
        }
        for purpose in StatusPurpose
    ]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a status list says: at `url`, the positions that are marked for `purpose`."""

    url: str
    purpose: StatusPurpose
    marked: tuple[int, ...]


def issue_status_list(
    facts: ListFacts, *, signer: Signer, issuer: str, valid_from: datetime, valid_until: datetime
) -> dict[str, Any]:
    """The signed list. Raises Misconfigured when the signer's key is not the issuer's."""
    if not signer.key_id.startswith(f"{issuer}#"):
        raise Misconfigured("the signing key does not belong to the issuer", hint="check base_url and the key folder")
    start = times.written(valid_from)
    unsigned = {
        "@context": [VC_CONTEXT],
        "id": facts.url,
        "type": ["VerifiableCredential", shapes.STATUS_LIST],
        "issuer": issuer,
        "validFrom": start,
        "validUntil": times.written(valid_until),
        "credentialSubject": {
            "id": f"{facts.url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": facts.purpose.value,
            "encodedList": encode(facts.marked),
        },
    }
    return secure(unsigned, signer=signer, created=start)


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list that was read and found to be its issuer's, and in force."""

    url: str
    purpose: StatusPurpose
    bits: bytes
    since: datetime

    def marks(self, position: int) -> bool:
        """Raises InvalidStatusList when the list is too short to say."""
        if position >= len(self.bits) * 8:
            raise refusal(InvalidStatusList, "list-too-short", url=self.url, index=str(position))
        return bool(self.bits[position // 8] & 0x80 >> position % 8)


def read_status_list(document: bytes, *, issuer: str, keyring: Keyring, now: datetime) -> StatusList:
    """The list of this issuer. Raises InvalidStatusList: not readable, not signed by a key of the issuer that the
    verifier trusts, or not in force at `now`."""
    try:
        listed = _signed_list(document, issuer, keyring)
        bits = decode(listed["credentialSubject"]["encodedList"])
    except (VerificationError, ValueError) as error:
        if isinstance(error, InvalidStatusList):
            raise
        raise refusal(InvalidStatusList, "list-unreadable", detail=str(error)) from None
    since, until = times.read(listed["validFrom"]), times.read(listed["validUntil"])
    if not since - proofs.CLOCK_SKEW <= now <= until:
        moments = {"start": listed["validFrom"], "end": listed["validUntil"]}
        raise refusal(InvalidStatusList, "list-stale", hint="fetch it again", url=listed["id"], **moments)
    return StatusList(listed["id"], StatusPurpose(listed["credentialSubject"]["statusPurpose"]), bits, since)


def _signed_list(document: bytes, issuer: str, keyring: Keyring) -> dict[str, Any]:
    listed = parse(document)
    shapes.check_status_list(listed)
    if listed["issuer"] != issuer:
        raise refusal(InvalidStatusList, "list-foreign", url=listed["id"], issuer=listed["issuer"])
    if listed["credentialSubject"]["id"] != f"{listed['id']}#list":
        raise refusal(MalformedCertificate, "field-invalid", path="credentialSubject.id", rule="the list's own address")
    bad: InvalidSignature | None = proofs.of_document(listed).judged(keyring, issuer)
    if bad is not None:
        raise bad
    return listed
