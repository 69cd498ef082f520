"""Ask every method every query of a trial, and keep what they answer (`matching_rows`)."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from scripts.attacks.pictures import Collection
from scripts.attacks.scene import Pixels
from scripts.attacks.trial import Ask, Query, Sizes, Trial
from scripts.bench.matching_metrics import Row, box_overlap
from scripts.bench.matching_peers import Answered, Engine, Method
from scripts.bench.matching_rows import Rows, generator_digest, names_digest

# CALIBRATION: negatives of the side that models are fitted on, for thresholds. TEST: what is reported.
CALIBRATION, TEST, DISTRACTORS = "calibration", "test", "distractors"


@dataclass(frozen=True, slots=True)
class Pass:
    """One trial with one catalogue; `distractors` are registered beside the references."""

    edition: str
    name: str
    sizes: Sizes
    seed: int
    distractors: int = 0

    def trial(self, pictures: Collection) -> Trial:
        return Trial(pictures, self.sizes, edition=self.edition, test=self.name != CALIBRATION, seed=self.seed)

    def about(self, pictures: Collection, method: Method) -> dict[str, object]:
        names = pictures.names(test=self.name != CALIBRATION)
        of = {"pictures": names_digest(names), "generator": generator_digest(), "method": method.identity}
        return {**asdict(self), **of}


class Runner:
    """Runs passes; answers that are on disk are not asked for again. `pictures` are those of each edition."""

    def __init__(self, folder: Path, pictures: Mapping[str, Collection], *, again: bool) -> None:
        self._folder, self._pictures, self._again = folder, pictures, again

    def rows(self, run: Pass, name: str, method: Method) -> Rows:
        path = self._folder / f"{run.edition}-{run.name}-{name}.jsonl"
        return Rows(path, run.about(self._pictures[run.edition], method), again=self._again)

    def run(
        self, run: Pass, makers: dict[str, Callable[[], Method]], more: Iterable[tuple[str, Pixels]] = ()
    ) -> dict[str, Rows]:
        """Rows of every method, complete. `more` is registered too."""
        trial = run.trial(self._pictures[run.edition])
        asks = trial.asks()
        methods = {name: self._make(run, name, maker) for name, maker in makers.items()}
        stores = {name: self.rows(run, name, method) for name, method in methods.items()}
        lacking = [name for name in methods if not all(stores[name].has(ask) for ask in asks)]
        if lacking:
            _register(chain(trial.references(), more), [(methods[name], stores[name]) for name in lacking])
            _ask_all(trial, asks, [(methods[name], stores[name]) for name in lacking], f"{run.edition} {run.name}")
        return stores

    def _make(self, run: Pass, name: str, maker: Callable[[], Method]) -> Method:
        """The engine keeps a large catalogue on disk: describing a hundred thousand pictures takes hours."""
        method = maker()
        if not isinstance(method, Engine) or not run.distractors:
            return method
        digest = method.identity.split()[1]
        return Engine(self._folder / f"{run.edition}-{run.name}-{name}-{digest}")


def _register(pictures: Iterable[tuple[str, Pixels]], methods: Sequence[tuple[Method, Rows]]) -> None:
    count, started = 0, time.monotonic()
    for count, (id_, picture) in enumerate(pictures, 1):
        for method, rows in methods:
            known = isinstance(method, Engine) and id_ in method
            begun = time.process_time()
            method.add(id_, picture)
            if not known:
                rows.registered(id_, 1000 * (time.process_time() - begun))
        if count % 200 == 0:
            _say(f"registered {count}, {count / (time.monotonic() - started):.1f} a second")
    for method, _ in methods:
        method.finish()
    _say(f"registered {count}")


def _ask_all(trial: Trial, asks: Sequence[Ask], methods: Sequence[tuple[Method, Rows]], label: str) -> None:
    started, done = time.monotonic(), 0
    for number, ask in enumerate(asks, 1):
        waiting = [(method, rows) for method, rows in methods if not rows.has(ask)]
        if not waiting:
            continue
        query = trial.make(ask)
        for method, rows in waiting:
            begun = time.process_time()
            answered = method.ask(query.pixels)
            rows.answered(ask, as_row(ask, query, answered, 1000 * (time.process_time() - begun)))
        done += 1
        if done % 25 == 0:
            left = (len(asks) - number) * (time.monotonic() - started) / done
            _say(f"{label}: {number} of {len(asks)} queries, about {left / 60:.0f} min left")


def as_row(ask: Ask, query: Query, answered: Answered, milliseconds: float) -> Row:
    box = answered.boxes.get(ask.owner)
    return Row(
        source=ask.source,
        group=ask.group,
        kinds=ask.kinds,
        owner=ask.owner,
        answers=answered.answers,
        overlap=box_overlap(box, query.truth.box) if box and query.truth else 0.0,
        milliseconds=milliseconds,
        claimed=answered.claimed,
    )


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
