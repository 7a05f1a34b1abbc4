"""Labels of any numbers, scaled to [0, 1] by what can be trained on."""

import numpy as np
import pytest

from tests.data.pictures import labelled, put, table
from tf_homo.data import check, labelled_folder
from tf_homo.data.labelled_folder import listing


@pytest.fixture
def folder(tmp_path):
    return labelled(tmp_path / "mine")


def test_values_are_scaled_by_the_training_split_alone(folder):
    table(folder, "file,age,split\na.png,10,train\nb.png,30,train\nc.png,20,val\nd.png,50,test\n")
    found = listing(folder)
    np.testing.assert_allclose(found.labels[:, 0], [0, 1, 0.5, 1])
    assert found.scales == {"age": [10, 30]}
    assert found.remarks == ["age: values beyond 10 to 30, its range in the training split: 1"]


@pytest.mark.parametrize("bad", ["999", "-999"])
def test_values_of_pictures_that_cannot_be_used_scale_nothing(folder, bad):
    table(folder, f"file,age,split\na.png,10,train\nb.png,30,train\nc.png,{bad},train\nd.png,20,test\n")
    before = listing(folder)
    put(folder, "c.png", b"")
    found = check.of_listing(listing(folder), 8)
    np.testing.assert_allclose(found.labels["train"][:, 0], [0, 1])
    np.testing.assert_allclose(found.labels["test"][:, 0], [0.5])
    assert found.scales == {"age": [10, 30]} and not found.remarks
    assert dict(found.left_out.counts) == {"the file is empty": 1}
    assert float(bad) in before.scales["age"]


def test_minus_one_alone_is_told_as_it_is_written(folder):
    for last, scales in (("train", {}), ("test", {"a": [-1, 1]})):
        table(folder, f"file,a,split\na.png,-1,train\nb.png,-1,train\nc.png,1,{last}\n")
        found = listing(folder)
        np.testing.assert_array_equal(found.labels[:, 0], [0, 0, 1])
        assert found.scales == scales
    assert check.alike(("a",), found.labels[:2], found.scales)["a"].startswith("a is -1 on every training picture")


def test_another_scale_is_another_stamp(folder, monkeypatch):
    stamps = {listing(folder).stamp}
    monkeypatch.setattr(labelled_folder, "usable", lambda listing, name: name != "d.png")
    assert listing(folder).scales == {"age": [10, 30]}
    assert listing(folder).stamp not in stamps


def test_few_pictures_are_opened_to_scale_and_none_twice(tmp_path, monkeypatch):
    rows = "".join(f"{n}.png,{n % 2},{n},{n * n},train\n" for n in range(50))
    table(tmp_path, f"file,grin,age,square,split\n{rows}")
    for number in range(50):
        put(tmp_path, f"{number}.png")
    opened = []
    monkeypatch.setattr(labelled_folder, "usable", lambda listing, name: opened.append(name) or name != "49.png")
    assert listing(tmp_path).scales == {"age": [0, 48], "square": [0, 48**2]}
    assert opened == ["0.png", "49.png", "48.png"]


def test_where_no_picture_can_be_used_there_is_a_scale(folder, monkeypatch):
    monkeypatch.setattr(labelled_folder, "usable", lambda listing, name: False)
    assert listing(folder).scales == {"age": [10, 50]}
