"""The closed forms of certificates, one a version: every member that may occur, and what it may hold.

A member that is not listed is refused. Ignoring it would be unsafe: a later version may say there that the certificate
was revoked, and an old verifier must not answer "valid" to that. Version 1.0 is read for ever; 1.1 is issued, and adds
`credentialStatus`, `relatedResource`, `iscc` and `softBindings`.
"""

from collections.abc import Mapping
from typing import Any, Final

from provenance.core.errors import UnsupportedVersion
from provenance.core.types import WorkId, check_licensee
from provenance.credentials import times
from provenance.credentials.messages import refusal
from provenance.credentials.vc.context import CONTEXT_1_0, CONTEXT_1_1, VC_CONTEXT, contexts
from provenance.credentials.vc.forms import (
    Check,
    accepted,
    an_object,
    base64_text,
    exactly,
    in_order,
    one_of,
    pattern,
    record,
    several,
    whole,
)
from provenance.credentials.vocabulary import check_digital_source_type

VERSION: Final = "1.1"
"""The version that is issued."""
ARTWORK: Final = "ArtworkCertificate"
LICENCE: Final = "LicenceCertificate"
BUNDLE: Final = "ProvenanceBundle"
RECEIPT: Final = "MerkleAnchorReceipt"
STATUS_LIST: Final = "BitstringStatusListCredential"
STATUS_ENTRY: Final = "BitstringStatusListEntry"
MANIFEST_TYPE: Final = "application/c2pa"
FILE_HASH: Final = "sha256"
PIXEL_HASH: Final = "sha256-pixels-v1"

MAX_RECEIPTS: Final = 16
MAX_PATH: Final = 64
MAX_LOG_PROOF: Final = 32 * 1024  # characters

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
_URL: Final = pattern(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%:@!$&'()*+,;=-]*)*", "a web address")

_ARTWORK: Final = {
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
}
_SOFT_BINDING: Final = record({"alg": _TOKEN, "value": base64_text(most=1024)})
_ARTWORK_1_0: Final = record(_ARTWORK, {"recipeHash": _HEX})
_ARTWORK_1_1: Final = record(
    _ARTWORK,
    {
        "recipeHash": _HEX,
        "iscc": pattern(r"ISCC:[A-Z2-7]{10,80}", "an ISCC (ISO 24138)"),
        "softBindings": several(_SOFT_BINDING, least=1, most=8),
    },
)

_LICENCE: Final = record(
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


_IAT: Final = whole(0, 2**53 - 1)
_SECURED: Final[tuple[tuple[bool, Mapping[str, Check]], ...]] = ((False, {"proof": _PROOF}), (True, {"iat": _IAT}))


def _status_entry(purpose: str) -> Check:
    return record(
        {
            "type": exactly(STATUS_ENTRY),
            "statusPurpose": exactly(purpose),
            "statusListIndex": pattern(r"0|[1-9][0-9]{0,8}", "a whole number as text"),
            "statusListCredential": _URL,
        }
    )


_MANIFEST_LINK: Final = record(
    {
        "id": pattern(r"urn:c2pa:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[A-Za-z0-9._-]{0,40}){0,2}", "a urn:c2pa"),
        "digestSRI": pattern(r"sha256-[A-Za-z0-9+/]{43}=|sha384-[A-Za-z0-9+/]{64}", "a sha256 or sha384 digest"),
        "mediaType": exactly(MANIFEST_TYPE),
    }
)
_STATUS: Final = in_order(_status_entry("revocation"), _status_entry("suspension"))
_ADDED: Final[Mapping[str, Mapping[str, Check]]] = {
    "1.0": {},
    "1.1": {"credentialStatus": _STATUS, "relatedResource": in_order(_MANIFEST_LINK)},
}
_SUBJECTS: Final = {
    ("1.0", ARTWORK): _ARTWORK_1_0,
    ("1.1", ARTWORK): _ARTWORK_1_1,
    ("1.0", LICENCE): _LICENCE,
    ("1.1", LICENCE): _LICENCE,
}
CONTEXTS: Final = {"1.0": contexts(CONTEXT_1_0), "1.1": contexts(CONTEXT_1_1)}


def _credential(version: str, kind: str, secured: Mapping[str, Check]) -> Check:
    return record(
        {
            "@context": exactly(CONTEXTS[version]),
            "id": _URN_UUID,
            "type": exactly(["VerifiableCredential", kind]),
            "certificateVersion": exactly(version),
            "issuer": _DID,
            "validFrom": _TIME,
            "credentialSubject": _SUBJECTS[version, kind],
            **secured,
        },
        {"validUntil": _TIME, **_ADDED[version]},
    )


_CREDENTIALS: Final = {
    (version, kind, as_jwt): _credential(version, kind, secured)
    for version, kind in _SUBJECTS
    for as_jwt, secured in _SECURED
}

_STATUS_LIST: Final = record(
    {
        "@context": exactly([VC_CONTEXT]),
        "id": _URL,
        "type": exactly(["VerifiableCredential", STATUS_LIST]),
        "issuer": _DID,
        "validFrom": _TIME,
        "validUntil": _TIME,
        "credentialSubject": record(
            {
                "id": pattern(r".{1,500}#list", "the list's own address and #list"),
                "type": exactly("BitstringStatusList"),
                "statusPurpose": one_of("revocation", "suspension"),
                "encodedList": pattern(r"u[A-Za-z0-9_-]{1,200000}", "a base64url multibase value"),
            }
        ),
        "proof": _PROOF,
    }
)

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
    {"type": exactly(BUNDLE), "certificate": an_object, "receipts": several(_RECEIPT, most=MAX_RECEIPTS)},
    {"logProof": pattern(rf"[\x20-\x7e\n\u2014]{{1,{MAX_LOG_PROOF}}}", "the text of a tlog-proof file")},
)


def check_credential(document: Mapping[str, Any], *, as_jwt: bool = False) -> str:
    """The kind of credential. `as_jwt`: the payload of a `vc+jwt`, which has `iat` where others have their `proof`.

    Raises UnsupportedVersion on a type or version we don't know, MalformedCertificate.
    """
    types = document.get("type")
    known = [kind for kind in (ARTWORK, LICENCE) if isinstance(types, list) and kind in types]
    if len(known) != 1:
        raise refusal(UnsupportedVersion, "unknown-type")
    version = document.get("certificateVersion", VERSION)
    if not isinstance(version, str) or version not in CONTEXTS:
        raise refusal(UnsupportedVersion, "unknown-version", version=str(version))
    _CREDENTIALS[version, known[0], as_jwt](document, "")
    return known[0]


def check_status_list(document: Mapping[str, Any]) -> None:
    """Raises MalformedCertificate on any form of a status list but that of `statuslist.issue_status_list`."""
    _STATUS_LIST(document, "")


def split_bundle(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]], str | None]:
    """The credential, its receipts, and the text of its log proof; a bare credential has neither.

    Raises MalformedCertificate.
    """
    if document.get("type") != BUNDLE:
        return dict(document), [], None
    _BUNDLE(document, "")
    return document["certificate"], document["receipts"], document.get("logProof")
