import pytest

from export import fixed
from export.android import assets
from export.parity import ExportError
from tf_homo import serving
from tf_homo.errors import InputError


def test_older_assets_are_replaced_whole(tmp_path):
    folder = tmp_path / "src" / "assets"
    assets.write(folder)
    (folder / "morph.json").write_text("{}")
    assets.write(folder)
    assert (folder / "morph.json").stat().st_size > 2
    assert {path.name for path in folder.iterdir()} == {"morph.tflite", "morph.json", "0.png", "1.png"}
    assert [path.name for path in folder.parent.iterdir()] == ["assets"]


@pytest.mark.parametrize("files", [["thesis.tex"], ["morph.json", "morph.tflite"], [*assets.NAMES, "checkpoints"]])
def test_a_folder_of_something_else_is_left_alone(tmp_path, files):
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="so it is something else"):
        assets.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(files)


@pytest.mark.parametrize("faces", [["drawn_faces:1"], ["drawn_faces:1"] * 3])
def test_two_faces_are_asked_for(tmp_path, faces):
    with pytest.raises(InputError, match="--faces=drawn_faces:1.*: give two"):
        assets.write(tmp_path / "assets", faces=faces)


def test_nothing_is_left_of_a_model_that_is_no_sum_of_branches(tmp_path, monkeypatch):
    def bent(model=None):
        morpher = serving.load(model)
        interpolate = morpher.interpolate
        morpher.interpolate = lambda source, target, strength: interpolate(source, target, strength**2)
        return morpher

    monkeypatch.setattr(fixed, "load", bent)
    with pytest.raises(ExportError, match="no sum of branches; nothing was written"):
        assets.write(tmp_path / "assets")
    assert not list(tmp_path.iterdir())
