import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from index.calibration import (
    ARCHIVE,
    FEATURES,
    PATH,
    Calibration,
    DamagedCalibration,
    UnknownCalibration,
    bundled,
    features,
    named,
    parse,
)
from index.compare import TURNS, Pair
from index.grading import CONTENT, GRADES, judge
from index.local.dense import NOTHING, Agreement
from index.local.geometry import FLIP, UNIT, as_region
from index.local.verify import Geometry
from index.logistic import Logistic
from index.ports import Match
from provenance.core.types import Grade

UNRELATED = Pair(False, 0.1, 120, 32, None, None, NOTHING)


def aligned(transform: np.ndarray, inliers: int = 150, share: float = 1.0, **changes: object) -> Pair:
    """A pair that keypoints aligned, as a true copy would be."""
    found = Geometry(transform, inliers, inliers + 20, 0.8, 0.8, 0.4)
    agreement = Agreement(share, share * 0.95, share, 0.9, 0.9 * share, as_region(UNIT) if share > 0.5 else ())
    return replace(Pair(False, 0.9, 4, 2, transform, found, agreement), **changes)


@dataclass
class Copies:
    """An embedder as far as calibration asks."""

    model: str = "somebody/else/1"
    dim: int = 8
    threshold: float = 0.75

    def embed(self, pictures: object) -> np.ndarray:
        raise AssertionError("calibration looks at no picture")


def box(x: float, y: float, width: float, height: float) -> np.ndarray:
    return np.array([[width, 0, x], [0, height, y], [0, 0, 1.0]])


def rotated(degrees: float, scale: float) -> np.ndarray:
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[c, -s, 0.5 - 0.5 * c + 0.5 * s], [s, c, 0.5 - 0.5 * s - 0.5 * c], [0, 0, 1.0]])


def grade(pair: Pair) -> str:
    return judge("work", pair, bundled()).grade


class TestTheBundledFile:
    def test_says_how_it_was_made(self):
        body = json.loads(PATH.read_text())

        assert body["made_by"] == "scripts/models/calibrate.py"
        assert body["data"]
        assert body["machine"]
        assert isinstance(body["seed"], int)

    def test_review_lies_below_strict(self):
        assert 0 < bundled().review < bundled().strict < 1

    def test_false_alarms_fall_as_the_threshold_rises(self):
        rows = sorted(bundled().false_alarms, key=lambda row: row.threshold)

        assert len(rows) >= 3
        assert [r.rate for r in rows] == sorted((r.rate for r in rows), reverse=True)
        assert all(r.rate < r.upper for r in rows)
        assert any(r.threshold == pytest.approx(bundled().strict) and r.rate <= 0.005 for r in rows)

    def test_every_witness_has_a_threshold(self):
        match = judge("work", UNRELATED, bundled(), votes=0.5)

        assert {e.kind for e in match.evidence} == {"pixels", *bundled().thresholds}


class TestProbability:
    def test_a_copy_is_likely_and_an_unrelated_picture_is_not(self):
        assert bundled().probability(aligned(np.eye(3))) > bundled().strict
        assert bundled().probability(UNRELATED) < bundled().review

    def test_equal_pixels_leave_no_doubt(self):
        assert bundled().probability(replace(UNRELATED, same_pixels=True)) == 1

    @pytest.mark.parametrize("better", [{"inliers": 40}, {"share": 0.9}])
    def test_more_of_the_same_evidence_is_more_likely(self, better: dict):
        worse = {"inliers": 8, "share": 0.4}

        assert bundled().probability(aligned(np.eye(3), **{**worse, **better})) > bundled().probability(
            aligned(np.eye(3), **worse)
        )

    def test_extreme_evidence_stays_a_probability(self):
        absurd = aligned(np.eye(3), inliers=10**6)

        assert 0 < bundled().probability(absurd) <= 1

    def test_another_embedder_is_not_listened_to(self):
        deaf = bundled().for_embedder(Copies())
        high, low = aligned(np.eye(3), cosine=1.0), aligned(np.eye(3), cosine=0.0)

        assert deaf.name != bundled().name
        assert deaf.probability(high) == deaf.probability(low)
        assert bundled().probability(high) > bundled().probability(low)
        assert bundled().for_embedder(Copies(bundled().embedder)) is bundled()

    def test_another_embedder_says_itself_what_is_alike(self):
        foreign = bundled().for_embedder(Copies())

        assert foreign.thresholds == {**bundled().thresholds, "descriptor": 0.75}
        assert judge("work", replace(UNRELATED, cosine=0.74), foreign).grade == "none"
        assert judge("work", replace(UNRELATED, cosine=0.75), foreign).grade == "similar"


class TestFeatures:
    def test_there_is_one_number_for_each_name(self):
        assert features(UNRELATED).shape == (len(FEATURES),)
        assert np.isfinite(features(UNRELATED)).all()

    def test_distances_beyond_chance_count_as_chance(self):
        far = dict(zip(FEATURES, features(replace(UNRELATED, pdq=200, phash=60, cosine=-0.5)), strict=True))

        assert far["pdq"] == far["phash"] == far["cosine"] == 0

    def test_nothing_found_is_zero_throughout(self):
        values = dict(zip(FEATURES, features(UNRELATED), strict=True))

        assert values["log_inliers"] == values["share"] == values["ring"] == values["agreeing"] == 0


