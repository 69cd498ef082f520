"""The ledger against a real JSON-RPC node: reorganisations, stuck transactions, a node that dies.

anvil comes from `make setup`. Where it is missing the tests are skipped, or fail in CI.
"""

import os
import shutil
import socket
import subprocess
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

import contracts
from provenance.adapters.chain import EvmLedger, EvmOptions, ReadOnlyLedger, deploy
from provenance.core.anchoring import adopted, must_send, next_state, resigned, sent
from provenance.core.errors import Conflict, Misconfigured, Unavailable
from provenance.core.records import AnchorBatch, AnchorState
from tests.evm import levels, path

pytestmark = [pytest.mark.integration, pytest.mark.chain]

CHAIN_ID = 31337
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's public first key
POOR_KEY = "0x" + "a" * 64
ROOT, OTHER = bytes(range(32)), bytes(range(1, 33))


class Anvil:
    """A node with the registry deployed. One slot an epoch: a block is final when two more lie on it."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen(
            [program, "--host", "127.0.0.1", "--port", "0", "--slots-in-an-epoch", "1", "--chain-id", str(CHAIN_ID)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        address = next(line.split()[-1] for line in self.process.stdout if line.startswith("Listening on"))
        self.url = f"http://{address}"
        self.rpc = HTTPProvider(self.url)
        self.contract = deploy(self.url, private_key=KEY, chain_id=CHAIN_ID)

    def ledger(self, key: str = KEY, **options) -> EvmLedger:
        return EvmLedger(self.url, self.contract, private_key=key, chain_id=CHAIN_ID, options=EvmOptions(**options))

    def ask(self, method, *params):
        answer = self.rpc.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def anvil_program() -> str | None:
    packaged = Path(contracts.__file__).parent.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*")
    return next((str(program) for program in packaged), shutil.which("anvil"))


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    program = anvil_program()
    if program is None:
        missing = "anvil is not installed: run make setup"
        if os.environ.get("PROVENANCE_TEST_REQUIRE_ALL"):
            pytest.fail(missing)
        pytest.skip(missing)
    node = Anvil(program)
    yield node
    node.kill()


def stored(prepared) -> AnchorBatch:
    return AnchorBatch(
        id=1,
        root=ROOT.hex(),
        leaves=(),
        state=AnchorState.SIGNED,
        created_at=datetime.now(UTC),
        chain_id=prepared.chain_id,
        contract=prepared.contract,
        sender=prepared.sender,
        nonce=prepared.nonce,
        tx_hash=prepared.tx_hash,
        raw_tx=prepared.raw_tx,
    )


def tick(ledger, batch: AnchorBatch) -> AnchorBatch:
    """One round of the worker: look, and send what may be missing."""
    batch = next_state(batch, ledger.receipt(batch.tx_hash))
    if must_send(batch):
        ledger.send(batch.raw_tx)
        batch = sent(batch)
    return batch


def test_an_anchor_becomes_final(anvil):
    ledger = anvil.ledger()
    batch = stored(ledger.prepare(ROOT, 1000))
    batch = tick(ledger, batch)
    assert batch.state is AnchorState.SENT
    batch = tick(ledger, batch)
    assert batch.state is AnchorState.MINED
    anvil.mine(2)
    batch = tick(ledger, batch)
    block = Web3(anvil.rpc).eth.get_block(batch.block_number)
    assert (batch.state, batch.block_hash) == (AnchorState.FINAL, Web3.to_hex(block["hash"]))
    assert ledger.confirm(ROOT) == datetime.fromtimestamp(block["timestamp"], UTC)


def test_a_batchs_leaves_are_proved_to_the_contract(anvil):
    leaves = [(bytes([i]) * 32, bytes([i + 100]) * 32) for i in range(11)]
    tree = levels(leaves)
    ledger = anvil.ledger()
    ledger.send(ledger.prepare(tree[-1][0], len(leaves)).raw_tx)
    registry = ledger._contract.functions
    for leaf in leaves:
        included, timestamp = registry.verifyInclusion(ledger.publisher, tree[-1][0], *leaf, path(tree, leaf)).call()
        assert included
        assert datetime.fromtimestamp(timestamp, UTC) == ledger.confirm(tree[-1][0])


def test_a_reorganisation_takes_the_anchor_and_the_same_bytes_bring_it_back(anvil):
    ledger = anvil.ledger()
    anvil.mine(3)
    batch = tick(ledger, stored(ledger.prepare(ROOT, 3)))
    batch = tick(ledger, batch)
    assert batch.state is AnchorState.MINED
    anvil.ask("anvil_reorg", 1, [])
    assert ledger.receipt(batch.tx_hash) is None
    assert ledger.locate(ROOT) is None
    again = tick(ledger, batch)
    assert (again.state, again.raw_tx) == (AnchorState.SENT, batch.raw_tx)
    back = tick(ledger, again)
    assert back.state is AnchorState.MINED
    assert back.block_hash != batch.block_hash
    anvil.mine(2)
    assert tick(ledger, back).state is AnchorState.FINAL


def test_a_stuck_transaction_gives_way_to_one_with_higher_fees(anvil):
    ledger = anvil.ledger()
    anvil.ask("evm_setAutomine", False)
    batch = tick(ledger, stored(ledger.prepare(ROOT, 3)))
    assert tick(ledger, batch) == batch
    assert batch.state is AnchorState.SENT
    dearer = resigned(batch, ledger.replace(batch.raw_tx))
    assert dearer.nonce == batch.nonce
    dearer = tick(ledger, dearer)
    anvil.mine(3)
    assert tick(ledger, dearer).state is AnchorState.FINAL
    assert ledger.receipt(batch.tx_hash) is None
    with pytest.raises(Conflict, match="nonce"):
        ledger.send(batch.raw_tx)


def test_a_transaction_that_the_market_has_outrun_is_refused_with_the_remedy(anvil):
    ledger = anvil.ledger()
    prepared = ledger.prepare(ROOT, 3)
    anvil.ask("anvil_setNextBlockBaseFeePerGas", hex(100 * 10**9))
    anvil.mine()
    with pytest.raises(Unavailable, match="base fee") as refused:
        ledger.send(prepared.raw_tx)
    assert "replace" in refused.value.hint
    dearer = ledger.replace(prepared.raw_tx)
    ledger.send(dearer.raw_tx)
    assert ledger.receipt(dearer.tx_hash) is not None


def test_when_the_first_of_two_is_mined_after_all_it_is_adopted(anvil):
    ledger = anvil.ledger()
    anvil.ask("evm_setAutomine", False)
    first = tick(ledger, stored(ledger.prepare(ROOT, 3)))
    second = resigned(first, ledger.replace(first.raw_tx))
    anvil.mine()  # before the second is sent
    with pytest.raises(Conflict, match="nonce"):
        tick(ledger, second)
    located = ledger.locate(ROOT)
    assert located.tx_hash == first.tx_hash
    assert adopted(second, located) == second  # not final yet
    anvil.mine(2)
    done = adopted(second, ledger.locate(ROOT))
    assert (done.state, done.tx_hash) == (AnchorState.FINAL, first.tx_hash)


def test_waiting_transactions_count_for_the_next_nonce(anvil):
    ledger = anvil.ledger()
    anvil.ask("evm_setAutomine", False)
    first = ledger.prepare(ROOT, 3)
    ledger.send(first.raw_tx)
    ledger.send(first.raw_tx)  # "transaction already imported"
    assert ledger.prepare(OTHER, 3).nonce == first.nonce + 1
    assert ledger.receipt(first.tx_hash) is None


def test_an_anchored_root_and_an_empty_account_are_named(anvil):
    ledger = anvil.ledger()
    ledger.send(ledger.prepare(ROOT, 3).raw_tx)
    with pytest.raises(Conflict, match="anchored already"):
        ledger.prepare(ROOT, 3)
    poor = anvil.ledger(POOR_KEY)
    with pytest.raises(Unavailable, match=r"(?i)insufficient funds") as refused:
        poor.send(poor.prepare(ROOT, 3).raw_tx)
    assert poor.publisher in refused.value.hint


def test_another_chain_is_misconfigured(anvil):
    elsewhere = EvmLedger(anvil.url, anvil.contract, private_key=KEY, chain_id=1)
    with pytest.raises(Misconfigured, match="serves chain 31337, but chain 1"):
        elsewhere.prepare(ROOT, 3)


def test_a_dead_node_is_unavailable_and_no_secret_is_told(anvil):
    prepared = anvil.ledger().prepare(ROOT, 3)
    secret_url = anvil.url.replace("http://", "http://user:hunter2@") + "/?key=APIKEY"
    ledger = EvmLedger(secret_url, anvil.contract, private_key=KEY, chain_id=CHAIN_ID)
    ledger.check()
    anvil.kill()
    calls = (
        lambda: ledger.prepare(OTHER, 1),
        lambda: ledger.send(prepared.raw_tx),
        lambda: ledger.receipt(prepared.tx_hash),
        lambda: ledger.confirm(ROOT),
    )
    for call in calls:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as refused:
            call()
        shown = "".join(traceback.format_exception(refused.value))
        assert not [secret for secret in ("hunter2", "APIKEY", KEY[2:]) if secret in shown]


@contextmanager
def server(status: int, body: bytes) -> Iterator[str]:
    """Something on the RPC port that is no node."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_address[1]}"
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>log in</html>"), (200, b"{}"), (200, b"[]"), (200, b""), (401, b"no"), (429, b"slow"), (503, b"")],
)
def test_an_answer_that_is_no_json_rpc_is_unavailable(status, body):
    with server(status, body) as url:
        reader = ReadOnlyLedger(url, "0x" + "11" * 20, publisher="0x" + "22" * 20, chain_id=1)
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as refused:
            reader.confirm(ROOT)
    assert (f"HTTP {status}" in refused.value.reason) is (status != 200)


def test_a_node_that_never_answers_is_unavailable():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        reader = ReadOnlyLedger(
            url, "0x" + "11" * 20, publisher="0x" + "22" * 20, chain_id=1, options=EvmOptions(timeout_seconds=0.2)
        )
        with pytest.raises(Unavailable, match="Timeout"):
            reader.confirm(ROOT)
