"""What users hold in their hands: strength 0 is the source, and the latent moves along a straight line."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import shake


@pytest.fixture(scope="module")
def interpolate(system):
    """(source, target, strength) -> latent, on arrays; its sizes as `latent` and `branches`."""
    signature = shake(system.method()).signatures().get("interpolate")
    if signature is None:
        pytest.skip("has no latent to interpolate")
    function = tf.function(signature.function, input_signature=list(signature.inputs.values()))

    def call(source, target, strength):
        given = {"source": source, "target": target, "strength": strength}
        (output,) = function(**{arg: tf.constant(array) for arg, array in given.items()}).values()
        return output.numpy()

    call.latent = tuple(signature.inputs["source"].shape[1:])
    call.branches = signature.inputs["strength"].shape[1]
    return call


@pytest.fixture(scope="module")
def pair(interpolate):
    return np.random.default_rng(1).standard_normal((2, 3, *interpolate.latent), np.float32)


def strengths(interpolate, rows, seed=2):
    return np.random.default_rng(seed).uniform(-0.5, 1.5, (rows, interpolate.branches)).astype(np.float32)


def test_strength_zero_is_the_source_exactly(interpolate, pair):
    source, target = pair
    still = interpolate(source, target, np.zeros((3, interpolate.branches), np.float32))
    np.testing.assert_array_equal(still, source)


def test_strength_moves_the_latent(interpolate, pair):
    source, target = pair
    for branch in range(interpolate.branches):
        strength = np.zeros((3, interpolate.branches), np.float32)
        strength[:, branch] = 1
        assert np.abs(interpolate(source, target, strength) - source).max() > 1e-3


def test_the_latent_is_affine_in_the_strength(interpolate, pair):
    source, target = pair
    one, two = strengths(interpolate, 3), strengths(interpolate, 3, seed=3)
    for share in (-0.5, 0.25, 0.5, 2.0):
        between = interpolate(source, target, (1 - np.float32(share)) * one + np.float32(share) * two)
        line = (1 - share) * interpolate(source, target, one) + share * interpolate(source, target, two)
        np.testing.assert_allclose(between, line, atol=1e-5)


def test_one_pair_takes_many_strengths(interpolate, pair):
    source, target = pair[:, :1]
    rows = strengths(interpolate, 5)
    together = interpolate(source, target, rows)
    assert together.shape == (5, *interpolate.latent)
    apart = np.concatenate([interpolate(source, target, row[None]) for row in rows])
    np.testing.assert_allclose(together, apart, atol=1e-6)


def test_pairs_do_not_touch_each_other(interpolate, pair):
    source, target = pair
    rows = strengths(interpolate, 3)
    apart = np.concatenate([interpolate(source[i : i + 1], target[i : i + 1], rows[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(interpolate(source, target, rows), apart, atol=1e-6)
