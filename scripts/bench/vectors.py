"""Exact search against the two-stage scan: time, memory, and planted copies found, for each band of cosine.

    python -m scripts.bench.vectors --count 20000 200000

Synthetic unit vectors with the spread of a copy descriptor (256 dimensions, variance falling along them); copies are
planted at fixed cosines. One thread; times are CPU milliseconds for one query, medians over single queries, noisy on
a shared machine: compare within a run. Prints JSON and a table.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable

import faiss
import numpy as np
from numpy.typing import NDArray

from index.vectors import Choice, FlatIndex, LayeredIndex, SealedIndex
from index.vectors.choice import code

DIM = 256
BANDS = (0.75, 0.85, 0.95)
Rows = NDArray[np.float32]


def unit(rows: Rows) -> Rows:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def draw(rng: np.random.Generator, count: int) -> Rows:
    spread = (1 + np.arange(DIM)) ** -0.25
    return unit(rng.standard_normal((count, DIM), np.float32) * spread.astype(np.float32))


def plant(rng: np.random.Generator, originals: Rows, cosine: float) -> Rows:
    """A query for each original, at exactly this cosine, away from it in a direction of the same spread."""
    noise = draw(rng, len(originals))
    noise -= np.einsum("nd,nd->n", noise, originals)[:, None] * originals
    return unit(cosine * originals + np.sqrt(1 - cosine**2) * unit(noise))


def measure(search: Callable[[Rows], NDArray[np.int64]], queries: dict[float, Rows]) -> dict[str, object]:
    times, found = [], {}
    for cosine, rows in queries.items():
        hits = []
        for number, row in enumerate(rows):
            start = time.process_time()
            ids = search(row[None])
            times.append((time.process_time() - start) * 1000)
            hits.append(ids[0, 0] == number)
        found[str(cosine)] = round(float(np.mean(hits)), 4)
    return {"ms": round(statistics.median(times), 3), "rank_1": found}


def trial(count: int, queries: int, seed: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    rows = draw(rng, count)
    planted = {cosine: plant(rng, rows[:queries], cosine) for cosine in BANDS}
    ids = np.arange(count)
    start = time.process_time()
    flat = FlatIndex(DIM)
    flat.add(ids, rows)
    results = [{"index": "Flat", "count": count, "bytes": DIM * 4, "build_s": round(time.process_time() - start, 2)}]
    results[0] |= measure(lambda row: flat.search(row, 10)[1], planted)
    start = time.process_time()
    scan = LayeredIndex(DIM, base=SealedIndex.build(ids, rows, Choice(code(DIM), rerank=100)))
    built = round(time.process_time() - start, 2)
    size = faiss.index_factory(DIM, code(DIM), faiss.METRIC_INNER_PRODUCT).sa_code_size()
    results.append({"index": f"{code(DIM)}, R=100", "count": count, "bytes": size, "build_s": built})
    results[1] |= measure(lambda row: scan.search(row, 10)[1], planted)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    results = [row for count in options.count for row in trial(count, options.queries, options.seed)]
    print(json.dumps({"seed": options.seed, "machine": platform.processor() or platform.machine(), "results": results}))
    print("| index | vectors | bytes a vector | build CPU s | CPU ms a query | rank 1 at cos .75 / .85 / .95 |")
    print("|---|---|---|---|---|---|")
    for row in results:
        bands = " / ".join(str(share) for share in row["rank_1"].values())
        print(f"| {row['index']} | {row['count']} | {row['bytes']} | {row['build_s']} | {row['ms']} | {bands} |")


if __name__ == "__main__":
    main()
