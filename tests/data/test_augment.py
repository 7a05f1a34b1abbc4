"""Pictures are moved, and rectangles lie, as the numbers say."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo.data.augment import Moves, moved, rectangles


def test_rectangles_lie_where_the_numbers_say():
    drawn = tf.constant(
        [[0.75, 0.75, 0.5, 0.5, 0.4, 0.0], [0.999, 0.0, 0.25, 0.875, 0.0, 0.9], [1, 1, 0.5, 0.5, 0.6, 0]]
    )
    found = rectangles(drawn, tf.constant([[0.9, 0.9], [0.4, 0.9], [0.1, 0.1]]), 0.5, 4, 4).numpy()
    np.testing.assert_array_equal(found[0], np.pad(np.ones((2, 2, 2)), ((1, 1), (1, 1), (0, 0))))
    expected = np.zeros((4, 4, 2))
    expected[:2, 3, 0] = 1  # the first of two runs
    np.testing.assert_array_equal(found[1], expected)
    assert not found[2].any()


def ramp(size=8):
    return tf.tile(tf.reshape(tf.range(float(size)), (1, 1, size, 1)), (2, size, 1, 3))


def test_images_move_by_whole_pixels_and_stay_in_range():
    place = tf.constant([[0.5, 0.5], [1.0, 0.5]])  # not at all; 2 of 8 pixels
    right = Moves(shift=0.25, mirror=False)
    found = moved(ramp(), right, place, tf.zeros((2, 3)))
    np.testing.assert_array_equal(found[0, 0, :, 0], range(8))
    np.testing.assert_array_equal(found[1, 0, :, 0], [2, 3, 4, 5, 6, 7, 7, 6])  # the edge is reflected
    down = moved(tf.transpose(ramp(), (0, 2, 1, 3)), right, place[:, ::-1], tf.zeros((2, 3)))
    np.testing.assert_array_equal(down[1, :, 0, 0], [2, 3, 4, 5, 6, 7, 7, 6])


@pytest.mark.parametrize(
    ("mirror", "coin", "expected"), [(True, 0.4, range(7, -1, -1)), (True, 0.6, range(8)), (False, 0.4, range(8))]
)
def test_half_of_the_images_are_mirrored(mirror, coin, expected):
    found = moved(ramp(), Moves(shift=0.25, mirror=mirror), tf.fill((2, 2), 0.5), tf.fill((2, 3), coin))
    np.testing.assert_array_equal(found[0, 0, :, 0], expected)


def test_images_are_scaled_about_their_middle():
    found = moved(
        ramp(), Moves(scale=0.5, mirror=False), tf.fill((2, 2), 0.5), tf.constant([[1, 0.5, 0.5], [1, 1, 0.5]])
    )
    np.testing.assert_allclose(found[0], ramp()[0], atol=1e-5)
    np.testing.assert_allclose(found[1, 4, :, 0], 3.5 + (np.arange(8) - 3.5) / 1.5, atol=1e-5)  # half as large again


def test_images_are_tilted_about_their_middle():
    pose = tf.constant([[1, 0.5, 1.0], [1, 0.5, 0.0]])  # a quarter turn each way
    found = moved(ramp(), Moves(tilt=90, mirror=False), tf.fill((2, 2), 0.5), pose).numpy()
    np.testing.assert_allclose(found[0, :, 3, 0], range(8), atol=1e-4)
    np.testing.assert_allclose(found[1, :, 3, 0], range(7, -1, -1), atol=1e-4)
