"""Embedders by name: what a setting, or an older record of one, needs in order to load them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from provenance import plugins
from provenance.core.errors import Misconfigured
from provenance.settings import Settings

Source = Mapping[str, str]
"""A plug-in's name under "plugin", and the options that it takes."""


def configured(settings: Settings) -> tuple[Source, ...]:
    """What the settings ask for, the primary one first. Raises Misconfigured where weights are not named."""
    return tuple({"plugin": name} | _OPTIONS.get(name, _none)(settings) for name in settings.embedders)


def load(sources: Sequence[Source]) -> list[Any]:
    """`index.ports.Embedder` objects. Raises NotFound, Misconfigured, and `index.WrongModel`."""
    return [_load(**source) for source in sources]


def _load(plugin: str, **options: str) -> Any:
    return plugins.load("fingerprinters", plugin)(**options)


def _none(_settings: Settings) -> dict[str, str]:
    return {}


def _clip(settings: Settings) -> dict[str, str]:
    if not settings.clip_weights:
        raise Misconfigured("CLIP needs PROVENANCE_CLIP_WEIGHTS: a tag or a path; it never runs untrained")
    weights = settings.clip_weights
    return {
        "architecture": settings.clip_architecture,
        "weights": str(Path(weights).absolute()) if Path(weights).is_file() else weights,
    }


def _sscd(settings: Settings) -> dict[str, str]:
    if not settings.sscd_weights:
        raise Misconfigured("SSCD needs PROVENANCE_SSCD_WEIGHTS: the path of a TorchScript or ONNX file")
    return {"weights": str(settings.sscd_weights.absolute())}


_OPTIONS: Final[Mapping[str, Callable[[Settings], dict[str, str]]]] = {"clip": _clip, "sscd": _sscd}
