"""How far a command is and how long it will take: a bar on a terminal, a line now and then in a log. Only on stderr."""

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from provenance.faces.cli.console import note

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

EVERY: Final = 10.0
"""Seconds between two lines in a log."""

_WINDOW: Final = 60.0  # seconds that the rate is of: what was skipped at the start says nothing about the rest


@contextmanager
def progress(items: Sequence[T], label: str, *, as_json: bool) -> Iterator[Iterable[T]]:
    """The items; where there is more than one, with a bar or lines called `label`. On a terminal that shows the JSON
    there is neither."""
    if len(items) < 2 or (as_json and sys.stderr.isatty() and sys.stdout.isatty()):
        yield items
    elif sys.stderr.isatty():
        bar = _bar()
        with bar:
            yield bar.track(items, description=label)
    else:
        yield _with_lines(items, label)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Task as Line
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Line) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.1f}/s")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    # Lines for a terminal are printed above the bar; those for a file or a pipe must not end up on the terminal.
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty())


def _with_lines(items: Sequence[T], label: str) -> Iterator[T]:
    told = time.monotonic()
    past = deque([(told, 0)])
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - told >= EVERY:
            told = now
            note(f"{label}: {_way(past, now, done, len(items))}")
            past.append((now, done))
            while len(past) > 1 and now - past[0][0] > _WINDOW:
                past.popleft()
        yield item


def _way(past: Sequence[tuple[float, int]], now: float, done: int, total: int) -> str:
    """`past` holds (seconds, items done), the oldest first, which the rate is counted from."""
    since, before = past[0]
    if done == before:
        return f"{done} of {total}"
    rate = (done - before) / (now - since)
    minutes, seconds = divmod(round((total - done) / rate), 60)
    return f"{done} of {total}, {rate:.2g}/s, {minutes // 60}:{minutes % 60:02}:{seconds:02} left"
