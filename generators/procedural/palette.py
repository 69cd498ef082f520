"""Curated palettes, and ramps between their colours in OKLab (Ottosson, 2020), where equal steps look equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]

_RGB_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _parse(text: str) -> tuple[float, float, float]:
    return tuple(int(text[i : i + 2], 16) / 255.0 for i in (0, 2, 4))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Palette:
    """`inks` run from the darkest to the lightest (sRGB hex); `accent` is the colour to use little of."""

    name: str
    inks: tuple[str, ...]
    accent: str

    @property
    def colours(self) -> Colours:
        """float32[n, 3] sRGB 0..1, dark to light."""
        return np.array([_parse(ink) for ink in self.inks], np.float32)

    @property
    def dark(self) -> Colours:
        return np.asarray(self.colours[0])

    @property
    def paper(self) -> Colours:
        return np.asarray(self.colours[-1])

    @property
    def body(self) -> Colours:
        """float32[n - 1, 3]: the colours between dark and paper, and the accent."""
        return np.concatenate([self.colours[1:-1], self.spot[None]])

    @property
    def spot(self) -> Colours:
        """The accent, float32[3]."""
        return np.array(_parse(self.accent), np.float32)

    def ramp(self, steps: int) -> Colours:
        """float32[steps, 3] sRGB 0..1, through all inks."""
        return blend(self.colours, steps)


def blend(stops: Colours | Sequence[Colours], steps: int) -> Colours:
    """float32[steps, 3]: an even ramp through `stops` (sRGB 0..1), interpolated in OKLab."""
    lab = _to_oklab(np.asarray(stops, np.float64))
    at = np.linspace(0.0, len(lab) - 1.0, steps)
    mixed = np.stack([np.interp(at, np.arange(len(lab)), lab[:, channel]) for channel in range(3)], axis=1)
    return _from_oklab(mixed).astype(np.float32)


def _to_oklab(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T)


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = (lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3 @ np.linalg.inv(_RGB_TO_LMS).T
    linear = np.clip(linear, 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(srgb * 65535) / 65535)  # a rounded table: the last bits of pow differ between machines


PALETTES: Final = {
    palette.name: palette
    for palette in (
        Palette("dusk", ("1b1b3a", "43325f", "8e4a6b", "d9776b", "f2b880", "fbe8c8"), "2a9d8f"),
        Palette("tidepool", ("0b2b33", "12565a", "2f8f83", "8cc7a1", "e9d8a6", "f6f1e1"), "e76f51"),
        Palette("persimmon", ("2a1a1f", "6b2737", "c8443a", "ee8434", "f4c95d", "faf3dd"), "3d7ea6"),
        Palette("moss", ("1d2419", "3c4a2b", "6b7f3f", "a8ad62", "d9c98b", "f3ead3"), "b5523b"),
        Palette("nocturne", ("0a1022", "182a54", "2f5d8c", "6fa8c9", "d8c79a", "f5efe0"), "e3a23c"),
        Palette("woodblock", ("1c2541", "274c77", "5a8fb5", "a9c3cf", "e8b98a", "f6efe2"), "d64933"),
        Palette("orchid", ("24122e", "56266b", "9b3d8a", "d96c9f", "f0b7a4", "faeee0"), "2c8c99"),
        Palette("graphite", ("16181a", "3a3d40", "6d6f70", "a39e93", "d2c8b4", "f2ede2"), "c8402f"),
        Palette("mesa", ("2b1d2a", "7a3b3a", "c46a45", "e3a765", "b9c4a7", "f3e6cf"), "3f7d7b"),
        Palette("lagoon", ("07203a", "0f4c75", "1c8ca8", "67c6c0", "bfe3c8", "fbf6e3"), "f26b5b"),
        Palette("bauhaus", ("1d1d1f", "264b8c", "c8352c", "e9a820", "d8cbb0", "f1e8d6"), "2f7f6f"),
        Palette("heather", ("1f2233", "474b73", "7f74a3", "b7a0b8", "dcc7bd", "f4ece1"), "c9733f"),
    )
}
