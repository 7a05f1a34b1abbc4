"""A run that was stopped and started again is the unbroken run, bit for bit."""

import numpy as np
import tensorflow as tf


def last_checkpoint(run_dir):
    """{key: array} of everything in it, except how often it was saved."""
    reader = tf.train.load_checkpoint(str(run_dir / "checkpoints"))
    keys = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    return {key: reader.get_tensor(key) for key in keys if not key.startswith("save_counter")}


def test_stopped_in_every_stage_it_ends_as_the_unbroken_run(system, tmp_path):
    """Losses, weights, averages and the state of the method's own optimizers."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    unbroken = system.trainer(whole)
    unbroken.fit()
    begin = 0
    for stage in unbroken.stages:
        system.trainer(broken).fit(stop_at=begin + max(stage.steps // 2, 1))
        begin += stage.steps
    system.trainer(broken).fit()
    assert (broken / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    expected, found = last_checkpoint(whole), last_checkpoint(broken)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)

    system.trainer(whole).fit()  # finished: nothing is done again
    assert (broken / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
