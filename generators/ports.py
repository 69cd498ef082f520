"""The port that every generator satisfies, by structure: a plug-in need not import this module."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Artwork(Protocol):
    """What a generator answers.

    `pixels` uint8[H, W, 3] sRGB; `recipe_hash` sha256 hex of the recipe's canonical JSON with the seed;
    `digital_source_type` a URI of the IPTC Digital Source Type vocabulary.
    """

    @property
    def pixels(self) -> NDArray[np.uint8]: ...
    @property
    def recipe_hash(self) -> str: ...
    @property
    def digital_source_type(self) -> str: ...


class Generator(Protocol):
    """A recipe is complete: the same recipe and seed give the same artwork. A bad recipe or seed raises ValueError."""

    @property
    def name(self) -> str: ...
    def make(self, recipe: Mapping[str, Any], *, seed: int) -> Artwork: ...
