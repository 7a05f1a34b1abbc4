"""Lab histograms: known colours, intersection and distance in closed form."""

import numpy as np
import pytest

from tf_homo.metrics import colour


def plain(*rgb, count=2, side=4):
    return np.broadcast_to(np.array(rgb, np.float32), (count, side, side, 3)).copy()


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((1, 1, 1), (100, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colours(rgb, expected):
    images = plain(*rgb)
    np.testing.assert_allclose(colour.lab(images)[0, 0, 0], expected, atol=0.1)
    np.testing.assert_allclose(colour.lab(np.rint(255 * images).astype(np.uint8)), colour.lab(images), atol=0.1)


def test_shares_sum_to_one_and_nothing_falls_outside():
    noise = np.random.default_rng(0).random((3, 8, 8, 3), np.float32)
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1]), -1).reshape(1, 2, 4, 3).astype(np.float32)
    for images in (noise, corners):
        assert {name: pytest.approx(1) for name in colour.CHANNELS} == {
            name: shares.sum() for name, shares in colour.histograms(images).items()
        }


def test_intersection_is_one_for_the_same_and_none_for_black_and_white():
    black, white, both = plain(0, 0, 0), plain(1, 1, 1), np.concatenate([plain(0, 0, 0), plain(1, 1, 1)])
    black, white, both = map(colour.histograms, (black, white, both))
    assert colour.intersection(black, black) == pytest.approx({"L": 1, "a": 1, "b": 1})
    assert colour.intersection(black, white) == pytest.approx({"L": 0, "a": 1, "b": 1})
    assert colour.intersection(black, both) == pytest.approx({"L": 0.5, "a": 1, "b": 1})


def test_distance_tells_how_far():
    black, grey, white = (colour.histograms(plain(*3 * [v])) for v in (0.0, 0.5, 1.0))
    step = 100 / colour.BINS
    assert colour.distance(black, white) == pytest.approx({"L": 100 - step, "a": 0, "b": 0})
    assert colour.distance(black, grey)["L"] == pytest.approx(53.4, abs=step)
    assert colour.distance(black, white) == pytest.approx(colour.distance(white, black))


def test_greyer_pictures_have_narrower_histograms():
    vivid = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    grey = 0.5 * vivid + 0.5 * vivid.mean(-1, keepdims=True)
    far, near = (colour.distance(colour.histograms(x), colour.histograms(vivid)) for x in (grey, vivid))
    assert far["a"] > 3 and far["b"] > 3 and near["a"] == 0


def test_the_plot_has_a_line_for_each_set():
    pytest.importorskip("matplotlib")
    one, two = (colour.histograms(plain(*rgb)) for rgb in ((1, 0, 0), (0, 0, 1)))
    alone, both = colour.plot({"real": one}), colour.plot({"real": one, "made": two})
    assert both.dtype == np.uint8 and both.shape == alone.shape and both.shape[-1] == 3
    assert (both != alone).any()
