"""The EVM ledger on an in-process chain: what it signs, sends and believes, and what each failure becomes."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes
from web3 import Web3

from contracts import artifact
from provenance.adapters.chain import EvmLedger, ReadOnlyLedger, deploy
from provenance.core.errors import Conflict, InvalidRequest, Misconfigured, ReceiptMismatch, Unavailable
from tests.evm import ADDRESS, KEY, OTHER_ADDRESS, OTHER_KEY, POOR_KEY, TestChain

pytestmark = pytest.mark.chain

ROOT, OTHER = bytes(range(32)), bytes(range(1, 33))
FINALIZED = "eth_getBlockByNumber finalized"
NO_TAG = {"code": -32602, "message": "invalid block tag"}
UNKNOWN_BLOCK = {"code": -39001, "message": "finalized block not found"}


@pytest.fixture(scope="module")
def shared():
    return TestChain.start()


@pytest.fixture
def chain(shared):
    snapshot = shared.node.chain.take_snapshot()
    yield shared
    shared.node.answers.clear()
    shared.node.chain.auto_mine_transactions = True
    shared.node.chain.revert_to_snapshot(snapshot)


def fields(raw_tx):
    return TypedTransaction.from_bytes(HexBytes(raw_tx)).as_dict()


def anchored(chain, root=ROOT, **options):
    ledger = chain.ledger(**options)
    prepared = ledger.prepare(root, 3)
    ledger.send(prepared.raw_tx)
    return ledger, prepared


def test_importing_the_room_imports_no_web3():
    code = "import sys, provenance.adapters.chain; print([m for m in sys.modules if m in ('web3', 'eth_account')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestPrepare:
    def test_it_signs_an_eip_1559_call_of_anchor_batch(self, chain):
        prepared = chain.ledger(manifest_uri="ipfs://m").prepare(ROOT, 1000, nonce=7)
        signed = fields(prepared.raw_tx)
        assert (signed["type"], signed["chainId"], signed["nonce"], signed["value"]) == (2, chain.chain_id, 7, 0)
        assert Web3.to_checksum_address(signed["to"]) == chain.contract == prepared.contract
        function, arguments = chain.registry().decode_function_input(signed["data"])
        assert function.fn_name == "anchorBatch"
        assert arguments == {"root": ROOT, "leafCount": 1000, "manifestURI": "ipfs://m"}
        assert Account.recover_transaction(prepared.raw_tx) == ADDRESS == prepared.sender
        assert prepared.tx_hash == Web3.to_hex(Web3.keccak(prepared.raw_tx))

    def test_the_same_batch_at_the_same_nonce_and_price_gives_the_same_bytes(self, chain):
        assert chain.ledger().prepare(ROOT, 3, nonce=4) == chain.ledger().prepare(ROOT, 3, nonce=4)

    def test_the_gas_margin_is_added_to_the_estimate(self, chain):
        bare, roomy = (
            fields(chain.ledger(gas_margin_percent=percent).prepare(ROOT, 3).raw_tx)["gas"] for percent in (0, 50)
        )
        assert roomy == bare + bare // 2

    def test_the_fee_leaves_room_for_a_rising_base_fee(self, chain):
        base_fee = Web3(chain.node).eth.get_block("latest")["baseFeePerGas"]
        signed = fields(chain.ledger().prepare(ROOT, 3).raw_tx)
        assert signed["maxFeePerGas"] == 2 * base_fee + signed["maxPriorityFeePerGas"]

    def test_nothing_is_signed_above_the_fee_ceiling(self, chain):
        price = fields(chain.ledger().prepare(ROOT, 3).raw_tx)["maxFeePerGas"]
        assert chain.ledger(fee_ceiling_wei=price).prepare(ROOT, 3)
        with pytest.raises(Unavailable, match="ceiling"):
            chain.ledger(fee_ceiling_wei=price - 1).prepare(ROOT, 3)

    def test_a_root_that_is_anchored_is_named_by_the_contract(self, chain):
        ledger, _ = anchored(chain)
        with pytest.raises(Conflict, match="anchored already"):
            ledger.prepare(ROOT, 3)

    @pytest.mark.parametrize(
        ("data", "error", "reason"),
        [
            (Web3.to_hex(Web3.keccak(text="ZeroRoot()")[:4]), InvalidRequest, "ZeroRoot"),
            (Web3.to_hex(Web3.keccak(text="NoLeaves()")[:4]), InvalidRequest, "NoLeaves"),
            ("0x12345678", Misconfigured, "call fails"),
            (None, Misconfigured, "call fails"),
        ],
    )
    def test_a_revert_is_named(self, chain, data, error, reason):
        chain.node.answers["eth_estimateGas"] = {"code": 3, "message": "execution reverted", "data": data}
        with pytest.raises(error, match=reason):
            chain.ledger().prepare(ROOT, 3)

    def test_it_sends_nothing(self, chain):
        chain.node.asked.clear()
        chain.ledger().prepare(ROOT, 3)
        assert "eth_sendRawTransaction" not in chain.node.asked


class TestReplace:
    def test_both_fees_rise_by_an_eighth_and_the_call_stays(self, chain):
        ledger = chain.ledger()
        stuck = ledger.prepare(ROOT, 3)
        before, after = fields(stuck.raw_tx), fields(ledger.replace(stuck.raw_tx).raw_tx)
        for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
            assert after[fee] * 8 >= before[fee] * 9
        for kept in ("to", "data", "nonce", "gas", "value", "chainId", "type"):
            assert after[kept] == before[kept]

    def test_it_respects_the_ceiling(self, chain):
        stuck = chain.ledger().prepare(ROOT, 3)
        ceiling = fields(stuck.raw_tx)["maxFeePerGas"]
        with pytest.raises(Unavailable, match="ceiling"):
            chain.ledger(fee_ceiling_wei=ceiling).replace(stuck.raw_tx)

    def test_another_keys_transaction_is_refused(self, chain):
        stuck = chain.ledger().prepare(ROOT, 3)
        with pytest.raises(Misconfigured, match="not signed by"):
            chain.ledger(OTHER_KEY).replace(stuck.raw_tx)

    def test_a_transaction_to_another_contract_is_refused(self, chain):
        second = deploy(chain.node, private_key=KEY, chain_id=chain.chain_id)
        stuck = EvmLedger(chain.node, second, private_key=KEY, chain_id=chain.chain_id).prepare(ROOT, 3)
        with pytest.raises(Misconfigured, match="another chain or contract"):
            chain.ledger().replace(stuck.raw_tx)


class TestSend:
    def test_a_waiting_transaction_can_be_sent_again(self, chain):
        ledger = chain.ledger()
        chain.hold_transactions()
        prepared = ledger.prepare(ROOT, 3)
        ledger.send(prepared.raw_tx)
        ledger.send(prepared.raw_tx)
        assert ledger.receipt(prepared.tx_hash) is None
        chain.release_transactions()
        assert ledger.receipt(prepared.tx_hash) is not None

    @pytest.mark.parametrize("words", ["already known", "nonce too low", "AlreadyKnown", "a client's new wording"])
    def test_a_refusal_of_bytes_that_the_node_has_is_no_failure(self, chain, words):
        ledger, prepared = anchored(chain)
        chain.node.answers["eth_sendRawTransaction"] = {"code": -32000, "message": words}
        ledger.send(prepared.raw_tx)

    @pytest.mark.parametrize(
        ("words", "hint"),
        [
            ("insufficient funds for gas * price + value", ADDRESS),
            ("replacement transaction underpriced", "replace"),
            ("txpool is full", None),
        ],
    )
    def test_a_refusal_says_why_and_what_to_do(self, chain, words, hint):
        ledger = chain.ledger()
        prepared = ledger.prepare(ROOT, 3)
        chain.node.answers["eth_sendRawTransaction"] = {"code": -32000, "message": words}
        with pytest.raises(Unavailable, match="refused") as refused:
            ledger.send(prepared.raw_tx)
        assert words in refused.value.reason
        assert (hint in refused.value.hint) if hint else refused.value.hint is None

    def test_an_earlier_keys_transaction_can_still_be_sent(self, chain):
        """The key was changed while a batch was on its way."""
        prepared = chain.ledger(OTHER_KEY).prepare(ROOT, 3)
        chain.ledger(KEY).send(prepared.raw_tx)
        assert chain.reader(OTHER_ADDRESS).locate(ROOT).tx_hash == prepared.tx_hash


class TestReceipt:
    def test_it_names_the_block(self, chain):
        ledger, prepared = anchored(chain)
        block = Web3(chain.node).eth.get_block("latest")
        receipt = ledger.receipt(prepared.tx_hash)
        assert (receipt.block_number, receipt.block_hash) == (block["number"], Web3.to_hex(block["hash"]))

    def test_it_vanishes_with_its_block_and_comes_back_with_the_same_bytes(self, chain):
        snapshot = chain.node.chain.take_snapshot()
        ledger, prepared = anchored(chain)
        assert ledger.receipt(prepared.tx_hash) is not None
        chain.node.chain.revert_to_snapshot(snapshot)
        assert ledger.receipt(prepared.tx_hash) is None
        assert ledger.locate(ROOT) is None
        ledger.send(prepared.raw_tx)
        assert ledger.receipt(prepared.tx_hash) is not None

    @pytest.mark.parametrize("missing", [NO_TAG, UNKNOWN_BLOCK], ids=["no tag", "unknown block"])
    def test_without_a_finalized_tag_confirmations_decide(self, chain, missing):
        ledger, prepared = anchored(chain, confirmations=3)
        chain.node.answers[FINALIZED] = missing
        assert ledger.receipt(prepared.tx_hash).final is False
        chain.mine_empty_blocks(1)
        assert ledger.receipt(prepared.tx_hash).final is False
        chain.mine_empty_blocks(1)
        assert ledger.receipt(prepared.tx_hash).final is True

    def test_a_rate_limit_does_not_weaken_the_rule(self, chain):
        ledger, prepared = anchored(chain, confirmations=1)
        chain.node.answers[FINALIZED] = {"code": -32005, "message": "limit exceeded"}
        with pytest.raises(Unavailable, match="limit exceeded"):
            ledger.receipt(prepared.tx_hash)

    def test_a_transaction_to_another_contract_is_no_receipt(self, chain):
        web3 = Web3(chain.node)
        paid = web3.eth.send_transaction({"from": ADDRESS, "to": OTHER_ADDRESS, "value": 1})
        with pytest.raises(ReceiptMismatch, match="another contract"):
            chain.ledger().receipt(Web3.to_hex(paid))


class TestConfirm:
    def test_it_answers_the_blocks_time(self, chain):
        ledger, prepared = anchored(chain)
        block = Web3(chain.node).eth.get_block(ledger.receipt(prepared.tx_hash).block_number)
        assert ledger.confirm(ROOT) == datetime.fromtimestamp(block["timestamp"], UTC)

    def test_it_needs_no_key(self, chain):
        ledger, prepared = anchored(chain)
        reader = chain.reader()
        assert reader.confirm(ROOT) == ledger.confirm(ROOT)
        assert reader.locate(ROOT) == reader.receipt(prepared.tx_hash) == ledger.receipt(prepared.tx_hash)
        assert not hasattr(reader, "send")

    def test_another_publishers_anchor_does_not_count(self, chain):
        anchored(chain)
        reader = chain.reader(publisher=OTHER_ADDRESS)
        with pytest.raises(ReceiptMismatch, match=OTHER_ADDRESS):
            reader.confirm(ROOT)
        assert reader.locate(ROOT) is None

    def test_a_look_alike_contract_is_not_believed(self, chain):
        """One that answers every call with the same words: any root would look anchored."""
        always = bytes.fromhex("60016000526001602052600160405260606000f3")
        web3 = Web3(chain.node)
        code = bytes([0x60, len(always), 0x80, 0x60, 0x0B, 0x60, 0, 0x39, 0x60, 0, 0xF3]) + always
        receipt = web3.eth.get_transaction_receipt(web3.eth.send_transaction({"from": ADDRESS, "data": code}))
        fake = chain.registry().w3.eth.contract(
            receipt["contractAddress"], abi=list(artifact("ProvenanceRegistry").abi)
        )
        assert fake.functions.anchors(ADDRESS, ROOT).call() == [1, 1, 1]
        reader = ReadOnlyLedger(chain.node, fake.address, publisher=ADDRESS, chain_id=chain.chain_id)
        with pytest.raises(Misconfigured, match="another contract"):
            reader.confirm(ROOT)

    def test_an_empty_address_is_not_the_registry(self, chain):
        reader = ReadOnlyLedger(chain.node, OTHER_ADDRESS, publisher=ADDRESS, chain_id=chain.chain_id)
        for call in (reader.check, lambda: reader.confirm(ROOT), lambda: reader.locate(ROOT)):
            with pytest.raises(Misconfigured, match="no contract"):
                call()

    def test_the_code_is_read_once(self, chain):
        reader = chain.reader()
        chain.node.asked.clear()
        reader.check()
        reader.check()
        assert chain.node.asked.count("eth_getCode") == 1


class TestFailures:
    CALLS = (
        lambda ledger, tx: ledger.check(),
        lambda ledger, tx: ledger.prepare(OTHER, 1),
        lambda ledger, tx: ledger.replace(tx.raw_tx),
        lambda ledger, tx: ledger.send(tx.raw_tx),
        lambda ledger, tx: ledger.receipt(tx.tx_hash),
        lambda ledger, tx: ledger.locate(ROOT),
        lambda ledger, tx: ledger.confirm(ROOT),
    )
    NAMES = ("check", "prepare", "replace", "send", "receipt", "locate", "confirm")

    @pytest.mark.parametrize("call", CALLS, ids=NAMES)
    @pytest.mark.parametrize(
        "failure",
        [ConnectionRefusedError("http://x/KEY"), TimeoutError(), {"code": -32603, "message": "internal"}, ValueError()],
        ids=["refused", "timeout", "error object", "no JSON"],
    )
    def test_a_node_that_fails_is_unavailable(self, chain, call, failure):
        ledger = chain.ledger()
        prepared = ledger.prepare(ROOT, 1)
        chain.node.answers["*"] = failure
        with pytest.raises(Unavailable, match="TesterNode") as refused:
            call(ledger, prepared)
        assert "KEY" not in str(refused.value)

    @pytest.mark.parametrize("call", CALLS, ids=NAMES)
    def test_another_chain_is_misconfigured(self, chain, call):
        prepared = chain.ledger().prepare(ROOT, 1)
        elsewhere = EvmLedger(chain.node, chain.contract, private_key=KEY, chain_id=1)
        with pytest.raises(Misconfigured, match="chain"):
            call(elsewhere, prepared)

    def test_an_unpaid_account_is_told_to_get_some(self, chain):
        ledger = chain.ledger(POOR_KEY)
        with pytest.raises(Unavailable):
            ledger.send(ledger.prepare(ROOT, 1).raw_tx)

    @pytest.mark.parametrize("address", ["", "0x12", "vitalik.eth", ADDRESS.replace("B", "b")])
    def test_a_wrong_address_is_misconfigured(self, chain, address):
        with pytest.raises(Misconfigured, match="contract address"):
            EvmLedger(chain.node, address, private_key=KEY, chain_id=chain.chain_id)
        with pytest.raises(Misconfigured, match="publisher address"):
            chain.reader(publisher=address)

    def test_a_chain_without_a_base_fee_is_misconfigured(self, chain, monkeypatch):
        ledger = chain.ledger()
        monkeypatch.setattr(ledger._node.web3.eth, "get_block", lambda tag: {"number": 1})
        with pytest.raises(Misconfigured, match="EIP-1559"):
            ledger.prepare(ROOT, 1)

    def test_a_contract_can_not_make_us_fetch_urls(self, chain):
        """ERC-3668: a hostile contract's revert names URLs, and web3 would ask them."""
        assert chain.reader()._node.web3.provider.global_ccip_read_enabled is False


