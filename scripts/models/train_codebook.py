"""Train the codebook of local descriptors on the tuning split and write `index/models/rootsift-codebook.npz`.

    python -m scripts.models.train_codebook [--corpus FOLDER] [--cells 4096] [--seed 0] [--votes-only]

Three minutes of one core. The same corpus, seed, faiss and extractor give the same file; another file is another name,
and fingerprints and the calibration then have to be made anew. `--votes-only` trains the 16-byte codes of the inverted
file alone, which are made of the others: no fingerprint changes. The bundled codebook is from the extractor of 5d8f88a,
which chose among the 800 strongest keypoints of a picture instead of among all.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import faiss
import numpy as np

from index.local.codebook import PARTS, PATH, VOTE_PARTS, VOTES_PATH, Codebook
from index.local.features import DIMENSIONS, extract, working_gray
from scripts.models.copies import DEFAULT_CORPUS, list_corpus, read

KEYPOINTS = 400
SAMPLE = 200_000


def descriptors(corpus: Path, seed: int) -> np.ndarray:
    """float32[<= SAMPLE, 128] descriptors of the tuning split, drawn without preference for any picture."""
    found = [
        extract(working_gray(read(corpus / path)), KEYPOINTS).descriptors for path in list_corpus(corpus, test=False)
    ]
    rows = np.concatenate(found).astype(np.float32)
    return rows[np.random.default_rng(seed).permutation(len(rows))[:SAMPLE]]


def train(rows: np.ndarray, cells: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells uint8[cells, 128] and product quantiser float16[32, 256, 4]."""
    coarse = faiss.Kmeans(DIMENSIONS, cells, niter=8, seed=seed, max_points_per_centroid=256)
    coarse.train(rows)
    return np.clip(np.rint(coarse.centroids), 0, 255).astype(np.uint8), train_parts(rows, PARTS, seed)


def train_parts(rows: np.ndarray, parts: int, seed: int) -> np.ndarray:
    """A product quantiser float16[parts, 256, 128 / parts]."""
    coder = faiss.ProductQuantizer(DIMENSIONS, parts, 8)
    coder.cp.seed, coder.cp.niter = seed, 15
    coder.train(rows[:50_000])
    return faiss.vector_to_array(coder.centroids).reshape(parts, 256, -1).astype(np.float16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--cells", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--votes-only", action="store_true")
    options = parser.parse_args()
    started = time.process_time()
    rows = descriptors(options.corpus, options.seed)
    votes = train_parts(rows, VOTE_PARTS, options.seed)
    np.savez_compressed(VOTES_PATH, parts=votes)
    if options.votes_only:
        return
    cells, parts = train(rows, options.cells, options.seed)
    np.savez_compressed(PATH, cells=cells, parts=parts)
    book = Codebook.from_arrays(cells, parts, votes)
    sample = rows[-5000:].astype(np.uint8)
    error = np.linalg.norm(book.decode(book.encode(sample)) - sample, axis=1)
    record = {
        "name": book.name,
        "made_by": "scripts/models/train_codebook.py",
        "seed": options.seed,
        "data": f"tuning split of the corpus, {len(rows)} descriptors",
        "machine": f"{platform.machine()}, faiss {faiss.__version__}, numpy {np.__version__}",
        "cpu_seconds": round(time.process_time() - started),
        "median_coding_error": round(float(np.median(error)), 1),
    }
    PATH.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
