"""A reader made by the program, of pictures in a folder."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

from tf_homo.errors import InputError
from tf_homo.metrics import photo_reader, photos, reader


@pytest.fixture
def folder(tmp_path):
    """Light and dark pictures, a class each, in two parts."""
    rng = np.random.default_rng(0)
    rows = ["file,light,split"]
    for index in range(96):
        light = index % 2
        picture = rng.integers(0, 100, (64, 64, 3), np.uint8) + np.uint8(150 * light)
        Image.fromarray(picture).save(tmp_path / f"{index}.png")
        rows.append(f"{index}.png,{light},{'test' if index >= 64 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def run(*args):
    with flagsaver.flagsaver():
        flags.FLAGS(["photo_reader", *args])
        photo_reader.main(["photo_reader"])


def test_reads_what_it_was_made_for(folder, tmp_path, capsys):
    run("--dataset=labelled_folder", f"--data_path={folder}", f"--data_dir={tmp_path / 'data'}",
        f"--output_dir={tmp_path / 'out'}", "--photo_reader_steps=80")  # fmt: skip
    made = reader.load(tmp_path / "out")
    assert made.attributes == ("light",) and made.about["name"] == "reader_labelled_folder"
    test = photos.source_of(made.about, data_dir=str(tmp_path / "data")).read("test", 64)
    read, features = made.read(test.images)
    assert read.shape == (32, 1) and len(features) == 32
    assert made.about["accuracy"]["light"] == ((read > 0.5) == (test.labels > 0.5)).mean() > 0.9
    assert "right 1.000, always the same 0.500" in capsys.readouterr().out


def test_nothing_is_trained_or_made_where_there_is_no_test_part(folder, tmp_path, monkeypatch):
    table = folder / "labels.csv"
    table.write_text(table.read_text().replace(",test", ",train"))
    monkeypatch.setattr(photo_reader, "trained", lambda *_: pytest.fail("trained"))
    with pytest.raises(InputError, match="split test of labelled_folder is empty"):
        run("--dataset=labelled_folder", f"--data_path={folder}", f"--data_dir={tmp_path / 'data'}",
            f"--output_dir={tmp_path / 'out'}")  # fmt: skip
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flag", ["--batch_size=8", "--group=a=light", "--seed=3", "--check_data"])
def test_flags_of_a_training_that_mean_nothing_here_are_refused(folder, flag):
    with pytest.raises(InputError, match=f"{flag.partition('=')[0]}: has no effect on a reader of photos; leave it"):
        run("--dataset=labelled_folder", f"--data_path={folder}", "--output_dir=x", flag)


def test_the_command_ends_with_2_and_one_line(tmp_path):
    command = [sys.executable, "-m", "tf_homo.metrics.photo_reader", "--dataset=labelled_folder", "--output_dir=x"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])
    assert ended.returncode == 2
    assert ended.stderr == "error: --data_path: is missing; name the folder of the pictures for labelled_folder\n"


def test_the_drawn_faces_have_theirs():
    with pytest.raises(InputError, match="--dataset=drawn_faces: has a reader that is carried along"):
        run("--output_dir=x")
    with pytest.raises(InputError, match="--output_dir is missing"):
        run("--dataset=labelled_folder")
