"""One file after another: what goes wrong with one is told, and the rest goes on."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from provenance.core.errors import ProvenanceError, Unavailable
from provenance.faces.cli.console import complain, progress
from provenance.faces.cli.exits import Exit, exit_of

T = TypeVar("T")


def each(items: Sequence[T], work: Callable[[T], Exit | None], *, label: str, as_json: bool) -> Exit:
    """Do `work` to every item, under a progress bar called `label`. The highest exit code of them all is the answer."""
    worst = Exit.OK
    with progress(items, label, as_json=as_json) as listed:
        for item in listed:
            try:
                ended = work(item) or Exit.OK
            except ProvenanceError as error:
                ended = _told(error, item, as_json=as_json)
            except OSError as error:
                ended = _told(unavailable(error), item, as_json=as_json)
            worst = max(worst, ended)
    return worst


def unavailable(error: OSError) -> Unavailable:
    """What the operating system refused, as one of our errors."""
    where = f"{error.filename}: " if error.filename else ""
    return Unavailable(f"{where}{error.strerror or error}", hint="look at the disk, its space and its permissions")


def _told(error: ProvenanceError, item: object, *, as_json: bool) -> Exit:
    complain(error, as_json=as_json, about=str(item))
    return exit_of(error)
