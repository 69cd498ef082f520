"""Parts of a manifest repository for tests: toy manifest stores and a reader of them, ISCCs, a log's proofs.

A toy store is a real JUMBF tree whose claims are short and whose signature is a word, so that a test can say what is in
it and whether it holds. The proofs are real ones, over a tree that is built anew for each.
"""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import cbor2
import numpy as np

from provenance.core.errors import NotFound
from provenance.core.manifests import ManifestReport, ManifestSignature, ManifestState, SoftBinding
from provenance.core.ports import Store
from provenance.core.records import Binding
from provenance.core.types import WorkId
from provenance.credentials.c2pa import iscc
from provenance.credentials.c2pa.store import ManifestStore
from provenance.credentials.tlog import Checkpoint, LogProof, Note, Policy, VerifierKey, verify_proof
from provenance.credentials.tlog.notes import ED25519, sign
from provenance.credentials.tlog.tree import complete, inclusion_path, leaf_hash, root
from provenance.usecases.bindings import mark_value, written_value

SEQ_HEADERS = {"image": b"\x21\x07", "instance": b"\x40\x07"}


def manifest_id(number: int) -> str:
    return f"urn:c2pa:{UUID(int=number)}"


def a_store(number: int, *bindings: tuple[str, bytes], before: Sequence[int] = (), state: str = "Valid") -> bytes:
    """A store whose active manifest is `manifest_id(number)`, after those that `before` numbers."""
    claim = {"bindings": [[alg, value.hex()] for alg, value in bindings], "state": state}
    manifests = [_manifest(manifest_id(other), {}) for other in before] + [_manifest(manifest_id(number), claim)]
    return _superbox(b"c2pa", "c2pa", *manifests)


def _manifest(label: str, claim: Mapping[str, Any]) -> bytes:
    body = cbor2.dumps(claim)
    return _superbox(b"c2ma", label, _superbox(b"cbor", "c2pa.claim.v2", _box(b"cbor", body)))


def _superbox(kind: bytes, label: str, *content: bytes) -> bytes:
    uuid = kind + bytes.fromhex("00110010800000aa00389b71")
    return _box(b"jumb", _box(b"jumd", uuid + b"\x03" + label.encode() + b"\x00") + b"".join(content))


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


class ToyReader:
    """Reads `a_store`s (the `ManifestReader` port). Without its picture no store's hard binding holds."""

    def read(self, asset: bytes, media_type: str, *, manifest: bytes | None = None) -> ManifestReport | None:
        assert (asset, media_type) == (b"", "application/c2pa")
        assert manifest is not None
        store = ManifestStore.parse(manifest)
        claim = cbor2.loads(store.bytes_of(store.claim))
        signed = claim["state"] == "Valid"
        return ManifestReport(
            manifest_id=store.active_id,
            state=ManifestState.INVALID,
            success=("claimSignature.validated",) if signed else (),
            failure=("assertion.dataHash.mismatch",) if signed else ("claimSignature.mismatch",),
            notes=(),
            signature=ManifestSignature(**dict.fromkeys(ManifestSignature.__slots__)),
            title=None,
            claim_generator=None,
            actions=(),
            soft_bindings=tuple(SoftBinding(alg, bytes.fromhex(value)) for alg, value in claim["bindings"]),
            ingredients=(),
            is_embedded=False,
            is_update=False,
            content_differs=signed,
            crjson={},
        )


def image_bits(pixels: np.ndarray) -> int:
    """The 256 bits of a picture's ISCC Image-Code, behind its header."""
    code = iscc.image_code(pixels).removeprefix("ISCC:")
    return int.from_bytes(base64.b32decode(code + "=" * (-len(code) % 8))[2:], "big")


def an_iscc(image: int | None, instance: bytes = bytes(32)) -> bytes:
    """An ISCC-SEQ of an Image-Code, if there is one, and an Instance-Code."""
    unit = b"" if image is None else SEQ_HEADERS["image"] + image.to_bytes(32, "big")
    return unit + SEQ_HEADERS["instance"] + instance


def mark_binding(alg: str, work_id: WorkId, manifest: str) -> Binding:
    """The binding of a registered work's watermark."""
    return Binding(alg, written_value(mark_value(work_id)), manifest)


@dataclass
class RealProofs:
    """Proofs under a checkpoint of the log as it was when it was published last."""

    store: Store
    signer: Any
    origin: str = "log.example/toy"
    published: int = 0

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.origin, ED25519, self.signer.public_key)

    def publish(self) -> None:
        with self.store.read() as unit:
            self.published = unit.log.size()

    def prove(self, index: int) -> str:
        if index >= self.published:
            raise NotFound("not published yet")
        with self.store.read() as unit:
            leaves = [leaf_hash(entry.data) for entry in unit.log.entries(0, self.published)]

        def nodes(height: int, at: int) -> bytes:
            return complete(leaves[at << height : (at + 1) << height])

        body = Checkpoint(self.origin, len(leaves), root(len(leaves), nodes)).body
        note = Note(body, (sign(body, self.key, self.signer.sign),))
        return LogProof(index, inclusion_path(index, len(leaves), nodes), note).text

    def check(self, proof: str, entry: bytes) -> int:
        return verify_proof(proof, entry, Policy.of([self.key])).index
