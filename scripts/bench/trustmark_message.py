"""How many wrong bits does our TrustMark message survive, against TrustMark's own codes? No network is needed.

`python -m scripts.bench.trustmark_message` sends ids over a channel with Gaussian noise (the reader's numbers are +-1
and noise) and counts those that come back, for a share of wrong bits each; beside it the same with hard bits, whose
guesses go by place, and the chance that at most 5 of 96 bits are wrong, which TrustMark's BCH_5 corrects (61 bits, no
tag). Also the chance that a random word is read as a message: ours by the bound, TrustMark's by counting what its codes
correct.
"""

import argparse
import json
from math import comb
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from provenance.adapters.trustmark.message import GUESSES, MESSAGE_BITS, KeyedMessage, bits, false_positive_bound

RATES: Final = (0.005, 0.01, 0.02, 0.03, 0.04, 0.06)
CODED_BITS: Final = 96  # of TrustMark's schemas, without the four that name the schema
SCHEMAS: Final = {"BCH_SUPER": (8, 56), "BCH_5": (5, 35), "BCH_4": (4, 28), "BCH_3": (3, 21)}  # (corrected, check bits)


def survival(rate: float, words: int, seed: int) -> dict[str, Any]:
    """Of `words` messages at this share of wrong bits, the shares that came back."""
    rng = np.random.default_rng(seed)
    message = KeyedMessage(b"a key for this measurement alone")
    deviation = 1 / NormalDist().inv_cdf(1 - rate)
    soft = hard = 0
    for payload in rng.integers(0, 1 << 64, words, np.uint64).tolist():
        sent = np.array([1.0 if bit == "1" else -1.0 for bit in bits(message.seal(payload))])
        read = (sent + rng.normal(0, deviation, MESSAGE_BITS)).astype(np.float32)
        soft += message.open(read) == payload
        hard += message.open(np.sign(read)) == payload
    corrected = sum(comb(CODED_BITS, n) * rate**n * (1 - rate) ** (CODED_BITS - n) for n in range(6))
    return {"wrong_bits": rate, "ours": soft / words, "ours_from_hard_bits": hard / words, "bch_5": round(corrected, 4)}


def read_by_chance() -> dict[str, float]:
    """Of random words. The last two bits choose one of TrustMark's schemas, which each take a quarter."""
    spheres = {
        name: sum(comb(CODED_BITS, n) for n in range(corrected + 1)) / 2**check
        for name, (corrected, check) in SCHEMAS.items()
    }
    return {"ours, at most": false_positive_bound(1), **spheres, "TrustMark, any": sum(spheres.values()) / len(spheres)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = [survival(rate, arguments.words, arguments.seed) for rate in RATES]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    chance = read_by_chance()
    for name, probability in chance.items():
        print(f"{name}: {probability:.2g}")
    print(json.dumps({"guesses": GUESSES, "words": arguments.words, "survival": rows, "by_chance": chance}))


if __name__ == "__main__":
    main()
