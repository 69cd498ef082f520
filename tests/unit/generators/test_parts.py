"""The parts that the kinds are made of: chance, noise, palettes, canvas."""

import hashlib

import numpy as np
import pytest

from generators.procedural.canvas import WHITE, Frame, Sheet, develop, lerp, smoothstep, to_bytes, tooth
from generators.procedural.dice import Dice
from generators.procedural.noise import Noise
from generators.procedural.palette import PALETTES, blend


class TestDice:
    def test_the_stream_is_pinned(self):
        """Raw PCG64 draws, which NumPy promises never to change; a change here changes every picture."""
        assert hashlib.sha256(Dice(7, "a", "b").octets(64).tobytes()).hexdigest() == (
            "947cb676a8d6129de05d64482cc3d3053e90669c504932f1226af9c45d74ff34"
        )
        assert Dice(7, "a").uniforms(2).tolist() == [0.4647004774513904, 0.5731943712468617]

    def test_paths_and_seeds_are_independent(self):
        draws = [
            Dice(*args).octets(32).tobytes() for args in ((1, "a"), (2, "a"), (1, "b"), (1, "a", "b"), (1 << 40, "a"))
        ]
        assert len(set(draws)) == len(draws)

    def test_splitting_does_not_disturb_the_parent(self):
        split, whole = Dice(3, "a"), Dice(3, "a")
        split.split("x").uniforms(100)
        assert split.uniform() == whole.uniform()
        assert Dice(3, "a").split("b").uniform() == Dice(3, "a", "b").uniform()

    def test_distributions(self):
        dice = Dice(11, "statistics")
        uniforms, bells, whole = dice.uniforms(20_000, 2, 5), dice.bells(20_000), dice.integers(20_000, 3, 7)
        assert uniforms.min() >= 2
        assert uniforms.max() < 5
        assert abs(uniforms.mean() - 3.5) < 0.05
        assert abs(bells.mean()) < 0.05
        assert abs(bells.std() - 1) < 0.05
        assert np.bincount(whole)[3:].min() > 4_500
        assert set(whole) == {3, 4, 5, 6}

    def test_order_is_a_permutation(self):
        assert sorted(Dice(1, "order").order(100)) == list(range(100))
        assert list(Dice(1, "order").order(100)) != list(range(100))

    def test_chance_follows_its_probability(self):
        dice = Dice(5, "chance")
        assert 200 < sum(dice.chance(0.25) for _ in range(1000)) < 300


class TestNoise:
    def test_zero_on_the_lattice_and_bounded(self):
        noise = Noise(Dice(1, "noise"))
        x, y = np.meshgrid(np.arange(20), np.arange(20))
        assert np.abs(noise.at(x, y)).max() == 0
        x, y = np.meshgrid(np.linspace(-20, 20, 301), np.linspace(-300, 300, 301))
        values = noise.at(x, y)
        assert values.dtype == np.float32
        assert np.abs(values).max() <= 1.07
        assert values.std() > 0.25

    def test_continuous_across_cells_and_period(self):
        noise, step = Noise(Dice(2, "noise")), np.float32(1e-3)
        edges = np.float32([1, 5, 255, 256, 257])
        assert np.abs(noise.at(edges - step, edges / 3) - noise.at(edges + step, edges / 3)).max() < 0.01
        assert np.array_equal(noise.at(edges + np.float32(0.5), edges), noise.at(edges + np.float32(256.5), edges))

    def test_more_octaves_are_rougher(self):
        noise = Noise(Dice(3, "noise"))
        x, y = np.meshgrid(np.linspace(0, 8, 200), np.linspace(0, 8, 200))
        rough = [np.abs(np.diff(noise.fractal(x, y, octaves))).mean() for octaves in (1, 3, 5)]
        assert rough[0] < rough[1] < rough[2]


