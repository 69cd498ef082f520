"""RFC 6962 hashes and proofs, against the definition, the RFC's reference vectors, and every wrong proof nearby."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import LogInconsistent, LogProofInvalid, LogRootMismatch, MalformedLogProof
from provenance.credentials.tlog.tree import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    complete,
    consistency_path,
    inclusion_path,
    leaf_hash,
    path_root,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.unit.credentials.tlog.trees import by_definition, leaves, nodes_of

# The leaves and roots that the Certificate Transparency project tests its logs with.
REFERENCE_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = range(1, 35)
HASHES = leaves(130)
NODES = nodes_of(HASHES)


def head(size):
    return size, by_definition(HASHES[:size])


def test_the_reference_roots():
    hashes = [leaf_hash(leaf) for leaf in REFERENCE_LEAVES]
    assert [root(size, nodes_of(hashes)).hex() for size in range(1, 9)] == REFERENCE_ROOTS
    assert root(0, nodes_of([])) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_root_is_that_of_the_definition():
    frontier = Frontier()
    for size in range(130):
        assert root(size, NODES) == by_definition(HASHES[:size]) == frontier.root
        frontier.append(HASHES[size])


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proved(size):
    for index in range(size):
        verify_inclusion(HASHES[index], inclusion_path(index, size, NODES), index=index, head=head(size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_a_proof_proves_nothing_else(size):
    for index in range(size):
        path = inclusion_path(index, size, NODES)
        for other in range(size):
            if other != index:
                with pytest.raises(LogProofInvalid):
                    verify_inclusion(HASHES[index], path, index=other, head=head(size))
                with pytest.raises(LogProofInvalid):
                    verify_inclusion(HASHES[other], path, index=index, head=head(size))
        with pytest.raises(LogRootMismatch):
            verify_inclusion(HASHES[index], path, index=index, head=(size, HASHES[99]))


def test_a_path_of_another_length_is_malformed_and_a_wrong_hash_is_a_wrong_root():
    path = inclusion_path(5, 13, NODES)
    for wrong in (path[:-1], (*path, HASHES[0]), (), (*path[:-1], b"short")):
        with pytest.raises(MalformedLogProof, match="4 are needed"):
            verify_inclusion(HASHES[5], wrong, index=5, head=head(13))
    for place in range(len(path)):
        wrong = (*path[:place], HASHES[77], *path[place + 1 :])
        with pytest.raises(LogRootMismatch):
            verify_inclusion(HASHES[5], wrong, index=5, head=head(13))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, MAX_SIZE + 1)])
def test_leaves_that_no_tree_has(index, size):
    with pytest.raises(MalformedLogProof, match="no entry"):
        path_root(HASHES[0], (), index=index, size=size)
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion_path(index, min(size, 3), NODES) if index != 0 else inclusion_path(0, 0, NODES)


def test_every_pair_of_sizes_is_consistent():
    for old in range(1, 35):
        for new in range(old, 35):
            verify_consistency(consistency_path(old, new, NODES), old=head(old), new=head(new))
    verify_consistency((), old=(0, EMPTY_ROOT), new=head(34))


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (6, 8), (8, 8), (7, 34), (16, 33)])
def test_a_changed_history_shows(old, new):
    path = consistency_path(old, new, NODES)
    rewritten = leaves(40)
    rewritten[0] = HASHES[99]
    for wrong_old, wrong_new in (
        ((old, by_definition(rewritten[:old])), head(new)),
        (head(old), (new, by_definition(rewritten[:new]))),
    ):
        with pytest.raises(LogInconsistent):
            verify_consistency(path, old=wrong_old, new=wrong_new)
    for place in range(len(path)):
        with pytest.raises(LogInconsistent):
            verify_consistency((*path[:place], HASHES[99], *path[place + 1 :]), old=head(old), new=head(new))
    for cut in ((*path, HASHES[0]), path[:-1]):
        if cut != path:
            with pytest.raises(MalformedLogProof):
                verify_consistency(cut, old=head(old), new=head(new))


def test_a_log_never_shrinks():
    with pytest.raises(LogInconsistent, match="now claims 3"):
        verify_consistency((), old=head(5), new=head(3))
    with pytest.raises(ValueError, match="shrink"):
        consistency_path(5, 3, NODES)


def test_the_empty_tree_has_one_root():
    with pytest.raises(LogInconsistent):
        verify_consistency((), old=(0, HASHES[0]), new=head(3))


def test_proofs_of_a_large_log_take_few_reads():
    asked = []

    def nodes(height, index):
        asked.append((height, index))
        return HASHES[height]

    size = 10_000_019
    inclusion_path(7_654_321, size, nodes)
    assert len(asked) < 40
    asked.clear()
    consistency_path(4_999_999, size, nodes)
    assert len(asked) < 60


def test_a_frontier_continues_where_it_stopped():
    frontier = Frontier()
    for leaf in HASHES[:77]:
        frontier.append(leaf)
    resumed = Frontier(frontier.size, frontier.nodes)
    for leaf in HASHES[77:]:
        resumed.append(leaf)
    assert (resumed.size, resumed.root) == head(130)


@pytest.mark.parametrize(("size", "count"), [(3, 1), (4, 2), (-1, 0), (MAX_SIZE + 1, 1)])
def test_a_frontier_of_another_size_is_refused(size, count):
    with pytest.raises(MalformedLogProof):
        Frontier(size, HASHES[:count])


def test_a_complete_subtree_has_a_power_of_two():
    for count in (0, 3, 6):
        with pytest.raises(ValueError, match="2\\^k"):
            complete(HASHES[:count])


hashes = st.binary(min_size=32, max_size=32)
sizes = st.integers(-2, 70) | st.integers(-(1 << 70), 1 << 70)


@given(st.lists(hashes | st.binary(max_size=40), max_size=70), sizes, sizes, hashes)
def test_no_noise_is_a_proof(path, index, size, leaf):
    with pytest.raises(LogProofInvalid):
        verify_inclusion(leaf, path, index=index, head=(size, HASHES[0]))
    with pytest.raises(LogProofInvalid):
        verify_consistency(path, old=(index, leaf), new=(size, HASHES[0]))
