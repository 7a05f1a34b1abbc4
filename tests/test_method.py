"""How systems are found and described."""

import dataclasses

import keras
import pytest

from tests.toy_method import Config, Toy
from tf_homo import method
from tf_homo.errors import InputError


def test_every_file_of_methods_is_a_system():
    assert "homo" in method.available()
    for name, kind in method.available().items():
        assert issubclass(kind, method.Method)
        assert method.name_of(kind) == name
        assert method.load(name) is kind


def test_an_unknown_system_is_an_error_that_lists_the_known():
    with pytest.raises(InputError, match="--method: no system is called 'hommo'; there are .*homo"):
        method.load("hommo")


def test_options_carry_what_a_flag_needs():
    fields = {field.name: field for field in dataclasses.fields(Config)}
    assert fields["steps"].default == 4
    about = {"help": "then steps of far", "choices": (), "may_change": True, "low": 0, "high": None}
    assert fields["steps"].metadata == about
    assert method.option("a", "which", ["a", "b"]).metadata["choices"] == ("a", "b")


def test_adam_is_the_seed_s_and_may_fall():
    steady = method.Adam().build(100)
    assert (float(steady.learning_rate), steady.beta_1, steady.beta_2) == pytest.approx((2e-4, 0.5, 0.999))
    schedule = method.Adam(0.1, final=0.1).build(100)._learning_rate
    assert isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    assert [float(schedule(step)) for step in (0, 50, 100, 200)] == pytest.approx([0.1, 0.055, 0.01, 0.01])


def test_the_model_card_starts_with_method_and_options():
    toy = Toy(Config(rate=0.5), ("Smiling",))
    assert toy.info() == {
        "method": "toy_method", "attributes": ["Smiling"], "config": dataclasses.asdict(Config(rate=0.5)),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["build_all", "stages", "prepare", "sample", "signatures"])
def test_a_system_must_say_everything(name):
    bare = method.Method(Config(), ())
    with pytest.raises(NotImplementedError):
        getattr(bare, name)(*[None] * {"prepare": 2, "sample": 1}.get(name, 0))
