"""Every `provenance.core.ports.Matcher` answers the same to the same calls, as the service makes them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from index import DamagedFingerprint, Matcher, Operation
from index.embedders.lite0 import Lite0Embedder
from provenance.adapters.models import OwnedMatcher
from provenance.core import ports
from provenance.core.errors import Misconfigured
from provenance.core.types import Grade
from tests.unit.index.scenes import jpeg, scene

Make = Callable[[Path, Lite0Embedder], ports.Matcher]


def _memory(_: Path, embedder: Lite0Embedder) -> ports.Matcher:
    return Matcher(embedder=embedder)


def _folder(path: Path, embedder: Lite0Embedder) -> ports.Matcher:
    return Matcher.open(path, embedder=embedder)


def _owned(_: Path, embedder: Lite0Embedder) -> ports.Matcher:
    return OwnedMatcher(Matcher(embedder=embedder), places=16)


@pytest.fixture(scope="module")
def embedder() -> Lite0Embedder:
    return Lite0Embedder()


@pytest.fixture(params=[_memory, _folder, _owned], ids=["memory", "folder", "owned"])
def matcher(request: pytest.FixtureRequest, tmp_path: Path, embedder: Lite0Embedder) -> Iterator[ports.Matcher]:
    made = request.param(tmp_path / "index", embedder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def prints(embedder: Lite0Embedder) -> list[bytes]:
    return Matcher(embedder=embedder).describe([scene(seed) for seed in range(3)])


def test_it_names_its_models(matcher: ports.Matcher):
    assert len(matcher.models) >= 2
    assert all(isinstance(name, str) and name for name in matcher.models)


def test_describe_answers_one_packed_fingerprint_a_picture(matcher: ports.Matcher):
    made = matcher.describe([scene(0), scene(1, 60, 90)])

    assert len(made) == 2
    assert all(type(one) is bytes for one in made)


def test_what_was_applied_is_found(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply(Operation(i + 1, f"work-{i}", data) for i, data in enumerate(prints))

    found = matcher.match(jpeg(scene(1), 40))
    assert matcher.checkpoint() == 3
    assert found[0].id == "work-1"
    assert Grade(found[0].grade).is_match
    assert 0 <= found[0].probability <= 1
    assert found[0].calibration
    assert {evidence.kind for evidence in found[0].evidence} >= {"pixels", "pdq", "descriptor", "geometry", "dense"}


def test_regions_are_polygons_in_both_pictures(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply([Operation(1, "work", prints[0])])

    found = matcher.match(np.ascontiguousarray(scene(0)[50:330, 100:470]))[0]
    for region in (found.region_query, found.region_reference):
        assert region is not None
        assert len(region) >= 3
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in region)


def test_removing_takes_it_out_of_answers_at_once(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply([Operation(1, "work", prints[0])])
    matcher.apply([Operation(2, "work", None)])

    assert matcher.checkpoint() == 2
    assert matcher.match(scene(0), candidates=["work"]) == []


def test_entries_at_or_below_the_checkpoint_are_skipped(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply([Operation(5, "work", prints[0])])
    matcher.apply([Operation(4, "late", prints[1]), Operation(5, "work", None)])

    assert matcher.checkpoint() == 5
    assert matcher.match(scene(0))[0].id == "work"
    assert not any(Grade(match.grade).is_match for match in matcher.match(scene(1)))


def test_a_candidate_is_answered_even_where_nothing_speaks_for_it(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply(Operation(i + 1, f"work-{i}", data) for i, data in enumerate(prints))

    found = {match.id: match.grade for match in matcher.match(scene(9), candidates=["work-2", "unknown"])}
    assert found["work-2"] in ("none", "similar")
    assert "unknown" not in found


def test_a_fingerprint_that_it_cannot_use_is_refused_by_name(matcher: ports.Matcher):
    """The index raises its own ValueError, the service's side of it the service's error."""
    with pytest.raises((DamagedFingerprint, Misconfigured), match="operation 1"):
        matcher.apply([Operation(1, "work", b"something else")])

    assert matcher.checkpoint() == 0


def test_a_found_picture_can_be_laid_over_the_work(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply([Operation(1, "work", prints[0])])
    found = matcher.align(jpeg(scene(0), 60), "work")

    assert found is not None
    assert np.allclose(found.transform, np.eye(3), atol=0.02)
    assert len({len(row) for row in found.heat}) == 1
    assert matcher.align(scene(9), "work") is None
    assert matcher.align(scene(0), "unknown") is None


def test_sealing_does_not_change_answers(matcher: ports.Matcher, prints: list[bytes]):
    matcher.apply([Operation(1, "work", prints[0])])
    before = matcher.match(jpeg(scene(0), 60))
    matcher.seal()

    assert matcher.match(jpeg(scene(0), 60)) == before
    assert matcher.checkpoint() == 1
