"""Fit the calibration of matching on the tuning split and write `index/models/calibration.json`.

    python -m scripts.models.calibrate [--corpus FOLDER] [--seed 0] [--trials 4] [--rows rows.npz]

Each trial registers other tuning pictures, asks for attacks on them (`scripts/attacks`), for pictures of the same
subject, prompt, style and template, unrelated ones, and for pictures that share only a frame, logo, window, inset or
caption with a registered one; as many trials are of pictures that a program drew. On every pair that the shortlist
proposes a ridge-penalised logistic model is fitted, and boosted trees on what it leaves. Thresholds, false alarms and
the scale of the probability come from fits that have seen neither of a pair's two pictures, nor any drawn picture of
their kind. `--rows` keeps the measured pairs, or takes them from there, because measuring takes most of an hour and
fitting a few minutes. Needs LightGBM (`pip install '.[models]'`).
"""

import argparse
import hashlib
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import lightgbm
import numpy as np
from numpy.typing import NDArray

from index.calibration import ARCHIVE, FEATURES, PATH
from index.embedders.lite0 import Lite0Embedder
from index.logistic import LEAVES, QUESTIONS, Logistic, Trees
from scripts.attacks.drawn import is_drawn
from scripts.attacks.families import RELATIONS
from scripts.bench.matching_metrics import wilson_upper
from scripts.models.calibration_pairs import (
    DRAWN_SIZES,
    PER_KIND,
    SIZES,
    Rows,
    all_trials,
    domains,
    measure_all,
    origin_of,
)
from scripts.models.copies import DEFAULT_CORPUS

DRAWN_WEIGHT: Final = 0.2  # of a pair, beside one of the corpus: examples of chance, not of what people make
RIDGE: Final = 3e-3  # of the mean log-likelihood, per squared weight of a standardised feature
FOLDS: Final = 10
Forest = dict[str, Any]
SEARCHED: Final[Forest] = {"num_iterations": 300, "learning_rate": 0.05}
EXTRA: Final[Forest] = {"num_iterations": 1000, "learning_rate": 0.1, "extra_trees": True}
BOTH: Final = (SEARCHED, EXTRA)
COMPARED: Final = {"linear": (), "searched trees": (SEARCHED,), "extra trees": (EXTRA,)}
ALARMS: Final = (0.005, 0.01)
BOOSTING: Final = {
    "objective": "binary",
    "max_depth": 3,
    "num_leaves": LEAVES,
    "min_data_in_leaf": 20,
    "lambda_l2": 1.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "seed": 0,
    "deterministic": True,
    "num_threads": 1,
    "verbose": -1,
}


def fit(rows: Rows, features_: tuple[str, ...], forests: Sequence[Forest] = BOTH) -> Logistic:
    """A linear model, then trees on its residual; the bias gets the odds that a proposed pair is right.

    Trees whose questions are searched rank best, those whose questions are random (extra-trees; Geurts et al., Machine
    Learning 2006) alarm least: the answer is their mean.
    """
    x, right, weight = chosen(rows, features_), rows["right"], _weights(rows)
    linear = _linear(x, right, weight, features_)
    odds = float(np.log(right.sum() / (~right).sum()))
    if not forests:
        return replace(linear, bias=linear.bias + odds)
    start = np.array([linear.logit(row) for row in x])
    data = lightgbm.Dataset(x, right.astype(float), weight=weight * len(x), init_score=start)
    boosters = [lightgbm.train(BOOSTING | kind, data) for kind in forests]
    trees = _exported(boosters)
    told = np.mean([booster.predict(x[:500], raw_score=True) for booster in boosters], axis=0)
    assert np.allclose([trees.score(row) for row in x[:500]], told, atol=1e-9), "the export is not the model"
    return replace(linear, bias=linear.bias + odds, trees=trees)


def chosen(rows: Rows, features_: tuple[str, ...]) -> NDArray[np.float64]:
    """float64[pairs, features]: those columns alone."""
    return rows["x"][:, [FEATURES.index(name) for name in features_]]


def _weights(rows: Rows) -> NDArray[np.float64]:
    """Each class has half of the weight, a drawn pair less of it than another."""
    weight = np.array([DRAWN_WEIGHT if is_drawn(str(name)) else 1.0 for name in rows["ours"]])
    for side in (rows["right"], ~rows["right"]):
        weight[side] *= 0.5 / weight[side].sum()
    return weight


def _linear(
    x: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64], features_: tuple[str, ...]
) -> Logistic:
    """Newton's method on the penalised likelihood."""
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    rows = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    penalty = np.diag([*[RIDGE] * x.shape[1], 0.0])
    solution = np.zeros(rows.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-rows @ solution))
        slope = rows.T @ (weight * (p - right)) + penalty @ solution
        curve = (rows * (weight * p * (1 - p))[:, None]).T @ rows + penalty
        solution -= np.linalg.solve(curve, slope)
    return Logistic(features_, mean, scale, solution[:-1], float(solution[-1]))


