"""The training loop on a toy system: its run folder, its averages, every way to stop.

What real systems promise is in conformance/.
"""

import dataclasses
import json
import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import Momentum
from tests.toy_method import Config, Toy
from tf_homo import files, trainer
from tf_homo.data.examples import Examples
from tf_homo.errors import InputError


@pytest.fixture(autouse=True)
def toy_is_a_method(monkeypatch):
    monkeypatch.setattr("tf_homo.method.available", lambda: {"toy_method": Toy})


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (10, 4, 4, 3), np.uint8), rng.random((10, 1), np.float32)
    return Examples(images, labels, ("Smiling",), about={"dataset": "noise"})


@pytest.fixture
def make(examples, tmp_path):
    """A Trainer in this test's folder."""

    def make(folder="run", devices="one_device", data=examples, config=None, kind=Toy, **options):
        given = {"batch_size": 4, "log_every": 1, "sample_every": 0} | options
        return trainer.Trainer(
            kind, config or Config(), data, tmp_path / folder, strategy=trainer.strategy(devices), **given
        )

    return make


def logged(run_dir):
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]


def values(trained):
    return [v.numpy() for v in trained.live] + [v.numpy() for v in trained.averages]


# what a run leaves


def test_a_run_folder(make):
    trained = make(sample_every=3, checkpoint_every=3)
    trained.fit()
    folder = trained.run_dir
    assert {path.name for path in folder.iterdir() if "events" not in path.name} == {
        "model.json", "metrics.jsonl", "samples", "checkpoints",
    }  # fmt: skip
    assert list(folder.glob("events.out.tfevents.*"))
    assert sorted(path.name for path in (folder / "samples").iterdir()) == [f"{s:07d}.png" for s in (3, 4, 6, 8)]
    assert tf.train.latest_checkpoint(str(folder / "checkpoints")).endswith("ckpt-8")
    assert len(list((folder / "checkpoints").glob("*.index"))) == 2
    info = json.loads((folder / "model.json").read_text())
    assert info["method"] == "toy_method" and info["data"] == {"dataset": "noise"}
    assert info["training"] == {
        "batch_size": 4, "seed": 0, "average_decay": 0.999, "mixed_precision": False, "steps": 8,
    }  # fmt: skip
    assert info["config"] == dataclasses.asdict(Config())


def test_a_line_is_the_mean_since_the_last_one_and_ends_with_its_stage(make):
    every, some = make("every"), make("some", log_every=3)
    every.fit()
    some.fit()
    ones, means = logged(every.run_dir), logged(some.run_dir)
    assert [line["step"] for line in means] == [3, 4, 6, 8]
    assert [line["stage"] for line in means] == ["first", "first", "second", "second"]
    assert means[0]["near/loss"] == pytest.approx(np.mean([line["near/loss"] for line in ones[:3]]))
    assert means[0]["far/loss"] == ones[1]["far/loss"]  # due in one of the three
    assert [("far/loss" in line) for line in ones] == [False, True, False, True, True, True, True, True]


def test_averages_follow_the_weights(make):
    """The decay grows from 1/10 upwards in each stage, here of four steps: what was before is soon forgotten."""
    trained = make(average_decay=0.25)
    expected = trained.live[0].numpy()
    for step in range(1, 9):
        trained.fit(stop_at=step)
        count = (step - 1) % 4 + 1
        decay = min(0.25, count / (count + 9))
        expected = decay * expected + (1 - decay) * trained.live[0].numpy()
    np.testing.assert_allclose(trained.averages[0].numpy(), expected, rtol=1e-5)
    method = trainer.restore(trained.run_dir)
    np.testing.assert_array_equal(method.near.kernel.numpy(), trained.averages[0].numpy())
    assert method.restored["step"] == 8


def test_each_optimizer_falls_over_its_own_updates(make):
    trained = make()
    trained.fit()
    rates = {name: float(opt.learning_rate.numpy()) for name, opt in trained.optimizers.items()}
    assert rates == pytest.approx(dict.fromkeys(("first/near", "first/far", "second/far"), 0.001))


