"""The denoiser of codes: what it is before it learns, and that it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_homo.denoiser import SEEN, TAUGHT, WITHIN, Denoiser, denoising_loss, way_to_go

SHAPE, K = (4, 4, 3), 2


@pytest.fixture
def denoiser():
    made = Denoiser(2)
    made.build(SHAPE, K)
    return made


def normal(*shape, seed=0):
    return tf.random.stateless_normal(shape, (seed, 0))


def test_it_starts_as_the_best_linear_one(denoiser):
    """Of x = mean + e1 + s e2 with variance WITHIN of e1, the best guess at mean + e1 is linear."""
    mean, noisy, size = normal(K, 48, seed=1), normal(5, *SHAPE, seed=2), tf.constant([0.01, 0.5, 1.0, 4.0, 100.0])
    reading = normal(5, K)
    denoiser.mean.kernel.assign(mean)
    likely = tf.reshape(tf.matmul(reading, mean), (5, *SHAPE))
    share = (WITHIN / (WITHIN + size**2))[:, None, None, None]
    np.testing.assert_allclose(denoiser(noisy, size, reading), likely + share * (noisy - likely), atol=1e-5)


def test_every_size_of_noise_weighs_alike(denoiser):
    """What the linear one leaves of codes with variance WITHIN is 1 on average, whatever the noise."""
    code, noise = WITHIN**0.5 * normal(4000, *SHAPE), normal(4000, *SHAPE, seed=1)
    for size in (-2.0, 0.0, 2.0):
        loss = denoising_loss(denoiser, code, tf.zeros((4000, K)), tf.fill(4000, size), noise)
        assert float(loss) == pytest.approx(1.0, abs=0.05)


def test_the_way_to_go_is_what_the_same_noise_shows_of_both():
    codes, readings = (normal(3, *SHAPE), normal(3, *SHAPE, seed=1)), (tf.zeros((3, K)), tf.ones((3, K)))
    uniform, noise = tf.constant([0.0, 0.5, 1.0]), normal(3, *SHAPE, seed=2)
    seen = []

    def denoiser(noisy, size, reading):
        seen.append((noisy, size))
        return 0.25 * noisy + tf.reduce_sum(reading, axis=1)[:, None, None, None]

    way = way_to_go(denoiser, codes, readings, uniform, noise)
    np.testing.assert_allclose(way, K - 0.75 * (codes[1] - codes[0]), atol=1e-5)
    low, high = TAUGHT
    np.testing.assert_allclose(seen[0][1], [low, (low * high) ** 0.5, high] * 2, rtol=1e-5)
    source, moved = tf.split(seen[0][0], 2)
    np.testing.assert_allclose(source - codes[0], moved - codes[1], atol=1e-5)


def test_every_weight_learns(denoiser):
    keras.utils.set_random_seed(0)
    for variable in denoiser.trainable_variables:
        variable.assign_add(0.1 * tf.random.stateless_normal(variable.shape, (1, 2)))
    with tf.GradientTape() as tape:
        loss = denoising_loss(denoiser, normal(8, *SHAPE), normal(8, K), normal(8), normal(8, *SHAPE, seed=3))
    slopes = tape.gradient(loss, [v.value for v in denoiser.trainable_variables])
    still = [v.path for v, s in zip(denoiser.trainable_variables, slopes, strict=True) if s is None or not np.any(s)]
    assert not still and SEEN[1] > 0