class TestPalettes:
    @pytest.mark.parametrize("name", PALETTES)
    def test_dark_to_light_with_room_between(self, name):
        palette = PALETTES[name]
        light = palette.colours @ np.float32([0.2126, 0.7152, 0.0722])
        assert light[0] < 0.2
        assert light[-1] > 0.85
        assert palette.name == name
        assert np.abs(palette.colours - palette.spot).sum(axis=1).min() > 0.1, "the accent is none of the inks"

    def test_blend_keeps_its_stops_and_stays_in_gamut(self):
        stops = PALETTES["dusk"].colours
        ramp = blend(stops, 101)
        assert ramp.shape == (101, 3)
        assert np.abs(ramp[::20] - stops).max() < 2 / 255
        assert ramp.min() >= 0
        assert ramp.max() <= 1

    def test_blend_is_even_to_the_eye(self):
        """Black to white in OKLab: the middle is the grey of half lightness, sRGB 0.39, not 0.5."""
        middle = blend(np.float32([[0, 0, 0], [1, 1, 1]]), 3)[1]
        assert np.abs(middle - 0.388).max() < 0.01


class TestCanvas:
    @pytest.mark.parametrize("halvings", [0, 1, 2, 3])
    @pytest.mark.parametrize("size", [(256, 256), (301, 257), (256, 411)])
    def test_enlarge_puts_a_coarse_field_back_in_place(self, size, halvings):
        frame = Frame(*size)
        (x, y), (full_x, full_y) = frame.grid(halvings), frame.grid()
        field = frame.enlarge(x * 2 - y, halvings)
        assert field.shape == (size[1], size[0])
        assert np.abs(field - (full_x * 2 - full_y)).max() < 1e-5

    def test_units_are_of_the_short_side(self):
        frame = Frame(512, 256)
        assert (frame.unit, frame.right, frame.bottom) == (256, 2.0, 1.0)
        x, y = frame.grid()
        assert x[0, 0] == y[0, 0] == np.float32(0.5 / 256)

    @pytest.mark.parametrize("size", [256, 2304])
    def test_a_square_covers_its_area_with_and_without_oversampling(self, size):
        sheet = Sheet(Frame(size, size), np.zeros(3, np.float32))
        sheet.polygon(np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.5], [0.25, 0.5]]), WHITE)
        image = sheet.image()
        assert image.shape == (size, size, 3)
        assert image.mean() == pytest.approx(0.125, abs=0.005)
        assert image[int(size * 0.4), size // 2].min() == 1
        assert image[int(size * 0.6), size // 2].max() == 0

    def test_edges_are_smooth(self):
        sheet = Sheet(Frame(256, 256), np.zeros(3, np.float32))
        sheet.disc((0.5, 0.5), 0.3, WHITE)
        grey = sheet.image()[..., 0]
        assert 300 < ((grey > 0.02) & (grey < 0.98)).sum() < 3000
        assert grey.mean() == pytest.approx(np.pi * 0.09, abs=0.01)

    def test_a_sheet_starts_from_a_picture(self):
        ground = np.linspace(0, 1, 256 * 300 * 3, dtype=np.float32).reshape(256, 300, 3)
        assert np.abs(Sheet(Frame(300, 256), ground).image() - ground).max() < 1 / 255

    def test_points_far_outside_do_not_overflow(self):
        sheet = Sheet(Frame(256, 256), np.zeros(3, np.float32))
        sheet.line(np.array([[-1e9, 0.5], [1e9, 0.5]]), WHITE, 0.1)
        assert sheet.image()[128, 128, 0] == 1

    def test_small_functions(self):
        assert to_bytes(np.float32([-1, 0, 0.5, 1, 2])).tolist() == [0, 0, 128, 255, 255]
        assert lerp(np.zeros(3, np.float32), WHITE, 0.25).tolist() == [0.25] * 3
        assert lerp(np.zeros((2, 2, 3), np.float32), WHITE, np.eye(2, dtype=np.float32))[0, 0].tolist() == [1] * 3
        assert smoothstep(1, 3, np.float32([0, 1, 2, 3, 4])).tolist() == [0, 0, 0.5, 1, 1]

    def test_grain_is_fair_and_follows_its_strength(self):
        grey = np.full((256, 256, 3), 0.5, np.float32)
        weak, strong = (develop(grey, Dice(1, "grain"), grain=grain) for grain in (0.01, 0.05))
        assert abs(float(strong.mean()) - 127.5) < 1
        assert 0 < weak.std() < strong.std()
        assert np.array_equal(strong[..., 0], strong[..., 1]), "grain has no colour"

    def test_paper_is_a_texture(self):
        texture = tooth(Frame(300, 256), Dice(1, "paper"))
        assert texture.shape == (256, 300)
        assert 0.1 < texture.std() < 1
