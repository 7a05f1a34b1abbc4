"""Arrays in memory or mapped from a file: the same rows either way."""

import numpy as np
import pytest

from tf_homo.data import memory
from tf_homo.data.examples import batches

COUNT, SIZE = 7, 4
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, SIZE, SIZE, 3), np.uint8)
REST = {"labels": np.arange(COUNT, dtype=np.float32)[:, None], "name": np.array([f"{i}.png" for i in range(COUNT)])}


def parts():
    for start in (0, 3, 6):
        rows = slice(start, start + 3)
        yield {"image": IMAGES[rows], **{name: array[rows] for name, array in REST.items()}}


def gathered(folder, of=parts):
    return memory.gathered(of(), COUNT, SIZE, folder, "train_4")


@pytest.fixture(params=[memory.MAPPED, 100], ids=["in memory", "mapped"])
def limit(request, monkeypatch):
    monkeypatch.setattr(memory, "MAPPED", request.param)
    return request.param


def test_rows_are_whole_and_in_order(limit, tmp_path):
    found = gathered(tmp_path)
    assert isinstance(found["image"], np.memmap) == (limit == 100)
    np.testing.assert_array_equal(found["image"], IMAGES)
    for name, array in REST.items():
        np.testing.assert_array_equal(found[name], array)
    assert len(list(tmp_path.iterdir())) == (2 if limit == 100 else 0)


def test_a_mapped_file_is_made_once_and_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "MAPPED", 100)

    def broken():
        yield next(parts())
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        gathered(tmp_path, broken)
    assert not list(tmp_path.iterdir())
    gathered(tmp_path)
    again = gathered(tmp_path, broken)
    np.testing.assert_array_equal(again["image"], IMAGES)
    assert not again["image"].flags.writeable


def test_batches_of_a_mapped_file_are_those_of_memory(tmp_path, monkeypatch):
    found = gathered(tmp_path)
    monkeypatch.setattr(memory, "MAPPED", 100)
    mapped = gathered(tmp_path)
    assert isinstance(mapped["image"], np.memmap)
    taken = []
    for arrays in (found, mapped):
        arrays = {name: arrays[name] for name in ("image", "labels")}
        data = batches(arrays, 4, 0, (3, 8), lambda batch, seed: batch)
        assert data.element_spec["image"].shape == (4, SIZE, SIZE, 3)
        taken.append([{name: tensor.numpy() for name, tensor in batch.items()} for batch in data])
    for ours, theirs in zip(*taken, strict=True):
        np.testing.assert_array_equal(ours["image"], theirs["image"])
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])
