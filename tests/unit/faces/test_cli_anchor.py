"""anchor, and `verify --rpc`, against a chain in this process."""

import json

import pytest
from web3 import Web3

from provenance.adapters.chain import node as nodes
from tests.cli import cli
from tests.evm import ADDRESS, KEY, OTHER_ADDRESS, TesterNode
from tests.service import encoded, scene

pytestmark = pytest.mark.chain

URL = "http://secret@node.example/token"


@pytest.fixture
def node(monkeypatch):
    """A chain behind a URL, and settings for everything but the contract."""
    node = TesterNode()
    monkeypatch.setattr(nodes, "_open", lambda _endpoint, _timeout: Web3(node))
    return node


@pytest.fixture
def configured(node, stock, monkeypatch):
    monkeypatch.setenv("PROVENANCE_CHAIN_RPC_URL", URL)
    monkeypatch.setenv("PROVENANCE_CHAIN_ID", str(Web3(node).eth.chain_id))
    monkeypatch.setenv("PROVENANCE_CHAIN_PRIVATE_KEY", KEY)
    monkeypatch.setenv("PROVENANCE_CHAIN_CONFIRMATIONS", "1")
    return stock


@pytest.fixture
def deployed(configured, monkeypatch):
    """The registry's address, which the settings name."""
    done = cli("anchor", "--deploy")
    assert done.code == 0, done
    assert "PROVENANCE_CHAIN_CONTRACT" in done.err
    address = done.out.strip()
    monkeypatch.setenv("PROVENANCE_CHAIN_CONTRACT", address)
    return address


class TestDeploy:
    def test_a_second_registry_is_not_paid_by_mistake(self, deployed):
        done = cli("anchor", "--deploy")
        assert done.code == 2
        assert deployed in done.err

    def test_as_json(self, configured, node):
        answer = cli("anchor", "--deploy", "--json").answer
        assert answer["chain_id"] == Web3(node).eth.chain_id
        assert Web3(node).eth.get_code(answer["contract"])

    @pytest.mark.parametrize("name", ["RPC_URL", "ID", "PRIVATE_KEY"])
    def test_a_setting_that_is_missing_is_named(self, configured, monkeypatch, name):
        monkeypatch.delenv(f"PROVENANCE_CHAIN_{name}")
        done = cli("anchor", "--deploy")
        assert done.code == 2
        assert f"PROVENANCE_CHAIN_{name}" in done.err

    def test_two_errands_at_once(self, configured):
        assert cli("anchor", "--deploy", "--replace").code == 2


class TestAnchor:
    def test_without_a_ledger(self, stock):
        done = cli("anchor")
        assert done.code == 2
        assert "PROVENANCE_CHAIN_RPC_URL" in done.err

    def test_works_are_anchored_once(self, deployed):
        answer = cli("anchor", "--json").answer
        assert (answer["works"], answer["state"]) == (2, "final")
        assert cli("anchor").out == "nothing waits for an anchor\n"
        assert cli("anchor", "--replace").out == "no transaction is stuck\n"

    def test_a_stuck_one_is_replaced(self, deployed, node):
        node.chain.disable_auto_mine_transactions()
        first = cli("anchor", "--json").answer
        assert first["state"] == "sent"
        second = cli("anchor", "--replace", "--json").answer
        assert (second["root"], second["state"]) == (first["root"], "sent")
        assert second["tx_hash"] != first["tx_hash"]

    def test_a_node_that_is_down_says_nothing_secret(self, deployed, node):
        node.answers["*"] = ConnectionError("http://secret@node.example/token")
        done = cli("anchor")
        assert done.code == 6
        assert "node.example" in done.err
        assert "secret" not in done.err
        assert "token" not in done.err


class TestVerify:
    @pytest.fixture
    def bundle(self, deployed, stock, tmp_path):
        assert cli("anchor").code == 0
        assert cli("show", stock.ids["harbour"], "--certificate", tmp_path / "bundle.json").code == 0
        return tmp_path / "bundle.json"

    def verify(self, bundle, keys, contract, publisher=ADDRESS):
        return cli(
            "verify", bundle, "--jwks", keys, "--rpc", URL, "--contract", contract, "--publisher", publisher, "--json"
        )

    def test_the_ledger_confirms_the_root(self, bundle, keys_file, deployed):
        done = self.verify(bundle, keys_file, deployed)
        assert done.code == 0, done
        assert done.answer["anchored_since"]
        assert done.answer["steps"][7]["outcome"] == "passed"

    def test_offline_the_path_is_checked(self, bundle, keys_file):
        answer = cli("verify", bundle, "--jwks", keys_file, "--json").answer
        assert answer["anchored_since"] is None
        assert answer["steps"][7]["outcome"] == "passed"

    def test_another_publishers_anchor_does_not_count(self, bundle, keys_file, deployed):
        done = self.verify(bundle, keys_file, deployed, OTHER_ADDRESS)
        assert (done.code, done.answer["error"], done.answer["step"]) == (3, "receipt-mismatch", 8)

    def test_a_contract_that_is_not_the_registry(self, bundle, keys_file):
        done = self.verify(bundle, keys_file, OTHER_ADDRESS)
        assert (done.code, done.answer["error"]) == (2, "misconfigured")

    def test_a_node_that_is_down_is_no_refusal(self, bundle, keys_file, deployed, node):
        node.answers["*"] = ConnectionError()
        done = self.verify(bundle, keys_file, deployed)
        assert (done.code, done.answer["error"]) == (6, "unavailable")

    def test_a_path_that_was_tampered_with(self, bundle, keys_file, deployed):
        document = json.loads(bundle.read_text())
        document["receipts"][0]["path"] = ["0x" + "11" * 32]
        bundle.write_text(json.dumps(document))
        assert self.verify(bundle, keys_file, deployed).answer["step"] == 8


def test_a_new_work_after_an_anchor_waits_for_the_next(deployed, surroundings):
    cli("anchor")
    (surroundings / "late.png").write_bytes(encoded(scene(400)))
    assert cli("register", "late.png").code == 0
    assert cli("anchor", "--json").answer["works"] == 1
