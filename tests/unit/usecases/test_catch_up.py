"""The index follows the record: in order, in pages, from wherever it stands."""

import logging
from collections.abc import Iterable
from dataclasses import replace

import pytest

from provenance.core.errors import Misconfigured, Unavailable
from provenance.core.models import models_key
from provenance.core.ports import Operation
from provenance.usecases import catch_up as module
from provenance.usecases.catch_up import ahead, catch_up, follow
from tests.doubles import ThumbnailMatcher
from tests.records import a_work, keys_of
from tests.unit.usecases.conftest import Studio, painting


def recorded(studio: Studio, *numbers: int) -> None:
    with studio.store.unit() as unit:
        for number in numbers:
            work = a_work(number)
            unit.works.add(work, keys_of(work))
            fingerprint = ThumbnailMatcher().describe([painting(number)])[0]
            unit.fingerprints.append(work.id, fingerprint, models=models_key(ThumbnailMatcher.models))


class Watched(ThumbnailMatcher):
    def __init__(self) -> None:
        super().__init__()
        self.pages: list[list[int]] = []

    def apply(self, operations: Iterable[Operation]) -> None:
        listed = list(operations)
        self.pages.append([operation.sequence for operation in listed])
        super().apply(listed)


def test_everything_is_applied_once_in_pages_and_in_order(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    recorded(studio, *range(1, 8))
    matcher = Watched()
    assert catch_up(studio.store, matcher) == 7
    assert matcher.pages == [[1, 2, 3], [4, 5, 6], [7]]
    assert catch_up(studio.store, matcher) == 0
    recorded(studio, 8)
    assert catch_up(studio.store, matcher) == 1
    assert matcher.pages[-1] == [8]


def test_a_withdrawal_is_an_operation_too(studio: Studio) -> None:
    recorded(studio, 1, 2)
    with studio.store.unit() as unit:
        unit.fingerprints.append(a_work(1).id, None)
    matcher = Watched()
    catch_up(studio.store, matcher)
    assert (str(a_work(1).id) in matcher, str(a_work(2).id) in matcher) == (False, True)


def test_what_other_models_made_is_left_out_but_not_withdrawals(studio: Studio) -> None:
    recorded(studio, 1)
    with studio.store.unit() as unit:
        unit.fingerprints.append(a_work(1).id, b"by another model", models=models_key(["another"]))
        unit.fingerprints.append(a_work(1).id, None)
        unit.fingerprints.append(a_work(1).id, b"and once more", models=models_key(["another"]))
    matcher = Watched()
    catch_up(studio.store, matcher)
    assert matcher.pages == [[1, 3]]
    assert not ahead(studio.store, matcher)


def test_an_index_that_broke_off_resumes_where_it_stood(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    class BreaksOff(Watched):
        def apply(self, operations: Iterable[Operation]) -> None:
            if len(self.pages) == 2:
                self.pages.append([])
                raise Unavailable("shutting down")
            super().apply(operations)

    monkeypatch.setattr(module, "PAGE", 2)
    recorded(studio, *range(1, 6))
    matcher = BreaksOff()
    with pytest.raises(Unavailable):
        catch_up(studio.store, matcher)
    assert matcher.checkpoint() == 4
    assert catch_up(studio.store, matcher) == 1
    assert [str(a_work(number).id) in matcher for number in range(1, 6)] == [True] * 5


def test_models_that_change_while_it_reads_are_followed(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page was read for the models before; the matcher that took over can't use it."""

    class Succeeding(Watched):
        def apply(self, operations: Iterable[Operation]) -> None:
            if self.models != ("new",):
                self.models = ("new",)
                raise Misconfigured("made by other models")
            super().apply(operations)

    recorded(studio, 1)
    with studio.store.unit() as unit:
        fingerprint = ThumbnailMatcher().describe([painting(1)])[0]
        unit.fingerprints.append(a_work(1).id, fingerprint, models=models_key(["new"]))
    matcher = Succeeding()
    assert catch_up(studio.store, matcher) == 1
    assert matcher.pages == [[2]]


def test_following_never_raises_but_says_so(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    class Closed(ThumbnailMatcher):
        def apply(self, operations: Iterable[Operation]) -> None:
            raise Unavailable("the service is shutting down")

    recorded(studio, 1)
    with caplog.at_level(logging.WARNING):
        follow(studio.store, Closed())
    assert "the service is shutting down" in caplog.text
    matcher = ThumbnailMatcher()
    follow(studio.store, matcher)
    assert matcher.checkpoint() == 1


def test_an_index_that_knows_more_than_the_record_is_told(studio: Studio) -> None:
    recorded(studio, 1)
    matcher = ThumbnailMatcher()
    assert not ahead(studio.store, matcher)  # behind is the usual thing
    catch_up(studio.store, matcher)
    assert not ahead(studio.store, matcher)
    with studio.store.read() as unit:
        (operation,) = unit.fingerprints.since(0, 10)
    matcher.apply([replace(operation, sequence=2)])
    assert ahead(studio.store, matcher)
