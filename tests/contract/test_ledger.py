"""What every ledger does, whichever chain is behind it."""

from datetime import UTC, datetime

import pytest

from provenance.adapters.chain import NullLedger
from provenance.core.errors import Conflict, InvalidRequest, ReceiptMismatch
from provenance.core.ports import Ledger
from tests.evm import TestChain

pytestmark = pytest.mark.chain

ROOT, OTHER = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture(scope="module")
def chain():
    return TestChain.start()


@pytest.fixture(params=["evm", "null"])
def ledger(request, chain):
    if request.param == "null":
        yield NullLedger(production=False, clock=lambda: datetime.now(UTC))
        return
    snapshot = chain.node.chain.take_snapshot()
    yield chain.ledger()
    chain.node.chain.revert_to_snapshot(snapshot)


def test_it_has_a_name(ledger: Ledger):
    assert ledger.name


def test_preparing_sends_nothing(ledger: Ledger):
    prepared = ledger.prepare(ROOT, 3)
    assert ledger.receipt(prepared.tx_hash) is None
    assert ledger.locate(ROOT) is None
    with pytest.raises(ReceiptMismatch):
        ledger.confirm(ROOT)


def test_a_prepared_anchor_tells_all_that_the_store_keeps(ledger: Ledger):
    prepared = ledger.prepare(ROOT, 3, nonce=5)
    assert prepared.nonce == 5
    assert isinstance(prepared.chain_id, int)
    assert len(prepared.contract) == len(prepared.sender) == 42
    assert len(prepared.tx_hash) == 66
    assert prepared.raw_tx
    assert str(prepared.raw_tx) not in repr(prepared)


def test_what_was_sent_is_mined_located_and_confirmed(ledger: Ledger):
    before = datetime.now(UTC).timestamp() - 3600
    prepared = ledger.prepare(ROOT, 3)
    ledger.send(prepared.raw_tx)
    receipt = ledger.receipt(prepared.tx_hash)
    assert receipt is not None
    assert receipt.tx_hash == prepared.tx_hash
    assert receipt.block_number > 0
    assert len(receipt.block_hash) == 66
    assert ledger.locate(ROOT) == receipt
    anchored = ledger.confirm(ROOT)
    assert anchored.tzinfo is UTC
    assert anchored.timestamp() > before


def test_sending_the_same_bytes_again_changes_nothing(ledger: Ledger):
    prepared = ledger.prepare(ROOT, 3)
    ledger.send(prepared.raw_tx)
    receipt, anchored = ledger.receipt(prepared.tx_hash), ledger.confirm(ROOT)
    ledger.send(prepared.raw_tx)
    assert (ledger.receipt(prepared.tx_hash), ledger.confirm(ROOT)) == (receipt, anchored)


def test_an_anchored_root_is_not_prepared_again(ledger: Ledger):
    ledger.send(ledger.prepare(ROOT, 3).raw_tx)
    with pytest.raises(Conflict):
        ledger.prepare(ROOT, 3)


def test_nonces_follow_what_was_sent(ledger: Ledger):
    first = ledger.prepare(ROOT, 3)
    assert ledger.prepare(OTHER, 3).nonce == first.nonce
    ledger.send(first.raw_tx)
    assert ledger.prepare(OTHER, 3).nonce == first.nonce + 1


def test_a_nonce_that_another_transaction_used_is_a_conflict(ledger: Ledger):
    first = ledger.prepare(ROOT, 3)
    late = ledger.prepare(OTHER, 3, nonce=first.nonce)
    ledger.send(first.raw_tx)
    with pytest.raises(Conflict, match="nonce"):
        ledger.send(late.raw_tx)
    assert ledger.locate(OTHER) is None


def test_a_second_transaction_for_the_same_root_is_mined_and_anchors_nothing(ledger: Ledger):
    """Both were signed while neither was sent."""
    first = ledger.prepare(ROOT, 3)
    second = ledger.prepare(ROOT, 3, nonce=first.nonce + 1)
    ledger.send(first.raw_tx)
    ledger.send(second.raw_tx)
    with pytest.raises(ReceiptMismatch, match="reverted"):
        ledger.receipt(second.tx_hash)
    located = ledger.locate(ROOT)
    assert located is not None
    assert located.tx_hash == first.tx_hash


def test_a_replacement_keeps_the_nonce_and_only_one_of_the_two_is_mined(ledger: Ledger):
    stuck = ledger.prepare(ROOT, 3)
    dearer = ledger.replace(stuck.raw_tx)
    assert (dearer.nonce, dearer.sender, dearer.chain_id) == (stuck.nonce, stuck.sender, stuck.chain_id)
    assert dearer.tx_hash != stuck.tx_hash
    ledger.send(dearer.raw_tx)
    with pytest.raises(Conflict):
        ledger.send(stuck.raw_tx)
    assert ledger.receipt(stuck.tx_hash) is None
    located = ledger.locate(ROOT)
    assert located is not None
    assert located.tx_hash == dearer.tx_hash


@pytest.mark.parametrize(
    "root", [b"", bytes(32), bytes(range(31)), bytes(range(33))], ids=["empty", "zero", "31", "33"]
)
def test_an_impossible_root_is_refused(ledger: Ledger, root):
    for call in (lambda: ledger.prepare(root, 3), lambda: ledger.confirm(root), lambda: ledger.locate(root)):
        with pytest.raises(InvalidRequest, match="32 bytes"):
            call()
    with pytest.raises(InvalidRequest, match="32 bytes"):
        ledger.recover(root)


@pytest.mark.parametrize("leaf_count", [0, -1, 2**32])
def test_an_impossible_leaf_count_is_refused(ledger: Ledger, leaf_count):
    with pytest.raises(InvalidRequest, match="leaves"):
        ledger.prepare(ROOT, leaf_count)


@pytest.mark.parametrize("raw", [b"", b"\x02", b"not a transaction", bytes(200)])
def test_bytes_that_are_no_transaction_are_refused(ledger: Ledger, raw):
    with pytest.raises(InvalidRequest):
        ledger.send(raw)
    with pytest.raises(InvalidRequest):
        ledger.replace(raw)


def test_an_unknown_transaction_has_no_receipt(ledger: Ledger):
    assert ledger.receipt("0x" + "ab" * 32) is None


def test_what_anchored_a_root_comes_back_bit_for_bit(ledger: Ledger):
    prepared = ledger.prepare(ROOT, 3)
    ledger.send(prepared.raw_tx)
    ledger.send(ledger.prepare(OTHER, 4).raw_tx)
    assert ledger.recover(ROOT) == prepared


def test_nothing_comes_back_for_a_root_that_was_only_prepared(ledger: Ledger):
    ledger.prepare(ROOT, 3)
    assert ledger.recover(ROOT) is None


def test_what_comes_back_can_be_sent_again_and_keeps_its_receipt(ledger: Ledger):
    prepared = ledger.prepare(ROOT, 3)
    ledger.send(prepared.raw_tx)
    receipt, found = ledger.receipt(prepared.tx_hash), ledger.recover(ROOT)
    assert found is not None
    ledger.send(found.raw_tx)
    assert ledger.receipt(found.tx_hash) == receipt
