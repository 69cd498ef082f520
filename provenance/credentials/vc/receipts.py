"""Ledger receipts: where a certificate's hash stands in a Merkle batch, and where that batch's root stands on a chain.

Receipts come after the signature, so they travel beside the certificate in a `ProvenanceBundle`, unsigned: each proves
itself by its path and by the chain. A proof of inclusion in the transparency log travels there too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.core.errors import ReceiptMismatch
from provenance.core.records import AnchorBatch
from provenance.credentials.messages import refusal
from provenance.credentials.vc.merkle import Leaf, leads_to
from provenance.credentials.vc.shapes import BUNDLE, RECEIPT


@dataclass(frozen=True, slots=True)
class MerkleReceipt:
    """A receipt as read. `contract` and `publisher` are lower-case 0x addresses, hashes are bytes."""

    chain_id: int
    contract: str
    publisher: str
    root: bytes
    leaf_count: int
    path: tuple[bytes, ...]
    tx_hash: str
    block_number: int

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "MerkleReceipt":
        """From a document whose shape was checked (`shapes.split_bundle`)."""
        return cls(
            chain_id=document["chainId"],
            contract=document["contract"],
            publisher=document["publisher"],
            root=_bytes(document["root"]),
            leaf_count=document["leafCount"],
            path=tuple(_bytes(node) for node in document["path"]),
            tx_hash=document["txHash"],
            block_number=document["blockNumber"],
        )

    def check(self, leaf: Leaf, *, index: int) -> None:
        """Raises ReceiptMismatch unless the path leads from the leaf to the root and fits a tree of `leaf_count`."""
        deepest = (self.leaf_count - 1).bit_length()
        if len(self.path) > deepest or not leads_to(self.root, leaf, self.path):
            raise refusal(ReceiptMismatch, "path-broken", index=str(index))


def receipt(batch: AnchorBatch, *, path: Sequence[bytes]) -> dict[str, Any]:
    """The receipt document of one leaf of a mined batch. Raises ValueError when the batch is in no block."""
    if batch.block_number is None:
        raise ValueError("a batch that is in no block has no receipt")
    block = {} if batch.block_hash is None else {"blockHash": _prefixed(batch.block_hash)}
    return {
        "type": RECEIPT,
        "chainId": batch.chain_id,
        "contract": _prefixed(batch.contract),
        "publisher": _prefixed(batch.sender),
        "root": _prefixed(batch.root),
        "leafCount": len(batch.leaves),
        "path": [_prefixed(node.hex()) for node in path],
        "txHash": _prefixed(batch.tx_hash),
        "blockNumber": batch.block_number,
        **block,
    }


def bundle(
    certificate: Mapping[str, Any], receipts: Sequence[Mapping[str, Any]], *, log_proof: str | None = None
) -> dict[str, Any]:
    """The certificate with its receipts, as one document that `verify` takes. `log_proof` is the text of the
    certificate's tlog-proof file (C2SP tlog-proof)."""
    proof = {} if log_proof is None else {"logProof": log_proof}
    return {"type": BUNDLE, "certificate": dict(certificate), "receipts": [dict(entry) for entry in receipts], **proof}


def _prefixed(digits: str) -> str:
    return "0x" + digits.lower().removeprefix("0x")


def _bytes(prefixed: str) -> bytes:
    return bytes.fromhex(prefixed[2:])
