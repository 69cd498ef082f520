"""Manifest stores by hand: JUMBF boxes with the least that a manifest has."""

import hashlib
import struct

import cbor2

UUID_TAIL = bytes.fromhex("00110010800000aa00389b71")
CERTIFICATE = b"a certificate"
PROTECTED = cbor2.dumps({1: -7, 33: [CERTIFICATE]})


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def superbox(kind: bytes, label: str, *content: bytes) -> bytes:
    description = box(b"jumd", kind + UUID_TAIL + b"\x03" + label.encode() + b"\x00")
    return box(b"jumb", description + b"".join(content))


def assertion(label: str, data) -> bytes:
    return superbox(b"cbor", label, box(b"cbor", cbor2.dumps(data)))


def signature(room: int = 400) -> bytes:
    value = cbor2.CBORTag(18, [PROTECTED, {"pad": bytes(room)}, None, b"s" * 64])
    return superbox(b"c2cs", "c2pa.signature", box(b"cbor", cbor2.dumps(value)))


def manifest(label: str = "urn:c2pa:1", *assertions: tuple[str, object], kind: bytes = b"c2ma") -> bytes:
    """A manifest whose claim names the SHA-256 of each assertion."""
    boxes = [assertion(name, data) for name, data in assertions]
    links = [
        {"url": f"self#jumbf=c2pa.assertions/{name}", "hash": hashlib.sha256(content[8:]).digest()}
        for (name, _), content in zip(assertions, boxes, strict=True)
    ]
    claim = superbox(b"c2cl", "c2pa.claim.v2", box(b"cbor", cbor2.dumps({"created_assertions": links})))
    return superbox(kind, label, superbox(b"c2as", "c2pa.assertions", *boxes), claim, signature())


def store(*manifests: bytes) -> bytes:
    return superbox(b"c2pa", "c2pa", *(manifests or (manifest(),)))
