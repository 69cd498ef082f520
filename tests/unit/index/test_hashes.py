"""Digests and perceptual hashes: canonical forms, known values, and the distances between changed pictures."""

import hashlib

import cv2
import numpy as np
import pytest
from PIL import Image

from index import hashes
from index.embedders.golden import golden_picture


def rich_picture(seed: int = 1) -> np.ndarray:
    """Blurred noise: structure at every scale, so PDQ gives it full quality."""
    noise = np.random.default_rng(seed).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    return cv2.resize(noise, (512, 384), interpolation=cv2.INTER_CUBIC)


class TestDigests:
    def test_bytes(self):
        assert hashes.sha256_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    def test_pixels_hash_a_tag_the_size_and_the_rows(self):
        pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
        body = b"provenance:pixels:rgb8:1\0" + bytes([0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(18))
        assert hashes.sha256_pixels(pixels) == hashlib.sha256(body).hexdigest()

    def test_the_same_bytes_in_another_shape_differ(self):
        pixels = np.zeros((4, 4, 3), np.uint8)
        assert hashes.sha256_pixels(pixels) != hashes.sha256_pixels(pixels.reshape(2, 8, 3))

    @pytest.mark.parametrize(
        "view", [np.asfortranarray, lambda p: p[::-1][::-1], lambda p: np.pad(p, 1)[1:-1, 1:-1, 1:-1]]
    )
    def test_memory_layout_does_not_matter(self, view):
        pixels = golden_picture()
        assert hashes.sha256_pixels(view(pixels)) == hashes.sha256_pixels(pixels)

    def test_one_pixel_matters(self):
        pixels = golden_picture()
        changed = pixels.copy()
        changed[-1, -1, -1] ^= 1
        assert hashes.sha256_pixels(changed) != hashes.sha256_pixels(pixels)


class TestPerceptual:
    def test_phash_is_imagehash_s(self):
        import imagehash

        found = hashes.phash(rich_picture())
        assert found.dtype == np.uint8
        assert found.shape == (hashes.PHASH_BYTES,)
        assert found.tobytes().hex() == str(imagehash.phash(Image.fromarray(rich_picture())))

    def test_pdq_is_pdqhash_s(self):
        import pdqhash

        bits, quality = pdqhash.compute(rich_picture())
        found, found_quality = hashes.pdq(rich_picture())
        assert found.shape == (hashes.PDQ_BYTES,)
        np.testing.assert_array_equal(np.unpackbits(found), bits)
        assert found_quality == quality == 100

    def test_a_flat_picture_has_no_quality(self):
        assert hashes.pdq(np.full((64, 64, 3), 90, np.uint8))[1] < hashes.PDQ_MIN_QUALITY
        assert hashes.pdq(np.zeros((1, 1, 3), np.uint8))[1] == 0

    @pytest.mark.parametrize("function", [hashes.phash, lambda p: hashes.pdq(p)[0]])
    def test_a_recompressed_smaller_copy_is_near_and_another_picture_far(self, function):
        picture = rich_picture()
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        copy = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
        bits = 8 * len(function(picture))
        assert hashes.hamming(function(picture), function(copy)) <= 0.12 * bits
        assert hashes.hamming(function(picture), function(rich_picture(2))) > 0.3 * bits

    @pytest.mark.parametrize(
        ("orientation", "turn"),
        [
            ("as-is", lambda p: p),
            ("90", lambda p: np.rot90(p, 1)),
            ("180", lambda p: np.rot90(p, 2)),
            ("270", lambda p: np.rot90(p, 3)),
            ("flip-vertical", lambda p: p[::-1]),
            ("flip-horizontal", lambda p: p[:, ::-1]),
            ("transpose", lambda p: p.transpose(1, 0, 2)),
            ("anti-transpose", lambda p: np.rot90(p, 2).transpose(1, 0, 2)),
        ],
    )
    def test_each_orientation_finds_the_picture_turned_so(self, orientation, turn):
        reference, _ = hashes.pdq(np.ascontiguousarray(turn(rich_picture())))
        table, quality = hashes.pdq_dihedral(rich_picture())
        distances = hashes.hamming(table, reference)
        assert table.shape == (8, hashes.PDQ_BYTES)
        assert quality == 100
        assert hashes.ORIENTATIONS[int(distances.argmin())] == orientation
        assert distances.min() <= 20
        assert np.sort(distances)[1] > 60

    @pytest.mark.parametrize("function", [hashes.phash, hashes.pdq, hashes.pdq_dihedral, hashes.sha256_pixels])
    @pytest.mark.parametrize(
        "picture",
        [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
    )
    def test_only_rgb_pictures(self, function, picture):
        with pytest.raises(ValueError, match="expected uint8"):
            function(picture)


class TestHamming:
    def test_it_counts_bits_as_numpy_unpacks_them(self):
        rng = np.random.default_rng(4)
        left, right = rng.integers(0, 256, (2, 5, 32), np.uint8)
        expected = (np.unpackbits(left, axis=-1) != np.unpackbits(right, axis=-1)).sum(-1)
        found = hashes.hamming(left, right)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, expected)

    def test_all_bits_of_a_long_hash_do_not_overflow(self):
        assert hashes.hamming(np.zeros(64, np.uint8), np.full(64, 255, np.uint8)) == 512

    def test_it_broadcasts_to_a_table(self):
        codes = np.random.default_rng(4).integers(0, 256, (6, 8), np.uint8)
        table = hashes.hamming(codes[:, None], codes[:4])
        assert table.shape == (6, 4)
        assert (np.diag(table) == 0).all()

    @pytest.mark.parametrize("right", [np.zeros(9, np.uint8), np.zeros(8, np.int64)])
    def test_different_kinds_are_refused(self, right):
        with pytest.raises(ValueError, match="can't compare"):
            hashes.hamming(np.zeros(8, np.uint8), right)
