"""Plug-ins are entry points; the built-ins register the same way and load on first use."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from provenance.core.errors import Misconfigured, NotFound

GROUPS: Final = ("generators", "watermarkers", "fingerprinters", "signers", "ledgers")


def available(group: str) -> dict[str, EntryPoint]:
    """Entry points of `provenance.<group>` by name. Raises Misconfigured when two packages claim one name."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"provenance.{group}"):
        if point.name in found and found[point.name].value != point.value:
            raise Misconfigured(f"two packages register {point.name!r} as {group}", hint="uninstall one of them")
        found[point.name] = point
    return found


def load(group: str, name: str) -> Any:
    """The class or factory behind a name. Raises NotFound, Misconfigured when its package is not installed."""
    points = available(group)
    if name not in points:
        raise NotFound(f"no plug-in {name!r} among {group}", hint=f"installed: {', '.join(sorted(points)) or 'none'}")
    try:
        return points[name].load()
    except ImportError as error:
        missing = error.name or str(error)
        raise Misconfigured(f"the plug-in {name!r} needs {missing}, which is not installed") from error
