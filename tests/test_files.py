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
    files.check_output_folder("output_dir", tmp_path / "d" / "e")
    assert sorted(os.listdir(tmp_path)) == ["a", "c"]
    assert os.listdir(tmp_path / "a") == ["b"] and not os.listdir(tmp_path / "c")


@pytest.mark.parametrize(
    ("output", "place", "why"),
    [
        (files.output_folder, "file", "cannot be made"),
        (files.output_folder, "file/x/y", "cannot be made"),
        (files.output_folder, "closed", "may not be written to"),
        (files.check_output_folder, "file/x/y", "cannot be made"),
        (files.check_output_folder, "closed/x/y", "may not be written to"),
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


NAMES = ("a.json", "faces/[0-9]*.png")


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def listed(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


@pytest.mark.parametrize("older", [(), ("a.json", "faces/0.png", "faces/1.png")])
def test_a_folder_appears_whole_and_replaces_its_like(tmp_path, older):
    (tmp_path / "to").mkdir()
    fill(tmp_path / "to", *older)
    (tmp_path / "link").symlink_to("to")
    with files.whole_folder("to", tmp_path / "link", NAMES) as partial:
        fill(partial, "a.json", "faces/7.png")
        assert listed(tmp_path / "to") == sorted(older)
    assert listed(tmp_path) == ["link", "to/a.json", "to/faces/7.png"]


@pytest.mark.parametrize(
    "older",
    [
        ("a.json",),  # of a version without faces
        ("a.json", "faces/0.png", ".DS_Store", "faces/Thumbs.db"),
        ("a.json", "a.json.gz", "faces/0.png", "faces/0.png.br"),
        (".DS_Store",),
    ],
)
def test_an_older_folder_known_by_its_marks_is_replaced_and_litter_does_not_count(tmp_path, older):
    fill(tmp_path / "to", *older)
    with files.whole_folder("to", tmp_path / "to", NAMES, marks=("a.json",)) as partial:
        fill(partial, "a.json", "faces/7.png")
    assert listed(tmp_path) == ["to/a.json", "to/faces/7.png"]


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (["faces/0.png"], "has no a.json"),
        (["a.json", "notes.txt.gz"], "holds notes.txt.gz"),
        (["a.json.gz"], "has no a.json"),
        (["a.json", "faces/7/holiday.png"], "holds faces/7/holiday.png"),
        (["a.json", ".git/config"], "holds .git/config"),
    ],
)
def test_a_folder_without_the_marks_or_with_files_of_somebody_else_is_refused(tmp_path, held, why):
    fill(tmp_path / "to", *held)
    with pytest.raises(InputError, match=f"^--to=.*to: {why}, so it is .*; name another folder or delete it$"):
        files.whole_folder("to", tmp_path / "to", NAMES, marks=("a.json",)).__enter__()
    assert listed(tmp_path / "to") == sorted(held)


@pytest.mark.parametrize("older", [None, ("a.json", "faces/0.png")])
def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path, older):
    fill(tmp_path / "to", *(older or ()))
    with pytest.raises(RuntimeError), files.whole_folder("to", tmp_path / "to", NAMES) as partial:
        fill(partial, "a.json")
        raise RuntimeError
    assert listed(tmp_path) == [f"to/{name}" for name in older or ()]


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (["a.json"], r"has no faces/\[0-9\]\*.png"),
        (["a.json", "faces/0.png", "checkpoints/1"], "holds checkpoints/1"),
        (["a.json", "faces/0.png", "faces/holiday.png"], "holds faces/holiday.png"),
    ],
)
def test_a_folder_of_something_else_is_refused(tmp_path, held, why):
    fill(tmp_path / "to", *held)
    with pytest.raises(InputError, match=f"^--to=.*to: {why}, so it is something else"):
        files.whole_folder("to", tmp_path / "to", NAMES).__enter__()
    assert listed(tmp_path / "to") == sorted(held)


def test_a_file_a_link_in_it_and_the_folder_one_is_in_are_refused(tmp_path, monkeypatch):
    fill(tmp_path, "file", "to/a.json", "to/faces/0.png", "own/1.png")
    (tmp_path / "to" / "more").symlink_to(tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    for place, why in (("../file", "is no folder"), ("../to", "holds more"), (".", "is in use"), ("..", "is in use")):
        with pytest.raises(InputError, match=f"^--to={place}: {why}"):
            files.whole_folder("to", place, NAMES).__enter__()
    assert listed(tmp_path) == ["file", "own/1.png", "to/a.json", "to/faces/0.png", "to/more"]
