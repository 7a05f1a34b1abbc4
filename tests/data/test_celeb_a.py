"""CelebA by TFDS's own builder, from files that are there, and what is said where it cannot be had."""

import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tf_homo.attributes import CELEBA
from tf_homo.data import celeb_a, check
from tf_homo.data.sets import Source
from tf_homo.errors import InputError


def test_what_cannot_be_had_names_the_way_out(tmp_path, monkeypatch):
    def refused(*args, **kwargs):
        raise ConnectionError("quota\nexceeded")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", refused)
    with pytest.raises(
        InputError, match=r"--dataset=celeb_a: could not be had \(ConnectionError: quota exceeded\)"
    ) as e:
        Source("celeb_a", data_dir=str(tmp_path)).read("train", 64)
    assert "--dataset=celeba_folder --data_path=" in str(e.value) and "\n" not in str(e.value)


@pytest.mark.parametrize("terminal", [False, True])
def test_bars_are_for_terminals(tmp_path, monkeypatch, capsys, terminal):
    def shown(*args, **kwargs):
        print("a bar")
        raise ConnectionError("quota exceeded")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", shown)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with pytest.raises(InputError):
        celeb_a.prepare(str(tmp_path))
    said, shown = capsys.readouterr()
    assert bool(said) == terminal
    assert shown == "celeb_a: is fetched by TensorFlow Datasets; without a network it gives up after minutes\n"


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """As TFDS writes it, from two pictures a split that stand for what it fetches."""
    builder = tfds.builder("celeb_a", data_dir=str(tmp_path))
    places = np.indices((218, 178)).transpose(1, 2, 0).astype(np.uint8)
    picture = np.concatenate([places, places[..., :1]], axis=-1)

    def examples(place):
        for number in range(2):
            features = {name: dict.fromkeys(builder.info.features[name], 0) for name in ("landmarks", "identity")}
            features["identity"]["Identity_No"] = 10 * place + number
            labels = {name: name == CELEBA[number] for name in CELEBA}
            yield f"{number}", {"image": picture, "attributes": labels, **features}

    splits = {split: examples(place) for place, split in enumerate(("train", "validation", "test"))}
    monkeypatch.setattr(builder, "_split_generators", lambda *args: splits)
    builder.download_and_prepare()
    monkeypatch.undo()


def test_a_check_tells_the_size_that_is_kept(prepared, tmp_path, capsys):
    check.run(Source("celeb_a", data_dir=str(tmp_path)), 32, None)
    said = capsys.readouterr().out
    assert "  178x218: 6\n" in said and "the middle is kept: 6; enlarged to 32: 0\n" in said


def test_a_prepared_set_is_read(prepared, tmp_path):
    found = Source("celeb_a", data_dir=str(tmp_path)).read("test", 178)
    assert found.attributes == CELEBA
    np.testing.assert_array_equal(np.sort(found.labels, axis=0), np.sort(np.eye(2, 40), axis=0))
    assert sorted(found.extras["identity"]) == [20, 21]
    assert np.abs(found.images[0][..., 0].astype(int) - np.arange(20, 198)[:, None]).mean() < 3  # JPEG, rows 20 to 198
    assert found.about == {
        "dataset": "celeb_a", "labels": "attributes", "examples": {"train": 2, "validation": 2, "test": 2},
    }  # fmt: skip
    small = Source("celeb_a", data_dir=str(tmp_path), attributes=("Young", "Bald")).read("train", 32)
    assert small.images.shape == (2, 32, 32, 3) and small.labels.shape == (2, 2)
