"""The picture as a witness: what is taken from its luma before a mark is looked for."""

import cv2
import numpy as np
import pytest

from provenance.watermark.detail import MAX_SIDE, View, normalise, reduced, view
from tests.unit.watermark.conftest import load, texture


def grey_view(plane: np.ndarray) -> View:
    half = ((plane.shape[0] + 1) // 2, (plane.shape[1] + 1) // 2, 2)
    return View(plane.astype(np.float32), np.zeros(half, np.float32))


def test_a_view_has_luma_and_half_as_large_chroma_of_bt601() -> None:
    pixels = np.empty((5, 7, 3), np.uint8)
    pixels[:] = (200, 100, 50)
    seen = view(pixels)
    assert seen.luma.shape == (5, 7)
    assert seen.chroma.shape == (3, 4, 2)
    assert np.allclose(seen.luma, 124.2, atol=0.01)
    assert np.allclose(seen.chroma, [-41.87, 54.07], atol=0.05)


def test_a_grey_picture_has_no_chroma() -> None:
    grey = np.repeat(texture(60, 80)[..., :1], 3, axis=2)
    assert np.abs(view(grey).chroma).max() < 1e-3


@pytest.mark.parametrize("size", [(300, 2 * MAX_SIDE), (2 * MAX_SIDE + 1, 77)])
def test_large_pictures_are_reduced_in_both(size: tuple[int, int]) -> None:
    seen, reduction = reduced(texture(*size))
    assert reduction == pytest.approx(0.5, abs=1e-3)
    assert max(seen.luma.shape) == MAX_SIDE
    assert seen.chroma.shape[:2] == ((seen.luma.shape[0] + 1) // 2, (seen.luma.shape[1] + 1) // 2)


def test_normalising_ignores_contrast_and_brightness() -> None:
    plane = texture(120, 160)[..., 0].astype(np.float32)
    one, two = (normalise(grey_view(p))[0].ravel() for p in (plane, 0.6 * plane + 50))
    assert np.corrcoef(one, two)[0, 1] > 0.97


def test_busy_places_are_told_from_quiet_ones() -> None:
    plane = texture(120, 160)[..., 0].astype(np.float32)
    plane[:, :80] = 128
    _, energy = normalise(grey_view(plane))
    assert energy[:, 100:].mean() > 100 * energy[:, :60].mean()


def test_luma_that_goes_with_the_colours_is_foretold() -> None:
    """A grey edge may be a mark's, a red one is a picture's: the same luma, but the second one comes with chroma."""
    edges = (cv2.GaussianBlur(np.random.default_rng(5).normal(0, 40, (256, 256)), (0, 0), 2) > 0) * 24.0
    noise = np.random.default_rng(0).normal(0, 2, (256, 256, 1))
    weights = np.array([0.299, 0.587, 0.114])
    grey, red = (
        np.clip(np.rint(90 + noise + edges[..., None] * np.array(way) / np.dot(way, weights)), 0, 255).astype(np.uint8)
        for way in ((1.0, 1.0, 1.0), (1.0, 0.2, 0.2))
    )
    left = [normalise(view(p))[1].mean() for p in (grey, red)]
    assert left[1] < 0.5 * left[0]


def test_what_a_place_is_full_of_is_no_witness_there() -> None:
    """Stripes in one half are turned down in their own direction, and only there."""
    _, x = np.mgrid[:160, :320]
    noise = np.random.default_rng(1).normal(0, 6, (160, 320))
    stripes = 40 * np.sin(2 * np.pi * 0.12 * x) * (x < 160)
    plane = (128 + noise + stripes).astype(np.float32)
    spectra = np.abs(np.fft.rfft2(normalise(grey_view(plane))[0][:, :160])) ** 2
    along, across = spectra[0, round(0.12 * 160)], spectra[round(0.12 * 160), 0]
    raw = np.abs(np.fft.rfft2(plane[:, :160])) ** 2
    assert along / across < 0.05 * raw[0, round(0.12 * 160)] / raw[round(0.12 * 160), 0]


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (200, 35), (129, 513)])
def test_any_size_keeps_its_size_and_is_finite(size: tuple[int, int]) -> None:
    plane, energy = normalise(view(cv2.resize(load("ai-car.jpg"), size[::-1])))
    assert plane.shape == energy.shape == size
    assert np.isfinite(plane).all()
    assert np.isfinite(energy).all()
