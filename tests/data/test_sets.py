"""Data sets by name."""

import dataclasses

import numpy as np
import pytest

from tests.data.pictures import labelled
from tf_homo.data import drawing
from tf_homo.data.sets import Source
from tf_homo.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("dataset", ["drawn_faces", "celeb_a", "labelled_folder"])
def test_a_place_that_cannot_be_made_is_refused_by_its_flag(tmp_path, dataset):
    (tmp_path / "file").write_text("")
    path = str(labelled(tmp_path / "mine")) if dataset == "labelled_folder" else None
    source = Source(dataset, counts=(1, 1, 1), data_path=path, data_dir=str(tmp_path / "file"))
    with pytest.raises(InputError, match="^--data_dir=.*file: cannot be made .*; name another folder$"):
        source.read("train", 64)


@pytest.mark.parametrize(("labels", "values"), [("attributes", {0.0, 1.0}), ("strengths", None)])
def test_drawn_faces(folder, labels, values):
    source = Source(labels=labels, seed=4, counts=(6, 2, 3), data_dir=folder)
    train, test = source.read("train", 32), source.read("test", 32)
    assert train.images.shape == (6, 32, 32, 3) and train.images.dtype == np.uint8
    assert train.labels.shape == (6, 18) and train.labels.dtype == np.float32
    assert train.labels.min() >= 0 and train.labels.max() <= 1
    assert values is None or set(np.unique(train.labels)) <= values
    assert train.attributes == tuple(drawing.ATTRIBUTES)
    assert train.extras["landmarks"].shape == (6, 5, 2) and train.extras["mask"].shape == (6, 32, 32, 1)
    assert train.about == {"dataset": "drawn_faces", "labels": labels, "seed": 4, "counts": [6, 2, 3]}
    assert len(test) == 3
    np.testing.assert_array_equal(source.read("train", 32).images, train.images)


def test_labels_are_strengths_taken_to_be_there_or_not(folder):
    sources = [
        Source(labels=labels, seed=4, counts=(6, 2, 3), data_dir=folder) for labels in ("attributes", "strengths")
    ]
    there, how_much = (source.read("train", 32) for source in sources)
    np.testing.assert_array_equal(there.labels, how_much.extras["attributes"])
    np.testing.assert_array_equal(how_much.labels, there.extras["strengths"])


@pytest.mark.parametrize(
    ("options", "size", "message"),
    [
        ({"attributes": ("Smirk",)}, 32, "--attributes: 'Smirk' is no attribute; there are Smiling, "),
        ({"attributes": ("Male", "Male")}, 32, "--attributes: 'Male' is named twice"),
        ({"data_path": "x"}, 32, "--data_path=x: is for --dataset=celeba_folder or labelled"),
        ({"dataset": "celeba_folder"}, 32, "--data_path: is missing; name the folder"),
        ({"dataset": "celeba_folder", "data_path": "none"}, 32, "--data_path=none: no such folder"),
        ({"dataset": "labelled_folder", "data_path": ".", "labels": "strengths"}, 32, "--labels=strengths: only drawn"),
        ({"dataset": "celeba_folder", "data_path": ".", "labels_file": "x"}, 32, "--labels_file=x: is for"),
        ({"eyes": (0.4, 0.4, 0.6, 0.4)}, 32, "--eyes=0.4,0.4,0.6,0.4: is for --dataset=labelled_folder, not drawn"),
        (
            {"dataset": "labelled_folder", "data_path": ".", "eyes": (0.4, 0.4, 0.6)},
            32,
            "--eyes=0.4,0.4,0.6: must be x,y of",
        ),
        (
            {"dataset": "labelled_folder", "data_path": ".", "eyes": (0.6, 0.4, 0.4, 0.4)},
            32,
            "--eyes=.*: must be x,y of the eye",
        ),
        (
            {"dataset": "labelled_folder", "data_path": ".", "eyes": (39, 45, 61, 45)},
            32,
            "--eyes=.*each between 0 and 1",
        ),
        ({"dataset": "cats"}, 32, "--dataset: no data set is called 'cats'; there are drawn_faces"),
        ({}, 48, "--image_size=48: drawn_faces has 32, 64, 128"),
        ({"counts": (0, 1, 1)}, 32, "train"),
        ({"seed": -1}, 32, "seed"),
    ],
)
def test_what_is_wrong_is_said(folder, options, size, message):
    with pytest.raises(InputError, match=message):
        Source(**options, data_dir=folder).read("train", size)


def test_attributes_can_be_chosen(folder):
    source = Source(seed=4, counts=(6, 2, 3), data_dir=folder)
    whole, some = source.read("train", 32), dataclasses.replace(source, attributes=("Young", "Male")).read("train", 32)
    assert some.attributes == ("Young", "Male") and some.about == whole.about
    places = [whole.attributes.index(name) for name in some.attributes]
    np.testing.assert_array_equal(some.labels, whole.labels[:, places])
