"""Files that appear whole or not at all."""

import os

import pytest

from tf_homo import files
from tf_homo.errors import InputError


def test_a_file_appears_when_it_is_done(tmp_path):
    path = tmp_path / "a.png"
    with files.whole(path) as partial:
        assert partial.endswith(".png")
        with open(partial, "w") as file:
            file.write("new")
        assert not path.exists()
    assert os.listdir(tmp_path) == ["a.png"] and path.read_text() == "new"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"one": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"one": float("nan")})
    with pytest.raises(RuntimeError), files.whole(path) as partial:
        with open(partial, "w") as file:
            file.write("half")
        raise RuntimeError
    assert os.listdir(tmp_path) == ["a.json"] and path.read_text() == '{\n "one": 1\n}\n'


def test_places_that_flags_name_are_made(tmp_path):
    assert files.output_folder("output_dir", str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert files.output_file("output", tmp_path / "c" / "m.json") == tmp_path / "c" / "m.json"
    assert sorted(os.listdir(tmp_path)) == ["a", "c"]
    assert os.listdir(tmp_path / "a") == ["b"] and not os.listdir(tmp_path / "c")


@pytest.mark.parametrize(
    ("output", "place", "why"),
    [
        (files.output_folder, "file", "cannot be made"),
        (files.output_folder, "file/x/y", "cannot be made"),
        (files.output_folder, "closed", "may not be written to"),
        (files.output_file, "file/m.json", "cannot be made"),
        (files.output_file, "closed/m.json", "may not be written to"),
        (files.output_file, "closed", "is a folder"),
    ],
)
def test_places_that_cannot_be_written_are_named_in_one_line(tmp_path, monkeypatch, output, place, why):
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path / "closed")  # root may write anywhere
    with pytest.raises(InputError) as error:
        output("to", tmp_path / place)
    assert str(error.value).startswith(f"--to={tmp_path / place}: {why}")
    assert "\n" not in str(error.value)
