import json

import numpy as np
import pytest

from tf_homo.data import drawing
from tf_homo.errors import InputError
from tf_homo.metrics import reader


@pytest.fixture(scope="module")
def carried():
    return reader.load()


def test_reads_every_attribute_of_faces_it_has_not_seen(carried):
    images, strengths = reader.faces(60, 64, "test", seed=99)
    read, features = carried.read(images)
    assert (read.shape, len(features)) == ((60, 18), 60)
    error = np.abs(np.clip(read, 0, 1) - strengths).mean(0)
    assert error.mean() < 0.07
    assert dict(zip(drawing.ATTRIBUTES, error, strict=True)) == {
        name: pytest.approx(0, abs=0.15) for name in drawing.ATTRIBUTES
    }


def test_its_record_says_who_it_is(carried):
    assert carried.about["seed"] == reader.SEED
    assert carried.about["name"] == reader.FEATURES
    assert list(carried.about["error"]) == list(drawing.ATTRIBUTES)
    assert max(carried.about["error"].values()) < 0.10
    size = sum(file.stat().st_size for file in reader.CARRIED.iterdir())
    assert size < 1.5e6


def test_floats_bytes_and_batches_are_one(carried):
    images = reader.faces(5, 64, "test")[0]
    whole, features = carried.read(images)
    np.testing.assert_allclose(carried.read(images / np.float32(255))[0], whole, atol=1e-5)
    parts, part_features = carried.read(images, batch=2)
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    np.testing.assert_allclose(part_features, features, atol=1e-5)


@pytest.mark.parametrize("size", [32, 128])
def test_other_sizes(carried, size):
    images, strengths = reader.faces(30, size, "test")
    assert np.abs(np.clip(carried.read(images)[0], 0, 1) - strengths).mean() < 0.14


def test_faces_between_others():
    images, strengths = reader.faces(4, 32, "train")
    assert (images.shape, images.dtype) == ((4, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(reader.faces(4, 32, "train")[0], images)
    inner = (strengths > 0.01) & (strengths < 0.99)
    assert inner[1::2].mean() > inner[::2].mean() + 0.2


def test_made_kept_and_loaded(tmp_path):
    network = reader.build()
    before = network.get_weights()[0].copy()
    reader.train(network, *reader.faces(64, 64, "train"), steps=2, rate=1e-3)
    assert (network.get_weights()[0] != before).any()
    reader.save(network, {"name": "x"}, tmp_path / "new")
    kept = reader.load(tmp_path / "new")
    assert kept.about == {"name": "x"}
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["reader.json", "reader.npz"]
    images = reader.faces(3, 64, "test")[0]
    np.testing.assert_allclose(kept.read(images)[0], network(images / np.float32(255))[0], atol=0.01)


def test_finished_reader_is_measured_as_it_is_kept_and_then_written_once(tmp_path, monkeypatch):
    folder, images, seen = tmp_path / "new", reader.faces(2, 64, "test")[0], []

    def measure(measured, size, count):
        assert not folder.exists()
        seen.append(measured.read(images)[0])
        return np.full(len(drawing.ATTRIBUTES), 0.25)

    monkeypatch.setattr(reader, "mean_errors", measure)
    reader.finish(reader.build(), {"name": "x"}, folder)
    kept = reader.load(folder)
    np.testing.assert_array_equal(kept.read(images)[0], seen[0])
    assert kept.about["name"] == "x"
    assert kept.about["error"] == dict.fromkeys(drawing.ATTRIBUTES, 0.25)
    assert (kept.about["error_mean"], kept.about["error_mean_at_size"]) == (0.25, {"32": 0.25, "128": 0.25})


def test_bad_folders(tmp_path):
    with pytest.raises(InputError, match="reader.json: missing; make it with"):
        reader.load(tmp_path)
    (tmp_path / "reader.json").write_text(json.dumps({"name": "x"}))
    np.savez(tmp_path / "reader.npz", a=np.zeros(3))
    whole = (tmp_path / "reader.npz").read_bytes()
    with pytest.raises(InputError, match="no reader of this version"):
        reader.load(tmp_path)
    for cut in (0, 10, len(whole) // 2):
        (tmp_path / "reader.npz").write_bytes(whole[:cut])
        with pytest.raises(InputError, match="no reader of this version"):
            reader.load(tmp_path)
    with pytest.raises(InputError, match="reader.json: missing"):
        reader.load(tmp_path / "reader.json")


@pytest.mark.parametrize("about", ["[]", "{}", "{", '"x"'])
def test_a_reader_without_a_name_is_none(tmp_path, about):
    reader.save(reader.build(), {"name": "x"}, tmp_path)
    (tmp_path / "reader.json").write_text(about)
    with pytest.raises(InputError, match="no reader of this version"):
        reader.load(tmp_path)