def _exported(boosters: Sequence[lightgbm.Booster]) -> Trees:
    """One forest, whose score is the mean of theirs."""
    trees = [_complete(info["tree_structure"]) for booster in boosters for info in booster.dump_model()["tree_info"]]
    feature, limit, value = (np.array(part) for part in zip(*trees, strict=True))
    return Trees(feature, limit, value / len(boosters))


def _complete(root: dict[str, Any]) -> tuple[list[int], list[float], list[float]]:
    """One tree as `Trees` holds it: where a branch ends early, questions that always lead left."""
    level, feature, limit = [root], list[int](), list[float]()
    while len(feature) < QUESTIONS:
        for node in level:
            feature.append(node.get("split_feature", 0))
            limit.append(node.get("threshold", np.inf))
        level = [node.get(side, node) for node in level for side in ("left_child", "right_child")]
    return feature, limit, [node["leaf_value"] for node in level]


def unseen_logits(rows: Rows, features_: tuple[str, ...], forests: Sequence[Forest] = BOTH) -> NDArray[np.float64]:
    """Of each pair, by a fit to pairs that share no picture with its fold, nor a kind of drawn pictures."""
    origin = {name: origin_of(str(name)) for name in np.concatenate([rows["ours"], rows["theirs"]])}
    origins = sorted(set(origin.values()))
    fold = dict(zip(origins, np.random.default_rng(0).permutation(len(origins)) % FOLDS, strict=True))
    ours, theirs = (np.array([fold[origin[name]] for name in rows[key]]) for key in ("ours", "theirs"))
    logits = np.empty(len(ours))
    for number in range(FOLDS):
        asked, known = ours == number, (ours != number) & (theirs != number)
        model = fit({key: rows[key][known] for key in ("x", "right", "ours")}, features_, forests)
        logits[asked] = [model.logit(row) for row in chosen(rows, features_)[asked]]
    return logits


def scaled(model: Logistic, unseen: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Logistic, float, float]:
    """Platt's scaling: the model whose logit is slope * logit + shift, as pairs that it had not seen ask for."""
    slope, shift = 1.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(slope * unseen + shift)))
        rows = np.column_stack([unseen, np.ones(len(unseen))])
        curve = (rows * (p * (1 - p))[:, None]).T @ rows
        slope, shift = np.array([slope, shift]) - np.linalg.solve(curve, rows.T @ (p - right))
    trees = replace(model.trees, value=slope * model.trees.value)
    done = replace(model, weights=slope * model.weights, bias=slope * model.bias + shift, trees=trees)
    return done, float(slope), float(shift)


def fitted(rows: Rows, without: str = "") -> tuple[Logistic, NDArray[np.float64]]:
    """The model on all rows, and what models that had not seen them say of each."""
    names = tuple(name for name in FEATURES if name != without)
    unseen = unseen_logits(rows, names)
    model, slope, shift = scaled(fit(rows, names), unseen, rows["right"])
    return model, slope * unseen + shift


