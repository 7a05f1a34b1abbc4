"""Checkerboard energy: patterns of known size, and what must not count as one."""

import numpy as np
import pytest

from tf_homo.metrics import checkerboard

SIDE = 48


def picture(pattern, around=0.5):
    """(1, SIDE, SIDE, 3), `pattern` (rows, columns) -> amplitude in 1/255."""
    rows, columns = np.indices((SIDE, SIDE))
    return np.repeat((around + pattern(rows, columns) / 255)[None, ..., None], 3, -1)


CHECKS = {
    "checks": lambda y, x: 3.0 * (-1.0) ** (x + y),
    "columns": lambda y, x: 3.0 * (-1.0) ** x,
    "rows": lambda y, x: 3.0 * (-1.0) ** y,
}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("period", [2, 4])
def test_a_checkerboard_of_three_has_nine(name, period):
    """What repeats every 2 pixels repeats every 4."""
    assert checkerboard.energy(picture(CHECKS[name]), period) == pytest.approx(9)
    assert checkerboard.peak(picture(CHECKS[name]), period) > 1e6


def test_a_wave_of_four_pixels_counts_at_period_four_by_its_mean_square():
    wave = picture(lambda y, x: 6.0 * np.cos(np.pi / 2 * x))
    assert checkerboard.energy(wave, 2) == pytest.approx(0, abs=1e-9)
    assert checkerboard.energy(wave, 4) == pytest.approx(18)


@pytest.mark.parametrize("period", [2, 4])
@pytest.mark.parametrize(
    "pattern",
    [lambda y, x: 0.0 * x, lambda y, x: 60 * np.cos(2 * np.pi * x / 16), lambda y, x: 6 * np.cos(2 * np.pi * y / 24)],
)
def test_one_colour_and_slow_waves_have_none(pattern, period):
    assert checkerboard.energy(picture(pattern), period) == pytest.approx(0, abs=2e-3)


def test_a_pattern_that_turns_over_across_the_picture_is_found():
    halves = picture(lambda y, x: 3.0 * (-1.0) ** (x + y) * np.where(x < 16, 1, -1))
    assert checkerboard.energy(halves, 2) == pytest.approx(9)


def test_noise_of_any_strength_has_no_peak():
    rng = np.random.default_rng(0)
    for size in (0.01, 0.2):
        noise = 0.5 + size * rng.standard_normal((20, SIDE, SIDE, 3))
        assert checkerboard.peak(noise, 2) == pytest.approx(1, abs=0.15)
        assert checkerboard.peak(noise, 4) == pytest.approx(1, abs=0.15)
        weak = noise + 0.5 * size * (-1.0) ** np.indices((SIDE, SIDE)).sum(0)[..., None]
        assert checkerboard.peak(weak, 2) > 3


def test_energy_is_that_of_a_mean_picture_of_the_set():
    plain, checks = picture(lambda y, x: 0.0 * x), picture(CHECKS["checks"])
    assert checkerboard.energy(np.concatenate([plain, checks]), 2) == pytest.approx(4.5)


def test_what_cannot_be_measured():
    with pytest.raises(ValueError, match="no cell of 16x16"):
        checkerboard.energy(np.zeros((1, 8, 8, 3)))
    for period in (1, 3, 8):
        with pytest.raises(ValueError, match="period"):
            checkerboard.energy(np.zeros((1, 16, 16, 3)), period)
