"""The compiled registry on an in-process EVM: what it stores, refuses and proves."""

import pytest
from eth_abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import Web3
from web3.exceptions import ContractCustomError, Web3Exception

from provenance.core.types import WorkId
from provenance.credentials.vc.merkle import MerkleBatch
from tests.evm import ADDRESS, OTHER_ADDRESS, TestChain, leaf_hash, levels, path, siblings

pytestmark = pytest.mark.chain

ROOT = bytes(range(1, 33))
WORD = st.binary(min_size=32, max_size=32)
BATCH = st.lists(st.tuples(WORD, WORD), min_size=1, max_size=9, unique=True)
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GAS_LIMIT = 55_000


@pytest.fixture(scope="module")
def chain():
    return TestChain.start()


@pytest.fixture
def registry(chain):
    """The registry on a fresh state."""
    snapshot = chain.node.chain.take_snapshot()
    yield chain.registry()
    chain.node.chain.revert_to_snapshot(snapshot)


def anchor(registry, root, leaves=1, uri="", publisher=ADDRESS):
    tx = registry.functions.anchorBatch(root, leaves, uri).transact({"from": publisher})
    return registry.w3.eth.get_transaction_receipt(tx)


def selector(signature):
    return "0x" + bytes(Web3.keccak(text=signature))[:4].hex()


def test_an_anchor_holds_the_blocks_time_its_number_and_the_leaf_count(registry):
    receipt = anchor(registry, ROOT, 1000)
    block = registry.w3.eth.get_block(receipt["blockNumber"])
    assert registry.functions.anchors(ADDRESS, ROOT).call() == [block["timestamp"], block["number"], 1000]


def test_an_anchor_is_logged_with_its_manifest(registry):
    receipt = anchor(registry, ROOT, 7, "ipfs://manifest")
    (log,) = registry.events.BatchAnchored().process_receipt(receipt)
    assert dict(log["args"]) == {
        "publisher": ADDRESS,
        "root": ROOT,
        "leafCount": 7,
        "manifestURI": "ipfs://manifest",
    }


def test_an_anchor_fills_one_slot_of_the_documented_layout(registry):
    """Storage proofs depend on it: mapping at slot 0, keyed by publisher, then root."""
    receipt = anchor(registry, ROOT, 1000)
    block = registry.w3.eth.get_block(receipt["blockNumber"])
    outer = Web3.keccak(encode(["address", "uint256"], [ADDRESS, 0]))
    slot = int.from_bytes(Web3.keccak(encode(["bytes32", "bytes32"], [ROOT, bytes(outer)])))
    stored = int.from_bytes(registry.w3.eth.get_storage_at(registry.address, slot))
    assert stored == block["timestamp"] | block["number"] << 64 | 1000 << 128


def test_what_nobody_anchored_is_zeros(registry):
    assert registry.functions.anchors(ADDRESS, ROOT).call() == [0, 0, 0]


def test_the_first_anchor_stands(registry):
    anchor(registry, ROOT, 5)
    before = registry.functions.anchors(ADDRESS, ROOT).call()
    with pytest.raises(ContractCustomError) as refused:
        registry.functions.anchorBatch(ROOT, 6, "").call({"from": ADDRESS})
    assert refused.value.data.startswith(selector("AlreadyAnchored(address,bytes32)"))
    assert refused.value.data.endswith(encode(["address", "bytes32"], [ADDRESS, ROOT]).hex())
    assert registry.functions.anchors(ADDRESS, ROOT).call() == before


def test_another_publisher_can_anchor_the_same_root_and_takes_nothing(registry):
    anchor(registry, ROOT, 5)
    before = registry.functions.anchors(ADDRESS, ROOT).call()
    anchor(registry, ROOT, 9, publisher=OTHER_ADDRESS)
    assert registry.functions.anchors(ADDRESS, ROOT).call() == before
    assert registry.functions.anchors(OTHER_ADDRESS, ROOT).call()[2] == 9


@pytest.mark.parametrize(
    ("root", "leaves", "error"),
    [(bytes(32), 1, "ZeroRoot()"), (ROOT, 0, "NoLeaves()"), (bytes(32), 0, "ZeroRoot()")],
    ids=["zero root", "no leaves", "both"],
)
def test_an_impossible_batch_is_refused_by_name(registry, root, leaves, error):
    with pytest.raises(ContractCustomError) as refused:
        registry.functions.anchorBatch(root, leaves, "").call({"from": ADDRESS})
    assert refused.value.data == selector(error)


def test_it_takes_no_money(registry):
    with pytest.raises(Web3Exception):
        registry.w3.eth.call({"from": ADDRESS, "to": registry.address, "value": 1})
    call = registry.encode_abi("anchorBatch", args=[ROOT, 1, ""])
    with pytest.raises(Web3Exception):
        registry.w3.eth.call({"from": ADDRESS, "to": registry.address, "data": call, "value": 1})