def test_a_deployment_can_be_anchored_in(chain):
    address = deploy(chain.node, private_key=OTHER_KEY, chain_id=chain.chain_id)
    ledger = EvmLedger(chain.node, address, private_key=KEY, chain_id=chain.chain_id)
    ledger.check()
    ledger.send(ledger.prepare(ROOT, 1).raw_tx)
    assert ledger.locate(ROOT) is not None


def test_a_deployment_on_another_chain_is_refused(chain):
    with pytest.raises(Misconfigured, match="chain"):
        deploy(chain.node, private_key=KEY, chain_id=1)


def test_a_chain_that_can_not_run_the_code_is_named_at_deployment(chain):
    chain.node.answers["eth_estimateGas"] = {"code": 3, "message": "execution reverted: invalid opcode"}
    with pytest.raises(Misconfigured, match="invalid opcode") as refused:
        deploy(chain.node, private_key=KEY, chain_id=chain.chain_id)
    assert "cancun" in refused.value.hint


def test_a_deployment_that_nobody_mines_names_its_transaction(chain):
    chain.node.answers["eth_getTransactionReceipt"] = {"code": -32000, "message": "transaction not found"}
    with pytest.raises(Unavailable, match=r"deployment 0x[0-9a-f]{64} was not mined in 0\.1 s"):
        deploy(chain.node, private_key=KEY, chain_id=chain.chain_id, timeout_seconds=0.1)
