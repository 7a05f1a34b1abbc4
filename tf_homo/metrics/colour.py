"""Colours of a set of pictures as histograms in CIE Lab, beside those of real pictures (Isola et al. 2017, figure 7).

L is lightness, 0 to 100; a goes from green to red, b from blue to yellow, 0 is grey. A system that is unsure and
averages makes greyer pictures: its histograms of a and b are narrower than the real ones.
"""

from collections.abc import Mapping

import numpy as np

from tf_homo import report
from tf_homo.errors import require_for_reports

CHANNELS = {"L": (0.0, 100.0), "a": (-110.0, 110.0), "b": (-110.0, 110.0)}  # all that sRGB has
BINS = 110

Histograms = dict[str, np.ndarray]


def lab(images: np.ndarray) -> np.ndarray:
    """Images (N, H, W, 3), sRGB, float in [0, 1] or uint8 -> L, a, b (N, H, W, 3) float32, white point D65."""
    import cv2

    rows = np.clip(report.to_unit(images), 0, 1).reshape(-1, images.shape[-2], 3)
    return cv2.cvtColor(rows, cv2.COLOR_RGB2LAB).reshape(images.shape)


def histograms(images: np.ndarray) -> Histograms:
    """{channel: shares (BINS,) of the pixels of a set of images (N, H, W, 3), which sum to 1}."""
    found = lab(images)
    shares = {}
    for place, (name, bounds) in enumerate(CHANNELS.items()):
        counts, _ = np.histogram(np.clip(found[..., place], *bounds), BINS, bounds)
        shares[name] = counts / counts.sum()
    return shares


def intersection(first: Histograms, second: Histograms) -> dict[str, float]:
    """{channel: sum over bins of the smaller share}: 1 for equal histograms, 0 for such that have no bin in common."""
    return {name: float(np.minimum(first[name], second[name]).sum()) for name in CHANNELS}


def distance(first: Histograms, second: Histograms) -> dict[str, float]:
    """{channel: earth mover's distance in units of the channel}: how far colours lie off on average. Unlike the
    intersection it tells a little too grey from much too grey.
    """
    steps = {name: (high - low) / BINS for name, (low, high) in CHANNELS.items()}
    return {name: float(np.abs(np.cumsum(first[name] - second[name])).sum() * steps[name]) for name in CHANNELS}


def require() -> None:
    """InputError where what plots are made with is not installed."""
    require_for_reports("colours.png", "matplotlib")


def plot(sets: Mapping[str, Histograms]) -> np.ndarray:
    """A picture (H, W, 3) uint8: a panel for each channel, shares on a logarithmic scale, a line for each set; the
    first, the real pictures, is drawn wide and grey. Needs matplotlib.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), dpi=110, layout="constrained")
    for axes, (name, (low, high)) in zip(figure.subplots(1, 3), CHANNELS.items(), strict=True):
        middles = low + (np.arange(BINS) + 0.5) * (high - low) / BINS
        for place, (label, shares) in enumerate(sets.items()):
            style = {"color": "#bbbbbb", "linewidth": 5} if place == 0 else {"linewidth": 1.3}
            axes.semilogy(middles, np.maximum(shares[name], 1e-7), label=label, **style)
        axes.set_title(name)
        axes.set_ylim(1e-6, 1)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supylabel("share of pixels")
    handles = figure.axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=8, fontsize=9, frameon=False)
    return report.plotted(figure)
