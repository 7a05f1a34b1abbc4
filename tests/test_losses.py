"""Formulas against numbers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo import losses

LN2 = np.log(2)
REAL, FAKE = [[1.0], [3.0]], [[-2.0], [5.0]]  # means 2 and 1.5
A, B = [[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [1.0, 3.0]]  # squares of differences 0, 4, 1, 0


@pytest.mark.parametrize(
    ("formula", "arguments", "expected"),
    [
        (losses.wasserstein_critic, (REAL, FAKE), -0.5),
        (losses.wasserstein_opponent, (REAL, FAKE), 0.5),
        (losses.wasserstein_critic, (REAL, REAL), 0.0),
        (losses.squared_error, (A, B), 1.25),
        (losses.squared_error, (A, A), 0.0),
        (losses.picture_error, (A, B), 1.5),
        (losses.vanilla_critic, ([[0.0]], [[0.0]]), LN2),
        (losses.vanilla_critic, ([[np.log(3)]], [[-np.log(3)]]), np.log(4 / 3)),
        (losses.vanilla_generator, ([[-np.log(3)], [0.0]],), (np.log(4) + LN2) / 2),
        (losses.least_squares_critic, (REAL, FAKE), (2 + 14.5) / 2),  # of 0, 2 and -2, 5 the mean squares, halved
        (losses.least_squares_critic, ([[1.0]], [[0.0]]), 0.0),
        (losses.least_squares_generator, (FAKE,), 12.5),
        (losses.hinge_critic, ([[0.5], [3.0]], [[-2.0], [0.5]]), (0.25 + 0.75) / 2),
        (losses.wasserstein_generator, (FAKE,), -1.5),
        (losses.attribute_entropy, ([[0.0, 1.0]], [[0.0, 0.0]]), 2 * LN2),  # a sum over attributes
        (losses.attribute_entropy, ([[1.0], [0.0]], [[0.0], [0.0]]), LN2),  # a mean over the batch
        (losses.attribute_entropy, ([[1.0]], [[np.log(3)]]), np.log(4 / 3)),  # -log sigmoid
        (losses.attribute_entropy, ([[0.25]], [[np.log(3)]]), np.log(4 / 3) + 0.75 * np.log(3)),
        (losses.attribute_entropy, ([[1.0]], [[100.0]]), 0.0),
        (losses.attribute_entropy, ([[0.0]], [[100.0]]), 100.0),
    ],
)
def test_value(formula, arguments, expected):
    value = formula(*map(tf.constant, arguments))
    assert value.shape == () and value.dtype == tf.float32
    assert float(value) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("slope", "penalty"), [((3.0, 4.0), 16.0), ((0.6, 0.8), 0.0), ((0.0, 0.0), 1.0), ((-1.0, 0.0), 0.0)]
)
def test_penalty_of_a_linear_critic_is_its_slope_s_distance_from_one(slope, penalty):
    real, fake = tf.random.stateless_normal((2, 5, 2), seed=(0, 1))
    found = losses.gradient_penalty(lambda x: x @ tf.constant([[s] for s in slope]), real, fake, tf.fill((5, 1), 0.3))
    assert float(found) == pytest.approx(penalty, abs=1e-4)


def test_scales_count_alike_however_many_patches_they_have():
    real, fake = (tf.ones((2, 4, 4, 1)), tf.zeros((2, 1, 1, 1))), (tf.ones((2, 4, 4, 1)), tf.fill((2, 1, 1, 1), 3.0))
    found = losses.over_scales(losses.least_squares_critic, real, fake)
    assert float(found) == pytest.approx((0.5 + (1 + 9) / 2) / 2)
    assert float(losses.over_scales(losses.least_squares_generator, fake)) == pytest.approx((0 + 4) / 2)


def test_every_adversarial_loss_is_lowest_for_who_wins():
    for critic, generator in losses.ADVERSARIAL.values():
        high, low = tf.constant([[2.0]]), tf.constant([[-2.0]])
        assert critic(high / 2, low / 2) < critic(low, high)
        assert generator(high / 2) < generator(low)


def test_penalty_is_taken_between_real_and_fake():
    """|d/dx sum(x^2) / 2| = |x|."""
    real, fake, mix = tf.constant([[[4.0]], [[2.0]]]), tf.constant([[[0.0]], [[6.0]]]), tf.constant([[[0.25]], [[1.0]]])
    found = losses.gradient_penalty(lambda x: tf.reduce_sum(x**2, axis=(1, 2)) / 2, real, fake, mix)
    assert float(found) == pytest.approx(((1 - 1) ** 2 + (2 - 1) ** 2) / 2, abs=1e-5)  # x = 1, 2


def test_penalty_has_a_gradient_where_the_slope_is_zero():
    weight = tf.Variable([[0.0], [0.0]])
    with tf.GradientTape() as tape:
        loss = losses.gradient_penalty(lambda x: x @ weight, tf.ones((2, 2)), tf.zeros((2, 2)), tf.ones((2, 1)))
    assert np.isfinite(tape.gradient(loss, weight).numpy()).all()


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: losses.wasserstein_critic(x, x + 1),
        lambda x: losses.squared_error(x, 2 * x),
        lambda x: losses.picture_error(x, 2 * x),
        lambda x: losses.hinge_critic(x, 2 * x),
        lambda x: losses.attribute_entropy(tf.ones_like(x), x),
        lambda x: losses.gradient_penalty(lambda y: y**2, x, x, tf.ones((2, 1), x.dtype)),
    ],
)
def test_half_precision_in_single_precision_out(loss):
    value = loss(tf.constant([[1.0, 2.0], [3.0, 4.0]], tf.float16))
    assert value.dtype == tf.float32 and np.isfinite(value)
