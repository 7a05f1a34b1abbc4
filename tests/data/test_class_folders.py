"""Folders as classes and as splits."""

import numpy as np

from tests.data.pictures import put
from tf_homo.data.labelled_folder import listing, split_of


def test_one_folder_a_class(tmp_path):
    for name in ("cats/1.png", "cats/deep/2.png", "dogs/3.png"):
        put(tmp_path, name)
    put(tmp_path, "stray.png")
    (tmp_path / "birds").mkdir()
    found = listing(tmp_path)
    assert found.attributes == ("cats", "dogs")
    np.testing.assert_array_equal(found.labels, [[1, 0], [1, 0], [0, 1]])
    assert found.splits == [split_of(name) for name in found.names]
    assert dict(found.left_out.counts) == {"picture outside every class folder": 1}
    assert found.remarks == ["folders without a picture, which are no classes: birds"]


def test_a_class_folder_tells_what_is_no_picture_there_and_a_table_not_read(tmp_path):
    for name in ("train/cats/1.png", "train/dogs/2.png", "train/dogs/3", "train/birds/4.cr2", "train/cats/labels.tsv"):
        put(tmp_path, name)
    (tmp_path / "train" / ".thumbs").mkdir()
    found = listing(tmp_path)
    assert dict(found.left_out.counts) == {"not called like a picture": 2}
    table = "train/cats/labels.tsv"
    assert found.remarks == [
        f"{table} is not read, as folders are the classes; give --labels_file={table} if it is the table",
        "folders without a picture, which are no classes: train/birds",
    ]


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train/1.png", "plane/2.png"):
        put(tmp_path, name)
    assert listing(tmp_path).attributes == ("plane", "train")


def test_one_folder_a_split_and_a_class(tmp_path):
    for name in ("train/cats/1.png", "train/dogs/2.png", "val/cats/3.png", "Test/dogs/4.png"):
        put(tmp_path, name)
    put(tmp_path, "stray.png")
    found = listing(tmp_path)
    assert found.attributes == ("cats", "dogs")
    assert dict(zip(found.names, found.splits, strict=True)) == {
        "train/cats/1.png": "train", "train/dogs/2.png": "train", "val/cats/3.png": "validation",
        "Test/dogs/4.png": "test",
    }  # fmt: skip
    assert dict(found.left_out.counts) == {"picture outside every class folder": 1}


def test_the_folders_of_cyclegan(tmp_path):
    for name in ("trainA/1.png", "trainB/2.png", "testA/3.png", "testB/more/4.png"):
        put(tmp_path, name)
    found = listing(tmp_path)
    assert found.attributes == ("A", "B")
    assert dict(zip(found.names, map(tuple, found.labels), strict=True)) == {
        "trainA/1.png": (1, 0), "trainB/2.png": (0, 1), "testA/3.png": (1, 0), "testB/more/4.png": (0, 1),
    }  # fmt: skip
    assert sorted(found.splits) == ["test", "test", "train", "train"]
