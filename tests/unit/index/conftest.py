"""Models are read once for all tests of the index."""

import pytest

from index.describe import Describer
from index.embedders.lite0 import Lite0Embedder
from index.local.codebook import bundled


@pytest.fixture(scope="session")
def describer() -> Describer:
    return Describer(Lite0Embedder(), bundled())
