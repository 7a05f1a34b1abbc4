"""Folders of pictures as prepared sets: read through Source, kept, told in model.json."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import content, labelled, plain, put
from tf_homo.data import listed, memory
from tf_homo.data.sets import Source
from tf_homo.errors import InputError

RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def folder(tmp_path):
    """Three pictures to train on, one for tests; one empty and one missing."""
    folder = labelled(tmp_path / "mine")
    text = (folder / "labels.csv").read_text().replace("d.png,0,50,train", "d.png,0,50,test")
    (folder / "labels.csv").write_text(text + "e.png,1,10,train\nf.png,1,10,train\n")
    put(folder, "e.png", b"")
    return folder


@pytest.fixture
def source(folder, tmp_path):
    return Source("labelled_folder", data_path=str(folder), data_dir=str(tmp_path / "data"))


def test_examples(source, folder):
    train, test = source.read("train", 8), source.read("test", 8)
    assert train.attributes == ("grin", "age")
    np.testing.assert_array_equal(train.images[:, 3, 3], [RED, LIME, BLUE])
    np.testing.assert_allclose(train.labels, [[1, 0], [0, 0.5], [1, 1]])
    np.testing.assert_allclose(test.labels, [[0, 1]])  # 50, where training ends at 30
    assert list(train.extras["name"]) == ["a.png", "b.png", "c.png"]
    assert "identity" not in train.extras
    assert train.about.pop("content") != test.about["content"]
    assert train.about == {
        "dataset": "labelled_folder", "labels": "attributes", "data_path": str(folder),
        "examples": {"train": 3, "test": 1}, "scales": {"age": [10.0, 30.0]},
        "left_out": {"row without a picture": 1, "the file is empty": 1},
    }  # fmt: skip
    mend = "put pictures into it: write validation into the column split of its table, or put folders of classes into v"
    with pytest.raises(InputError, match=f"split validation of labelled_folder is empty; {mend}"):
        source.read("validation", 8)


def test_what_is_left_out_and_changed_is_said_each_time_and_kept(source, folder, capfd):
    put(folder, "b.png", content(Image.new("L", (8, 8))))
    first = source.read("train", 8)
    said, line = capfd.readouterr().err, "labelled_folder: left out: 1 row without a picture, 1 the file is empty; "
    assert f"{line}changed: 1 grey\n" in said
    assert "split: 50" not in said and "age: values beyond 10 to 30, its range in the training split: 1" in said
    again = source.read("train", 8)
    assert capfd.readouterr().err == f"{line}changed: 1 grey\n"
    assert again.about == first.about


def test_where_nothing_is_left_out_nothing_is_said(tmp_path, capfd):
    source = Source("labelled_folder", data_path=str(labelled(tmp_path / "mine")), data_dir=str(tmp_path / "data"))
    source.read("train", 8)
    assert "labelled_folder:" not in capfd.readouterr().err


def test_a_file_that_may_be_read_again_is(source, folder, monkeypatch):
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("b.png") and access(path, mode))
    first = source.read("train", 8)
    assert len(first) == 2 and first.about["left_out"]["may not be read"] == 1
    monkeypatch.undo()
    again = source.read("train", 8)
    assert len(again) == 3 and "may not be read" not in again.about["left_out"]


def test_preparing_shows_one_bar_and_no_names(source, capfd, caplog):
    source.read("train", 8)
    said, shown = capfd.readouterr()
    assert "| 5/5 [" in shown and "splits" not in shown and ".png" not in said + shown + caplog.text
    assert said == "" and "ListedConfig" not in shown + caplog.text


def test_a_set_is_prepared_again_only_where_something_changed(source, folder, monkeypatch):
    made = []
    pictures = listed.pictures
    monkeypatch.setattr(listed, "pictures", lambda *args: made.append(args) or pictures(*args))
    content_of = [source.read("train", 8).about["content"] for _ in range(2)]
    assert len(made) == 3  # one for each split
    put(folder, "a.png", plain("blue", (9, 9)))
    content_of.append(source.read("train", 8).about["content"])
    assert len(made) == 6
    assert content_of[0] == content_of[1] != content_of[2]


def test_the_same_pictures_elsewhere_are_the_same_content(source, folder, tmp_path):
    before = source.read("train", 8).about
    moved = folder.rename(tmp_path / "moved")
    for name in "abc":
        (moved / f"{name}.png").touch()
    after = dataclasses.replace(source, data_path=str(moved)).read("train", 8).about
    assert before["content"] == after["content"] and before["data_path"] != after["data_path"]


def test_a_set_without_one_usable_picture_is_refused(source, folder):
    for path in folder.glob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="labelled_folder: no picture can be used; --check_data tells why"):
        source.read("train", 8)
    assert not [path for path in Path(source.data_dir).rglob("*") if path.is_file()]


def test_attributes_can_be_chosen_and_put_in_order(source):
    whole = source.read("train", 8)
    turned = dataclasses.replace(source, attributes=("age", "grin")).read("train", 8)
    assert turned.attributes == ("age", "grin")
    np.testing.assert_array_equal(turned.labels, whole.labels[:, ::-1])
    alone = dataclasses.replace(source, attributes=("grin",)).read("train", 8)
    assert alone.labels.shape == (3, 1) and alone.about["scales"] == {}


def test_a_source_comes_back_from_model_json(source, tmp_path):
    chosen = dataclasses.replace(source, attributes=("age",))
    examples = chosen.read("train", 8)
    info = json.loads(json.dumps({"data": examples.about, "attributes": examples.attributes}))
    again = Source.recorded(info, data_dir=source.data_dir)
    assert again == chosen
    np.testing.assert_array_equal(again.read("test", 8).images[:, 0, 0], [WHITE])
    assert Source.recorded(info, data_path="other").data_path == "other"


def test_a_drawn_source_comes_back_from_an_older_model_json():
    data = {"dataset": "drawn_faces", "labels": "strengths", "seed": 4, "counts": [6, 2, 3]}
    assert Source.recorded({"data": data}) == Source(labels="strengths", seed=4, counts=(6, 2, 3))


def test_many_pictures_are_mapped(source, monkeypatch):
    before = source.read("train", 8)
    monkeypatch.setattr(memory, "MAPPED", 100)
    after = source.read("train", 8)
    assert isinstance(after.images, np.memmap) and not isinstance(before.images, np.memmap)
    np.testing.assert_array_equal(before.images, after.images)
    np.testing.assert_array_equal(before.labels, after.labels)


def test_identities(tmp_path):
    from tests.data.test_celeba_folder import unpacked

    source = Source("celeba_folder", data_path=str(unpacked(tmp_path)), data_dir=str(tmp_path / "data"))
    train, test = source.read("train", 8), source.read("test", 8)
    assert list(train.extras["identity"]) == [7, 7] and list(test.extras["identity"]) == [9]
    assert train.labels.shape == (2, 40)


def test_pictures_keep_every_pixel(source, folder):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    put(folder, "a.png", content(Image.fromarray(pixels)))
    np.testing.assert_array_equal(source.read("train", 8).images[0], pixels)
