"""Branches that are a denoiser of codes: what they are before they learn, what they move by, and that all learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_homo.denoiser import WITHIN, Denoised
from tf_homo.networks import Gains

SHAPE, K, NOISE = (4, 4, 8), 3, 2.5
KEPT = WITHIN / (WITHIN + NOISE**2)
MASKS = [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]


def normal(*shape, seed=0):
    return tf.random.stateless_normal(shape, (seed, 0))


@pytest.fixture
def gains():
    made = Gains([1.0] * K)
    made.build((4, 4, 8 + K))
    return made


@pytest.fixture
def branches(gains):
    keras.utils.set_random_seed(0)
    made = Denoised(2, 4, remainder=True, masks=MASKS, width=4, noise=NOISE, gains=gains)
    made.build((None, 4, 4, 8 + K))
    return made


@pytest.fixture
def pair():
    """A source and a difference (2, h, w, d + K) whose readings are the same everywhere."""
    everywhere = lambda reading: reading[:, None, None] + tf.zeros((2, 4, 4, K))  # noqa: E731
    source = tf.concat([normal(2, *SHAPE), everywhere(normal(2, K, seed=1))], axis=-1)
    return source, tf.concat([normal(2, *SHAPE, seed=2), everywhere(normal(2, K, seed=3))], axis=-1)


def shake(net):
    for i, variable in enumerate(net.trainable_variables):
        variable.assign_add(0.1 * normal(*variable.shape, seed=i))


def test_it_starts_as_the_best_linear_guess(branches):
    """Of x = mean + e1 + NOISE e2 with variance WITHIN of e1, the best guess at mean + e1 is linear."""
    mean, noisy, reading = normal(K, 128, seed=1), normal(5, *SHAPE, seed=2), normal(5, K)
    branches.mean.layers[0].kernel.assign(mean)
    likely = tf.reshape(tf.matmul(reading, mean), (5, *SHAPE))
    np.testing.assert_allclose(branches.denoise(noisy, reading), likely + KEPT * (noisy - likely), atol=1e-5)


def test_the_loss_of_the_best_linear_guess_is_one(branches):
    code, noise = WITHIN**0.5 * normal(4000, *SHAPE), normal(4000, *SHAPE, seed=1)
    assert float(branches.left(code, tf.zeros((4000, K)), noise)) == pytest.approx(1.0, abs=0.02)
    branches.denoise = lambda noisy, reading: noisy - NOISE * noise
    assert float(branches.left(code, tf.zeros((4000, K)), noise)) == pytest.approx(0.0, abs=1e-9)


def test_fresh_branches_go_by_the_mean_of_the_reading(branches, pair):
    source, difference = pair
    assert not np.any(branches(difference, source)[:, :2, ..., :8])
    mean = normal(K, 128, seed=4)
    branches.mean.layers[0].kernel.assign(mean)
    moves = branches(difference, source)
    for i, mask in enumerate(MASKS):
        change = difference[:, 0, 0, 8:] * mask
        expected = tf.reshape(tf.matmul(change, mean), (2, *SHAPE))
        np.testing.assert_allclose(moves[:, i, ..., :8], expected, atol=1e-5)
        np.testing.assert_array_equal(moves[:, i, ..., 8:], difference[..., 8:] * mask)
    np.testing.assert_allclose(tf.reduce_sum(moves, axis=1), difference, atol=1e-5)


def test_a_branch_is_the_difference_of_two_guesses(branches, gains, pair):
    source, difference = pair
    shake(branches)
    gains.out.bias.assign([0.0, np.arctanh(np.log(1.5) / np.log(2.5)), 0.0, 0.0, 0.0, 0.0])
    moves, code, reading = branches(difference, source), source[..., :8], source[:, 0, 0, 8:]
    for i, mask in enumerate(MASKS):
        change = difference[:, 0, 0, 8:] * mask * [1.0, 1.5, 1.0]
        expected = (branches.denoise(code, reading + change) - branches.denoise(code, reading)) / (1 - KEPT)
        np.testing.assert_allclose(moves[:, i, ..., :8], expected, atol=1e-4)
    another = tf.concat([normal(2, *SHAPE, seed=9), difference[..., 8:]], axis=-1)  # the target's code does not matter
    np.testing.assert_array_equal(branches(another, source)[:, :2], moves[:, :2])
    still = tf.concat([difference[..., :8], 0 * difference[..., 8:]], axis=-1)
    np.testing.assert_array_equal(branches(still, source)[:, :2], 0 * moves[:, :2])
    assert not {v.path for v in gains.variables} & {v.path for v in branches.variables}


def test_every_weight_learns(branches):
    shake(branches)
    with tf.GradientTape() as tape:
        loss = branches.left(normal(8, *SHAPE), normal(8, K), normal(8, *SHAPE, seed=3))
    slopes = tape.gradient(loss, [v.value for v in branches.trainable_variables])
    assert not [v.path for v, s in zip(branches.trainable_variables, slopes, strict=True) if s is None or not np.any(s)]
