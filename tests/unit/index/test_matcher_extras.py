"""Several embedders in one index: each finds and speaks for itself, none of them lifts a match above similar."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from index import DamagedFingerprint, ForeignFingerprint, Matcher, Operation
from index.embedders.lite0 import Lite0Embedder
from index.fingerprint import Fingerprint, unpack
from index.ports import Match, Pixels, Vectors
from tests.unit.index.scenes import jpeg, scene


@dataclass
class Tint:
    """Knows pictures by the colours of their four quarters, less their mean."""

    model: str = "tint/quarters/1"
    dim: int = 12
    threshold: float = 0.9

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        small = [cv2.resize(picture, (2, 2), interpolation=cv2.INTER_AREA).reshape(-1) for picture in pictures]
        rows = np.array(small, np.float32).reshape(len(pictures), 12)
        rows -= rows.mean(axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


@pytest.fixture(scope="module")
def lite0() -> Lite0Embedder:
    return Lite0Embedder()


@pytest.fixture(scope="module")
def both(lite0: Lite0Embedder) -> Matcher:
    """Twelve scenes, described by both. Tests only ask it."""
    matcher = Matcher(embedder=lite0, extras=[Tint()])
    matcher.add([f"w{seed}" for seed in range(12)], [scene(seed) for seed in range(12)])
    return matcher


def said(match: Match, kind: str) -> float:
    return next(evidence.score for evidence in match.evidence if evidence.kind == kind)


def recoloured(seed: int) -> Pixels:
    """Another scene in the quarters' colours of this one: nothing but the tint is alike."""
    quarters = cv2.resize(cv2.resize(scene(seed), (2, 2), interpolation=cv2.INTER_AREA), (560, 400), interpolation=0)
    detail = cv2.cvtColor(scene(seed + 500), cv2.COLOR_RGB2GRAY)[..., None].astype(float)
    return np.clip(quarters + (detail - detail.mean()) * 0.2, 0, 255).astype(np.uint8)


def test_a_fingerprint_carries_every_named_vector(both: Matcher, lite0: Lite0Embedder):
    read = unpack(both.describe([scene(3)])[0])

    assert list(read.vectors) == [lite0.model, "tint/quarters/1"]
    np.testing.assert_allclose(read.vectors["tint/quarters/1"], Tint().embed([scene(3)])[0], atol=1e-3)
    np.testing.assert_array_equal(read.vector, read.vectors[lite0.model])
    assert read.models == both.models
    assert both.models[-1] == "tint/quarters/1"


def test_each_is_evidence_with_its_own_threshold(both: Matcher):
    found = both.match(jpeg(scene(5), 50))[0]
    spoken = {evidence.kind: evidence for evidence in found.evidence}

    assert (found.id, found.grade) == ("w5", "copy")
    assert spoken["descriptor:tint/quarters/1"].threshold == 0.9
    assert spoken["descriptor:tint/quarters/1"].score > 0.99
    assert spoken["descriptor"].threshold == both.calibration.thresholds["descriptor"]


def test_an_extra_one_finds_what_the_others_miss_and_calls_it_similar(both: Matcher, lite0: Lite0Embedder):
    alone = Matcher(embedder=lite0)
    alone.add([f"w{seed}" for seed in range(12)], [scene(seed) for seed in range(12)])
    query = recoloured(7)

    found = {match.id: match for match in both.match(query)}
    assert found["w7"].grade == "similar"
    assert said(found["w7"], "descriptor:tint/quarters/1") >= 0.9
    assert "w7" not in {match.id for match in alone.match(query)}


def test_the_calibrated_score_does_not_hear_it(both: Matcher, lite0: Lite0Embedder):
    alone = Matcher(embedder=lite0)
    alone.add(["w5"], [scene(5)])
    query = jpeg(scene(5)[40:360, 60:500], 60)

    with_extra = next(match for match in both.explain(query) if match.id == "w5")
    without = next(match for match in alone.explain(query) if match.id == "w5")
    assert with_extra.probability == without.probability
    assert with_extra.calibration == without.calibration


def test_as_the_only_one_it_says_similar_at_most(lite0: Lite0Embedder):
    matcher = Matcher(embedder=Tint())
    matcher.add(["w7"], [scene(7)])

    assert {match.grade for match in matcher.match(recoloured(7))} == {"similar"}
    assert matcher.calibration.name.endswith("+no-descriptor")


def test_one_embedder_twice_is_refused(lite0: Lite0Embedder):
    with pytest.raises(ValueError, match="may come once"):
        Matcher(embedder=lite0, extras=[Tint(), Tint()])


def test_a_fingerprint_of_fewer_models_is_refused_by_name(lite0: Lite0Embedder):
    alone, matcher = Matcher(embedder=lite0), Matcher(embedder=lite0, extras=[Tint()])

    with pytest.raises(ForeignFingerprint, match=r"operation 1 \(a\) was made by .*, not by .*tint/quarters/1"):
        matcher.apply([Operation(1, "a", alone.describe([scene(0)])[0])])
    with pytest.raises(ForeignFingerprint, match="tint/quarters/1"):
        alone.apply([Operation(1, "a", matcher.describe([scene(0)])[0])])


def test_a_descriptor_of_another_size_under_the_right_name_is_damage(both: Matcher):
    whole = unpack(both.describe([scene(0)])[0])
    short = {name: vector[:-1] for name, vector in whole.vectors.items()}
    cut = Fingerprint(**{**whole.__dict__, "vectors": short})

    with pytest.raises(DamagedFingerprint, match="other descriptors"):
        Matcher(embedder=Lite0Embedder(), extras=[Tint()]).apply([Operation(1, "a", cut.pack())])


def test_removing_and_resting_on_disk_count_for_every_descriptor(tmp_path: Path, lite0: Lite0Embedder):
    with Matcher.open(tmp_path, embedder=lite0, extras=[Tint()]) as matcher:
        matcher.add(["w7", "w8"], [scene(7), scene(8)])
        matcher.remove(["w8"])
    with Matcher.open(tmp_path, embedder=lite0, extras=[Tint()]) as matcher:
        assert {match.id for match in matcher.match(recoloured(7))} == {"w7"}
        assert matcher.match(recoloured(8)) == []
    with Matcher.open(tmp_path, embedder=lite0) as matcher:
        assert (len(matcher), matcher.checkpoint()) == (0, 0)
