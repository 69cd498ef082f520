import numpy as np
import pytest

from index.logistic import NO_TREES, DamagedModel, Logistic, Trees, parse

HERE, NEVER = 0, np.inf


def tree(root: tuple[int, float], leaves: tuple[float, float]) -> Trees:
    """One question that counts, and six that always lead left."""
    feature = np.array([[root[0], *[HERE] * 6]])
    limit = np.array([[root[1], *[NEVER] * 6]])
    left, right = leaves
    return Trees(feature, limit, np.array([[left, 9, 9, 9, right, 9, 9, 9]], np.float64))


def body(**changes: object) -> dict:
    whole = {"features": ["a", "b"], "mean": [1, 2], "scale": [1, 2], "weights": [3, 4], "bias": 0.5}
    return {**whole, **changes}


TREES = {"feature": [[1] * 7], "limit": [[0.5] * 7], "value": [list(range(8))]}


def test_without_trees_it_is_a_weighted_sum():
    assert parse(body()).logit(np.array([2.0, 6.0])) == 3 * 1 + 4 * 2 + 0.5


@pytest.mark.parametrize(("x", "leaf"), [(0.4, -1.0), (0.5, -1.0), (0.6, 1.0)])
def test_a_question_leads_right_only_beyond_its_limit(x: float, leaf: float):
    assert tree((1, 0.5), (-1.0, 1.0)).score(np.array([7.0, x])) == leaf


def test_trees_add_up_and_are_added_to_the_sum():
    one, two = tree((0, 0.0), (-1.0, 1.0)), tree((0, 5.0), (0.25, 0.5))
    both = Trees(*(np.concatenate([getattr(one, key), getattr(two, key)]) for key in ("feature", "limit", "value")))
    zero = np.zeros(1)

    assert Logistic(("a",), zero, zero + 1, zero, 2.0, both).logit(np.array([3.0])) == 2 + 1 + 0.25
    assert NO_TREES.score(np.array([3.0])) == 0


def test_all_three_questions_of_a_path_are_asked():
    read = parse(body(trees={"feature": [[0, 1, 1, 0, 0, 0, 0]], "limit": [[0, 0, 0, 1, 1, 1, 1]],
                             "value": [list(range(8))]})).trees  # fmt: skip

    reached = [read.score(np.array(x)) for x in ([-1, -1], [-1, 1], [0.5, -1], [2, -1], [2, 1])]
    assert reached == [0, 2, 4, 5, 7]


@pytest.mark.parametrize(
    "change",
    [
        {"features": ["a", "a"]},
        {"mean": [1]},
        {"scale": [1, 0]},
        {"trees": {**TREES, "feature": [[2] * 7]}},
        {"trees": {**TREES, "feature": [[-1] * 7]}},
        {"trees": {**TREES, "limit": [[0.5] * 6]}},
        {"trees": {**TREES, "value": [[0] * 7]}},
        {"trees": {**TREES, "value": [[float("nan")] * 8]}},
        {"trees": {**TREES, "limit": [[float("nan")] * 7]}},
        {"weights": [float("nan"), 1]},
        {"bias": float("inf")},
    ],
)
def test_what_does_not_fit_is_refused(change: dict):
    assert parse(body(trees=TREES)).trees.score(np.array([0.0, 1.0])) == 7
    with pytest.raises(DamagedModel):
        parse(body(**change))
