"""Vector indexes beyond the contract: what codes find, what the layers do, threads, sizes, the GPU's copy, and disk."""

import threading

import faiss
import numpy as np
import pytest

from index.vectors import BinaryIndex, Choice, FlatIndex, Generations, LayeredIndex, SealedIndex, choose
from index.vectors import gpu as gpu_module
from index.vectors import layered as layered_module
from index.vectors.choice import EXACT, FLAT_LIMIT, LIMIT, SCAN_LIMIT
from index.vectors.gpu import GpuScan, NoGpu, move_to_gpu
from index.vectors.locks import ReadWriteLock
from index.vectors.openmp import openmp_threads

DIM = 64
SCAN = Choice("PQ16x4fs", rerank=50)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(21)


@pytest.fixture
def vectors(rng):
    return unit(rng.normal(size=(1000, DIM)))


@pytest.fixture
def sealed(vectors):
    return SealedIndex.build(np.arange(1000) * 3, vectors, SCAN)


class TestChoice:
    @pytest.mark.parametrize(
        ("count", "dim", "expected"),
        [
            (0, 256, EXACT),
            (FLAT_LIMIT, 512, EXACT),
            (FLAT_LIMIT + 1, 256, Choice("PQ64x4fs", rerank=100)),
            (SCAN_LIMIT, 512, Choice("RaBitQfs", rerank=100)),
            (SCAN_LIMIT + 1, 256, Choice("IVF16384_HNSW32,PQ64x4fs", rerank=200, nprobe=1024)),
            (LIMIT, 512, Choice("IVF16384_HNSW32,RaBitQfs", rerank=200, nprobe=1024)),
            (FLAT_LIMIT + 1, 254, Choice("RaBitQfs", rerank=100)),
        ],
    )
    def test_defaults_by_size(self, count, dim, expected):
        assert choose(count, dim) == expected

    @pytest.mark.parametrize("dim", [64, 254, 256, 384, 512, 768])
    @pytest.mark.parametrize("count", [FLAT_LIMIT + 1, SCAN_LIMIT + 1])
    def test_faiss_knows_what_is_chosen(self, count, dim):
        index = faiss.index_factory(dim, choose(count, dim).factory, faiss.METRIC_INNER_PRODUCT)
        assert index.d == dim

    def test_at_least_six_percent_of_the_lists_are_visited(self):
        choice = choose(SCAN_LIMIT + 1, 256)
        assert choice.nprobe / 16384 >= 0.06

    def test_too_many_are_refused_with_advice(self):
        with pytest.raises(ValueError, match="distributed"):
            choose(LIMIT + 1, 256)

    @pytest.mark.parametrize(("count", "dim"), [(-1, 4), (1, 0)])
    def test_nonsense_is_refused(self, count, dim):
        with pytest.raises(ValueError, match="positive"):
            choose(count, dim)


class TestSealed:
    @pytest.mark.parametrize("factory", ["PQ16x4fs", "RaBitQfs", "IVF8,PQ16x4fs"])
    def test_planted_copies_are_found_and_scored_exactly(self, vectors, rng, factory):
        sealed = SealedIndex.build(np.arange(1000), vectors, Choice(factory, rerank=50, nprobe=8))
        queries = unit(0.8 * vectors[:100] + 0.6 * unit(rng.normal(size=(100, DIM))))
        scores, ids = sealed.search(queries, 1)
        assert (ids[:, 0] == np.arange(100)).mean() >= 0.98
        found = ids[:, 0] == np.arange(100)
        exact = np.einsum("qd,qd->q", queries, vectors[:100])
        np.testing.assert_allclose(scores[found, 0], exact[found], atol=2e-3)

    def test_the_same_rows_and_seed_give_the_same_codes(self, vectors):
        states = [SealedIndex.build(np.arange(1000), vectors, SCAN, seed=4).state() for _ in range(2)]
        np.testing.assert_array_equal(states[0]["codes"], states[1]["codes"])

    def test_inverted_lists_are_visited_as_often_after_a_restart(self, vectors):
        sealed = SealedIndex.build(np.arange(1000), vectors, Choice("IVF8,PQ16x4fs", rerank=50, nprobe=5))
        again = SealedIndex.restore(sealed.state())
        assert faiss.extract_index_ivf(again._coarse).nprobe == 5
        np.testing.assert_array_equal(again.search(vectors[:9], 4)[1], sealed.search(vectors[:9], 4)[1])

    def test_positions(self, sealed):
        assert sorted(sealed.positions(np.array([0, 2997, 3, 1, 10_000])).tolist()) == [0, 1, 999]
        assert len(sealed.positions(np.empty(0, np.int64))) == 0

    def test_dead_neighbours_do_not_hide_living_ones(self, vectors):
        rows = vectors.copy()
        rows[:300] = unit(vectors[999] + 0.3 * vectors[:300])  # six times as many as are re-ranked, all dead
        rows[300:303] = unit(vectors[999] + np.array([[0.6], [0.7], [0.8]]) * vectors[300:303])
        sealed = SealedIndex.build(np.arange(999), rows[:999], SCAN)
        _, ids = sealed.search(vectors[999:], 3, np.arange(999) >= 300)
        assert sorted(ids[0].tolist()) == [300, 301, 302]

    def test_parts_out_of_step_are_refused(self, sealed):
        state = sealed.state()
        with pytest.raises(ValueError, match="out of step"):
            SealedIndex.restore(state | {"ids": state["ids"][:-1]})

    def test_an_exact_choice_has_nothing_to_seal(self, vectors):
        with pytest.raises(ValueError, match="nothing to seal"):
            SealedIndex.build(np.arange(1000), vectors, EXACT)

    def test_duplicate_ids_are_refused(self, vectors):
        with pytest.raises(ValueError, match="twice"):
            SealedIndex.build(np.zeros(1000, np.int64), vectors, SCAN)


