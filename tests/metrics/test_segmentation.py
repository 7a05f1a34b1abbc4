"""Segmentation score in closed form, and palettes found in label pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_homo.data import drawing, drawn_faces
from tf_homo.errors import InputError
from tf_homo.metrics import segmentation
from tf_homo.metrics.segmentation import Score

COLOURS = np.array([[0, 0, 255], [255, 0, 0], [0, 255, 0], [0, 48, 255]], np.uint8)


def test_confusion_counts_truth_by_row():
    counts = segmentation.confusion(np.array([[0, 0, 1], [2, 2, 2]]), np.array([[0, 1, 1], [2, 2, 0]]), 3)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 0], [1, 0, 2]])


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([[3, 0], [0, 1]], Score(1, 1, 1)),
        ([[0, 3], [1, 0]], Score(0, 0, 0)),
        # Long et al. by hand: (1 + 2) / 4; (1/1 + 2/3) / 2; (1/2 + 2/3) / 2
        ([[1, 0], [1, 2]], Score(3 / 4, 5 / 6, 7 / 12)),
        # class 2 is nowhere in the truth; what is read as it counts against class 0
        ([[1, 0, 1], [0, 2, 0], [0, 0, 0]], Score(3 / 4, 3 / 4, 3 / 4)),
    ],
)
def test_score(counts, expected):
    np.testing.assert_allclose(segmentation.score(np.array(counts)), expected)


def test_pictures_drawn_anew_give_the_spread_of_a_share():
    """A quarter of 400 pictures is read wrong: a standard error of sqrt(1/4 * 3/4 / 400)."""
    one = np.diag([1, 0]), np.array([[0, 1], [0, 0]])
    found = segmentation.resampled(np.stack([one[i % 4 == 0] for i in range(400)]))[:, 0]
    assert found.mean() == pytest.approx(0.75, abs=0.005)
    assert found.std() == pytest.approx(np.sqrt(3 / 16 / 400), rel=0.1)


def test_guessing_the_largest_class_wins_pixels_only():
    found = segmentation.score(np.array([[90, 0], [10, 0]]))
    np.testing.assert_allclose(found, Score(0.9, 0.5, 0.45))


def test_nothing_counted_has_no_score():
    with pytest.raises(ValueError, match="no pixel"):
        segmentation.score(np.zeros((3, 3)))


def blocks(side=32):
    """Label maps (4, side, side) of two classes each, every class in two of them."""
    maps = np.zeros((4, side, side), np.uint8)
    for place in range(4):
        maps[place] = place
        maps[place, : side // 2] = (place + 1) % 4
    return maps


@pytest.mark.parametrize("float_", [False, True])
def test_nearest_colour_is_the_class(float_):
    maps = blocks()
    pictures = np.clip(COLOURS[maps] + np.random.default_rng(0).integers(-20, 20, (*maps.shape, 3)), 0, 255)
    pictures = (pictures / 255).astype(np.float32) if float_ else pictures.astype(np.uint8)
    np.testing.assert_array_equal(segmentation.nearest(pictures, COLOURS), maps)


def jpeg(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "jpeg", quality=90)
    return np.asarray(Image.open(file))


def test_the_palette_is_found_behind_jpeg_and_resampling():
    pictures = np.stack(
        [jpeg(np.asarray(Image.fromarray(p).resize((40, 40), Image.Resampling.LANCZOS))) for p in COLOURS[blocks()]]
    )
    palette = segmentation.palette_of(pictures)
    assert len(palette) == len(COLOURS)
    away = np.abs(palette[:, None] - COLOURS.astype(int)).max(-1)
    assert (away.min(0) < 12).all() and sorted(away.argmin(1)) == [0, 1, 2, 3]


def test_the_palette_of_drawn_masks_is_theirs():
    colours = np.array(drawing.MASK_COLOURS, np.uint8)
    assert len(np.unique(colours, axis=0)) == len(drawing.MASK_CLASSES)
    masks = np.stack([drawn_faces.example(i, 64).picture.mask for i in range(40)])
    palette = segmentation.palette_of(colours[masks])
    assert set(map(tuple, palette)) == set(map(tuple, colours))


def test_photos_are_no_label_maps():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="mine: have 0 colours"):
        segmentation.palette_of(rng.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8), "mine")
    tiles = np.stack(np.meshgrid(*3 * [np.arange(0, 256, 51)]), -1).reshape(1, -1, 1, 3).astype(np.uint8)  # 216 colours
    with pytest.raises(InputError, match="more than 64 colours"):
        segmentation.palette_of(tiles.repeat(8, 1).repeat(32, 2))
