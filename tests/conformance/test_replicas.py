"""Replicas and compilation change how a step is computed, not what."""

from tests.conformance.cases import Momentum, weights, worst

TOLERANCE = 1e-5  # weights have moved a thousand times as far


def test_the_steps_moved_the_weights(run):
    moved, _ = worst(run.start, weights(run.method), run.method)
    assert moved > 1000 * TOLERANCE


def test_two_replicas_end_with_the_weights_of_one(system, run, tmp_path):
    two = system.trainer(tmp_path, "mirrored", Momentum())
    assert two.strategy.num_replicas_in_sync == 2
    two.fit()
    gap, where = worst(weights(run.method), weights(two.method), run.method)
    assert gap < TOLERANCE, where
    assert worst([v.numpy() for v in run.averages], [v.numpy() for v in two.averages], run.method)[0] < TOLERANCE
    for ours, theirs in zip(two.method.variables, weights(two.method), strict=True):
        for copy in ours.value.values:  # one on each device
            assert (copy.numpy() == theirs).all(), ours.path


def test_compiled_steps_end_with_the_weights_of_steps_op_by_op(system, run, tmp_path, op_by_op):
    """What TensorFlow's graph passes make of a step must be the same step: they have been caught at less."""
    plain = system.trainer(tmp_path, optimizer=Momentum())
    plain.fit()
    gap, where = worst(weights(run.method), weights(plain.method), run.method)
    assert gap < TOLERANCE, where
