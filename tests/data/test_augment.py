"""Pictures are moved, and rectangles lie, as the numbers say."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo.data.augment import Moves, jittered, moved, rectangles


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


def test_jitter_of_nothing_changes_nothing_and_mirrors_exactly():
    image = tf.random.stateless_uniform((2, 8, 8, 3), (0, 0))
    pose = tf.constant([[0.3, 0.9, 0.2], [0.3, 0.9, 0.8]])
    found = jittered(image, 0.0, True, pose)
    np.testing.assert_array_equal(found[0], image[0, :, ::-1])
    np.testing.assert_array_equal(found[1], image[1])
    np.testing.assert_array_equal(jittered(image, 0.0, False, pose), image)


def test_jitter_is_a_crop_of_the_enlarged_picture():
    """Enlarged from 8 to 12 pixels, then 8 of them from the left, the middle, the right."""
    image, enlarged = ramp(), tf.image.resize(ramp(), (12, 12)).numpy()
    for place, first in ((0.0, 0), (0.5, 2), (1.0, 4)):
        pose = tf.constant([[place, 0.5, 0.9], [0.5, place, 0.9]])
        found = jittered(image, 0.5, True, pose)
        np.testing.assert_allclose(found[0], enlarged[0, 2:10, first : first + 8], atol=1e-5)
        np.testing.assert_allclose(found[1], enlarged[1, first : first + 8, 2:10], atol=1e-5)
    mirrored = jittered(image, 0.5, True, tf.constant([[0.0, 0.5, 0.1], [0.0, 0.5, 0.9]]))
    np.testing.assert_allclose(mirrored[0], mirrored[1, :, ::-1], atol=1e-5)
