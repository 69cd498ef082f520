"""New models describe every work again: in pages, from where it stopped, without the ones that can't be described."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from provenance.core.errors import NotFound, Unavailable
from provenance.core.models import ModelSetState, models_key
from provenance.core.records import Work
from provenance.usecases.catch_up import catch_up
from provenance.usecases.register import Register
from provenance.usecases.reindex import Progress, Reindex, prune
from tests.doubles import ThumbnailMatcher
from tests.unit.usecases.conftest import Studio, painting, png

SOURCES = ({"plugin": "new"},)


class Other(ThumbnailMatcher):
    """Another model that sees the same; it can refuse a colour."""

    models = ("thumbnail-16", "another-model")

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []
        self.refuses: np.ndarray | None = None

    def describe(self, pictures: Sequence[Any]) -> list[bytes]:
        self.calls.append(len(pictures))
        for picture in pictures:
            if self.refuses is not None and np.abs(picture.astype(int) - self.refuses).mean() < 4:
                raise ValueError("this one has no descriptor")
        return super().describe(pictures)


def job(studio: Studio, describer: Any = None) -> Reindex:
    return Reindex(
        store=studio.store,
        blobs=studio.blobs,
        images=studio.images,
        describer=describer or Other(),
        sources=SOURCES,
        clock=studio.clock,
    )


def served(studio: Studio) -> None:
    """The studio's own models serve."""
    job(studio, studio.matcher).begin()


def run(reindex: Reindex) -> bool:
    while reindex.step():
        pass
    return reindex.finish()


@pytest.fixture
def works(studio: Studio) -> list[Work]:
    served(studio)
    return [studio.registered(seed) for seed in range(1, 12)]


def test_an_empty_register_is_served_by_the_first_models(studio: Studio) -> None:
    assert job(studio, studio.matcher).begin().state is ModelSetState.SERVING
    assert job(studio).begin().state is ModelSetState.COMING
    assert run(job(studio))  # of no works none is left


def test_every_work_is_described_from_its_marked_file(studio: Studio, works: list[Work]) -> None:
    describer = Other()
    reindex = job(studio, describer)
    reindex.begin()
    assert reindex.progress() == Progress(Other.models, ModelSetState.COMING, 11, 0, 0)
    assert run(reindex)

    assert describer.calls == [8, 3]
    assert reindex.progress() == Progress(Other.models, ModelSetState.SERVING, 11, 11, 0)
    catch_up(studio.store, describer)
    assert all(str(work.id) in describer for work in works)
    (marked,) = [found for found in describer.match(painting(3)) if found.id == str(works[2].id)]
    assert marked.grade != "none"


def test_it_goes_on_where_it_was_stopped(studio: Studio, works: list[Work]) -> None:
    first = job(studio)
    first.begin()
    assert first.step(4) == 4
    describer = Other()
    second = job(studio, describer)
    second.begin()
    assert second.progress().described == 4
    assert run(second)
    assert sum(describer.calls) == 7


def test_searches_go_on_with_the_models_before(studio: Studio, works: list[Work]) -> None:
    reindex = job(studio)
    reindex.begin()
    while True:
        report = studio.ask(png(painting(5))).report
        assert report["matches"][0]["work_id"] == str(works[4].id)
        if not reindex.step(3):
            break
    assert studio.matcher.checkpoint() == 11  # none of the new operations was applied


def test_two_at_once_describe_nothing_twice(studio: Studio, works: list[Work]) -> None:
    one, two = job(studio), job(studio)
    one.begin(), two.begin()
    while one.step(2) + two.step(3):
        pass
    assert one.finish()
    with studio.store.read() as unit:
        assert len(unit.fingerprints.since(0, 100, models=one.key)) == 11


def test_a_work_whose_file_is_gone_is_noted_and_the_rest_goes_on(studio: Studio, works: list[Work]) -> None:
    file = studio.file(works[3])
    studio.blobs.delete(works[3].marked_blob)
    reindex = job(studio)
    reindex.begin()
    assert not run(reindex)
    assert reindex.progress() == Progress(Other.models, ModelSetState.COMING, 11, 10, 1)
    (failure,) = reindex.failures(10)
    assert failure.work_id == works[3].id
    assert works[3].marked_blob in failure.error

    assert not run(reindex)  # nothing has changed
    studio.blobs.put(file)
    assert reindex.retry() == 1
    assert run(reindex)
    assert reindex.failures(10) == []


