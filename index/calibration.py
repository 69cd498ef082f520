"""From witnesses to one probability: a model over what `index.compare` found, fitted once and named.

`scripts/models/calibrate.py` fits it on the tuning split and writes `index/models/calibration.json`: the model,
the two thresholds, the false alarms that each threshold gave on unrelated pictures, and how all that was made. A copy
goes to `index/models/calibrations/<name>.json` and stays there: whoever reads an old report finds what judged it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index import logistic
from index.compare import PDQ_BITS, PHASH_BITS, Pair
from index.logistic import Logistic
from index.ports import Embedder

PATH: Final = Path(__file__).parent / "models" / "calibration.json"
ARCHIVE: Final = PATH.parent / "calibrations"
DEAF: Final = "+no-descriptor"
FEATURES: Final = (
    "cosine",
    "pdq",
    "phash",
    "log_inliers",
    "inlier_ratio",
    "hull_reference",
    "hull_query",
    "ring",
    "share",
    "correlation",
    "core",
    "agreeing",
    "share_log_inliers",
    "log_guided",
    "found_again",
    "recovered",
    "hull_share",
    "hull_share_log_guided",
    "log_all_inliers",
    "agreeing_parts",
    "exact",
    "steady",
    "exact_log_guided",
    "steady_log_guided",
    "frame",
    "reach",
    "chance",
    "textured",
    "crossed",
    "crossing",
)


class DamagedCalibration(ValueError):
    """The calibration file lacks something, or is of other features than this program computes."""


class UnknownCalibration(ValueError):
    """No calibration of that name came with this package."""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Of `queries` unrelated pictures, the share that got a probability of `threshold` or more for some reference;
    `upper` is the end of the 95 % Wilson interval."""

    threshold: float
    rate: float
    upper: float
    queries: int


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """`model` asks for some of FEATURES; `deaf` is the model that does without the descriptor. `strict` is the
    probability from which content counts as found, `review` the one from which a person should look. `thresholds` are
    those of the single witnesses."""

    name: str
    embedder: str
    model: Logistic
    deaf: Logistic
    strict: float
    review: float
    thresholds: Mapping[str, float]
    false_alarms: tuple[FalseAlarms, ...]

    def probability(self, pair: Pair) -> float:
        """0..1 that the query holds content of the reference."""
        if pair.same_pixels:
            return 1.0
        heard = features(pair)[[FEATURES.index(name) for name in self.model.features]]
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, self.model.logit(heard)))))

    def for_embedder(self, embedder: Embedder) -> "Calibration":
        """This calibration, for an index with this primary embedder: where it was fitted with another one, it is deaf
        to the descriptor, whose own threshold then says what is alike."""
        if embedder.model == self.embedder:
            return self
        thresholds = {**self.thresholds, "descriptor": embedder.threshold}
        return replace(self, name=self.name + DEAF, model=self.deaf, thresholds=thresholds)


def features(pair: Pair) -> NDArray[np.float64]:
    """float64[30], each about 0..1 (logarithms about 0..6), most larger for closer."""
    found, dense = pair.geometry, pair.agreement
    log_inliers = math.log1p(pair.inliers)
    log_guided = math.log1p(found.guided) if found else 0.0
    return np.array(
        [
            max(0.0, pair.cosine),
            max(0.0, 1 - pair.pdq / (PDQ_BITS / 2)),
            max(0.0, 1 - pair.phash / (PHASH_BITS / 2)),
            log_inliers,
            found.inliers / found.tentative if found else 0.0,
            math.sqrt(min(1.0, found.hull_reference)) if found else 0.0,
            math.sqrt(min(1.0, found.hull_query)) if found else 0.0,
            found.ring if found else 0.0,
            dense.share,
            max(0.0, dense.correlation),
            dense.core,
            math.sqrt(dense.agreeing),
            dense.share * log_inliers,
            log_guided,
            found.guided / max(1, found.possible) if found else 0.0,
            found.guided / max(1, found.expected) if found else 0.0,
            dense.hull,
            dense.hull * log_guided,
            math.log1p(found.all_inliers) if found else 0.0,
            math.sqrt(dense.agreeing_hull + sum(part.agreeing_hull for part in pair.parts)),
            found.exact if found else 0.0,
            found.steady if found else 0.0,
            found.exact * log_guided if found else 0.0,
            found.steady * log_guided if found else 0.0,
            found.ring * (1 - dense.core) if found else 0.0,
            math.sqrt(min(1.0, max(found.hull_reference, found.hull_query))) if found else 0.0,
            dense.chance,
            dense.textured,
            dense.crossed,
            dense.crossing,
        ]
    )


def parse(text: str) -> Calibration:
    """Read the file's JSON. Raises DamagedCalibration."""
    try:
        body: dict[str, Any] = json.loads(text)
        model = logistic.parse(body)
        deaf = logistic.parse(body["without_descriptor"]) if "without_descriptor" in body else _deafened(model)
        if not {*model.features, *deaf.features} <= set(FEATURES):
            raise DamagedCalibration("the calibration is of other features than this program computes")
        return Calibration(
            name=str(body["name"]),
            embedder=str(body["embedder"]),
            model=model,
            deaf=deaf,
            strict=float(body["strict"]),
            review=float(body["review"]),
            thresholds={str(key): float(value) for key, value in body["thresholds"].items()},
            false_alarms=tuple(FalseAlarms(**row) for row in body["false_alarms"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # what is no JSON, and DamagedModel, among them
        raise DamagedCalibration(f"the calibration can't be read: {error!r}") from error


def _deafened(model: Logistic) -> Logistic:
    """As the first calibrations did it, which had no second model."""
    return replace(model, weights=np.where(np.array(model.features) == "cosine", 0.0, model.weights))


@cache
def bundled() -> Calibration:
    """The calibration that comes with the package, read once."""
    return parse(PATH.read_text("utf-8"))


def named(name: str) -> Calibration:
    """The calibration that an old report names, whichever is in force now: all that ever came with the package are
    kept. One without its descriptor is answered as the whole. Raises UnknownCalibration."""
    wanted = name.removesuffix(DEAF)
    kept = {path.stem: path for path in ARCHIVE.glob("*.json")}
    if wanted not in kept:
        raise UnknownCalibration(f"no calibration {wanted} came with this version; read the version that judged it")
    return parse(kept[wanted].read_text("utf-8"))
