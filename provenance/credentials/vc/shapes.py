"""The closed form of version 1.0: every member that may occur, and what it may hold.

A member that is not listed is refused. Ignoring it would be unsafe: a later version may say there that the certificate
was revoked, and an old verifier must not answer "valid" to that.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from provenance.core.errors import InvalidRequest, MalformedCertificate, UnsupportedVersion
from provenance.core.types import WorkId, check_licensee
from provenance.credentials import times
from provenance.credentials.messages import refusal
from provenance.credentials.vc.context import CONTEXTS
from provenance.credentials.vocabulary import check_digital_source_type

VERSION: Final = "1.0"
ARTWORK: Final = "ArtworkCertificate"
LICENCE: Final = "LicenceCertificate"
BUNDLE: Final = "ProvenanceBundle"
RECEIPT: Final = "MerkleAnchorReceipt"
FILE_HASH: Final = "sha256"
PIXEL_HASH: Final = "sha256-pixels-v1"

MAX_RECEIPTS: Final = 16
MAX_PATH: Final = 64

Check = Callable[[Any, str], None]


def _invalid(path: str, rule: str) -> MalformedCertificate:
    return refusal(MalformedCertificate, "field-invalid", path=path, rule=rule)


def pattern(expression: str, rule: str) -> Check:
    compiled = re.compile(expression)

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise _invalid(path, rule)

    return check


def whole(lowest: int, highest: int) -> Check:
    def check(value: Any, path: str) -> None:
        if type(value) is not int or not lowest <= value <= highest:  # bool is an int, 3.0 is none
            raise _invalid(path, f"a whole number from {lowest} to {highest}")

    return check


def exactly(expected: Any) -> Check:
    def check(value: Any, path: str) -> None:
        if value != expected:
            raise _invalid(path, repr(expected))

    return check


def accepted(parse: Callable[[str], object], rule: str) -> Check:
    """A string that `parse` takes without ValueError or InvalidRequest."""

    def check(value: Any, path: str) -> None:
        try:
            if not isinstance(value, str):
                raise ValueError(rule)
            parse(value)
        except (ValueError, InvalidRequest):
            raise _invalid(path, rule) from None

    return check


def several(item: Check, *, most: int) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or len(value) > most:
            raise _invalid(path, f"a list of up to {most}")
        for index, entry in enumerate(value):
            item(entry, f"{path}[{index}]")

    return check


def _object(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _invalid(path, "an object")


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    optional = optional or {}

    def check(value: Any, path: str) -> None:
        _object(value, path or "document")
        prefix = f"{path}." if path else ""
        for name in required:
            if name not in value:
                raise refusal(MalformedCertificate, "field-missing", path=prefix + name)
        for name, member in value.items():
            rule = required.get(name) or optional.get(name)
            if rule is None:
                raise refusal(MalformedCertificate, "field-unknown", path=prefix + name)
            rule(member, prefix + name)

    return check


_HEX: Final = pattern(r"[0-9a-f]{64}", "64 lower-case hex digits")
_HASH32: Final = pattern(r"0x[0-9a-f]{64}", "0x and 64 lower-case hex digits")
_ADDRESS: Final = pattern(r"0x[0-9a-f]{40}", "0x and 40 lower-case hex digits")
_TOKEN: Final = pattern(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,119}", "a short name without spaces")
_URN_UUID: Final = pattern(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a urn:uuid")
_DID: Final = pattern(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,400}", "a DID")
_DID_URL: Final = pattern(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,400}#[A-Za-z0-9._:%-]{1,200}", "a DID URL with a fragment")
_WORK: Final = accepted(WorkId.parse, "a work id")
_TIME: Final = accepted(times.read, "a UTC time such as 2026-11-21T20:00:00Z")
_SLUG: Final = pattern(r"[a-z0-9]+(-[a-z0-9]+)*", "a lower-case slug")
_TERMS: Final = record({"slug": _SLUG, "hash": _HEX})
_FILE_HASHES: Final = record({"alg": exactly(FILE_HASH), "source": _HEX, "marked": _HEX})

_ARTWORK_SUBJECT: Final = record(
    {
        "id": _URN_UUID,
        "work": _WORK,
        "contentHash": _FILE_HASHES,
        "pixelHash": record({"alg": exactly(PIXEL_HASH), "source": _HEX, "marked": _HEX}),
        "mediaType": pattern(r"image/[a-z0-9.+-]{1,40}", "an image media type"),
        "width": whole(1, 1_000_000),
        "height": whole(1, 1_000_000),
        "mark": record({"alg": _TOKEN, "keyId": _TOKEN}),
        "fingerprintModels": several(_TOKEN, most=16),
        "digitalSourceType": accepted(check_digital_source_type, "a digital source type of the IPTC vocabulary"),
        "terms": _TERMS,
    },
    {"recipeHash": _HEX},
)

_LICENCE_SUBJECT: Final = record(
    {
        "licensee": accepted(check_licensee, "a licensee id that is no e-mail address"),
        "grant": _TOKEN,
        "work": _WORK,
        "certificateHash": _HEX,
        "terms": _TERMS,
    },
    {"contentHash": record({"alg": exactly(FILE_HASH), "marked": _HEX})},
)

_PROOF: Final = record(
    {
        "type": pattern(r".{1,80}", "a short text"),
        "cryptosuite": pattern(r".{1,80}", "a short text"),
        "created": _TIME,
        "verificationMethod": _DID_URL,
        "proofPurpose": pattern(r".{1,80}", "a short text"),
        "proofValue": pattern(r"z[1-9A-HJ-NP-Za-km-z]{1,128}", "a base58btc multibase value"),
        "@context": several(pattern(r".{1,400}", "a URL"), most=8),
    }
)


def _credential(kind: str, subject: Check) -> Check:
    return record(
        {
            "@context": exactly(list(CONTEXTS)),
            "id": _URN_UUID,
            "type": exactly(["VerifiableCredential", kind]),
            "certificateVersion": exactly(VERSION),
            "issuer": _DID,
            "validFrom": _TIME,
            "credentialSubject": subject,
            "proof": _PROOF,
        },
        {"validUntil": _TIME},
    )


_CREDENTIALS: Final = {
    ARTWORK: _credential(ARTWORK, _ARTWORK_SUBJECT),
    LICENCE: _credential(LICENCE, _LICENCE_SUBJECT),
}

_RECEIPT: Final = record(
    {
        "type": exactly(RECEIPT),
        "chainId": whole(1, 2**53 - 1),
        "contract": _ADDRESS,
        "publisher": _ADDRESS,
        "root": _HASH32,
        "leafCount": whole(1, 2**32 - 1),
        "path": several(_HASH32, most=MAX_PATH),
        "txHash": _HASH32,
        "blockNumber": whole(0, 2**53 - 1),
    },
    {"blockHash": _HASH32},
)
_BUNDLE: Final = record(
    {"type": exactly(BUNDLE), "certificate": _object, "receipts": several(_RECEIPT, most=MAX_RECEIPTS)}
)


def check_credential(document: Mapping[str, Any]) -> str:
    """The kind of credential. Raises UnsupportedVersion on a type or version we don't know, MalformedCertificate."""
    types = document.get("type")
    known = [kind for kind in _CREDENTIALS if isinstance(types, list) and kind in types]
    if len(known) != 1:
        raise refusal(UnsupportedVersion, "unknown-type")
    version = document.get("certificateVersion", VERSION)
    if version != VERSION:
        raise refusal(UnsupportedVersion, "unknown-version", version=str(version))
    _CREDENTIALS[known[0]](document, "")
    return known[0]


def split_bundle(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The credential and its receipts; a bare credential has none. Raises MalformedCertificate."""
    if document.get("type") != BUNDLE:
        return dict(document), []
    _BUNDLE(document, "")
    return document["certificate"], document["receipts"]
