from dataclasses import replace

import pytest

from provenance.core.errors import ReceiptMismatch
from provenance.core.records import AnchorBatch, AnchorState
from provenance.core.types import WorkId
from provenance.credentials import bundle, certificate_hash, verify
from provenance.credentials.vc.merkle import MerkleBatch
from provenance.credentials.vc.receipts import MerkleReceipt, receipt
from tests.unit.credentials.conftest import NOW


@pytest.fixture
def leaf(certificate):
    return WorkId(42), bytes.fromhex(certificate_hash(certificate))


@pytest.fixture
def tree(leaf):
    return MerkleBatch([leaf, *((WorkId(number), bytes([number]) * 32) for number in range(6))])


@pytest.fixture
def mined(tree):
    return AnchorBatch(
        id=1,
        root=tree.root.hex(),
        leaves=(("", ""),) * len(tree),
        state=AnchorState.MINED,
        created_at=NOW,
        chain_id=31337,
        contract="0x" + "Ab" * 20,
        sender="CD" * 20,
        nonce=0,
        tx_hash="0x" + "EF" * 32,
        raw_tx=b"raw",
        block_number=9,
        block_hash="12" * 32,
    )


def test_a_receipt_of_a_mined_batch_verifies_in_a_bundle(certificate, leaf, tree, mined, trusted):
    document = receipt(mined, path=tree.path(leaf))
    assert (document["contract"], document["publisher"]) == ("0x" + "ab" * 20, "0x" + "cd" * 20)
    assert (document["txHash"], document["blockHash"]) == ("0x" + "ef" * 32, "0x" + "12" * 32)
    result = verify(bundle(certificate, [document]), keyring=trusted, now=NOW)
    assert result.steps[7].finding == "receipts-linked"


def test_a_receipt_reads_back(leaf, tree, mined):
    read = MerkleReceipt.read(receipt(replace(mined, block_hash=None), path=tree.path(leaf)))
    assert (read.root, read.path, read.leaf_count) == (tree.root, tree.path(leaf), 7)
    assert (read.chain_id, read.block_number) == (31337, 9)
    read.check(leaf, index=1)


def test_another_leaf_is_refused(leaf, tree, mined):
    read = MerkleReceipt.read(receipt(mined, path=tree.path(leaf)))
    with pytest.raises(ReceiptMismatch, match="Receipt 3"):
        read.check((WorkId(41), leaf[1]), index=3)


def test_an_inner_node_can_not_be_passed_as_root(leaf, tree, mined):
    path = tree.path(leaf)
    with pytest.raises(ReceiptMismatch):
        MerkleReceipt.read(receipt(mined, path=path[:-1])).check(leaf, index=1)


def test_no_receipt_before_a_block(mined):
    with pytest.raises(ValueError, match="no block"):
        receipt(replace(mined, block_number=None), path=())
