"""The life of an anchor, rule by rule and as a state machine over random histories."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.anchoring import adopted, failed, must_send, next_state, resigned, sent
from provenance.core.errors import ReceiptMismatch
from provenance.core.records import AnchorBatch, AnchorState

SIGNED, SENT, MINED, FINAL, FAILED = AnchorState


@dataclass(frozen=True)
class Receipt:
    tx_hash: str = "0xaa"
    block_number: int = 7
    block_hash: str = "0xb7"
    final: bool = False


@dataclass(frozen=True)
class Prepared:
    chain_id: int = 31337
    contract: str = "0xc0"
    sender: str = "0x5e"
    nonce: int = 3
    tx_hash: str = "0xdd"
    raw_tx: bytes = b"dearer"


def batch(state=SIGNED, **changes):
    fresh = AnchorBatch(
        id=1,
        root="ab" * 32,
        leaves=(("pv-1", "11"),),
        state=state,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        chain_id=31337,
        contract="0xc0",
        sender="0x5e",
        nonce=3,
        tx_hash="0xaa",
        raw_tx=b"raw",
    )
    placed = {"block_number": 7, "block_hash": "0xb7"} if state in (MINED, FINAL) else {}
    return replace(fresh, **placed | changes)


@pytest.mark.parametrize("state", [SIGNED, SENT])
def test_a_mined_transaction_is_placed_and_not_yet_final(state):
    assert next_state(batch(state), Receipt()) == batch(MINED)


@pytest.mark.parametrize("state", [SIGNED, SENT, MINED])
def test_a_final_receipt_ends_it(state):
    assert next_state(batch(state), Receipt(final=True)) == batch(FINAL)


def test_a_vanished_transaction_goes_back_to_be_sent_with_the_same_bytes():
    vanished = next_state(batch(MINED), None)
    assert vanished == batch(SIGNED)
    assert must_send(vanished)


def test_a_transaction_that_moved_to_another_block_is_placed_anew():
    moved = next_state(batch(MINED), Receipt(block_number=8, block_hash="0xb8"))
    assert moved == batch(MINED, block_number=8, block_hash="0xb8")


@pytest.mark.parametrize("state", [SIGNED, SENT])
def test_waiting_changes_nothing(state):
    assert next_state(batch(state), None) == batch(state)


@pytest.mark.parametrize("state", [FINAL, FAILED])
@pytest.mark.parametrize("receipt", [None, Receipt(), Receipt(tx_hash="0xee")])
def test_an_end_is_an_end(state, receipt):
    assert next_state(batch(state), receipt) == batch(state)


@pytest.mark.parametrize("state", [SIGNED, SENT, MINED])
def test_another_transactions_receipt_is_refused(state):
    with pytest.raises(ReceiptMismatch, match="0xee"):
        next_state(batch(state), Receipt(tx_hash="0xee"))


def test_sending_is_noted_once():
    assert sent(batch(SIGNED)) == batch(SENT)
    assert [sent(batch(state)).state for state in (SENT, MINED, FINAL, FAILED)] == [SENT, MINED, FINAL, FAILED]


def test_only_what_may_be_missing_is_sent():
    assert [state for state in AnchorState if must_send(batch(state))] == [SIGNED, SENT]


def test_a_dearer_transaction_takes_the_place_of_the_stuck_one():
    again = resigned(batch(SENT), Prepared())
    assert (again.state, again.tx_hash, again.raw_tx) == (SIGNED, "0xdd", b"dearer")
    assert (again.id, again.root, again.leaves, again.nonce) == (1, "ab" * 32, (("pv-1", "11"),), 3)


def test_a_failed_batch_can_be_signed_again_and_a_final_one_can_not():
    assert resigned(batch(FAILED), Prepared(nonce=9)).nonce == 9
    assert resigned(batch(FINAL), Prepared()) == batch(FINAL)
    assert failed(batch(FINAL)) == batch(FINAL)
    assert failed(batch(SENT)) == batch(FAILED)


def test_the_first_transaction_is_adopted_only_when_it_is_final():
    """Until then it can vanish, and the stored bytes, which are the second's, are the ones to send."""
    second = resigned(batch(SENT), Prepared())
    assert adopted(second, Receipt(tx_hash="0xaa")) == second
    done = adopted(second, Receipt(tx_hash="0xaa", final=True))
    assert (done.state, done.tx_hash, done.block_number) == (FINAL, "0xaa", 7)
    assert adopted(done, Receipt(tx_hash="0xff", final=True)) == done


@given(st.lists(st.one_of(st.none(), st.just("sent"), st.builds(Receipt, block_number=st.integers(1, 9)))))
def test_no_history_loses_the_transaction(history):
    """Whatever the node says, before it is final: the bytes stay, it is placed or it will be sent."""
    now = batch(SIGNED)
    for event in history:
        now = sent(now) if event == "sent" else next_state(now, event)
        assert (now.raw_tx, now.tx_hash, now.nonce) == (b"raw", "0xaa", 3)
        assert must_send(now) is (now.block_hash is None)
        assert (now.state is MINED) is (now.block_number is not None)
