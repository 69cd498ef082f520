"""Untrusted bytes to a JSON object, and an object to the one byte string that is hashed and signed (RFC 8785, JCS)."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from provenance.core.errors import MalformedCertificate
from provenance.credentials.messages import refusal

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32

# A string is matched even where its closing quote is missing, so that the scan stays linear on hostile input.
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


def parse(document: bytes | Mapping[str, Any]) -> dict[str, Any]:
    """Read one JSON object (RFC 8259) as UTF-8 under the limits on size and depth.

    An object that was parsed elsewhere passes through the same checks. Raises MalformedCertificate; a member name that
    occurs twice is refused, because two readers could see two different certificates in it.
    """
    data = document if isinstance(document, bytes | bytearray) else _serialise(document)
    if len(data) > MAX_BYTES:
        raise refusal(MalformedCertificate, "too-large", limit=f"{MAX_BYTES // 1024} KiB")
    if _depth(data) > MAX_DEPTH:
        raise refusal(MalformedCertificate, "too-deep", limit=str(MAX_DEPTH))
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except ValueError as error:  # includes JSONDecodeError, UnicodeDecodeError and over-long integers
        raise refusal(MalformedCertificate, "not-json", detail=str(error)) from None
    if not isinstance(value, dict):
        raise refusal(MalformedCertificate, "not-object")
    return value


def canonical(document: Mapping[str, Any]) -> bytes:
    """The JCS bytes. Raises MalformedCertificate on what I-JSON can't carry (numbers past 2^53, lone surrogates)."""
    try:
        return rfc8785.dumps(dict(document))
    except ValueError as error:
        raise refusal(MalformedCertificate, "not-canonical", detail=str(error)) from None


def certificate_hash(certificate: Mapping[str, Any]) -> str:
    """sha256, hex, of the JCS bytes of the whole signed credential, its proof included."""
    return hashlib.sha256(canonical(certificate)).hexdigest()


def _serialise(document: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(dict(document), allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise refusal(MalformedCertificate, "not-json", detail=str(error)) from None


def _depth(data: bytes) -> int:
    deepest = depth = 0
    for token in _TOKENS.finditer(data):
        match token[0]:
            case b"{" | b"[":
                depth += 1
                deepest = max(deepest, depth)
            case b"}" | b"]":
                depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise refusal(MalformedCertificate, "duplicate-key", name=twice)
    return members


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
