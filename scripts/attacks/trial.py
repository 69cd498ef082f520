"""One experiment of matching: what is registered, what is asked, and what the right answer is.

Calibration and benchmark are made by this one generator, from the two sides of one split by source picture: nothing
that a model or threshold was fitted on is ever asked about in a test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.random import Generator

from scripts.attacks import elements
from scripts.attacks.attack import DEEPEST, KINDS, PARTIAL, Upload, attack, draw_chain
from scripts.attacks.families import in_edition
from scripts.attacks.filters import encoded
from scripts.attacks.pictures import Collection
from scripts.attacks.scene import Pixels, Truth

GROUPS: Final = ("single", "composed", "partial")
# Of ten positive queries: three of one kind, five of two to four kinds, two partial copies.
_MIX: Final = (
    "single",
    "composed",
    "partial",
    "composed",
    "single",
    "composed",
    "partial",
    "composed",
    "single",
    "composed",
)
_DECORATED: Final = 4  # references that carry each shared element
_QUERIES_PER_ELEMENT: Final = 15
_STAGES: Final = {"order": 0, "elements": 1, "decorated": 2, "positive": 3, "negative": 4, "shared": 5}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many pictures are registered and queries asked. Elements add `_DECORATED` references each."""

    references: int
    positives: int
    negatives: int
    shared: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A query, not made yet. `owner` is the id of the registered picture whose content is in it, "" for a negative.

    `group` is one of GROUPS for positives; for negatives the closest relation (`families.RELATIONS`) to anything
    registered, or "shared-<element>". `kinds` is the chain of attacks; of a negative, empty for every other one.
    `source` is the picture that it is made of.
    """

    stage: str
    number: int
    source: str
    group: str
    kinds: tuple[str, ...]
    owner: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    pixels: Pixels
    truth: Truth | None  # None for negatives


class Trial:
    """The same pictures, sizes, edition, side and seed give the same trial, query by query: any query can be made
    without the ones before it.

    Four sevenths of the pictures (at most) are registered, one seventh gives what carries a shared element, and the
    rest is unknown: negative queries, and what lies beside or over a work. Pictures of the same side that are not of
    the edition lie beside and over works too. Raises ValueError where there are too few pictures to register one.
    """

    def __init__(self, pictures: Collection, sizes: Sizes, *, edition: str, test: bool, seed: int) -> None:
        self.pictures, self.sizes, self.seed = pictures, sizes, seed
        names = pictures.names(test=test)
        wanted = [name for name in names if in_edition(pictures.family(name), edition)]
        order = [wanted[i] for i in self._rng("order", 0).permutation(len(wanted))]
        count = min(sizes.references, len(order) * 4 // 7)
        if not count:
            raise ValueError(f"too few pictures of the edition {edition!r} in the corpus: {len(order)}")
        decorated = max(1, len(order) // 7)
        self.registered, rest = order[:count], order[count:]
        self._decorated, self.unknown = rest[:decorated], rest[decorated:]
        chosen = set(wanted)
        self._beside = [*self.unknown, *(name for name in names if name not in chosen)]
        self._elements = self._make_elements()

    def _rng(self, stage: str, number: int) -> Generator:
        return np.random.default_rng([self.seed, _STAGES[stage], number])

    def _draw(self, rng: Generator, but: str) -> Pixels:
        """A picture that is not registered and not `but`."""
        name = but
        while name == but:
            name = str(rng.choice(self._beside))
        return self.pictures.read(name)

    def _make_elements(self) -> list[tuple[str, elements.Element]]:
        """The picture of an inset is one of those that carry elements: nobody is asked about it or shown it."""
        kinds = elements.KINDS
        count = max(len(kinds), self.sizes.shared // _QUERIES_PER_ELEMENT) if self.sizes.shared else 0
        made = []
        for number in range(count):
            rng, kind = self._rng("elements", number), kinds[number % len(kinds)]
            made.append((kind.__name__, kind(rng, self.pictures.read(self._decorated[0]))))
        return made

    def references(self) -> Iterator[tuple[str, Pixels]]:
        """Everything that is registered: (id, picture). Some carry an element that negative queries share."""
        for name in self.registered:
            yield name, self.pictures.read(name)
        carriers = self._decorated[1:] or self._decorated
        for number, (kind, element) in enumerate(self._elements):
            for name in self._rng("decorated", number).choice(carriers, min(_DECORATED, len(carriers)), replace=False):
                yield f"{kind}-{number}/{name}", element(self.pictures.read(str(name)))

    def asks(self) -> Sequence[Ask]:
        """All queries: the positives, then the negatives."""
        return (*self._positives(), *self._negatives(), *self._shared())

    def _positives(self) -> Iterator[Ask]:
        drawn = dict.fromkeys(GROUPS, 0)
        for number in range(self.sizes.positives):
            owner, group = self.registered[number % len(self.registered)], _MIX[number % len(_MIX)]
            turn, drawn[group] = drawn[group], drawn[group] + 1
            if group == "single":
                kinds: tuple[str, ...] = (KINDS[turn % len(KINDS)],)
            elif group == "partial":
                kinds = (PARTIAL[turn % len(PARTIAL)],)
            else:
                kinds = draw_chain(self._rng("positive", number), 2 + turn % (DEEPEST - 1))
            yield Ask("positive", number, owner, group, kinds, owner)

    def _negatives(self) -> Iterator[Ask]:
        """Unknown pictures, half of them attacked as the positives are: a frame must not alarm by itself."""
        registered = {self.pictures.family(name) for name in self.registered}
        for number in range(self.sizes.negatives):
            name, rng = self.unknown[number % len(self.unknown)], self._rng("negative", number)
            kinds = draw_chain(rng, int(rng.integers(1, DEEPEST + 1))) if self._is_attacked(number) else ()
            yield Ask("negative", number, name, self.pictures.family(name).relation(registered), kinds)

    def _is_attacked(self, number: int) -> bool:
        """Every other one, the other way round in every other round through the unknown pictures."""
        return bool((number + number // len(self.unknown) * (len(self.unknown) % 2 == 0)) % 2)

    def _shared(self) -> Iterator[Ask]:
        for number in range(self.sizes.shared):
            rng = self._rng("shared", number)
            name, kind = str(rng.choice(self.unknown)), self._elements[number % len(self._elements)][0]
            yield Ask("shared", number, name, f"shared-{kind}", ())

    def make(self, ask: Ask) -> Query:
        """The pixels of a query, and where the work is in it."""
        rng = np.random.default_rng([self.seed, _STAGES[ask.stage], ask.number, 1])
        picture = self.pictures.read(ask.source)
        if ask.stage == "shared":
            picture = self._elements[ask.number % len(self._elements)][1](picture)
            return Query(encoded(picture, ".jpg", int(rng.integers(50, 95))), None)
        upload = self._attack_until_seen(picture, ask, rng)
        return Query(upload.pixels, upload.truth if ask.owner else None)

    def _attack_until_seen(self, picture: Pixels, ask: Ask, rng: Generator) -> Upload:
        """Drawn again where too little of the work was left."""
        for _ in range(100):
            upload = attack(picture, ask.kinds, rng, partial(self._draw, rng, ask.source))
            if upload is not None:
                return upload
        raise ValueError(f"{ask.kinds} leaves too little of {ask.source}, however often it is drawn")
