"""Every `VectorIndex` gives what a brute-force search in numpy gives, through the same calls."""

from collections.abc import Callable

import numpy as np
import pytest

from index.ports import VectorIndex
from index.vectors import BinaryIndex, Choice, FlatIndex, LayeredIndex

DIM = 32  # noise has no clear neighbours: re-ranking most of it leaves the plumbing to be compared, not the codes
SCAN = Choice("PQ8x4fs", rerank=400)
LISTS = Choice("IVF4,PQ8x4fs", rerank=400, nprobe=4)
ROTATED = Choice("RaBitQfs", rerank=400)


class BruteForce:
    """The reference: a dictionary and a matrix product."""

    def __init__(self):
        self.vectors: dict[int, np.ndarray] = {}

    def add(self, ids, vectors):
        self.vectors |= dict(zip(ids.tolist(), vectors, strict=True))

    def remove(self, ids):
        for id_ in ids.tolist():
            self.vectors.pop(id_, None)

    def search(self, vectors, k):
        ids = np.array(list(self.vectors), np.int64)
        scores = vectors @ np.array(list(self.vectors.values()), np.float32).reshape(-1, DIM).T
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, best, 1), ids[best]


def unit(rng: np.random.Generator, count: int, dim: int = DIM) -> np.ndarray:
    rows = rng.normal(size=(count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def same(index: VectorIndex) -> VectorIndex:
    return index


def compacting(choice: Choice) -> Callable[[VectorIndex], VectorIndex]:
    return lambda index: index.compacted(choice)


# name -> (a new index, what its owner does between batches: nothing, or seal what it holds)
BACKENDS = {
    "flat": (lambda: FlatIndex(DIM), same),
    "layered, only a tail": (lambda: LayeredIndex(DIM), same),
    "layered, exact": (lambda: LayeredIndex(DIM), lambda index: index.compacted()),
    "scan": (lambda: LayeredIndex(DIM), compacting(SCAN)),
    "inverted lists": (lambda: LayeredIndex(DIM), compacting(LISTS)),
    "RaBitQ": (lambda: LayeredIndex(DIM), compacting(ROTATED)),
    "scan, through its state": (
        lambda: LayeredIndex(DIM),
        lambda index: LayeredIndex.restore(index.compacted(SCAN).state()),
    ),
}


@pytest.fixture(params=BACKENDS, ids=str)
def backend(request):
    make, settle = BACKENDS[request.param]
    return make(), settle


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def check_same(index: VectorIndex, reference: BruteForce, queries: np.ndarray, k: int) -> None:
    """Scores agree to float16's precision; ids agree wherever the next score is further than that."""
    scores, ids = index.search(queries, k)
    expected, expected_ids = reference.search(queries, k)
    assert scores.dtype == np.float32
    assert ids.dtype == np.int64
    assert scores.shape == ids.shape == (len(queries), k)
    found = expected.shape[1]
    np.testing.assert_allclose(scores[:, :found], expected, atol=2e-3)
    assert (ids[:, found:] == -1).all()
    assert np.isneginf(scores[:, found:]).all()
    gaps = np.abs(np.diff(expected, axis=1, prepend=np.inf, append=-np.inf)) > 4e-3
    clear = gaps[:, :-1] & gaps[:, 1:]
    clear[:, -1] = False  # the last one's rival was cut off
    assert clear.any()
    np.testing.assert_array_equal(ids[:, :found][clear], expected_ids[clear])


def test_the_same_calls_give_the_same_answers(backend, rng):
    index, settle = backend
    reference = BruteForce()
    for step in range(4):
        ids = rng.choice(1_000_000, 150, replace=False)
        vectors = unit(rng, len(ids))
        gone = rng.choice(ids, 20, replace=False)
        for target in (index, reference):
            target.add(ids, vectors)
            target.remove(gone)
        if step in (1, 2):
            index = settle(index)
        assert len(index) == len(reference.vectors)
        near = vectors[20:30] + 0.05 * unit(rng, 10)
        queries = near / np.linalg.norm(near, axis=1, keepdims=True)
        check_same(index, reference, queries.astype(np.float32), 5)


def test_a_sealed_row_can_be_removed_and_replaced(backend, rng):
    index, settle = backend
    vectors = unit(rng, 200)
    index.add(np.arange(200), vectors)
    index = settle(index)
    index.remove(np.array([3, 9999]))
    index.add(np.array([7]), vectors[3:4])
    assert len(index) == 199
    scores, ids = index.search(vectors[[3, 7]], 1)
    assert ids[0, 0] == 7
    assert scores[0, 0] == pytest.approx(1, abs=2e-3)
    assert ids[1, 0] not in (3, 7)


def test_removing_almost_everything_still_finds_the_rest(backend, rng):
    index, settle = backend
    vectors = unit(rng, 300)
    index.add(np.arange(300), vectors)
    index = settle(index)
    index.remove(np.arange(298))
    scores, ids = index.search(-vectors[299:], 4)  # the far end of the ranking
    assert set(ids[0, :2].tolist()) == {298, 299}
    assert (ids[0, 2:] == -1).all()
    assert np.isneginf(scores[0, 2:]).all()
    index.remove(np.array([298, 299]))
    assert len(index) == 0
    assert (index.search(vectors[:1], 3)[1] == -1).all()


def test_an_empty_index_finds_nothing(backend):
    index, _ = backend
    scores, ids = index.search(np.eye(DIM, dtype=np.float32)[:2], 3)
    assert ids.tolist() == [[-1] * 3] * 2
    assert np.isneginf(scores).all()


def test_no_queries_give_no_rows(backend, rng):
    index, settle = backend
    index.add(np.arange(100), unit(rng, 100))
    scores, ids = settle(index).search(np.empty((0, DIM), np.float32), 3)
    assert scores.shape == ids.shape == (0, 3)


@pytest.mark.parametrize(
    ("ids", "vectors", "words"),
    [
        ([1, 1], np.eye(DIM)[:2], "twice"),
        ([-1, 1], np.eye(DIM)[:2], "negative"),
        ([1], np.eye(DIM)[:2], "one id a row"),
        ([1, 2], np.eye(DIM + 1)[:2], "expected vectors"),
        ([1, 2], np.full((2, DIM), np.nan), "NaN"),
    ],
)
def test_bad_rows_are_refused_and_change_nothing(backend, ids, vectors, words):
    index, _ = backend
    index.add(np.array([1]), np.eye(DIM, dtype=np.float32)[5:6])
    with pytest.raises(ValueError, match=words):
        index.add(np.array(ids), vectors.astype(np.float32))
    assert len(index) == 1
    assert index.search(np.eye(DIM, dtype=np.float32)[5:6], 1)[1][0, 0] == 1


def test_bad_queries_are_refused(backend):
    index, _ = backend
    with pytest.raises(ValueError, match="k is"):
        index.search(np.zeros((1, DIM), np.float32), 0)
    with pytest.raises(ValueError, match="expected vectors"):
        index.search(np.zeros((1, DIM + 1), np.float32), 1)


class TestBinary:
    """The same questions to the index of hashes, whose scores are distances."""

    WIDTH = 32

    @pytest.fixture
    def codes(self, rng):
        return rng.integers(0, 256, (200, self.WIDTH), np.uint8)

    def test_the_same_calls_give_the_same_answers(self, codes, rng):
        index = BinaryIndex(self.WIDTH)
        ids = rng.choice(10_000, len(codes), replace=False)
        index.add(ids, codes)
        index.remove(ids[:50])
        index.add(ids[50:60], codes[:10])  # replaced
        living = np.concatenate([codes[60:], codes[:10]])
        living_ids = np.concatenate([ids[60:], ids[50:60]])
        index = BinaryIndex.restore(index.state())
        assert len(index) == len(living)
        queries = codes[60:70] ^ np.uint8(1)
        table = np.unpackbits(queries[:, None] ^ living[None], axis=-1).sum(-1)
        distances, found = index.search(queries, 4)
        assert distances.dtype == np.int32
        np.testing.assert_array_equal(distances, np.sort(table, axis=1)[:, :4])
        np.testing.assert_array_equal(found[:, 0], living_ids[:10])

    def test_fewer_than_k(self, codes):
        index = BinaryIndex(self.WIDTH)
        assert index.search(codes[:1], 2)[1].tolist() == [[-1, -1]]
        index.add(np.array([4]), codes[:1])
        distances, ids = index.search(codes[:1], 2)
        assert ids.tolist() == [[4, -1]]
        assert distances[0, 0] == 0
        assert distances[0, 1] > 8 * self.WIDTH

    def test_bad_rows_are_refused(self, codes):
        index = BinaryIndex(self.WIDTH)
        with pytest.raises(ValueError, match="codes"):
            index.add(np.array([1]), codes[:1, :8])
        with pytest.raises(ValueError, match="codes"):
            index.search(codes[:1].astype(np.int64), 1)
        with pytest.raises(ValueError, match="twice"):
            index.add(np.array([1, 1]), codes[:2])
        assert len(index) == 0
