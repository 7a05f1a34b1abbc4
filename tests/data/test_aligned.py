"""Photos as they come, aligned for training: drawn faces that are really found, and pictures without just one."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import content, plain, put, table
from tests.test_faces import error, placed
from tf_homo import alignment, faces
from tf_homo.data import check
from tf_homo.data.sets import Source
from tf_homo.errors import InputError

EYES = (0.3, 0.4, 0.7, 0.4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tilted face to train on; no face, two faces and half a face."""
    folder = tmp_path_factory.mktemp("photos")
    two = np.concatenate([placed(index, 0, 40, (90, 90), 200, 180)[0] for index in (1, 2)], axis=1)
    cut = placed(3, 0, 60, (140, 120), 280, 280)[0][:195]
    for name, pixels in {"a": placed(2, 15, 50, (150, 130), 300, 320)[0], "two": two, "cut": cut}.items():
        put(folder, f"{name}.png", content(Image.fromarray(pixels)))
    put(folder, "none.png", plain(size=(200, 200)))
    table(folder, "file,grin,split\na.png,1,train\ntwo.png,1,train\ncut.png,1,train\nnone.png,0,train\n")
    return folder


@pytest.fixture
def source(folder, tmp_path):
    def source(**options):
        options = {"data_path": str(folder), "data_dir": str(tmp_path), "align_faces": True} | options
        return Source("labelled_folder", **options)

    return source


@pytest.mark.parametrize(("eyes", "frame"), [((), alignment.CELEBA), (EYES, alignment.Frame(EYES[:2], EYES[2:]))])
def test_the_eyes_of_each_face_stand_in_the_frame(source, eyes, frame):
    train = source(eyes=eyes).read("train", 256)
    assert list(train.extras["name"]) == ["a.png"]
    (face,) = faces.find(train.images[0])
    assert error(face, np.array(frame) * 256) < 0.1
    assert train.about["left_out"] == {"several faces": 1, "face cut off": 1, "no face": 1}
    info = json.loads(json.dumps({"data": train.about, "attributes": train.attributes}))
    assert alignment.trained_in(info) == frame
    again = Source.recorded(info, data_dir=source().data_dir).read("train", 256)
    assert again.about == train.about


def test_the_report_tells_what_has_no_face(source, capsys):
    check.run(source(), 64, None)
    said = capsys.readouterr().out
    assert "sizes, before their faces are aligned\n  320x300: 1\n\n" in said
    assert "two.png: 2 faces were found; give one that shows one face from the front\n" in said
    assert "cut.png: its face is cut off by the edge;" in said and "no face: 1\n" in said


def test_faces_whose_eyes_may_be_covered_are_counted(source, monkeypatch, capsys):
    check.run(source(), 64, None)
    assert "covered" not in capsys.readouterr().out
    monkeypatch.setattr(faces, "HIDDEN", np.inf)
    check.run(source(), 64, None)
    assert "\nchanged\n  aligned by eyes that may be covered: 1\n" in capsys.readouterr().out


def test_a_photo_without_a_face_scales_no_label(source, tmp_path):
    (tmp_path / "ages.csv").write_text("file,age,split\na.png,20,train\nnone.png,999,train\n")
    ages = {"labels_file": str(tmp_path / "ages.csv")}
    assert source(**ages).listing().scales == {"age": [20, 20]}
    assert source(**ages, align_faces=False).listing().scales == {"age": [20, 999]}


def test_it_is_another_set_than_the_middles(source):
    stamps = {source(**options).listing().stamp for options in ({}, {"eyes": EYES}, {"align_faces": False})}
    assert len(stamps) == 3


def test_it_is_for_pictures_of_ones_own():
    with pytest.raises(InputError, match="--align_faces=True: is for --dataset=labelled_folder, not drawn_faces"):
        Source(align_faces=True).check()