def best_of_queries(values: NDArray[np.float64], rows: Rows, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The largest value among the wanted rows of each query, -inf where a query has none."""
    best = np.full(len(rows["kind"]), -np.inf)
    np.maximum.at(best, rows["query"][wanted], values[wanted])
    return best


def sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def thresholds(logits: NDArray[np.float64], rows: Rows) -> tuple[float, float, list[dict[str, float]]]:
    """strict, review, and the table of false alarms, all from what unrelated queries were answered.

    strict lies half of the way, in logits, from where 1 in 200 unrelated queries alarms to where 2 % of the attacks
    that are found at all would be lost. 1 in 200, because the corpus has a few siblings (one prompt, one seed,
    another style) that no threshold parts from a stylised copy. review lies where 2 % of the unrelated queries alarm.
    """
    is_attack = rows["owner"] != ""
    alarms = best_of_queries(logits, rows, ~rows["right"])[~is_attack]
    finds = best_of_queries(logits, rows, rows["right"])[is_attack]
    highest = float(np.sort(alarms)[-1 - len(alarms) // 200])
    strict = (highest + float(np.quantile(finds[finds > highest], 0.02))) / 2
    review = float(np.quantile(alarms, 0.98))
    table = []
    for limit in sorted({review, strict, *(float(np.quantile(alarms, q)) for q in (0.9, 0.95, 0.99))}):
        hits = int((alarms >= limit).sum())
        table.append(
            {
                "threshold": round(sigmoid(limit), 6),
                "rate": round(hits / len(alarms), 6),
                "upper": round(wilson_upper(hits, len(alarms)), 6),
                "queries": len(alarms),
            }
        )
    return sigmoid(strict), sigmoid(review), table


def witnesses(rows: Rows) -> dict[str, float]:
    """Where each witness speaks by itself: the value that 3 % of unknown pictures reach for some reference."""
    wrong = ~rows["right"]
    unrelated = np.isin(rows["kind"], RELATIONS)

    def limit(values: NDArray[np.float64]) -> float:
        return float(np.quantile(best_of_queries(values, rows, wrong)[unrelated], 0.97))

    inliers = np.rint(np.expm1(rows["x"][:, FEATURES.index("log_inliers")]))
    return {
        "pdq": min(31.0, -limit(-rows["pdq"].astype(float)) - 1),
        "phash": min(10.0, -limit(-rows["phash"].astype(float)) - 1),
        "descriptor": round(limit(rows["x"][:, FEATURES.index("cosine")]), 3),
        "votes": round(limit(rows["votes"]), 3),
        "geometry": float(np.floor(limit(inliers)) + 1),
        "dense": round(limit(rows["x"][:, FEATURES.index("share")]), 3),
    }


def ranking(logits: NDArray[np.float64], rows: Rows) -> str:
    """muAP of all proposed pairs; and recall of all attacks and of chains, where ALARMS of the queries without a work
    alarm."""
    is_attack, is_chain = rows["owner"] != "", rows["kind"] == "composed"
    right = rows["right"][np.argsort(-logits, kind="stable")]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    told = [f"muAP {precision[right].sum() / is_attack.sum():.3f}"]
    alarms = best_of_queries(logits, rows, ~rows["right"])[~is_attack]
    best = best_of_queries(logits, rows, rows["right"])
    for rate in ALARMS:
        found = best > np.quantile(alarms, 1 - rate)
        told.append(f"at FAR {100 * rate:g} % all {found[is_attack].mean():.3f}, chains {found[is_chain].mean():.3f}")
    return "; ".join(told)


def report(logits: NDArray[np.float64], rows: Rows, strict: float) -> None:
    probability = 1 / (1 + np.exp(-logits))
    best = best_of_queries(probability, rows, np.ones(len(probability), bool))
    right = best_of_queries(probability, rows, rows["right"])
    for kind in dict.fromkeys(rows["kind"].tolist()):
        asked = rows["kind"] == kind
        alarm = not rows["owner"][asked].any()
        reached = (best if alarm else right)[asked] >= strict
        print(f"{kind:20s} {'alarms' if alarm else 'found '} {reached.mean():.3f} of {asked.sum()}")
    domain = domains(rows)
    for name in dict.fromkeys(domain.tolist()):
        asked = (domain == name) & (rows["owner"] == "")
        print(f"{name:20s} alarms {(best[asked] >= strict).sum()} of {asked.sum()} queries without a work")
    worst = np.argsort(np.where(rows["right"], 0, -probability), kind="stable")[:12]
    for row in worst:
        query = rows["query"][row]
        print(f"wrong {probability[row]:.4f} {rows['kind'][query]} {rows['ours'][row]} for {rows['id'][row]}")


def written(model: Logistic) -> dict[str, Any]:
    """The fields that `index.logistic.parse` reads."""
    return {
        "features": model.features,
        **{key: [round(v, 6) for v in getattr(model, key)] for key in ("mean", "scale", "weights")},
        "bias": round(model.bias, 6),
        "trees": {
            "feature": model.trees.feature.tolist(),
            "limit": [[round(min(v, 1e9), 9) for v in row] for row in model.trees.limit.tolist()],
            "value": [[round(v, 6) for v in row] for row in model.trees.value.tolist()],
        },
    }


def keep(body: dict[str, Any]) -> None:
    """Write the calibration in force and its copy in the archive, named by what is in it."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]
    name = f"pairs-boosted-3-{digest}"
    ARCHIVE.mkdir(exist_ok=True)
    for target in (PATH, ARCHIVE / f"{name}.json"):
        target.write_text(json.dumps({"name": name, **body}, separators=(",", ":")) + "\n")


def measured(options: argparse.Namespace) -> Rows:
    """The rows that were kept, or new ones, which are kept then."""
    if options.rows and options.rows.exists():
        return dict(np.load(options.rows, allow_pickle=False))
    rows = measure_all(all_trials(options.corpus, options.seed, options.trials))
    if options.rows:
        np.savez(options.rows, **rows)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--rows", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    started = time.process_time()
    rows = measured(options)
    model, logits = fitted(rows)
    strict, review, table = thresholds(logits, rows)
    report(logits, rows, strict)
    print("unseen pictures:")
    for name, forests in COMPARED.items():
        print(f"{name:14}", ranking(unseen_logits(rows, FEATURES, forests), rows))
    print(f"{'both forests':14}", ranking(logits, rows))
    body = {
        "embedder": Lite0Embedder().model,
        **written(model),
        "without_descriptor": written(fitted(rows, without="cosine")[0]),
        "strict": round(strict, 6),
        "review": round(review, 6),
        "thresholds": witnesses(rows),
        "false_alarms": table,
        "made_by": "scripts/models/calibrate.py",
        "seed": options.seed,
        "data": f"{options.trials} trials of the corpus's tuning split: {SIZES}, and as many of drawn pictures: "
        f"{PER_KIND} of a kind, {DRAWN_SIZES}, weight {DRAWN_WEIGHT}; {len(rows['x'])} pairs, "
        f"{int(rows['right'].sum())} right",
        "machine": f"{platform.machine()}, numpy {np.__version__}, opencv {cv2.__version__}, "
        f"lightgbm {lightgbm.__version__}",
    }
    keep(body)
    shown = {key: value for key, value in body.items() if key not in ("without_descriptor", "trees")}
    print(json.dumps(shown, indent=2), f"\n{time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