def test_one_picture_that_the_model_refuses_does_not_fail_its_page(studio: Studio, works: list[Work]) -> None:
    describer = Other()
    describer.refuses = painting(6)
    reindex = job(studio, describer)
    reindex.begin()
    assert not run(reindex)
    assert [(one.work_id, one.error) for one in reindex.failures(10)] == [(works[5].id, "this one has no descriptor")]
    assert reindex.progress().described == 10
    assert reindex.finish(without_failed=True)


def test_blobs_that_do_not_answer_stop_it_and_lose_nothing(studio: Studio, works: list[Work]) -> None:
    class Away:
        def get(self, digest: str) -> bytes:
            raise Unavailable("the bucket does not answer")

    reindex = job(studio)
    reindex.begin()
    reindex.step(4)
    blobs, studio.blobs = studio.blobs, Away()
    with pytest.raises(Unavailable):
        job(studio).step()
    studio.blobs = blobs
    assert reindex.progress() == Progress(Other.models, ModelSetState.COMING, 11, 4, 0)
    assert run(job(studio))


def test_a_work_that_is_withdrawn_in_between_is_not_described(studio: Studio, works: list[Work]) -> None:
    class Slow(Other):
        def describe(self, pictures: Sequence[Any]) -> list[bytes]:
            if not self.calls:
                studio.withdraw(works[0].id, owner="studio")
            return super().describe(pictures)

    describer = Slow()
    reindex = job(studio, describer)
    reindex.begin()
    assert run(reindex)
    catch_up(studio.store, describer)
    assert str(works[0].id) not in describer
    assert str(works[1].id) in describer


def test_a_work_that_is_registered_in_between_is_seen_too(studio: Studio, works: list[Work]) -> None:
    reindex = job(studio)
    reindex.begin()
    while reindex.step():
        pass
    with studio.store.unit() as unit:  # its id is below the cursor
        unit.model_sets.move(reindex.key, works[-1].id)
    late = studio.registered(40)
    assert not reindex.finish()
    assert run(reindex)
    with studio.store.read() as unit:
        assert unit.fingerprints.since(0, 100, models=reindex.key)[-1].work_id == late.id


# ---- registering meanwhile


def both(studio: Studio, coming: Any) -> Register:
    made = studio.register
    return Register(**{name: getattr(made, name) for name in made.__slots__} | {"coming": lambda: (coming,)})


def test_new_works_are_described_by_both(studio: Studio, works: list[Work]) -> None:
    from provenance.usecases.register import Submission

    coming = Other()
    reindex = job(studio, coming)
    reindex.begin()
    both(studio, coming)(Submission(data=png(painting(50)), owner="studio"))
    assert reindex.progress().described == 1
    assert run(reindex)


def test_a_process_that_does_not_know_the_new_models_registers_nothing_more(studio: Studio, works: list[Work]) -> None:
    reindex = job(studio)
    reindex.begin()
    assert run(reindex)
    before = studio.counts()
    with pytest.raises(Unavailable, match="other models") as caught:
        studio.registered(60)
    assert "PROVENANCE_EMBEDDER" in (caught.value.hint or "")
    assert studio.counts() == before


# ---- back, and pruning


def test_going_back_describes_only_what_came_since(studio: Studio, works: list[Work]) -> None:
    from provenance.usecases.register import Submission

    new = Other()
    reindex = job(studio, new)
    reindex.begin()
    assert run(reindex)
    old, studio.matcher = studio.matcher, new
    studio.register(Submission(data=png(painting(70)), owner="studio"))

    back = job(studio, old)
    assert back.begin().state is ModelSetState.COMING
    assert back.progress().left == 1
    assert run(back)
    assert job(studio).progress().state is ModelSetState.RETIRED


def test_only_what_no_longer_serves_is_pruned(studio: Studio, works: list[Work]) -> None:
    reindex = job(studio)
    reindex.begin()
    reindex.step(4)
    assert prune(studio.store, keep=reindex.key) == 0
    assert run(reindex)
    assert prune(studio.store, keep=reindex.key) == 11
    with studio.store.read() as unit:
        assert unit.model_sets.get(models_key(ThumbnailMatcher.models)) is None
    assert prune(studio.store, keep=reindex.key) == 0


def test_progress_needs_a_beginning(studio: Studio) -> None:
    with pytest.raises(NotFound):
        job(studio).progress()
