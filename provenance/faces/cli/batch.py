"""One file after another: what goes wrong with one is told, and the rest goes on."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from provenance.core.errors import ProvenanceError, Unavailable
from provenance.faces.cli.console import complain, note
from provenance.faces.cli.exits import Exit, exit_of
from provenance.faces.cli.progress import progress

T = TypeVar("T")


def each(items: Sequence[T], work: Callable[[T], Exit | None], *, label: str, as_json: bool) -> Exit:
    """Do `work` to every item, under a progress bar called `label`. The highest exit code of them all is the answer.

    For people, several errors are summed up at the end; Ctrl-C says how far it came.
    """
    worst, done = Exit.OK, 0
    failed: list[ProvenanceError] = []
    try:
        with progress(items, label, as_json=as_json) as listed:
            for item in listed:
                error, ended = _tried(work, item, as_json=as_json)
                failed += [error] if error else []
                worst = max(worst, ended)
                done += 1
    except KeyboardInterrupt:
        note(f"stopped: {done} of {len(items)} were done")
        raise
    if len(failed) > 1 and not as_json:
        note(_summed_up(failed, len(items)))
    return worst


def unavailable(error: OSError) -> Unavailable:
    """What the operating system refused, as one of our errors."""
    where = f"{error.filename}: " if error.filename else ""
    return Unavailable(f"{where}{error.strerror or error}", hint="look at the disk, its space and its permissions")


def _tried(work: Callable[[T], Exit | None], item: T, *, as_json: bool) -> tuple[ProvenanceError | None, Exit]:
    start = time.perf_counter()
    try:
        return None, work(item) or Exit.OK
    except ProvenanceError as error:
        problem = error
    except OSError as error:
        problem = unavailable(error)
    except MemoryError:
        problem = Unavailable("there is not enough memory for it", hint="give it to a larger machine, or scale it down")
    complain(problem, as_json=as_json, about=str(item), milliseconds=since(start))
    return problem, exit_of(problem)


def since(start: float) -> float:
    """Milliseconds since `start`, of time.perf_counter()."""
    return round((time.perf_counter() - start) * 1000, 1)


def _summed_up(failed: Sequence[ProvenanceError], count: int) -> str:
    """The kinds of errors, the most frequent first, each with a reason: the first one's, where they differ."""
    reasons: dict[str, list[str]] = {}
    for error in failed:
        reasons.setdefault(error.code, []).append(error.reason)
    lines = [
        f"  {len(all_of_them)} {code}: {all_of_them[0]}" + (" (and others)" if len(set(all_of_them)) > 1 else "")
        for code, all_of_them in sorted(reasons.items(), key=lambda kind: -len(kind[1]))
    ]
    return "\n".join([f"{len(failed)} of {count} failed:", *lines])