class TestParsing:
    def body(self) -> dict:
        return dict(json.loads(PATH.read_text()))

    def test_reads_what_was_written(self):
        assert isinstance(parse(PATH.read_text()), Calibration)

    @pytest.mark.parametrize("key", ["name", "embedder", "weights", "bias", "strict", "thresholds", "false_alarms"])
    def test_a_missing_field_is_named(self, key: str):
        body = self.body()
        del body[key]

        with pytest.raises(DamagedCalibration, match=key):
            parse(json.dumps(body))

    @pytest.mark.parametrize(
        "change",
        [
            {"features": ["cosine"]},
            {"features": ["colour"]},
            {"weights": [1.0]},
            {"scale": [0.0] * len(FEATURES)},
            {"false_alarms": [{"x": 1}]},
            {"bias": "much"},
            {"strict": "very"},
            {"trees": {}},
            {"without_descriptor": {}},
        ],
    )
    def test_fields_that_do_not_fit_are_refused(self, change: dict):
        with pytest.raises(DamagedCalibration):
            parse(json.dumps({**self.body(), **change}))

    @pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
    def test_other_files_are_refused(self, text: str):
        with pytest.raises(DamagedCalibration):
            parse(text)


class TestGrades:
    @pytest.mark.parametrize(
        ("transform", "wanted"),
        [
            (np.eye(3), "copy"),
            (box(0.01, 0.02, 0.97, 0.97), "copy"),
            (FLIP, "edited"),
            (rotated(5, 1.0), "edited"),
            (TURNS[1], "edited"),
            (box(0, 0, 0.9, 0.9), "edited"),  # a border was added
            (box(0.3, 0.3, 0.4, 0.4), "partial"),  # the work inside something else
            (box(-0.5, -0.5, 2, 2), "partial"),  # a part of the work
        ],
    )
    def test_of_aligned_pairs(self, transform: np.ndarray, wanted: str):
        assert grade(aligned(transform)) == wanted

    def test_a_whole_work_that_only_partly_agrees_was_edited(self):
        assert grade(aligned(np.eye(3), share=0.75)) == "edited"

    def test_equal_pixels_are_identical(self):
        match = judge("work", replace(UNRELATED, same_pixels=True), bundled())

        assert match.grade == "identical"
        assert match.region_query == match.region_reference == as_region(UNIT)

    def test_an_unrelated_picture_is_none(self):
        match = judge("work", UNRELATED, bundled())

        assert match.grade == "none"
        assert match.region_query is None

    @pytest.mark.parametrize("pair", [replace(UNRELATED, cosine=1.0), replace(UNRELATED, cosine=1.0, pdq=0, phash=0)])
    def test_descriptors_and_hashes_alone_never_exceed_similar(self, pair: Pair):
        assert grade(pair) == "similar"

    def test_even_a_calibration_that_trusts_the_descriptor_blindly_does_not_exceed_similar(self):
        one = np.ones(1)
        blind = replace(bundled(), model=Logistic(("cosine",), 0 * one, one, 100 * one, bias=100.0))

        assert judge("work", replace(UNRELATED, cosine=1.0), blind).grade == "similar"

    def test_between_review_and_strict_is_similar(self):
        unsure = replace(bundled(), strict=1.0, review=0.01)

        inside = aligned(box(0.3, 0.3, 0.4, 0.4), inliers=9, share=0.5, cosine=0.1)
        assert judge("work", inside, unsure).grade == "similar"

    def test_grades_are_ordered_and_content_is_the_upper_four(self):
        assert tuple(Grade) == GRADES
        assert set(GRADES) - CONTENT == {"shared-element", "sibling", "similar", "none"}


class TestEvidence:
    def match(self, pair: Pair, votes: float | None = None) -> Match:
        return judge("work", pair, bundled(), votes)

    def test_each_witness_speaks_in_its_own_unit(self):
        spoken = {e.kind: e for e in self.match(aligned(np.eye(3)), votes=3.0).evidence}

        assert spoken["pdq"].score == 4
        assert spoken["pdq"].lower_is_closer
        assert spoken["phash"].lower_is_closer
        assert spoken["geometry"].score == 150
        assert spoken["geometry"].region is not None
        assert spoken["votes"].score == 3.0
        assert not spoken["dense"].lower_is_closer

    def test_votes_that_were_not_asked_are_not_reported(self):
        assert "votes" not in {e.kind for e in self.match(UNRELATED).evidence}

    def test_regions_of_a_crop_are_all_of_the_query_and_a_part_of_the_work(self):
        match = self.match(aligned(box(-1, -1, 3, 3)))

        assert match.region_query == as_region(UNIT)
        assert match.region_reference is not None
        np.testing.assert_allclose(
            match.region_reference, [(1 / 3, 1 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3), (1 / 3, 2 / 3)], atol=1e-3
        )

    def test_the_calibration_is_named_in_every_answer(self):
        assert self.match(UNRELATED).calibration == bundled().name


class TestTheArchive:
    def test_every_calibration_that_ever_came_is_kept_and_still_reads_a_pair(self):
        kept = [path.stem for path in ARCHIVE.glob("*.json")]

        assert len(kept) >= 2
        for name in kept:
            old = named(name)
            assert old.name == name
            assert old.probability(aligned(np.eye(3))) > old.strict > old.probability(UNRELATED)

    def test_the_one_in_force_is_among_them_under_its_own_name(self):
        assert (ARCHIVE / f"{bundled().name}.json").read_bytes() == PATH.read_bytes()
        assert named(bundled().name).strict == bundled().strict

    def test_a_deaf_one_is_found_by_what_it_was_made_of(self):
        assert named(f"{bundled().name}+no-descriptor").name == bundled().name

    @pytest.mark.parametrize("name", ["pairs-logistic-1-00000000", "", "../calibration"])
    def test_an_unknown_name_is_told(self, name: str):
        with pytest.raises(UnknownCalibration, match="no calibration"):
            named(name)
