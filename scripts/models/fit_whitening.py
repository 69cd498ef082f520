"""Fit the within-copy whitening of the bundled descriptor and store its golden vector.

    python -m scripts.models.fit_whitening --corpus <folder of pictures>

Within-copy whitening (Mikolajczyk & Matas, ICCV 2007; "learned whitening" in Radenovic et al., TPAMI 2019): directions
in which copies of one picture differ are shrunk, then the principal directions between pictures are kept. The pictures
are the tuning side of the split in `scripts/models/copies.py`. Writes `lite0-whitening.npz` (mean float32[1280],
projection float16[1280, 256]), the list of pictures `lite0-whitening.txt`, and `lite0.json` with the golden vector.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.embedders.golden import golden_picture
from index.embedders.lite0 import CHANNELS, GOLDEN, MODEL, MODELS, NETWORK, WHITENING, GemFeatures, whiten
from scripts.models.copies import DEFAULT_CORPUS, KINDS, list_corpus, make_copy, read

DIM: Final = 256
SHRINKAGE: Final = 0.01  # of the mean eigenvalue, added to the within-copy covariance
BALANCE: Final = 0.8  # 1 gives every kept direction the same variance between pictures, 0 leaves it as it is
Features = NDArray[np.float32]


def copy_features(corpus: Path, paths: list[str], *, copies: int, seed: int) -> Features:
    """float32[pictures, 1 + copies, 1280]; the first of each row is the original."""
    network = GemFeatures(MODELS / NETWORK)
    rng = np.random.default_rng(seed)
    features = np.empty((len(paths), 1 + copies, CHANNELS), np.float32)
    for row, path in enumerate(paths):
        picture = read(corpus / path)
        other = read(corpus / paths[int((row + rng.integers(1, len(paths))) % len(paths))])
        kinds = rng.choice(KINDS, copies, replace=False)
        features[row] = network([picture, *(make_copy(picture, kind, rng, other) for kind in kinds)])
    return features


def fit(features: Features, *, dim: int = DIM, shrinkage: float = SHRINKAGE) -> tuple[Features, Features]:
    """(mean float32[1280], projection float32[1280, dim]) from float32[pictures, 1 + copies, 1280].

    The parameters were chosen on one half of the tuning pictures, fitted on the other.
    """
    originals = features[:, 0].astype(np.float64)
    mean = originals.mean(axis=0)
    differences = (features[:, 1:] - features[:, :1]).reshape(-1, features.shape[2]).astype(np.float64)
    within = differences.T @ differences / len(differences)
    within += shrinkage * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whitener = vectors / np.sqrt(values)
    between = np.cov(((originals - mean) @ whitener).T)
    variances, directions = np.linalg.eigh(between)
    kept = directions[:, ::-1][:, :dim] * variances[::-1][:dim] ** (-BALANCE / 2)
    return mean.astype(np.float32), (whitener @ kept).astype(np.float32)


def write_card(folder: Path, mean: Features, projection: Features) -> None:
    """The model card: name, digests of its files, golden vector."""
    golden = whiten(GemFeatures(folder / NETWORK)([golden_picture()]), mean, projection)[0]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (NETWORK, WHITENING)}
    card = {"model": MODEL, "sha256": digests, "golden": [round(float(value), 6) for value in golden]}
    (folder / GOLDEN).write_text(json.dumps(card, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--features", type=Path, help="keep the pooled features in this .npy file, or take them from it"
    )
    parser.add_argument("--out", type=Path, default=MODELS)
    options = parser.parse_args()
    paths = list_corpus(options.corpus, test=False)
    if options.features and options.features.exists():
        features = np.load(options.features, allow_pickle=False)
    else:
        features = copy_features(options.corpus, paths, copies=options.copies, seed=options.seed)
        if options.features:
            np.save(options.features, features)
    mean, projection = fit(features)
    np.savez(options.out / WHITENING, mean=mean, projection=projection.astype(np.float16))
    (options.out / "lite0-whitening.txt").write_text("\n".join(paths) + "\n", "utf-8")
    write_card(options.out, mean, projection.astype(np.float16).astype(np.float32))
    print(
        json.dumps({"pictures": len(paths), "copies": options.copies, "seed": options.seed, "dim": projection.shape[1]})
    )


if __name__ == "__main__":
    main()