@pytest.mark.parametrize("leaves", [1, 1000, 2**32 - 1])
def test_anchoring_costs_little_and_no_more_for_more_works(registry, leaves):
    assert anchor(registry, ROOT, leaves, "ipfs://" + "b" * 59)["gasUsed"] <= GAS_LIMIT


@FEW
@given(leaf=st.tuples(WORD, WORD))
def test_the_leaf_is_hashed_as_openzeppelins_standard_tree_does(registry, leaf):
    assert registry.functions.leafHash(*leaf).call() == leaf_hash(leaf)


class TestInclusion:
    def included(self, registry, root, leaf, proof, publisher=ADDRESS):
        return registry.functions.verifyInclusion(publisher, root, *leaf, proof).call()

    def anchored(self, registry, leaves):
        """The batch's tree, anchored unless an earlier example did it."""
        tree = levels(leaves)
        root = tree[-1][0]
        if registry.functions.anchors(ADDRESS, root).call()[0] == 0:
            anchor(registry, root, len(leaves))
        return tree, root

    @FEW
    @given(leaves=BATCH)
    def test_every_leaf_is_found_with_the_anchors_time(self, registry, leaves):
        tree, root = self.anchored(registry, leaves)
        timestamp = registry.functions.anchors(ADDRESS, root).call()[0]
        for leaf in leaves:
            assert self.included(registry, root, leaf, path(tree, leaf)) == [True, timestamp]

    @FEW
    @given(works=st.dictionaries(st.integers(0, 2**64 - 1), WORD, min_size=1, max_size=9))
    def test_the_services_own_batches_are_accepted(self, registry, works):
        """`provenance.credentials` builds the tree and its paths; the contract is the judge."""
        leaves = [(WorkId(payload), digest) for payload, digest in works.items()]
        batch = MerkleBatch(leaves)
        words = {leaf: (leaf[0].payload.to_bytes(32), leaf[1]) for leaf in leaves}
        _, root = self.anchored(registry, list(words.values()))
        assert batch.root == root
        for leaf in leaves:
            assert self.included(registry, root, words[leaf], batch.path(leaf))[0] is True

    @FEW
    @given(leaves=BATCH, data=st.data())
    def test_an_altered_leaf_or_path_is_not(self, registry, leaves, data):
        tree, root = self.anchored(registry, leaves)
        leaf = data.draw(st.sampled_from(leaves))
        proof = path(tree, leaf)
        field = data.draw(st.integers(0, 1 + len(proof)))
        words = [*leaf, *proof]
        flipped = data.draw(st.integers(0, 255))
        words[field] = (int.from_bytes(words[field]) ^ 1 << flipped).to_bytes(32)
        assert self.included(registry, root, (words[0], words[1]), words[2:]) == [False, 0]

    @FEW
    @given(leaves=BATCH.filter(lambda batch: len(batch) > 1), data=st.data())
    def test_an_inner_node_is_no_leaf(self, registry, leaves, data):
        """The second-preimage attack: the two children of an inner node, given as the leaf's two words."""
        tree, root = self.anchored(registry, leaves)
        pair = sorted(tree[-2])  # the root's children: with an empty path they would hash to the root
        assert self.included(registry, root, (pair[0], pair[1]), []) == [False, 0]
        position = data.draw(st.integers(0, len(tree[0]) // 2 - 1))
        children = sorted(tree[0][2 * position : 2 * position + 2])
        above = siblings(tree[1:], position)
        assert self.included(registry, root, (children[0], children[1]), above) == [False, 0]

    @FEW
    @given(leaves=BATCH.filter(lambda batch: len(batch) > 1), data=st.data())
    def test_an_empty_or_short_path_leads_nowhere(self, registry, leaves, data):
        tree, root = self.anchored(registry, leaves)
        leaf = data.draw(st.sampled_from(leaves))
        proof = path(tree, leaf)
        shorter = proof[: data.draw(st.integers(0, len(proof) - 1))]
        assert self.included(registry, root, leaf, shorter) == [False, 0]

    @FEW
    @given(leaves=BATCH)
    def test_a_publisher_who_did_not_anchor_it_does_not_count(self, registry, leaves):
        tree, root = self.anchored(registry, leaves)
        assert self.included(registry, root, leaves[0], path(tree, leaves[0]), OTHER_ADDRESS) == [False, 0]

    def test_a_root_that_was_not_anchored_does_not_count(self, registry):
        leaf = (ROOT, ROOT)
        assert self.included(registry, leaf_hash(leaf), leaf, []) == [False, 0]

    def test_one_leaf_is_its_own_root(self, registry):
        leaf = (ROOT, ROOT)
        anchor(registry, leaf_hash(leaf))
        assert self.included(registry, leaf_hash(leaf), leaf, [])[0] is True
