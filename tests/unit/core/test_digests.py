import hashlib
from dataclasses import replace

import numpy as np
import pytest

from provenance.core.digests import file_digest, picture_digest, pixels_digest
from provenance.core.types import Picture


@pytest.fixture
def pixels():
    return np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def test_an_animations_digest_is_over_all_its_frames():
    frame = np.zeros((4, 6, 3), np.uint8)
    still = Picture(frame, None, "PNG", "image/png", b"")
    moving = replace(still, frames=2, frames_sha256="ab" * 32)
    assert picture_digest(still) == pixels_digest(frame)
    line = f"animation-v1 2 {pixels_digest(frame)} {'ab' * 32}\n"
    assert picture_digest(moving) == hashlib.sha256(line.encode()).hexdigest()


def test_the_pixels_digest_is_what_its_docstring_says(pixels):
    assert pixels_digest(pixels) == hashlib.sha256(b"pixels-v1 6x4 RGB\n" + bytes(range(72))).hexdigest()


def test_the_shape_counts(pixels):
    assert pixels_digest(pixels) != pixels_digest(pixels.reshape(6, 4, 3))


def test_memory_layout_does_not_count(pixels):
    assert pixels_digest(np.asfortranarray(pixels)) == pixels_digest(pixels)


def test_an_opaque_alpha_is_no_alpha(pixels):
    opaque = np.full((4, 6), 255, np.uint8)
    assert pixels_digest(pixels, opaque) == pixels_digest(pixels)
    opaque[0, 0] = 254
    assert pixels_digest(pixels, opaque) != pixels_digest(pixels)


def test_the_file_digest_is_sha256():
    assert file_digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
