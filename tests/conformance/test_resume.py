"""A run that was stopped and started again is the unbroken run, bit for bit."""

import numpy as np
import pytest
import tensorflow as tf


def last_checkpoint(run_dir):
    """{key: array} of everything in it, except how often it was saved."""
    reader = tf.train.load_checkpoint(str(run_dir / "checkpoints"))
    keys = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    return {key: reader.get_tensor(key) for key in keys if not key.startswith("save_counter")}


@pytest.fixture(scope="module")
def runs(system, tmp_path_factory):
    """Folders of an unbroken run and of one stopped in the middle of every stage, with the method's own optimizers."""
    unbroken, broken = tmp_path_factory.mktemp("unbroken"), tmp_path_factory.mktemp("broken")
    trained = system.trainer(unbroken)
    trained.fit()
    begin = 0
    for stage in trained.stages:
        system.trainer(broken).fit(stop_at=begin + max(stage.steps // 2, 1))
        begin += stage.steps
    system.trainer(broken).fit()
    return unbroken, broken


def test_the_losses_are_the_same(runs):
    unbroken, broken = runs
    assert (broken / "metrics.jsonl").read_text() == (unbroken / "metrics.jsonl").read_text()


def test_weights_averages_and_optimizers_are_the_same(runs):
    unbroken, broken = map(last_checkpoint, runs)
    assert unbroken.keys() == broken.keys()
    for key, value in unbroken.items():
        np.testing.assert_array_equal(broken[key], value, err_msg=key)


def test_a_finished_run_is_left_alone(system, runs):
    before = (runs[0] / "metrics.jsonl").read_bytes()
    system.trainer(runs[0]).fit()
    assert (runs[0] / "metrics.jsonl").read_bytes() == before
