"""Thousands of damaged files: each gives a Picture or a Rejected, and what is read can be written."""

import random
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance.adapters.images import ImageLimits, PillowImages, deep, xmp
from provenance.core.errors import Rejected
from tests.unit.adapters.image_samples import (
    P3_PRIMARIES,
    PNG_SIGNATURE,
    exif_block,
    photo,
    png_chunk,
    png_chunks,
    rgb_profile,
    saved,
)

LIMITS = ImageLimits(file_bytes=1 << 20, pixels=1 << 16, side=1024, frames=8, metadata_bytes=1 << 18)
IMAGES = PillowImages(LIMITS)
SEEDS = {
    "png": ("PNG", {}),
    "png-rich": ("PNG", {"rich": True}),
    "apng": ("PNG", {"save_all": True}),
    "png-deep": ("PNG", {"deep": True}),
    "png-grey": ("PNG", {"rich": True, "grey": True}),
    "jpeg": ("JPEG", {"rich": True}),
    "jpeg-grey": ("JPEG", {"grey": True}),
    "jpeg-progressive": ("JPEG", {"progressive": True}),
    "webp": ("WEBP", {"rich": True}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "webp-animated": ("WEBP", {"save_all": True}),
    "tiff": ("TIFF", {"rich": True}),
    "tiff-lzw": ("TIFF", {"compression": "tiff_lzw"}),
    "tiff-deep": ("TIFF", {"deep": True}),
    "tiff-jpeg": ("TIFF", {"compression": "jpeg"}),
    "gif": ("GIF", {"save_all": True}),
    "avif": ("AVIF", {"rich": True}),
}
MUTATIONS = 250  # of each seed
AVIF_MUTATIONS = 60  # libavif is slow


@cache
def seed_file(name: str) -> bytes:
    form, options = SEEDS[name]
    options = dict(options)
    if options.pop("rich", False):
        options["exif"] = exif_block(6, thumbnail=b"thumb") if form != "JPEG" else b"Exif\x00\x00" + exif_block(6)
        options["icc_profile"] = rgb_profile(P3_PRIMARIES, 2.2)
    image = Image.fromarray(photo(24, 16))
    if options.pop("deep", False):
        layers = photo(24, 16).astype(np.uint16) * 257
        return deep.png_file(layers) if form == "PNG" else deep.tiff_file(layers)
    if options.pop("grey", False):
        image = image.convert("L")
    if form == "GIF":
        image = image.quantize(16)
    if options.get("save_all"):
        options["append_images"] = [Image.fromarray(photo(24, 16, seed=1)).convert(image.mode)]
    return saved(image, form, **options)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to four edits: bits, bytes, sizes, cuts, repeats, splices."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(max(1, len(changed)))
        kind = rng.randrange(6)
        if kind == 0 and changed:
            changed[at % len(changed)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\x01\x00\x00\x00"))
        elif kind == 2:
            del changed[at : at + rng.randint(1, 32)]
        elif kind == 3:
            changed[at:at] = changed[at : at + rng.randint(1, 64)]
        elif kind == 4:
            changed[at:at] = rng.randbytes(rng.randint(1, 16))
        else:
            del changed[at:]
    return bytes(changed)


def survives(data: bytes) -> bool:
    """Read, and where that works write. True when a picture came out; anything but Picture or Rejected is raised."""
    try:
        picture = IMAGES.read(data)
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.shape == (picture.height, picture.width, 3)
        assert picture.alpha is None or picture.alpha.shape == picture.pixels.shape[:2]
        assert picture.width * picture.height <= LIMITS.pixels
        if picture.frames == 1:
            IMAGES.write(picture, picture.pixels ^ 1)
        else:
            IMAGES.write_frames(picture, (frame.pixels ^ 1 for frame in IMAGES.frames(picture)))
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_give_a_picture_or_a_reason(name):
    rng = random.Random(name)
    rounds = AVIF_MUTATIONS if name == "avif" else MUTATIONS
    answers = [survives(mutated(seed_file(name), rng)) for _ in range(rounds)]
    assert not all(answers)


def test_damage_with_right_checksums_reaches_the_decoder():
    """PNG checksums stop most mutations early: mend them, so that the chunks' own fields are tried as well."""
    rng = random.Random(2)
    chunks = png_chunks(seed_file("png-rich"))
    answers = []
    for _ in range(MUTATIONS * 2):
        victim = rng.choice(list(chunks))
        body = b"".join(png_chunk(n, mutated(b, rng) if n == victim else b) for n, b in chunks.items())
        answers.append(survives(PNG_SIGNATURE + body))
    assert any(answers)
    assert not all(answers)


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_read(name):
    assert survives(seed_file(name))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(SEEDS)), st.integers(4, 40))
def test_any_bytes_behind_a_real_start(tail, name, keep):
    survives(seed_file(name)[:keep] + tail)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([b"<xmp:Thumbnails", b"</xmp:Thumbnails>", b"<xap:Thumbnails", b"x", b">"]), max_size=12)
)
def test_thumbnails_go_as_a_lazy_expression_would_take_them(parts):
    packet = b"".join(parts)
    assert xmp.upright(packet) == re.sub(rb"(?s)<(xmp|xap):Thumbnails.*?</\1:Thumbnails>", b"", packet)