class TestLayered:
    def test_it_grows_stale_by_its_tail(self, vectors, monkeypatch):
        monkeypatch.setattr(layered_module, "FLAT_LIMIT", 500)
        index = LayeredIndex(DIM)
        index.add(np.arange(500), vectors[:500])
        assert not index.stale
        index.add(np.arange(500, 600), vectors[500:600])
        assert index.stale
        assert not index.compacted(SCAN).stale

    def test_it_grows_stale_by_its_dead(self, sealed):
        index = LayeredIndex(DIM, base=sealed)
        index.remove(np.arange(100) * 3)
        assert not index.stale
        index.remove(np.array([300]))
        assert index.stale
        compacted = index.compacted(SCAN)
        assert len(compacted) == len(compacted.base) == 899

    def test_compacting_leaves_the_old_one_as_it_was(self, sealed, vectors):
        index = LayeredIndex(DIM, base=sealed)
        index.remove(np.array([0]))
        index.compacted(SCAN)
        assert index.base is sealed
        assert len(index) == 999

    def test_nothing_compacts_to_nothing(self):
        assert len(LayeredIndex(DIM).compacted(SCAN)) == 0

    def test_small_ones_become_exact_by_default(self, sealed, vectors):
        index = LayeredIndex(DIM, base=sealed).compacted()
        assert index.base is None
        assert index.search(vectors[5:6], 1)[1][0, 0] == 15

    def test_dimensions_must_agree(self, sealed):
        with pytest.raises(ValueError, match="64 dimensions"):
            LayeredIndex(DIM + 1, base=sealed)

    def test_it_rests_in_a_generation_and_reranks_from_the_memory_map(self, sealed, vectors, tmp_path):
        index = LayeredIndex(DIM, base=sealed)
        index.remove(np.array([6]))
        index.add(np.array([1]), vectors[2:3])
        with Generations(tmp_path) as owner:
            owner.write(index.state(), checkpoint=12)
            found = owner.load()
        again = LayeredIndex.restore(found.arrays)
        assert isinstance(again.base.rows.base, np.memmap)
        assert len(again) == 1000
        for before, after in zip(index.search(vectors[:20], 7), again.search(vectors[:20], 7), strict=True):
            np.testing.assert_array_equal(before, after)
        assert again.search(vectors[2:3], 1)[1][0, 0] == 1
        again.remove(np.array([9]))  # a restored one lives on
        assert len(again) == 999

    def test_parts_of_a_state_that_do_not_fit_are_refused(self, sealed):
        state = LayeredIndex(DIM, base=sealed).state()
        with pytest.raises(KeyError):
            LayeredIndex.restore({name: array for name, array in state.items() if name != "base.rows"})


