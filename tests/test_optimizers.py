"""Recipes of optimizers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_homo import layers
from tf_homo.optimizers import Adam, KernelMuon, Muon


@pytest.mark.parametrize("recipe", [Adam(0.1, final=0.25), Muon(0.1, final=0.25)])
def test_the_rate_falls_along_half_a_cosine(recipe):
    optimizer = recipe.build(100)
    rates = []
    for done in (0, 50, 100):
        optimizer.iterations.assign(done)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([0.1, 0.1 * (0.25 + 0.75 / 2), 0.025])


def test_the_rate_may_be_held_and_then_fall_in_a_straight_line():
    optimizer = Adam(0.1, final=0.0, held=0.5).build(100)
    rates = []
    for done in (0, 50, 75, 100, 120):
        optimizer.iterations.assign(done)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0, 0])


def test_the_rate_may_stay():
    assert float(Adam(0.1).build(100).learning_rate) == pytest.approx(0.1)


def test_a_kernel_s_first_muon_step_has_every_singular_value_alike():
    """The quintic iteration brings singular values near 1; the step is then scaled by 0.2 sqrt(larger side)."""
    rng = np.random.default_rng(0)
    kernel = keras.Variable(np.zeros((3, 3, 8, 16), np.float32))
    optimizer = Muon(0.5).build(1)
    optimizer.build([kernel])
    optimizer.apply([tf.constant(rng.standard_normal(kernel.shape), tf.float32)], [kernel])
    sizes = np.linalg.svd(kernel.numpy().reshape(72, 16), compute_uv=False) / (0.5 * 0.2 * np.sqrt(72))
    assert sizes.min() > 0.6 and sizes.max() < 1.3


@pytest.mark.parametrize("shape", [(16,), (1, 1, 4, 32), (3, 3, 64, 3)])
def test_biases_small_kernels_and_those_that_paint_are_adam_s(shape):
    variable = keras.Variable(np.zeros(shape, np.float32))
    optimizer = Muon(0.5).build(1)
    optimizer.build([variable])
    optimizer.apply([tf.ones(shape)], [variable])
    np.testing.assert_allclose(variable.numpy(), -0.5 * 0.5, rtol=1e-4)  # Adam's first step is its rate


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_kernels_are_made_orthogonal_in_what_networks_compute_in(policy, monkeypatch):
    seen = []
    monkeypatch.setattr(KernelMuon, "zeropower_via_newtonschulz5", lambda self, x, steps: seen.append(x.dtype) or x)
    with layers.precision(policy):
        optimizer = Muon(0.5).build(1)
    kernel = keras.Variable(np.zeros((3, 3, 8, 16), np.float32), dtype="float32")
    optimizer.build([kernel])
    optimizer.apply([tf.ones(kernel.shape)], [kernel])
    assert seen == [policy.removeprefix("mixed_")] and kernel.dtype == "float32"


@pytest.mark.parametrize("shape", [(60, 12), (12, 60), (16, 16)])
def test_products_of_the_smaller_square_are_the_iteration_itself(shape):
    scales = 10.0 ** np.linspace(0, -3, min(shape))
    rows, _, columns = np.linalg.svd(np.random.default_rng(0).standard_normal(shape), full_matrices=False)
    x, optimizer = tf.constant(rows * scales @ columns, tf.float32), Muon(0.5).build(1)
    np.testing.assert_allclose(
        optimizer.zeropower_via_newtonschulz5(x, 5), keras.optimizers.Muon.zeropower_via_newtonschulz5(optimizer, x, 5),
        atol=1e-3,
    )  # fmt: skip
