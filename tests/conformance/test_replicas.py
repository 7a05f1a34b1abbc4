"""Replicas and compilation change how a step is computed, not what."""

import numpy as np
import pytest

from tests.conformance.cases import shake, weights

TOLERANCE = 1e-5  # and a share of 1e-4 of the way of a weight that moves by more than 0.1


def moves(run):
    """How far the farthest weight of each variable went."""
    return [float(np.max(np.abs(v.numpy() - start))) for v, start in zip(run.method.variables, run.start, strict=True)]


def assert_same(run, other):
    for variable, theirs, moved in zip(run.method.variables, weights(other.method), moves(run), strict=True):
        tolerance = TOLERANCE * max(1.0, 10.0 * moved)
        np.testing.assert_allclose(theirs, variable.numpy(), rtol=0, atol=tolerance, err_msg=variable.path)


def test_a_slip_in_the_size_of_gradients_would_show(run):
    """Nearly all weights go much farther than the tolerance; a few stay, for instance behind a unit that is dead."""
    assert np.mean([moved > 5 * TOLERANCE for moved in moves(run)]) > 0.8


def test_two_replicas_end_with_the_weights_of_one(system, run, tmp_path):
    two = system.trainer(tmp_path, "mirrored", system.momentum)
    assert two.strategy.num_replicas_in_sync == 2
    shake(two.method)
    two.fit()
    assert_same(run, two)
    for ours, theirs in zip(run.averages, two.averages, strict=True):
        np.testing.assert_allclose(theirs.numpy(), ours.numpy(), atol=1e-4)
    for ours, theirs in zip(two.method.variables, weights(two.method), strict=True):
        for copy in ours.value.values:  # one on each device
            assert (copy.numpy() == theirs).all(), ours.path


@pytest.mark.parametrize("system", ["conditional_cyclegan"], indirect=True)
def test_steps_compiled_by_xla_end_with_the_same_weights(system, run, tmp_path):
    """With coarse to fine, a pool and spectral norm, but of one system only: XLA takes its time."""
    by_xla = system.trainer(tmp_path, optimizer=system.momentum, jit=True)
    shake(by_xla.method)
    by_xla.fit()
    assert_same(run, by_xla)


@pytest.mark.filterwarnings(
    "ignore:Even though the .tf.config.experimental_run_functions_eagerly"
)  # data stay compiled
def test_compiled_steps_end_with_the_weights_of_steps_op_by_op(system, run, tmp_path, op_by_op):
    """What TensorFlow's graph passes make of a step must be the same step: they have been caught at less."""
    plain = system.trainer(tmp_path, optimizer=system.momentum)
    shake(plain.method)
    plain.fit()
    assert_same(run, plain)
