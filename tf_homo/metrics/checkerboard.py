"""Checkerboards: what upsampling leaves in a picture at the frequencies of its own lattice (Odena, Dumoulin, Olah:
"Deconvolution and Checkerboard Artifacts", Distill 2016).

A layer that doubles height and width treats its four phases differently if its kernel covers them unevenly; the pattern
that stays repeats every 2 pixels after the last such layer, every 4 after the last two. Its energy stands at the
multiples of 1/period in the spectrum, whatever the picture shows; a picture's own detail is spread over all
frequencies. Measured in cells of CELL pixels, for a pattern need not be the same all over the picture.
"""

import numpy as np

from tf_homo.metrics.images import LUMA

CELL = 16  # pixels a side; a multiple of every period
NEXT = 2  # bins from a frequency to the next ones that its window keeps apart


def energy(images: np.ndarray, period: int = 2) -> float:
    """Mean square of what the luma of images (N, H, W, 3) in [0, 1] has at the multiples of 1/period, in (1/255)^2.

    A checkerboard of +-A/255 has A^2, a picture of one colour 0. A picture's own detail at these
    frequencies counts, so it takes the real pictures' number to judge one by.

    Raises:
      ValueError: images smaller than CELL, or a period that does not divide it.
    """
    at, _ = _bins(period)
    return float(255**2 * np.sum(_spectrum(images)[at]))


def peak(images: np.ndarray, period: int = 2) -> float:
    """Energy at the multiples of 1/period over that at the frequencies next to them, on average.

    About 1 where the spectrum is smooth, as in noise; above it there is a checkerboard, however weak. Sharper pictures
    do not score higher.
    """
    at, beside = _bins(period)
    spectrum = _spectrum(images)
    return float(np.mean(spectrum[at]) / max(np.mean(spectrum[beside]), 1e-12))


def _spectrum(images: np.ndarray) -> np.ndarray:
    """(CELL, CELL): mean over all cells of |Fourier coefficient|^2, which sum to the mean square of a sum of waves with
    distant frequencies.

    Hann's window, periodic: a wave that fits into the cell leaks to the next bin and no farther.
    """
    luma = np.asarray(images, np.float64) @ LUMA
    count, height, width = luma.shape
    down, across = height // CELL, width // CELL
    if not count * down * across:
        raise ValueError(f"images of {height}x{width} pixels hold no cell of {CELL}x{CELL}")
    cells = luma[:, : down * CELL, : across * CELL].reshape(count, down, CELL, across, CELL).swapaxes(2, 3)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(CELL) / CELL)
    window /= window.sum()
    return np.mean(np.abs(np.fft.fft2(cells * np.outer(window, window))) ** 2, axis=(0, 1, 2))


def _bins(period: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Rows and columns of the bins at the multiples of 1/period but for 0, and of those next to them."""
    if not 2 <= period <= CELL // (2 * NEXT) or CELL % period:
        raise ValueError(f"period {period}: give one that divides {CELL}, up to {CELL // (2 * NEXT)}")
    lattice = [(u, v) for u in range(0, CELL, CELL // period) for v in range(0, CELL, CELL // period) if u or v]
    off = (-NEXT, 0, NEXT)
    beside = {((u + du) % CELL, (v + dv) % CELL) for u, v in lattice for du in off for dv in off}
    # nor the picture's mean and its slow changes, which are far larger
    beside = sorted(b for b in beside - set(lattice) if min(b[0], CELL - b[0]) + min(b[1], CELL - b[1]) > NEXT)
    return tuple(tuple(np.array(part).T) for part in (lattice, beside))
