"""Translators measured: which way round labels are read, what the numbers of true pictures are, the program."""

import json

import numpy as np
import pytest

from tf_homo import serving
from tf_homo.data import drawing
from tf_homo.data.examples import Examples
from tf_homo.data.sets import Source
from tf_homo.errors import InputError
from tf_homo.metrics import segmentation, translation

PALETTE = np.array(drawing.MASK_COLOURS, np.float32)


class Perfect:
    """A segmenter that knows the answer: pictures are their label maps, inverted."""

    palette = PALETTE
    about = {"data": {"direction": "a_to_b", "dataset": "drawn_masks"}}

    def counts(self, images, truth):
        scale = 255 if images.dtype != np.uint8 else 1
        found = segmentation.nearest((255 - scale * images).round().astype(np.uint8), PALETTE)
        return segmentation.each_confusion(truth, found, len(PALETTE))


@pytest.fixture
def labels():
    """(4, 32, 32, 3): every class somewhere."""
    maps = np.random.default_rng(0).integers(0, len(PALETTE), (4, 8, 8))
    return PALETTE[np.repeat(np.repeat(maps, 4, 1), 4, 2)].astype(np.uint8)


def examples(images, inputs, direction):
    return Examples(images, np.zeros((4, 0), np.float32), (), about={"direction": direction}, inputs=inputs)


def score(made, pairs):
    counts = translation.counts(made, pairs, Perfect())
    assert counts.shape == (4, len(PALETTE), len(PALETTE)) and (counts.sum((1, 2)) == 32 * 32).all()
    return segmentation.score(counts.sum(0))


def test_pictures_are_read_by_the_segmenter_and_labels_by_their_colours(labels):
    pictures = 255 - labels
    to_pictures, to_labels = examples(pictures, labels, "a_to_b"), examples(labels, pictures, "b_to_a")
    for true, pairs in ((pictures, to_pictures), (labels, to_labels)):
        assert score(true, pairs) == score(true / np.float32(255), pairs) == (1, 1, 1)
        assert score(true[::-1], pairs).pixel_accuracy < 0.3


def test_a_segmenter_of_other_labels_is_refused(labels):
    """Photos are no label maps, whichever way round they stand; labels with JPEG's noise are."""
    photos = np.random.default_rng(1).integers(60, 200, labels.shape, np.uint8)
    for pairs in (examples(labels, photos, "a_to_b"), examples(photos, labels, "b_to_a")):
        pairs.about["dataset"] = "paired_folder"
        with pytest.raises(
            InputError, match="--segmenter: its classes are those of drawn_masks, and the labels of pair"
        ):
            score(photos, pairs)
    noisy = np.abs(labels.astype(int) - np.random.default_rng(1).integers(0, 20, labels.shape)).astype(np.uint8)
    assert score(255 - labels, examples(255 - labels, noisy, "a_to_b")).pixel_accuracy == 1


def test_numbers_of_the_true_pictures(labels):
    pairs = examples(255 - labels, labels, "a_to_b")
    right = translation.counts(255 - labels, pairs, Perfect())
    found = translation.measured(255 - labels, pairs, right)
    assert set(found) == set(translation.COLUMNS)
    assert [found[name] for name in ("pixel_accuracy", "class_iou", "L", "a", "b")] == pytest.approx([1] * 5)
    assert found["l1"] == 0
    darker = translation.measured((255 - labels) // 2, pairs, right)
    assert darker["l1"] > 20 and darker["L"] < 0.9


def test_a_table_has_a_line_for_each():
    row = dict.fromkeys(translation.COLUMNS, 0.5)
    lines = translation.table({"one": row, "two": row}, ("class_iou", "l1")).splitlines()
    assert lines == ["| | class IoU | L1 |", "|---|---|---|", "| one | 0.5 | 0.5 |", "| two | 0.5 | 0.5 |"]


def test_the_picture_has_a_row_for_each_pair(labels):
    grid = translation.pictures(examples(255 - labels, labels, "a_to_b"), {"made": labels / 255}, count=2)
    assert grid.dtype == np.uint8 and grid.shape[1] > grid.shape[0]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The faces of a run "same", which gives back what it gets, and of "morpher", which wants a strength."""
    data = {"dataset": "drawn_masks", "counts": [4, 4, 1], "direction": "a_to_b", "labels": "attributes", "seed": 0}
    info, image = {"image_size": 32, "data": data, "branches": [], "groups": {}, "latent": []}, (None, 32, 32, 3)

    def load(path):
        inputs = {"image": image} | ({"strength": (None, 1)} if path == "morpher" else {})
        return serving.Morpher({"translate": serving.Call(inputs, lambda arrays: arrays["image"])}, info, "run")

    monkeypatch.setattr(serving, "load", load)
    return Source.recorded(info, data_dir=str(tmp_path / "data"))


def test_held_out_pairs_are_the_model_s_own(run):
    made, pairs = translation.held_out("same", 3, data_dir=run.data_dir)
    assert made.shape == (3, 32, 32, 3) and len(pairs) == 3
    np.testing.assert_allclose(made, pairs.inputs / np.float32(255), atol=1e-6)
    np.testing.assert_array_equal(pairs.images, run.read("validation", 32).images[:3])
    with pytest.raises(InputError, match="makes no picture of a picture alone"):
        translation.held_out("morpher")


def test_what_is_written(run, tmp_path):
    pytest.importorskip("matplotlib")
    made, pairs = translation.held_out("same", data_dir=run.data_dir)
    translation.write(tmp_path, "scores", pairs, {"same": made}, {"pairs": 4}, "text\n")
    assert json.loads((tmp_path / "scores.json").read_text()) == {"pairs": 4}
    assert {"scores.md", "pictures.png", "colours.png"} <= {path.name for path in tmp_path.iterdir()}
