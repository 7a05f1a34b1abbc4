"""What a run leaves behind: few traces, a model card, averaged weights, readable logs."""

import dataclasses
import json

import numpy as np
import tensorflow as tf

from tests.conformance.cases import tensors
from tf_homo.method import load
from tf_homo.trainer import exported_variables


def test_each_set_of_due_phases_is_traced_once(run):
    due = set()
    for stage in run.stages:
        for step in range(1, stage.steps + 1):
            due.add((stage.name, *(phase.name for phase in stage.phases if step % phase.every == 0)))
    assert set(run._steps) == due
    assert {key: step.experimental_get_tracing_count() for key, step in run._steps.items()} == dict.fromkeys(due, 1)


def test_restore_gives_the_averaged_weights(run, restored):
    for average, live, ours in zip(run.averages, run.live, exported_variables(restored), strict=True):
        assert live.path == ours.path or live.shape == ours.shape
        np.testing.assert_array_equal(ours.numpy(), average.numpy())
    assert any(not np.array_equal(a.numpy(), v.numpy()) for a, v in zip(run.averages, run.live, strict=True))


def test_the_model_card_is_json_and_says_what_others_need(system, fresh, restored):
    for info in (fresh.info(), restored.restored):
        assert json.loads(json.dumps(info)) == info
        assert load(info["method"]) is system.kind
        assert info["attributes"] == list(system.attributes)
        assert info["image_size"] == system.config.image_size
        assert system.kind.Config(**info["config"]) == system.config
        assert {"branches", "groups", "latent"} <= info.keys()
    assert restored.restored["data"] == {"dataset": "noise"}
    assert restored.restored["step"] > 0
    assert {"tf_homo", "tensorflow", "keras"} <= restored.restored["versions"].keys()


def test_every_step_is_logged_under_phase_and_term(run):
    lines = [json.loads(line) for line in (run.run_dir / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, run.total_steps + 1))
    stages = {stage.name: {phase.name for phase in stage.phases} for stage in run.stages}
    for line in lines:
        phases = {key.partition("/")[0] for key in line if "/" in key}
        assert phases and phases <= stages[line["stage"]]
        assert {f"{phase}/loss" for phase in phases} <= line.keys()
        assert all(np.isfinite(value) for key, value in line.items() if "/" in key)


def test_it_shows_itself(system, fresh):
    pictures, columns = fresh.sample(tensors({name: array[:4] for name, array in system.examples.arrays().items()}))
    size = system.config.image_size
    assert pictures.shape[1:] == (len(columns), size, size, 3)
    assert tf.reduce_min(pictures) >= 0 and tf.reduce_max(pictures) <= 1


def two_of(spec):
    """Two rows for an input: ones, or pictures as bytes."""
    if spec.dtype == tf.string:
        return tf.repeat(tf.io.encode_png(tf.fill((64, 64, 3), tf.constant(128, tf.uint8)))[None], 2)
    return tf.ones([2, *spec.shape[1:]], spec.dtype)


def test_signatures_say_their_inputs_and_keep_to_images_in_range(fresh):
    for name, signature in fresh.signatures().items():
        given = {arg: two_of(spec) for arg, spec in signature.inputs.items()}
        outputs = signature.function(**given)
        assert all(spec.shape[0] is None for spec in signature.inputs.values()), name
        assert {output.shape[0] for output in outputs.values()} == {2}, name
        if "image" in outputs:
            assert tf.reduce_min(outputs["image"]) >= 0 and tf.reduce_max(outputs["image"]) <= 1


def test_options_can_be_flags(system):
    """A Config is frozen, and every field has a text and a plain default."""
    for field in dataclasses.fields(system.kind.Config):
        assert field.metadata["help"], field.name
        assert field.type in (int, float, bool, str), field.name
        assert type(field.default) is field.type, field.name
        assert not field.metadata["choices"] or field.default in field.metadata["choices"], field.name
    assert system.kind.Config.__dataclass_params__.frozen
