"""Frozen vectors of the Merkle convention; leaves against eth_abi, paths against OpenZeppelin's processProof."""

import json
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core.types import WorkId
from provenance.credentials.vc.merkle import MerkleBatch, keccak256, leads_to, leaf_hash

VECTORS = json.loads((Path(__file__).parents[3] / "golden" / "merkle.json").read_text())

leaves_of = st.lists(
    st.tuples(st.integers(0, 2**64 - 1).map(WorkId), st.binary(min_size=32, max_size=32)),
    min_size=1,
    max_size=70,
    unique=True,
)


def process_proof(proof, leaf):
    """OpenZeppelin MerkleProof.processProof, with eth_utils' keccak."""
    for node in proof:
        leaf = keccak(leaf + node) if leaf < node else keccak(node + leaf)
    return leaf


def test_keccak_is_not_sha3():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize("vector", VECTORS["batches"], ids=lambda vector: f"{len(vector['leaves'])} leaves")
def test_frozen_vectors(vector):
    leaves = [(WorkId.parse(work), bytes.fromhex(digest)) for work, digest in vector["leaves"]]
    batch = MerkleBatch(leaves)
    assert batch.root.hex() == vector["root"]
    assert [leaf_hash(leaf).hex() for leaf in leaves] == vector["leafHashes"]
    assert [[node.hex() for node in batch.path(leaf)] for leaf in leaves] == vector["paths"]


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32))
def test_leaf_is_openzeppelins(number, digest):
    encoded = encode(["bytes32", "bytes32"], [number.to_bytes(32, "big"), digest])
    assert leaf_hash((WorkId(number), digest)) == keccak(keccak(encoded))


@settings(deadline=None)
@given(leaves_of)
def test_every_path_leads_to_the_root_and_to_no_other(leaves):
    batch = MerkleBatch(leaves)
    for leaf in leaves:
        path = batch.path(leaf)
        assert leads_to(batch.root, leaf, path)
        assert process_proof(path, leaf_hash(leaf)) == batch.root
        assert len(path) <= (len(batch) - 1).bit_length()
        assert not leads_to(batch.root, (WorkId(leaf[0].payload ^ 1), leaf[1]), path)


@settings(deadline=None)
@given(leaves_of, st.randoms())
def test_order_does_not_matter(leaves, random):
    shuffled = leaves[:]
    random.shuffle(shuffled)
    assert MerkleBatch(shuffled).root == MerkleBatch(leaves).root


def test_an_odd_node_is_promoted_unchanged():
    leaves = [(WorkId(number), bytes([number]) * 32) for number in range(3)]
    low, middle, high = sorted(leaf_hash(leaf) for leaf in leaves)
    inner = keccak(min(low, middle) + max(low, middle))
    assert MerkleBatch(leaves).root == keccak(min(inner, high) + max(inner, high))
    last = next(leaf for leaf in leaves if leaf_hash(leaf) == high)
    assert MerkleBatch(leaves).path(last) == (inner,)


def test_one_leaf_is_its_own_root():
    leaf = (WorkId(1), bytes(32))
    assert MerkleBatch([leaf]).root == leaf_hash(leaf)
    assert MerkleBatch([leaf]).path(leaf) == ()


def test_refusals():
    leaf = (WorkId(1), bytes(32))
    with pytest.raises(ValueError, match="needs a leaf"):
        MerkleBatch([])
    with pytest.raises(ValueError, match="twice"):
        MerkleBatch([leaf, leaf])
    with pytest.raises(ValueError, match="32 bytes"):
        MerkleBatch([(WorkId(1), b"short")])
    with pytest.raises(KeyError):
        MerkleBatch([leaf]).path((WorkId(2), bytes(32)))
