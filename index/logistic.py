"""A logistic model, and gradient-boosted trees on what it leaves unexplained (Friedman, Annals of Statistics 29, 2001).

Here they are read and asked; `scripts/models/calibrate.py` fits them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DEPTH: Final = 3  # questions from the root of a tree to its leaf
QUESTIONS: Final = 2**DEPTH - 1
LEAVES: Final = 2**DEPTH


class DamagedModel(ValueError):
    """What should describe a model does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Complete binary trees of DEPTH questions. `feature` int64[trees, QUESTIONS] and `limit` float64 of that shape:
    question i leads to 2i + 1, or to 2i + 2 where x[feature] > limit; `value` float64[trees, LEAVES] adds up."""

    feature: NDArray[np.int64]
    limit: NDArray[np.float64]
    value: NDArray[np.float64]

    def score(self, x: NDArray[np.float64]) -> float:
        """The sum of the leaves that float64[features] reaches."""
        tree = np.arange(len(self.feature))
        node = np.zeros(len(tree), np.int64)
        for _ in range(DEPTH):
            node = 2 * node + 1 + (x[self.feature[tree, node]] > self.limit[tree, node])
        return float(self.value[tree, node - QUESTIONS].sum())


NO_TREES: Final = Trees(np.zeros((0, QUESTIONS), np.int64), np.zeros((0, QUESTIONS)), np.zeros((0, LEAVES)))


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """`mean`, `scale`, `weights` float64[n] for the n numbers named by `features`; `bias` in logits."""

    features: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    trees: Trees = NO_TREES

    def logit(self, x: NDArray[np.float64]) -> float:
        """Of float64[n] in the order of `features`."""
        return float((x - self.mean) / self.scale @ self.weights) + self.bias + self.trees.score(x)


def parse(body: Mapping[str, Any]) -> Logistic:
    """From the fields of a calibration's JSON. Raises DamagedModel, KeyError for a missing one, TypeError."""
    names = tuple(str(name) for name in body["features"])
    mean, scale, weights = (np.array(body[key], np.float64) for key in ("mean", "scale", "weights"))
    if len(set(names)) != len(names):
        raise DamagedModel("a feature is named twice")
    if not all(np.isfinite(numbers).all() for numbers in (mean, scale, weights, float(body["bias"]))):
        raise DamagedModel("a coefficient is no finite number")
    if not mean.shape == scale.shape == weights.shape == (len(names),) or not (scale > 0).all():
        raise DamagedModel("the coefficients don't fit the features")
    return Logistic(names, mean, scale, weights, float(body["bias"]), _trees(body.get("trees"), len(names)))


def _trees(body: Mapping[str, Any] | None, features: int) -> Trees:
    if body is None:
        return NO_TREES
    feature = np.array(body["feature"], np.int64)
    limit, value = (np.array(body[key], np.float64) for key in ("limit", "value"))
    count = len(feature)
    if not feature.shape == limit.shape == (count, QUESTIONS) or value.shape != (count, LEAVES):
        raise DamagedModel(f"a tree has {QUESTIONS} questions and {LEAVES} leaves")
    if ((feature < 0) | (feature >= features)).any():
        raise DamagedModel("a tree asks for a feature that is not there")
    if np.isnan(limit).any() or not np.isfinite(value).all():
        raise DamagedModel("a tree holds what is no number")
    return Trees(feature, limit, value)
