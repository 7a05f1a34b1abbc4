"""Each phase changes its own networks only."""

import dataclasses

import numpy as np
import pytest

from tests.conformance.cases import CASES, shake, weights
from tf_homo.method import available, load


@pytest.fixture(scope="module")
def trained(system, tmp_path_factory):
    run = system.trainer(tmp_path_factory.mktemp("phases"), optimizer=system.momentum)
    shake(run.method)
    return run


@pytest.mark.filterwarnings(
    "ignore:Even though the .tf.config.experimental_run_functions_eagerly"
)  # data stay compiled
def test_each_phase_changes_its_own_networks_only(system, trained, op_by_op):
    method = trained.method
    for stage in trained.stages:
        batch = system.batch(method, stage)
        for phase in stage.phases:
            own = {id(v): net for net in phase.nets for v in getattr(method, net).variables}
            before = weights(method)
            trained._step(stage, [phase])(batch)
            changed = [v for v, old in zip(method.variables, before, strict=True) if not np.array_equal(v.numpy(), old)]
            others = [v.path for v in changed if id(v) not in own]
            assert not others, f"{stage.name}/{phase.name} changed {others}"
            assert {own[id(v)] for v in changed} == set(phase.nets), (
                f"{stage.name}/{phase.name} left a network as it was"
            )


def test_phases_name_networks_of_the_method(system, fresh):
    stages = fresh.stages()
    assert len({stage.name for stage in stages}) == len(stages)
    for stage in stages:
        assert stage.steps > 0
        assert len({phase.name for phase in stage.phases}) == len(stage.phases)
        for phase in stage.phases:
            assert phase.every >= 1
            assert all(getattr(fresh, net).trainable_variables for net in phase.nets)


def test_every_system_has_a_tiny_configuration():
    assert {case.method for case in CASES.values()} == set(available())


def test_the_tiny_configuration_reaches_every_option_that_counts_steps(system, fresh):
    counted = [name for name in CASES[system.name].options if name == "steps" or name.endswith("_steps")]
    assert counted
    assert len(fresh.stages()) >= len([name for name in counted if name != "critic_steps"])


def test_tiny_configurations_reach_every_stage_there_is():
    """Each option that counts steps, in one system of those that have it: tracing stages is what takes time."""
    configs = [load(case.method).Config(**case.options) for case in CASES.values()]
    known = {field.name for each in configs for field in dataclasses.fields(each)}
    counts = {name for name in known if name.endswith("steps") or name == "head_start"}
    assert counts >= {"steps", "classifier_steps", "coarse_steps", "denoiser_steps", "head_start"}
    assert not {count for count in counts if not any(getattr(each, count, 0) for each in configs)}


def test_what_is_exported_is_averaged(fresh):
    assert fresh.averaged
    assert all(getattr(fresh, net).variables for net in fresh.averaged)