def test_two_replicas_are_one(make):
    one, two = make("one", optimizer=Momentum(0.1)), make("two", "mirrored", optimizer=Momentum(0.1))
    one.fit()
    two.fit()
    for ours, theirs in zip(values(one), values(two), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_xla_takes_the_same_steps(make):
    plain, compiled = make("plain", optimizer=Momentum(0.1)), make("jit", jit=True, optimizer=Momentum(0.1))
    plain.fit()
    compiled.fit()
    for ours, theirs in zip(values(plain), values(compiled), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_seeds_differ(make):
    one, two = make("one"), make("two", seed=1)
    assert not np.array_equal(values(one)[0], values(two)[0])


# stopping and going on


@pytest.mark.parametrize("devices", ["one_device", "mirrored"])
def test_stopped_and_started_again(make, devices):
    whole, parts = make("whole", devices), [make("parts", devices) for _ in range(3)]
    whole.fit()
    for part, step in zip(parts, (1, 6, None), strict=True):
        part.fit(stop_at=step)
    assert (whole.run_dir / "metrics.jsonl").read_text() == (parts[0].run_dir / "metrics.jsonl").read_text()
    for ours, theirs in zip(values(whole), values(parts[2]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_killed_run_goes_on_from_its_checkpoint(make, monkeypatch):
    whole, killed = make("whole", checkpoint_every=3), make("killed", checkpoint_every=3)
    whole.fit()
    take = trainer.Trainer._log

    def power_cut(self, stage, pending, *others):
        take(self, stage, pending, *others)
        if pending[-1][0] == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer.Trainer, "_log", power_cut)
        killed.fit()
    with open(killed.run_dir / "metrics.jsonl", "a") as file:
        file.write('{"step": 6, "sta')  # cut off in the middle of a line
    make("killed", checkpoint_every=3).fit()
    assert (killed.run_dir / "metrics.jsonl").read_text() == (whole.run_dir / "metrics.jsonl").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_ends_the_step_and_keeps_it(make, monkeypatch, capsys, number):
    trained, take, handler = make(), trainer.Trainer._log, signal.getsignal(number)

    def asked(self, stage, pending, *others):
        take(self, stage, pending, *others)
        if pending[-1][0] == 2:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(trainer.Trainer, "_log", asked)
        trained.fit()
    assert ended.value.code == 130
    assert "stopped at step 3 of 8; the same command goes on from there" in capsys.readouterr().err
    assert tf.train.latest_checkpoint(str(trained.run_dir / "checkpoints")).endswith("ckpt-3")
    assert signal.getsignal(number) is handler
    again = make()
    again.fit()
    assert [line["step"] for line in logged(again.run_dir)] == list(range(1, 9))


def test_more_steps_may_be_asked_for(make):
    make().fit()
    make(config=Config(steps=6)).fit()
    run_dir = make(config=Config(steps=6)).run_dir
    assert [line["step"] for line in logged(run_dir)] == list(range(1, 11))
    assert json.loads((run_dir / "model.json").read_text())["training"]["steps"] == 10


def test_what_is_not_finite_ends_the_run_and_names_step_and_term(make):
    trained = make(checkpoint_every=1, optimizer=Momentum(1e30))
    with pytest.raises(FloatingPointError) as error:
        trained.fit()
    said = str(error.value)
    assert "near/" in said and "stage first" in said and "is inf at step 2" in said or "is nan at step 2" in said
    kept = tf.train.latest_checkpoint(str(trained.run_dir / "checkpoints"))
    assert kept.endswith("ckpt-1") and kept in said
    assert [line["step"] for line in logged(trained.run_dir)] == [1]


def test_before_the_first_checkpoint_there_is_none_to_name(make):
    with pytest.raises(FloatingPointError, match="none yet"):
        make(optimizer=Momentum(1e30)).fit()


# what is refused


@pytest.mark.parametrize(
    ("devices", "options", "message"),
    [
        ("one_device", {"batch_size": 3}, "--batch_size=3: .*multiple of 2"),
        ("mirrored", {"batch_size": 6}, "--batch_size=6: .*each of 2 replicas; use a multiple of 4"),
        ("one_device", {"batch_size": 12}, "--batch_size=12: there are only 10 training examples"),
    ],
)
def test_a_batch_that_does_not_fit(make, devices, options, message):
    with pytest.raises(InputError, match=message):
        make(devices=devices, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": Config(rate=0.5)}, "holds a run with rate=0.01, now rate=0.5; use another folder or what it has"),
        ({"config": Config(first_steps=3)}, "first_steps=4, now first_steps=3"),
        ({"seed": 3}, "seed=0, now seed=3"),
        ({"batch_size": 2}, "batch_size=4, now batch_size=2"),
    ],
)
def test_another_configuration_is_refused_before_anything_is_written(make, options, message):
    trained = make()
    trained.fit(stop_at=1)
    before = {path.name: path.stat().st_mtime_ns for path in trained.run_dir.rglob("*")}
    with pytest.raises(InputError, match=message):
        make(**options)
    assert {path.name: path.stat().st_mtime_ns for path in trained.run_dir.rglob("*")} == before


def test_other_data_are_refused(make, examples):
    make().fit(stop_at=1)
    for other, message in (
        ({"about": {"dataset": "other"}}, "dataset=noise, now dataset=other"),
        ({"attributes": ("Young",)}, "now .*Young"),
    ):
        with pytest.raises(InputError, match=message):
            make(data=dataclasses.replace(examples, **other))


def test_data_may_lie_elsewhere_and_have_other_tests(make, examples):
    make(data=dataclasses.replace(examples, about={"data_path": "a", "examples": {"test": 3}})).fit(stop_at=1)
    later = {"data_path": "b", "left_out": {"empty": 1}, "eyes": [0.4, 0.5, 0.6, 0.5]}
    trained = make(data=dataclasses.replace(examples, about=later))
    trained.fit(stop_at=2)
    assert trainer.read_info(trained.run_dir)["eyes"] == [[0.4, 0.5], [0.6, 0.5]]  # known since, for morphs
    with pytest.raises(InputError, match="content=None, now content=other"):
        make(data=dataclasses.replace(examples, about={"content": "other"}))


@pytest.mark.parametrize("other", [{"groups": {"mouth": ["Smiling"]}}, {"branches": ["mouth"]}])
def test_other_groups_or_another_order_of_branches_are_refused(make, tmp_path, other):
    make().fit(stop_at=1)
    path = tmp_path / "run" / "model.json"
    files.write_json(path, json.loads(path.read_text()) | other)
    with pytest.raises(InputError, match=f"holds a run with {next(iter(other))} .*mouth.*, now None"):
        make()


def test_what_is_younger_than_the_run_had_its_default(make, tmp_path):
    make().fit(stop_at=1)
    path = tmp_path / "run" / "model.json"
    info = json.loads(path.read_text())
    del info["config"]["noise"], info["training"]["mixed_precision"]
    files.write_json(path, info)
    make().fit(stop_at=2)
    info["config"]["louder"] = True
    files.write_json(path, info)
    with pytest.raises(InputError, match="louder=True, now louder=None"):
        make()


def test_a_checkpoint_of_something_else_is_refused_and_model_json_stays(make, tmp_path):
    make().fit(stop_at=1)
    before = (tmp_path / "run" / "model.json").read_text()
    trained = make(optimizer=Momentum())
    with pytest.raises(InputError, match="has not the networks and stages that were asked for"):
        trained.fit()
    assert (tmp_path / "run" / "model.json").read_text() == before


def test_another_method_is_refused(make, tmp_path):
    make().fit(stop_at=1)
    info = json.loads((tmp_path / "run" / "model.json").read_text())
    files.write_json(tmp_path / "run" / "model.json", info | {"method": "cyclegan"})
    with pytest.raises(InputError, match="a run of method cyclegan, not toy_method"):
        make()


def damaged(name, text):
    def damage(folder):
        (folder / name).write_text(text)

    return damage


def without_checkpoint(folder):
    (folder / "checkpoints" / "checkpoint").unlink()


def of_another_size(folder):
    info = json.loads((folder / "model.json").read_text())
    files.write_json(folder / "model.json", info | {"config": info["config"] | {"image_size": 8}})


def of_another_version(folder):
    info = json.loads((folder / "model.json").read_text())
    files.write_json(folder / "model.json", info | {"config": info["config"] | {"colour": 8}})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.json").unlink(), "is no run folder"),
        (damaged("model.json", "{"), "model.json: is not JSON"),
        (damaged("model.json", "[]"), "model.json: has no method, attributes"),
        (damaged("model.json", '{"method": "toy_method"}'), "model.json: has no attributes, config"),
        (without_checkpoint, "has no checkpoint yet"),
        (of_another_size, "does not fit model.json, so it is of another configuration"),
        (of_another_version, "has no option colour; it is a run of another version"),
    ],
)
def test_a_folder_that_is_no_whole_run(make, damage, message):
    trained = make()
    trained.fit(stop_at=1)
    damage(trained.run_dir)
    with pytest.raises(InputError, match=message) as error:
        trainer.restore(trained.run_dir)
    assert str(trained.run_dir) in str(error.value) and "\n" not in str(error.value)


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "absent"):
        with pytest.raises(InputError, match="is no run folder"):
            trainer.restore(path)


class Listed(Toy):
    """A Toy whose networks keep their layers in lists, one with a state that no optimizer knows."""

    def __init__(self, config, attributes, **kwargs):
        super().__init__(config, attributes, **kwargs)
        self.kept = KeptInLists()

    def build_all(self):
        super().build_all()
        self.kept(tf.zeros((1, 2)))


class KeptInLists(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.plan = [[keras.layers.Dense(2)], [keras.layers.BatchNormalization()]]

    def call(self, x):
        return self.plan[1][0](self.plan[0][0](x))


def test_a_checkpoint_holds_every_variable_of_the_method(make):
    """TensorFlow does not see layers in lists: what learns is saved by its optimizer, running statistics are not."""
    saved, other = (make(name, kind=Listed) for name in ("saved", "other"))
    for variable in saved.method.variables:
        if variable.dtype.startswith("float"):
            variable.assign(variable.value + 1.0)
    other.checkpoint.restore(saved.manager.save(0)).assert_consumed()
    for ours, theirs in zip(saved.method.variables, other.method.variables, strict=True):
        np.testing.assert_array_equal(theirs.numpy(), ours.numpy(), err_msg=theirs.path)