def run_together(*workers, seconds: float = 0.4) -> None:
    """Run each again and again in its own thread for a while; whatever one raises comes out here."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def repeat(work) -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must see it
            errors.append(error)

    threads = [threading.Thread(target=repeat, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class TestThreads:
    @pytest.mark.parametrize("based", [False, True], ids=["tail", "base and tail"])
    def test_searching_while_adding_and_removing(self, sealed, vectors, based):
        index = LayeredIndex(DIM, base=sealed if based else None)
        index.add(np.array([50_001]), vectors[:1])
        numbers = iter(range(100_000, 10**9, 64))

        def add():
            first = next(numbers)
            index.add(np.arange(first, first + 64), vectors[100:164])
            index.remove(np.arange(first, first + 32))

        def search():
            scores, ids = index.search(vectors[:8], 3)
            assert 50_001 in ids[0]
            assert (scores[:, 1:] <= scores[:, :-1]).all()

        run_together(add, search, search)

    def test_hashes_too(self, rng):
        codes = rng.integers(0, 256, (64, 32), np.uint8)
        index = BinaryIndex(32)
        index.add(np.array([1]), codes[:1])
        numbers = iter(range(100, 10**9, 64))

        def add():
            first = next(numbers)
            index.add(np.arange(first, first + 63), codes[1:])
            index.remove(np.arange(first, first + 30))

        def search():
            assert index.search(codes[:1], 1)[1][0, 0] == 1

        run_together(add, search, search)


def test_faiss_keeps_to_one_thread_inside_and_to_its_own_setting_outside():
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    seen = []

    def fail():
        with openmp_threads():
            seen.append(faiss.omp_get_max_threads())
            raise KeyError

    try:
        with pytest.raises(KeyError):
            fail()
        assert [*seen, faiss.omp_get_max_threads()] == [1, 3]
    finally:
        faiss.omp_set_num_threads(before)


class TestReadWriteLock:
    def test_readers_share(self):
        lock, barrier = ReadWriteLock(), threading.Barrier(3, timeout=5)

        def read():
            with lock.read():
                barrier.wait()  # passes only when all three are inside

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        read()
        for thread in threads:
            thread.join()

    def test_a_writer_is_alone(self):
        lock, inside = ReadWriteLock(), []

        def check(enter, name):
            def work():
                with enter():
                    inside.append(name)
                    assert name == "r" or inside == ["w"]
                    assert "w" not in inside or name == "w"
                    inside.remove(name)

            return work

        run_together(check(lock.write, "w"), check(lock.write, "w"), check(lock.read, "r"), seconds=0.2)

    def test_a_waiting_writer_goes_before_new_readers(self):
        lock, order = ReadWriteLock(), []
        waiting = threading.Event()

        def write():
            waiting.set()
            with lock.write():
                order.append("writer")

        def read():
            with lock.read():
                order.append("reader")

        with lock.read():
            writer = threading.Thread(target=write)
            writer.start()
            waiting.wait(5)
            while not lock._writers_waiting:  # it has set the event, and is about to wait
                pass
            reader = threading.Thread(target=read)
            reader.start()
            reader.join(0.05)
            assert order == []
        writer.join()
        reader.join()
        assert order == ["writer", "reader"]

    def test_an_error_inside_releases_it(self):
        lock = ReadWriteLock()
        for enter in (lock.read, lock.write):
            with pytest.raises(KeyError), enter():
                raise KeyError
        with lock.write():
            pass


class TestGpu:
    """What can be checked without a device: the copy's positions, its limits, and the refusal."""

    def test_the_copy_answers_in_place_of_the_codes(self, sealed, vectors):
        asked = []

        class Device(faiss.IndexFlatIP):
            def search(self, queries, k):
                asked.append(k)
                return super().search(queries, k)

        before = sealed.search(vectors[:5], 3)
        sealed.accelerate(GpuScan(Device(DIM), sealed.rows))
        index = LayeredIndex(DIM, base=sealed)
        index.remove(np.array([0]))
        scores, ids = index.search(vectors[:5], 3)
        assert asked
        assert 0 not in ids
        np.testing.assert_array_equal(ids[1:, 0], before[1][1:, 0])
        np.testing.assert_array_equal(scores[1:, 0], before[0][1:, 0])

    def test_fetches_over_the_device_s_limit_stay_on_the_cpu(self, sealed, vectors, monkeypatch):
        monkeypatch.setattr(gpu_module, "MAX_K", 40)  # under the 50 that are re-ranked
        device = GpuScan(faiss.IndexFlatIP(DIM), np.zeros((0, DIM), np.float16))
        sealed.accelerate(device)
        assert sealed.search(vectors[:1], 1)[1][0, 0] == 0

    @pytest.mark.skipif(hasattr(faiss, "StandardGpuResources"), reason="this FAISS has GPU support")
    def test_without_a_gpu_it_says_so_and_goes_on(self, sealed, vectors):
        with pytest.raises(NoGpu, match="faiss-gpu"):
            move_to_gpu(sealed)
        assert sealed.search(vectors[:1], 1)[1][0, 0] == 0

    @pytest.mark.gpu
    @pytest.mark.skipif(not hasattr(faiss, "StandardGpuResources"), reason="needs faiss-gpu and a device")
    def test_a_device_finds_what_the_cpu_finds(self, sealed, vectors):
        expected = FlatIndex(DIM)
        expected.add(np.arange(1000) * 3, vectors)
        move_to_gpu(sealed)
        np.testing.assert_array_equal(sealed.search(vectors, 1)[1], expected.search(vectors, 1)[1])


class TestFlat:
    def test_a_state_restores_from_memory_maps(self, vectors, tmp_path):
        flat = FlatIndex(DIM)
        flat.add(np.arange(50), vectors[:50])
        with Generations(tmp_path) as owner:
            owner.write(flat.state(), checkpoint=1)
            again = FlatIndex.restore(owner.load().arrays)
        assert 7 in again
        assert 50 not in again
        np.testing.assert_array_equal(again.search(vectors[:9], 4)[1], flat.search(vectors[:9], 4)[1])

    def test_an_empty_one_keeps_its_dimension(self):
        assert FlatIndex.restore(FlatIndex(DIM).state()).dim == DIM

    @pytest.mark.parametrize("kind", [FlatIndex, BinaryIndex])
    def test_no_dimension_is_refused(self, kind):
        with pytest.raises(ValueError, match="at least one"):
            kind(0)
