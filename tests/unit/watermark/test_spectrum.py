import numpy as np
import pytest

from provenance.watermark import kernels
from provenance.watermark.detail import MAX_SIDE, View
from provenance.watermark.spectrum import Analysis, Spectrum, analyse
from tests.unit.watermark.conftest import texture

UNMOVED = np.array([1.0, 0.0, 0.0, 1.0])


def wave(height: int, width: int, fx: float, fy: float, phase: float = 0.0) -> np.ndarray:
    """Grey noise and a weak wave whose phase is 0 at the centre."""
    y, x = np.mgrid[:height, :width]
    angle = 2 * np.pi * (fx * (x - width // 2) + fy * (y - height // 2)) + phase
    noise = np.random.default_rng(0).normal(0, 4, (height, width))
    return (128 + noise + 2.0 * np.cos(angle)).astype(np.float32)


def spectrum_of(plane: np.ndarray) -> Spectrum:
    """Of a grey picture."""
    half = ((plane.shape[0] + 1) // 2, (plane.shape[1] + 1) // 2, 2)
    return Analysis(View(plane.astype(np.float32), np.zeros(half, np.float32))).whole


def read(spectrum: Spectrum, fx: float, fy: float) -> tuple[complex, float]:
    values, noise = kernels.sample(spectrum.values, spectrum.background, np.array([[fx, fy]]), UNMOVED)
    return complex(values[0]), float(noise[0])


@pytest.mark.parametrize(("fx", "fy"), [(0.11, 0.07), (0.11, -0.07), (-0.2, 0.13), (0.031, 0.3)])
def test_a_weak_wave_stands_out_at_its_frequency(fx: float, fy: float) -> None:
    spectrum = spectrum_of(wave(200, 300, fx, fy))
    value, noise = read(spectrum, fx, fy)
    assert abs(value) ** 2 / noise > 9
    assert kernels.score(spectrum.power, np.array([[fx, fy]] * 6), UNMOVED) > 5
    assert kernels.score(spectrum.power, np.array([[fx + 0.03, fy]] * 6), UNMOVED) < 5


@pytest.mark.parametrize("phase", [0.0, 1.0, -2.5])
def test_phases_are_those_at_the_centre(phase: float) -> None:
    value, _ = read(spectrum_of(wave(201, 300, 0.1, 0.06, phase)), 0.1, 0.06)
    assert np.angle(value * np.exp(-1j * phase)) == pytest.approx(0, abs=0.25)


def test_reading_the_other_half_gives_the_conjugate() -> None:
    spectrum = spectrum_of(wave(200, 300, 0.1, 0.06, 1.0))
    assert read(spectrum, -0.1, -0.06)[0] == pytest.approx(read(spectrum, 0.1, 0.06)[0].conjugate())


def test_whitened_power_of_a_picture_has_mean_one() -> None:
    power = analyse(texture(240, 320)).whole.power
    assert 0.8 < power.mean() < 1.1
    assert power.max() <= 9


def test_the_parts_are_of_one_picture() -> None:
    """What is turned over and what is left out make the difference between the spectra."""
    analysis = analyse(texture(200, 300))
    parts = (analysis.whole, analysis.textured, analysis.busiest, analysis.contrary)
    whole, textured, busiest, contrary = (part.values for part in parts)
    assert np.allclose(contrary, textured - (whole - textured), atol=1e-3 * np.abs(whole).max())
    energies = [float((np.abs(part) ** 2).sum()) for part in (busiest, textured, whole)]
    assert energies == sorted(energies)
    assert energies[0] < 0.6 * energies[2]


def test_large_pictures_are_analysed_reduced() -> None:
    spectrum = analyse(texture(300, 2 * MAX_SIDE)).whole
    assert spectrum.reduction == 0.5
    assert spectrum.length == MAX_SIDE
    assert spectrum.values.shape[1] < 1.1 * MAX_SIDE


@pytest.mark.parametrize("shape", [(1, 1), (31, 400), (400, 31), (40, 4000)])
def test_thin_pictures_have_no_spectrum(shape: tuple[int, int]) -> None:
    assert analyse(np.zeros((*shape, 3), np.uint8)) is None


def test_frequencies_past_the_limit_are_not_read() -> None:
    spectrum = spectrum_of(wave(200, 300, 0.1, 0.06))
    assert read(spectrum, 0.47, 0.0) == (0, 1)
    assert kernels.score(spectrum.power, np.array([[0.47, 0.0]] * 28), UNMOVED) == kernels.NO_SCORE


def test_climbing_finds_a_map_nearby() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(0.04, 0.2, (12, 2)) * rng.choice([-1, 1], (12, 2))
    plane = sum(wave(256, 256, fx, fy) - 128 for fx, fy in points) / 2 + 128
    spectrum = spectrum_of(plane.astype(np.float32))
    candidate = UNMOVED + np.array([0.006, -0.004, 0.005, -0.006])
    before = kernels.score(spectrum.power, points, candidate)
    after = kernels.climb(spectrum.power, points, candidate, 0.006, 4)
    assert after > before
    assert np.abs(candidate - UNMOVED).max() < 0.004


def test_coarse_scores_rank_the_true_map_first() -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform(0.04, 0.2, (28, 2)) * rng.choice([-1, 1], (28, 2))
    plane = sum(wave(256, 256, fx, fy) - 128 for fx, fy in points) / 4 + 128
    spectrum = spectrum_of(plane.astype(np.float32))
    maps = UNMOVED * rng.uniform(0.5, 2.0, (500, 1))
    maps[123] = UNMOVED
    scores = kernels.coarse_scores(spectrum.levels, spectrum.mean_level, points, maps)
    assert int(scores.argmax()) == 123
    assert (scores == kernels.NO_SCORE).mean() > 0.3, "hopeless maps are given up early"
