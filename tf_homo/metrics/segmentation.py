"""Segmentation score: how much of a label map a segmenter reads back from a picture that was made of it.

The measures are those of Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015,
used so by Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017 (FCN-score). With
n_ij the pixels of class i that are read as class j and t_i = sum_j n_ij:

    pixel accuracy   sum_i n_ii / sum_i t_i
    class accuracy   mean over classes of n_ii / t_i
    class IoU        mean over classes of n_ii / (t_i + sum_j n_ji - n_ii)

A label map is (..., H, W) of class numbers; as a picture it has one colour of a palette (K, 3) a class.
"""

import itertools
from typing import NamedTuple

import numpy as np

from tf_homo.errors import InputError

LARGEST = 64  # classes of a palette that is found
FLAT, APART = 24, 36  # of 255: the spread in a cell of one class, with JPEG's noise; the least distance of two classes
RAREST = 5e-4  # share of flat pixels that makes a class


class Score(NamedTuple):
    """Each in [0, 1], 1 is best."""

    pixel_accuracy: float
    class_accuracy: float
    class_iou: float


def confusion(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """n_ij (K, K) int64 of two label maps of one shape."""
    places = np.ravel(truth).astype(np.int64) * classes + np.ravel(found)
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def each_confusion(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """n_ij (N, K, K) int64 of each of N label maps."""
    return np.stack([confusion(*maps, classes) for maps in zip(truth, found, strict=True)])


def resampled(counts: np.ndarray, times: int = 1000) -> np.ndarray:
    """The three measures (times, 3) of N pictures drawn anew from N, with replacement; counts (N, K, K). Those of two
    systems belong together row by row.
    """
    rng, number = np.random.default_rng(0), len(counts)
    taken = rng.multinomial(number, np.full(number, 1 / number), times)
    return np.array([score(np.tensordot(often, counts, 1)) for often in taken])


def score(counts: np.ndarray) -> Score:
    """The three measures of n_ij (K, K). Classes that are nowhere in the truth have no accuracy and no IoU and are left
    out, though what is wrongly read as one counts against the others.
    """
    counts = np.asarray(counts, np.float64)
    right, there, read = np.diag(counts), counts.sum(1), counts.sum(0)
    known = there > 0
    if not known.any():
        raise ValueError("no pixel was counted")
    accuracy = right[known] / there[known]
    iou = right[known] / (there + read - right)[known]
    return Score(float(right.sum() / there.sum()), float(accuracy.mean()), float(iou.mean()))


def nearest(pictures: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Label maps (N, H, W) uint8 from pictures (N, H, W, 3), uint8 or float in [0, 1]: the class of the nearest colour
    of `palette` (K, 3) in 0 to 255.
    """
    palette = np.asarray(palette, np.float32)
    scale = np.float32(1 if pictures.dtype == np.uint8 else 255)
    found = np.empty(pictures.shape[:-1], np.uint8)
    for place, picture in enumerate(pictures):  # one at a time: (H, W, K, 3) of all would fill the memory
        away = picture.astype(np.float32)[..., None, :] * scale - palette
        found[place] = np.argmin(np.square(away).sum(-1), axis=-1)
    return found


def palette_of(pictures: np.ndarray, what: str = "the label pictures") -> np.ndarray:
    """The colours (K, 3) float32 that label maps uint8 (N, H, W, 3) are painted in.

    Where resampling or JPEG left colours between two classes, only pixels count that look like their neighbours.

    Raises:
      InputError: fewer than two colours, or so many that these are no label maps; `what` names them.
    """
    exact = {tuple(map(int, c)) for one in pictures for c in np.unique(one.reshape(-1, 3), axis=0)[: LARGEST + 1]}
    if 2 <= len(exact) <= LARGEST and all(_apart(a, b) for a, b in itertools.combinations(exact, 2)):
        return np.array(sorted(exact), np.float32)
    flat = np.concatenate([_flat(picture) for picture in pictures])
    colours, counts = np.unique(flat // 8, axis=0, return_counts=True)
    palette: list[np.ndarray] = []
    while counts.size and counts.max() >= RAREST * len(flat):
        centre = 8.0 * colours[counts.argmax()] + 4
        near = np.abs(flat - centre).max(1) < APART / 3
        centre = flat[near].mean(0)
        if all(_apart(centre, other) for other in palette):
            palette.append(centre)
        if len(palette) > LARGEST:
            break
        left = np.abs(8.0 * colours + 4 - centre).max(1) >= APART / 2
        colours, counts = colours[left], counts[left]
    if not 2 <= len(palette) <= LARGEST:
        count = f"more than {LARGEST}" if len(palette) > LARGEST else str(len(palette))
        raise InputError(f"{what}: have {count} colours, so they are no label maps; name the other side of the pairs")
    return np.array(palette, np.float32)


def _apart(one, other) -> bool:
    return np.abs(np.subtract(one, other)).max() >= APART


def _flat(picture: np.ndarray) -> np.ndarray:
    """The pixels (M, 3) of (H, W, 3) whose 3x3 cell has one colour."""
    cells = np.lib.stride_tricks.sliding_window_view(picture, (3, 3), axis=(0, 1))
    spread = cells.max((-2, -1)).astype(np.int16) - cells.min((-2, -1))
    return picture[1:-1, 1:-1][spread.max(-1) < FLAT].astype(np.float32)
