"""One experiment of matching: what is registered, what is asked, and what the right answer is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from scripts.models import copies, elements, misuses
from scripts.models.copies import Pixels

_DECORATED = 4  # references that carry each shared element


@dataclass(frozen=True, slots=True)
class Ask:
    """`owner` is the id of the registered picture whose content is in it; None for an unrelated one.

    `kind` is a kind of misuse, "unknown" for an unrelated picture, "shared-<element>" for one that shares an element.
    """

    picture: Pixels
    kind: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Sizes:
    references: int
    positives: int
    unknown: int
    shared: int


class Trial:
    """Four sevenths of the pictures (at most) are registered. The rest is in three parts, so that no query holds a
    registered picture by accident: unknown ones, material for collages and insets, and ones that are registered with a
    shared element on them. The same seed gives the same trial."""

    def __init__(self, corpus: Path, sizes: Sizes, *, test: bool, seed: int) -> None:
        self._corpus, self._sizes, self._seed = corpus, sizes, seed
        names = copies.list_corpus(corpus, test=test)
        order = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
        self.registered = order[: min(sizes.references, len(order) * 4 // 7)]
        rest = order[len(self.registered) :]
        self._material, self._decorated, self._unknown = (
            rest[: len(rest) // 4],
            rest[len(rest) // 4 : len(rest) // 2],
            rest[len(rest) // 2 :],
        )
        self._elements = self._make_elements()

    def _read(self, name: str) -> Pixels:
        return copies.read(self._corpus / name)

    def _make_elements(self) -> list[tuple[str, elements.Element]]:
        rng = np.random.default_rng([self._seed, 1])
        count = max(len(elements.KINDS), self._sizes.shared // 15) if self._sizes.shared else 0
        kinds = [elements.KINDS[i % len(elements.KINDS)] for i in range(count)]
        return [(kind.__name__, kind(rng, self._read(str(rng.choice(self._material))))) for kind in kinds]

    def references(self) -> Iterator[tuple[str, Pixels]]:
        """Everything that is registered: (id, picture). Some carry an element that unrelated queries share."""
        for name in self.registered:
            yield name, self._read(name)
        rng = np.random.default_rng([self._seed, 2])
        for number, (kind, element) in enumerate(self._elements):
            for name in rng.choice(self._decorated, _DECORATED):
                yield f"{kind}-{number}/{name}", element(self._read(str(name)))

    def asks(self) -> Iterator[Ask]:
        yield from self._positives(np.random.default_rng([self._seed, 3]))
        yield from self._negatives(np.random.default_rng([self._seed, 4]))
        yield from self._shared(np.random.default_rng([self._seed, 5]))

    def _positives(self, rng: Generator) -> Iterator[Ask]:
        for number in range(self._sizes.positives):
            owner = self.registered[number % len(self.registered)]
            kind = misuses.KINDS[number % len(misuses.KINDS)]
            other = self._read(str(rng.choice(self._material)))
            yield Ask(misuses.misuse(self._read(owner), kind, rng, other), kind, owner)

    def _negatives(self, rng: Generator) -> Iterator[Ask]:
        """Unknown pictures, half of them misused as the positives are: text and frames must not alarm by themselves."""
        for number in range(self._sizes.unknown):
            picture = self._read(self._unknown[number % len(self._unknown)])
            if number % 2:
                other = self._read(str(rng.choice(self._unknown)))
                picture = misuses.misuse(picture, str(rng.choice(misuses.KINDS)), rng, other)
            yield Ask(picture, "unknown", None)

    def _shared(self, rng: Generator) -> Iterator[Ask]:
        for number in range(self._sizes.shared):
            kind, element = self._elements[number % len(self._elements)]
            picture = element(self._read(str(rng.choice(self._unknown))))
            yield Ask(copies.jpeg(picture, rng, 50, 95), f"shared-{kind}", None)


def wilson_upper(hits: int, of: int) -> float:
    """Upper end of the 95 % Wilson interval of a rate."""
    z, rate = 1.96, hits / of
    middle = rate + z * z / (2 * of)
    return float((middle + z * np.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))) / (1 + z * z / of))


def micro_average_precision(scores: Sequence[float], right: Sequence[bool], positives: int) -> float:
    """muAP over all answers of all queries (DISC21, Douze et al. 2021); `positives` is how many there were to find."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    hits = np.asarray(right, float)[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float((precision * hits).sum() / positives)
