"""Files that appear whole or not at all."""

import os

import pytest

from tf_homo import files


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
