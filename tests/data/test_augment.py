"""Rectangles to erase lie where the numbers say. (How pictures are moved is tested with the method that moves them.)"""

import numpy as np
import tensorflow as tf

from tf_homo.data.augment import rectangles


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
