"""Pictures and attributes of a user's own: checked, trained on and morphed by flags alone."""

import json
import re

import pytest
from absl import flags
from PIL import Image

from tests.test_train import TINY, complaint, flags_of, train
from tf_homo import morph
from tf_homo.data import drawing, drawn_faces
from tf_homo.data.sets import Source

NAMES = {"grin": "Smiling", "specs": "Eyeglasses", "возраст": "Young"}  # the user's, and what is drawn
OWN = ("--dataset=labelled_folder", "--group=face=grin,возраст", "--group=specs=specs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Drawn faces with a table of how much there is of three attributes; one picture is broken."""
    folder = tmp_path_factory.mktemp("own")
    places = [drawing.ATTRIBUTES.index(name) for name in NAMES.values()]
    rows = [f"file;{';'.join(NAMES)};split"]
    for index in range(12):
        face, picture = drawn_faces.example(index, 32)
        Image.fromarray(picture.image).save(folder / f"{index}.png")
        grin, specs, age = face.strengths[places]
        rows.append(f"{index}.png;{int(grin > 0.5)};{2 * int(specs > 0.5) - 1};{80 - 60 * age:.1f};"
                    f"{'test' if index > 9 else 'train'}")  # fmt: skip
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "0.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """The folder of a run of a few steps."""
    made = tmp_path_factory.mktemp("run")
    ended = train(*TINY, *OWN, f"--data_path={folder}", f"--data_dir={made / 'data'}", f"--run_dir={made / 'run'}",
                  "--eyes=0.39,0.45,0.61,0.45", "--reading", "--classifier_steps=1", "--steps=2",
                  "--sample_every=4")  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "labelled_folder: left out: 1 the file is empty\n" in ended.stderr
    return made / "run"


def test_the_run_knows_its_attributes_groups_and_data(run, folder):
    info = json.loads((run / "model.json").read_text())
    assert info["attributes"] == list(NAMES)
    assert info["groups"] == {"face": ["grin", "возраст"], "specs": ["specs"]}
    assert info["branches"] == ["face", "specs", "rest"]
    assert info["eyes"] == [[0.39, 0.45], [0.61, 0.45]]
    data = info["data"]
    assert data["examples"] == {"train": 9, "test": 2} and data["left_out"] == {"the file is empty": 1}
    assert set(data["scales"]) == {"возраст"} and data["data_path"] == str(folder)
    assert len(list((run / "samples").iterdir())) >= 1  # labels in letters that are not Latin
    flags_text = (run / "flags.cfg").read_text()
    assert "--group=face=grin,возраст\n--group=specs=specs\n" in flags_text and flags_of(run)["data_path"] == str(
        folder
    )


def test_what_evaluation_needs_comes_back_from_the_run(run):
    info = json.loads((run / "model.json").read_text())
    test = Source.recorded(info, data_dir=str(run.parent / "data")).read("test", 32)
    assert test.images.shape == (2, 32, 32, 3) and test.attributes == tuple(NAMES)
    assert list(test.extras["name"]) == ["10.png", "11.png"]


def test_a_morph_along_an_attribute_of_ones_own(run, folder, tmp_path, capsys):
    flags.FLAGS.unparse_flags()
    given = {"model": run, "source": folder / "10.png", "target": folder / "11.png", "out": tmp_path / "out.png"}
    try:
        flags.FLAGS(
            ["morph", *(f"--{name}={value}" for name, value in given.items()), "--no_align", "--strength=grin=1"]
        )
        morph.main(["morph"])
    finally:
        for name in (*given, "strength", "no_align"):
            flags.FLAGS[name].unparse()
    assert "path, 9 steps" in capsys.readouterr().out
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size[0] > 9 * 96


def test_the_same_command_goes_on_and_other_groups_do_not(run):
    said = complaint(train(f"--flagfile={run / 'flags.cfg'}", "--steps=3", "--group=more=specs"))
    assert re.search("--group=more=specs: specs is in specs already", said)
    ended = train(f"--flagfile={run / 'flags.cfg'}", "--steps=3")
    assert ended.returncode == 0, ended.stderr
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["step"] == 5


def test_a_refused_training_says_what_it_would_not_learn_and_makes_no_folder(folder, tmp_path):
    given = (*TINY, "--dataset=labelled_folder", f"--data_path={folder}", f"--data_dir={tmp_path}", "--group=a=grin")
    said = complaint(train(*given, f"--run_dir={folder / 'run'}"))
    assert "lies inside --data_path" in said and not (folder / "run").exists()
    ended = train(*given, f"--run_dir={tmp_path / 'run'}", "--batch_size=3")
    assert complaint(ended).startswith("error: --batch_size=3:") and not (tmp_path / "run").exists()
    assert "\nin no branch, so no morph moves them: specs, возраст; --group makes branches\n" in ended.stderr


def test_check_data(folder, tmp_path):
    ended = train("--check_data", "--image_size=32", *OWN, f"--data_path={folder}")
    assert ended.returncode == 0, ended.stderr
    assert "  train               9\n" in ended.stdout and "0.png: the file is empty" in ended.stdout
    assert re.search(r"возраст +[\d.]+ +- +[\d.]+  mean, from [\d.]+ to [\d.]+\n", ended.stdout)
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "a.jpg").write_bytes(b"hello")
    ended = train("--check_data", "--dataset=labelled_folder", f"--data_path={tmp_path}")
    assert "no image that can be read: 1\n" in ended.stdout
    assert complaint(ended).startswith("error: --dataset=labelled_folder: no picture of the training split can be used")
