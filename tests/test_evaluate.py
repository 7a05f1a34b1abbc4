"""The program, on a model whose latent is the image and on a reader without errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver

from tests.metrics.stub import BRANCHES, GROUPS, SIZE, TrueReader
from tf_homo import chain, evaluate, serving
from tf_homo.data import drawing
from tf_homo.data.examples import Examples
from tf_homo.data.sets import Source
from tf_homo.errors import InputError
from tf_homo.metrics import page, reader, scores

SYSTEMS = ["tf_homo", "latent_lerp", "latent_slerp", "pixel_blend", "landmark_warp", "truth_lerp", "truth"]


class Fake:
    """Every branch goes its share of the straight way between the images."""

    def __init__(self, **info):
        self.info = {"image_size": SIZE, "branches": list(BRANCHES), "groups": dict(GROUPS), "step": 7, **info}
        self.signatures, self.format, self.path = {"encode", "interpolate", "decode"}, "tflite", Path("fake.tflite")

    def encode(self, images):
        return images

    decode = encode

    def frames(self, source, target, strengths, batch):
        return source + strengths.mean(1)[:, None, None, None] * (target - source)


@pytest.fixture
def model(monkeypatch):
    fake = Fake()
    monkeypatch.setattr(serving, "load", lambda path: fake)
    monkeypatch.setattr(reader, "load", lambda folder: TrueReader())
    return fake


def run(*args):
    with flagsaver.flagsaver():
        flags.FLAGS(["evaluate", *args])
        evaluate.main(["evaluate"])


def test_writes_what_the_contract_says(model, tmp_path, capsys):
    run("--model=fake.tflite", f"--output_dir={tmp_path / 'new'}", "--pairs=3", "--steps=3")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["evaluation.json", "report.html"]
    result = json.loads((tmp_path / "new" / "evaluation.json").read_text())
    assert list(result) == ["systems", "reader", "data", "versions"]
    assert list(result["systems"]) == SYSTEMS
    for system in result["systems"].values():
        assert set(system) == {"all", "groups", "notes"}
        assert list(system["all"]) == list(scores.KEYS)
        assert list(system["groups"]) == list(GROUPS)
        for row in (system["all"], *system["groups"].values()):
            assert all(entry is None or {"value", "n"} <= set(entry) for entry in row.values())
    assert result["data"]["model"] == {"path": "fake.tflite", "format": "tflite", "step": 7, "data": None}
    assert result["data"]["systems"] == {}
    assert (result["data"]["pairs"], result["data"]["seed"]) == (3, evaluate.SEED)
    assert {"tf_homo", "tensorflow", "keras", "numpy", "python"} <= set(result["versions"])
    said = capsys.readouterr().out
    assert all(name in said for name in SYSTEMS)
    assert said.rstrip().endswith("report.html")


def test_results_go_into_the_run_folder(model, tmp_path):
    model.format = "run"
    run(f"--run_dir={tmp_path}", "--pairs=1", "--steps=3", "--noreport")
    assert [file.name for file in tmp_path.iterdir()] == ["evaluation.json"]


def test_without_a_model_the_carried_one_is_measured_here(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(serving, "load", lambda path: asked.append(path) or model)
    run("--pairs=1", "--steps=3", "--noreport")
    assert asked == [None]
    assert (tmp_path / "evaluation" / "evaluation.json").is_file()


def test_other_systems_stand_in_the_same_table(model, tmp_path):
    run("--model=x", "--system=seed=y", f"--output_dir={tmp_path}", "--pairs=2", "--steps=3", "--noreport")
    systems = json.loads((tmp_path / "evaluation.json").read_text())["systems"]
    assert list(systems) == ["tf_homo", "seed", *SYSTEMS[1:]]
    assert systems["seed"]["groups"] == systems["tf_homo"]["groups"]


def test_other_systems_are_told_apart_in_the_results(model, tmp_path, monkeypatch):
    other = Fake(step=9, data={"dataset": "drawn_faces", "seed": 5})
    other.path = Path("y")
    monkeypatch.setattr(serving, "load", lambda path: other if path == "y" else model)
    run("--model=x", "--system=seed=y", f"--output_dir={tmp_path}", "--pairs=1", "--steps=3", "--noreport")
    data = json.loads((tmp_path / "evaluation.json").read_text())["data"]
    trained = {"dataset": "drawn_faces", "seed": 5}
    assert data["systems"] == {"seed": {"path": "y", "format": "tflite", "step": 9, "data": trained}}


def test_a_remainder_makes_all_together_straight(model, tmp_path, monkeypatch):
    straight = Fake(config={"rest": "remainder"})
    monkeypatch.setattr(serving, "load", lambda path: {"x": straight, "y": Fake(config={"rest": "network"})}[path])
    run("--model=x", "--system=net=y", "--system=same=x", f"--output_dir={tmp_path}", "--pairs=2", "--steps=3")
    systems = json.loads((tmp_path / "evaluation.json").read_text())["systems"]
    assert "equal to latent_lerp's by construction" in systems["tf_homo"]["notes"]["all"]
    assert "between its own latents by construction" in systems["same"]["notes"]["all"]
    assert not any("all" in systems[name]["notes"] for name in ("net", "latent_lerp", "truth"))
    assert "equal to latent_lerp&#39;s by construction" in (tmp_path / "report.html").read_text()
    for key, own in systems["tf_homo"]["all"].items():
        if key not in ("additivity", "beyond", "cost") and own:  # none is asked of latent_lerp
            assert own["value"] == pytest.approx(systems["latent_lerp"]["all"][key]["value"], abs=1e-4), key


def test_a_system_that_knows_less_of_a_group_is_noted(model, tmp_path, monkeypatch):
    less = Fake(attributes=["Smiling", "Young"])
    monkeypatch.setattr(serving, "load", lambda path: {"x": model, "y": less}[path])
    run("--model=x", "--system=less=y", f"--output_dir={tmp_path}", "--pairs=2", "--steps=3")
    notes = json.loads((tmp_path / "evaluation.json").read_text())["systems"]["less"]["notes"]
    said = {key: why for key, why in notes.items() if key.endswith(".attributes")}
    assert list(said) == ["groups.expression.attributes"]
    assert "never told Mouth_Slightly_Open" in said["groups.expression.attributes"]
    assert "less, groups.expression: it was never told Mouth" in (tmp_path / "report.html").read_text()


def test_a_system_with_some_of_the_branches_is_measured_by_these(model, tmp_path, monkeypatch):
    some = Fake(branches=["age"], groups={"age": ["Young"]})
    monkeypatch.setattr(serving, "load", lambda path: {"x": model, "y,z": some}[path])
    drawn = {}
    monkeypatch.setattr(page, "html", lambda result, plan, faces, paths, curves: drawn.update(curves) or "")
    run("--model=x", "--system=chain=y,z", f"--output_dir={tmp_path}", "--pairs=4", "--steps=3")
    systems = json.loads((tmp_path / "evaluation.json").read_text())["systems"]
    assert set(systems["chain"]["groups"]["expression"].values()) == {None}
    assert systems["chain"]["notes"]["groups.expression"] == "it has no such branch"
    assert systems["chain"]["groups"]["age"]["endpoint_gap"]["n"] > 0
    assert not len(drawn["chain"]["expression"]) and len(drawn["chain"]["age"])
    assert systems["tf_homo"]["all"]["cost"] == {"value": 1.0, "n": 4}
    assert systems["chain"]["all"]["cost"]["value"] > 0
    assert systems["truth"]["all"]["cost"] is None


class Link(Fake):
    """Moves its own attributes alone, where the reader reads them, as if of drawn faces of seed `seed`."""

    def __init__(self, group, seed):
        super().__init__(branches=[group], groups={group: GROUPS[group]}, data={"seed": seed})
        self.own = np.zeros((SIZE, SIZE, 1), np.float32)
        self.own[0, [drawing.ATTRIBUTES.index(name) for name in GROUPS[group]]] = 1

    def interpolate(self, source, target, strengths):
        return source + strengths[:, 0, None, None, None] * self.own * (target - source)


def test_what_a_chain_has_no_branch_for_is_no_merit(model, tmp_path, monkeypatch):
    chained = chain.join([Link("age", 5)], "y")
    monkeypatch.setattr(serving, "load", lambda path: {"x": model, "y": chained}[path])
    run("--model=x", "--system=chain=y", f"--output_dir={tmp_path}", "--pairs=4", "--steps=3")
    result = json.loads((tmp_path / "evaluation.json").read_text())
    found, notes = (result["systems"]["chain"][key] for key in ("all", "notes"))
    assert found["additivity"] is None and notes["all.additivity"] == "in no pair do both groups move by 0.1"
    assert found["psnr"] is None and "the source image itself" in notes["all.psnr"]
    assert "no branch for expression" in notes["all.branches"]
    told = {"path": "y", "format": "chain", "links": [{"step": 7, "data": {"seed": 5}}]}
    assert result["data"]["systems"]["chain"] == told


def test_no_link_of_a_chain_has_seen_the_test_faces(model, monkeypatch):
    chained = chain.join([Link("age", 5), Link("expression", 3)], "y")
    monkeypatch.setattr(serving, "load", lambda path: chained)
    with pytest.raises(InputError, match="--test_seed=3: --system=chain=y was trained on faces of that seed"):
        evaluate.others_for(model, ["chain=y"], 3)


@pytest.mark.parametrize(
    ("text", "change", "complaint"),
    [
        ("seed", {}, "--system=seed: give NAME=PATH"),
        ("truth=y", {}, "--system=truth=y: give NAME=PATH, with a name of its own beside tf_homo"),
        ("seed=y", {"image_size": 8}, "--system=seed=y: its image_size is 8, that of fake.tflite 32; name"),
        (
            "seed=y",
            {"groups": {"hat": ["Wearing_Hat"]}},
            "--system=seed=y: its groups are {'hat'.*those of fake.tflite",
        ),
        (
            "seed=y",
            {"data": {"seed": 3}},
            "--test_seed=3: --system=seed=y was trained on faces of that seed; give another, for instance 4",
        ),
    ],
)
def test_systems_that_cannot_stand_beside_the_model(model, monkeypatch, text, change, complaint):
    with pytest.raises(InputError, match=complaint):
        monkeypatch.setattr(serving, "load", lambda path: Fake(**change))
        evaluate.others_for(model, [text], 3)


def test_the_same_twice(model, tmp_path):
    for name in ("a", "b"):
        run("--model=x", f"--output_dir={tmp_path / name}", "--pairs=2", "--steps=3", "--noreport")
    first, second = ((tmp_path / name / "evaluation.json").read_text() for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--run_dir=a", "--model=b"], "--run_dir=a and --model=b: name one of them"),
        (["--steps=4"], "--steps=4: has no middle frame; give an odd number, for instance 5"),
        (["--run_dir=a"], "--run_dir=a: is no run folder but a tflite; give it as --model"),
        ([f"--test_seed={reader.SEED}"], "the reader was trained on faces of that seed; give another"),
        (["--data_path=DIR"], "--data_path=DIR: the reader reader_64 is of drawn faces; give --reader=DIR"),
        (["--data_dir=DIR"], "--data_dir=DIR: the reader reader_64 is of drawn faces; give --reader=DIR"),
    ],
)
def test_flags_at_fault(model, args, complaint):
    with pytest.raises(InputError, match=complaint):
        run(*args)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"signatures": {"encode", "serving_default"}}, "has no signature interpolate, decode"),
        ({"info": Fake(data={"seed": reader.SEED}).info}, "was trained on the reader's own faces"),
        ({"info": Fake(branches=["rest"]).info}, r"none of its branches \(rest\) moves an attribute"),
        ({"info": Fake(data={"seed": evaluate.SEED}).info}, "the model was trained on faces of that seed"),
    ],
)
def test_models_that_cannot_be_measured(model, change, complaint):
    for name, value in change.items():
        setattr(model, name, value)
    with pytest.raises(InputError, match=complaint):
        run("--model=x")


def test_output_folder(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--output_dir=.*file: cannot be made"):
        run("--model=x", f"--output_dir={tmp_path / 'file'}")


def test_report_needs_its_packages(model, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(InputError, match=r"not installed: pip install tf_homo\[report\], or give --noreport"):
        run("--model=x", f"--output_dir={tmp_path}")
    assert not list(tmp_path.iterdir())


def test_groups_are_those_that_model_and_faces_share():
    groups = {"expression": ["Smiling", "Narrow_Eyes"], "hat": ["Wearing_Hat"], "age": ["Young"]}
    plan = evaluate.plan_for(Fake(groups=groups, branches=["hat", "expression", "rest"]), TrueReader(), 4, 5, 0)
    assert plan.groups == {"expression": ("Smiling",)}
    assert plan.columns == {"expression": [0]}
    assert plan.white == 4
    np.testing.assert_array_equal(plan.strengths(["expression"])[:2], [[0, 0, 0], [0, 0.25, 0]])


# photos


class PhotoReader(TrueReader):
    """Knows two attributes of photos, which it reads from the first row, and where the photos come from."""

    about = {"name": "reader_own", "data": {"dataset": "labelled_folder"}, "attributes": ["Smiling", "Young"]}
    attributes = ("Smiling", "Young")

    def read(self, images):
        strengths = np.asarray(images, np.float32)[:, 0, :2, 0]
        return strengths, strengths


@pytest.fixture
def photos_there(model, monkeypatch):
    """Twelve photos of a test part; of one in four the labels are wrong."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (12, SIZE, SIZE, 3), np.uint8)
    labels = np.stack([np.arange(12) % 2, np.arange(12) // 2 % 2], axis=1).astype(np.float32)
    images[:, 0, :2] = (255 * labels).astype(np.uint8)[..., None]
    labels[::4] = 1 - labels[::4]
    examples = Examples(images, labels, PhotoReader.attributes, {}, {"dataset": "labelled_folder"})
    asked = []
    monkeypatch.setattr(Source, "read", lambda self, *what: asked.append((self.data_path, *what)) or examples)
    monkeypatch.setattr(reader, "load", lambda folder: PhotoReader())
    return asked


def test_photos_are_measured_as_their_reader_sees_them(photos_there, tmp_path, capsys):
    run("--model=x", "--reader=own", "--data_path=where", f"--output_dir={tmp_path}", "--pairs=4", "--steps=3")
    assert photos_there == [("where", "test", SIZE)]
    result = json.loads((tmp_path / "evaluation.json").read_text())
    assert list(result["systems"]) == ["tf_homo", "latent_lerp", "latent_slerp", "pixel_blend", "landmark_warp"]
    whole, groups = (result["systems"]["tf_homo"][scope] for scope in ("all", "groups"))
    assert set(groups) == {"expression", "age"} and groups["age"]["linearity_error"]["value"] < 0.01
    assert whole["reading_error"]["value"] < 1e-6
    assert whole["psnr"] is None  # its latent is the image, and would have no end of decibels
    assert [groups["age"][key] for key in ("truth_distance", "still_distance")] == [None, None]
    assert (
        whole["white_background_shift"] is None
        and "no pair on white" in result["systems"]["tf_homo"]["notes"]["all.white_background_shift"]
    )
    assert result["reader"]["accuracy_here"] == {"Smiling": 0.75, "Young": 0.75}
    assert (result["data"]["dataset"], result["data"]["seed"]) == ("labelled_folder", None)
    assert result["data"]["other_faces"] == 4
    said = capsys.readouterr().out
    assert "4 pairs of labelled_folder" in said and "rightly: Smiling 0.75, Young 0.75." in said
    page = (tmp_path / "report.html").read_text()
    assert "test split," in page and "perfect morph" not in page and "Smiling 0.75" in page


def test_more_pairs_than_photos_are_refused(photos_there, tmp_path):
    with pytest.raises(InputError, match="--pairs=7: the test part has 12 pictures; take at most 6"):
        run("--model=x", "--reader=own", "--data_path=where", f"--output_dir={tmp_path}", "--pairs=7", "--steps=3")
