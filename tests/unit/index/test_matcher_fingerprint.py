import struct
import zlib

import cv2
import numpy as np
import pytest

from index.describe import REFERENCE_KEYPOINTS, Describer
from index.fingerprint import DamagedFingerprint, Fingerprint, ForeignFingerprint, encode_thumbnail, quantise, unpack
from index.hashes import sha256_pixels
from index.local.codebook import bundled
from index.local.features import extract, working_gray
from tests.unit.index.scenes import scene


@pytest.fixture(scope="module")
def made(describer: Describer) -> Fingerprint:
    return describer.fingerprints([scene(1)])[0]


@pytest.fixture(scope="module")
def packed(made: Fingerprint) -> bytes:
    return made.pack()


def with_crc(body: bytes) -> bytes:
    return body + struct.pack("<I", zlib.crc32(body))


def test_packing_and_reading_gives_the_same(made: Fingerprint, packed: bytes):
    read = unpack(packed)

    assert read.models == made.models
    assert read.pixels_sha256.hex() == sha256_pixels(scene(1))
    assert (read.pdq_quality, read.shape, read.thumbnail) == (made.pdq_quality, made.shape, made.thumbnail)
    assert list(read.vectors) == list(made.vectors) == [made.models[0]]
    for field in ("phash", "pdq", "vector", "points", "scales", "angles", "cells", "codes"):
        np.testing.assert_array_equal(getattr(read, field), getattr(made, field), err_msg=field)
    assert read.pack() == packed


def test_a_memory_map_is_read_like_bytes(packed: bytes):
    assert unpack(memoryview(packed)).pack() == packed


def test_a_work_takes_about_twenty_kilobytes(packed: bytes):
    assert 10_000 < len(packed) < 22_000


def test_noise_is_compressed_harder():
    noise = np.random.default_rng(0).integers(0, 256, (240, 240)).astype(np.uint8)

    usual = cv2.imencode(".webp", noise, [cv2.IMWRITE_WEBP_QUALITY, 40])[1]
    assert len(encode_thumbnail(noise)) < 0.7 * len(usual)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (16, 16), (64, 64)])
def test_small_and_flat_pictures_have_a_fingerprint_too(describer: Describer, shape: tuple[int, int]):
    read = unpack(describer.fingerprints([np.full((*shape, 3), 200, np.uint8)])[0].pack())

    assert len(read.points) == 0
    assert read.luma.size >= 1
    assert read.features(bundled()).descriptors.shape == (0, 128)


def test_keypoints_lose_little(made: Fingerprint):
    exact = extract(working_gray(scene(1)), REFERENCE_KEYPOINTS)
    read = made.features(bundled())

    assert np.abs(read.points - exact.points).max() < 0.01  # px
    assert np.abs(np.log(read.scales / exact.scales)).max() < 0.03
    assert np.abs(np.angle(np.exp(1j * (read.angles - exact.angles)))).max() < 0.02  # radians


def test_an_angle_of_a_full_turn_is_none():
    exact = extract(working_gray(scene(1)), 5)
    full = type(exact)(exact.points, exact.scales, np.full(5, 2 * np.pi, np.float32), exact.descriptors, exact.shape)

    assert (quantise(full)[2] == 0).all()


@pytest.mark.parametrize("position", [0, 4, 30, 200, 5000, -1])
def test_one_changed_byte_is_noticed(packed: bytes, position: int):
    broken = bytearray(packed)
    broken[position] ^= 1

    with pytest.raises(DamagedFingerprint):
        unpack(bytes(broken))


@pytest.mark.parametrize("length", [0, 3, 8, 100, 5000])
def test_cut_short_is_noticed(packed: bytes, length: int):
    with pytest.raises(DamagedFingerprint):
        unpack(packed[:length])


@pytest.mark.parametrize("version", [1, 3])
def test_another_version_is_foreign(packed: bytes, version: int):
    with pytest.raises(ForeignFingerprint, match=f"version {version}"):
        unpack(with_crc(packed[:4] + bytes([version]) + packed[5:-4]))


@pytest.mark.parametrize("extra", [b"\0", b"more"])
def test_bytes_too_many_are_noticed_even_with_a_right_checksum(packed: bytes, extra: bytes):
    with pytest.raises(DamagedFingerprint, match="too many"):
        unpack(with_crc(packed[:-4] + extra))


def test_a_count_beyond_the_end_is_noticed_even_with_a_right_checksum(packed: bytes):
    with pytest.raises(DamagedFingerprint, match="ends inside"):
        unpack(with_crc(packed[:5] + b"\xff\xff" + packed[7:-4]))


def test_no_descriptor_at_all_is_noticed_even_with_a_right_checksum(made: Fingerprint):
    bare = Fingerprint(**{**made.__dict__, "vectors": {}})

    with pytest.raises(DamagedFingerprint, match="no global descriptor"):
        unpack(bare.pack())


def test_a_thumbnail_that_is_no_picture_is_noticed(made: Fingerprint):
    broken = Fingerprint(**{**made.__dict__, "thumbnail": b"no picture"})

    with pytest.raises(DamagedFingerprint, match="thumbnail"):
        _ = broken.luma


def test_neighbours_in_a_batch_do_not_matter(describer: Describer, packed: bytes):
    batch = describer.fingerprints([scene(2), scene(1), scene(3, 300, 300)])

    alone, together = unpack(packed), batch[1]
    np.testing.assert_allclose(together.vector, alone.vector, atol=2e-3)
    np.testing.assert_array_equal(together.codes, alone.codes)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), float),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(describer: Describer, array: np.ndarray):
    with pytest.raises(ValueError, match="uint8"):
        describer.fingerprints([array])
